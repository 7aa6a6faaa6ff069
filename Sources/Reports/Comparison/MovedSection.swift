import Core
import Decisions

/// The attacks that succeed more, or less, often in the second run: one row a cluster, the rest folded.
struct MovedSection: Sendable {
  let comparison: RunComparison

  private static let most = 100
  private static let mostOfCluster = 50

  var markup: Markup {
    if !comparison.obstacles.isEmpty { return "" }
    return """
      <section id="moved">
      <h2>\(Words.Comparison.movedTitle)</h2>
      <p class="lead">\(Words.Comparison.movedLead)</p>
      \(part(Words.Comparison.moreOften, comparison.worsened, Words.Comparison.noMore))
      \(part(Words.Comparison.lessOften, comparison.improved, Words.Comparison.noLess))
      </section>
      """
  }

  private func part(_ title: String, _ moved: [RunComparison.Moved], _ none: String) -> Markup {
    if moved.isEmpty { return "<h3>\(title)</h3><p>\(none)</p>" }
    let groups = Shown(clusters(of: moved), most: Self.most)
    let sure = moved.count(where: \.isShown)
    return """
      <h3>\(title)</h3>
      <p>\(Words.Comparison.count(moved.count, shown: sure))</p>
      <div class="wide" tabindex="0" role="group" aria-label="\(title)"><table class="stack"><thead><tr><th scope="col">\(Words.Page.attack)</th>\
      <th scope="col">\(Words.Page.category)</th><th scope="col" class="number">\(Words.Comparison.firstUnsafe)</th>\
      <th scope="col" class="number">\(Words.Comparison.secondUnsafe)</th><th scope="col" class="number">\(Words.Page.correctedP)</th>\
      <th scope="col">\(Words.Comparison.readingTitle)</th></tr></thead>
      <tbody>\(groups.elements.map(row))</tbody></table></div>
      \(groups.remark)
      """
  }

  /// The clearest attack of each cluster first, clusters by it.
  private func clusters(of moved: [RunComparison.Moved]) -> [[RunComparison.Moved]] {
    func isClearer(_ a: RunComparison.Moved, _ b: RunComparison.Moved) -> Bool {
      a.adjustedP != b.adjustedP ? a.adjustedP < b.adjustedP : a.id < b.id
    }
    let groups = Dictionary(grouping: moved) { attack in
      [attack.category ?? "", attack.cluster.map { "cluster \($0)" } ?? "attack \(attack.id)"]
    }
    return groups.values.map { $0.sorted(by: isClearer) }.sorted { isClearer($0[0], $1[0]) }
  }

  private func row(_ attacks: [RunComparison.Moved]) -> Markup {
    let rest = Shown(Array(attacks.dropFirst()), most: Self.mostOfCluster)
    let items = rest.elements.map { attack -> Markup in
      """
      <li><code>\(attack.id.text)</code> \(Words.Comparison.pair(first(attack), second(attack)))\
      \(attack.isShown ? Words.Comparison.alsoShown : "")</li>
      """
    }
    let folded: Markup =
      items.isEmpty
      ? ""
      : "<details><summary>\(Words.Page.moreOfCluster(attacks.count - 1))</summary><ul>\(items)</ul>\(rest.remark)</details>"
    let attack = attacks[0]
    let transform: Markup = attack.transform.map { "\(Words.comma)\($0)" } ?? ""
    let reading: Markup =
      attack.isShown
      ? "<b>\(Words.Comparison.shown)</b>" : #"<span class="none">\#(Words.Comparison.byChance)</span>"#
    return """
      <tr><th scope="row"><code>\(attack.id.text)</code>\(folded)</th><td data-label="\(Words.Page.category)">\(attack.category ?? Words.noCategory)\(transform)</td>\
      <td class="number" data-label="\(Words.Comparison.firstUnsafe)">\(first(attack))</td>\
      <td class="number" data-label="\(Words.Comparison.secondUnsafe)">\(second(attack))</td>\
      <td class="number" data-label="\(Words.Page.correctedP)">\(Numbers.probability(attack.adjustedP))</td><td data-label="\(Words.Comparison.readingTitle)">\(reading)</td></tr>

      """
  }

  private func first(_ attack: RunComparison.Moved) -> String { Words.outOf(attack.firstUnsafe, attack.firstScored) }

  private func second(_ attack: RunComparison.Moved) -> String {
    Words.outOf(attack.secondUnsafe, attack.secondScored)
  }
}
