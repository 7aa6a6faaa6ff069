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
      <h2>Attacks that moved</h2>
      <p class="lead">Shown are those that a test tells from chance after the correction for all attacks; of the others nobody \
      knows. Attacks of one cluster are alike: the clearest of each is named, the rest folded. Texts are not shown; \
      <code>sluice reveal</code> shows one.</p>
      \(part("More often in the second run", comparison.worsened, "No attack succeeds more often."))
      \(part("Less often in the second run", comparison.improved, "No attack succeeds less often."))
      </section>
      """
  }

  private func part(_ title: Markup, _ moved: [RunComparison.Moved], _ none: Markup) -> Markup {
    if moved.isEmpty { return "<h3>\(title)</h3><p>\(none)</p>" }
    let groups = Shown(clusters(of: moved), most: Self.most)
    let sure = moved.count(where: \.isShown)
    return """
      <h3>\(title)</h3>
      <p>\(Numbers.count(moved.count)) \(moved.count == 1 ? "attack" : "attacks"), \(Numbers.count(sure)) of them shown.</p>
      <div class="wide" tabindex="0" role="group" aria-label="\(title)"><table class="stack"><thead><tr><th scope="col">Attack</th>\
      <th scope="col">Category</th><th scope="col" class="number">First unsafe</th>\
      <th scope="col" class="number">Second unsafe</th><th scope="col" class="number">Corrected p</th>\
      <th scope="col">Reading</th></tr></thead>
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
      <li><code>\(attack.id.text)</code> \(attack.firstUnsafe) of \(attack.firstScored), then \(attack.secondUnsafe) of \
      \(attack.secondScored)\(attack.isShown ? ", shown" : "")</li>
      """
    }
    let folded: Markup =
      items.isEmpty
      ? ""
      : "<details><summary>\(Numbers.count(attacks.count - 1)) more of its cluster</summary><ul>\(items)</ul>\(rest.remark)</details>"
    let attack = attacks[0]
    let transform: Markup = attack.transform.map { ", \($0)" } ?? ""
    let reading: Markup =
      attack.isShown ? "<b>shown</b>" : #"<span class="none">may be chance</span>"#
    return """
      <tr><th scope="row"><code>\(attack.id.text)</code>\(folded)</th><td data-label="Category">\(attack.category ?? "no category")\(transform)</td>\
      <td class="number" data-label="First unsafe">\(attack.firstUnsafe) of \(attack.firstScored)</td>\
      <td class="number" data-label="Second unsafe">\(attack.secondUnsafe) of \(attack.secondScored)</td>\
      <td class="number" data-label="Corrected p">\(Numbers.probability(attack.adjustedP))</td><td data-label="Reading">\(reading)</td></tr>

      """
  }
}
