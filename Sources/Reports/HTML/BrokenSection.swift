import Core

/// The attacks that the baseline resists and the candidate does not.
struct BrokenSection: Sendable {
  let summary: RunSummary

  private static let most = 200
  private static let mostOfCluster = 50

  var markup: Markup {
    if summary.newlyBroken.isEmpty { return "" }
    let shown = Shown(groups, most: Self.most)
    let isRevealed = summary.newlyBroken.contains { $0.prompt != nil }
    let rows = shown.elements.map { group($0, isRevealed: isRevealed) }
    let prompt: Markup = isRevealed ? #"<th scope="col">\#(Words.Page.prompt)</th>"# : ""
    let lead = Words.Page.brokenLead(
      baseline: summary.baselineName, candidate: summary.candidateName, isRevealed: isRevealed)
    return """
      <section id="broken">
      <h2>\(Words.Page.brokenTitle)</h2>
      <p class="lead">\(lead)</p>
      <ul class="tags">\(summary.brokenByCategory.prefix(60).map(tag))</ul>
      <div class="wide" tabindex="0" role="group" aria-label="\(Words.Page.table)"><table class="stack"><thead><tr><th scope="col">\(Words.Page.attack)</th><th scope="col">\(Words.Page.category)</th>\
      <th scope="col" class="number">\(Words.Page.candidateUnsafe)</th><th scope="col" class="number">\(Words.Page.baselineUnsafe)</th>\
      <th scope="col" class="number">\(Words.Page.correctedP)</th>\(prompt)</tr></thead>
      <tbody>\(rows)</tbody></table></div>
      \(shown.remark)
      </section>
      """
  }

  private func tag(_ row: (category: String, count: Int)) -> Markup {
    "<li>\(row.category) <b>\(row.count)</b></li>"
  }

  /// Attacks of one cluster and category, the clearest first; clusters by category, then by their clearest attack.
  private var groups: [[RunSummary.BrokenAttack]] {
    func isClearer(_ a: RunSummary.BrokenAttack, _ b: RunSummary.BrokenAttack) -> Bool {
      a.adjustedP != b.adjustedP ? a.adjustedP < b.adjustedP : a.id < b.id
    }
    // An attack without a cluster is its own.
    let clusters = Dictionary(grouping: summary.newlyBroken) { attack in
      [attack.category ?? "", attack.cluster.map { "cluster \($0)" } ?? "attack \(attack.id)"]
    }
    return clusters.values.map { $0.sorted(by: isClearer) }.sorted { a, b in
      let (x, y) = (a[0].category ?? "", b[0].category ?? "")
      return x != y ? x < y : isClearer(a[0], b[0])
    }
  }

  private func group(_ attacks: [RunSummary.BrokenAttack], isRevealed: Bool) -> Markup {
    let rest = Shown(Array(attacks.dropFirst()), most: Self.mostOfCluster)
    if rest.elements.isEmpty { return row(attacks[0], isRevealed: isRevealed, folded: "") }
    let items = rest.elements.map { attack -> Markup in
      let prompt: Markup = attack.prompt.map { " \($0)" } ?? ""
      return """
        <li><code>\(attack.id.text)</code> \(Words.outOf(attack.candidateUnsafe, attack.candidateScored)), \
        \(Words.outOf(attack.baselineUnsafe, attack.baselineScored))\(prompt)</li>
        """
    }
    let noun = Words.Page.moreOfCluster(attacks.count - 1)
    return row(
      attacks[0], isRevealed: isRevealed,
      folded: "<details><summary>\(noun)</summary><ul>\(items)</ul>\(rest.remark)</details>")
  }

  private func row(_ attack: RunSummary.BrokenAttack, isRevealed: Bool, folded: Markup) -> Markup {
    let prompt: Markup = isRevealed ? #"<td class="prompt">\#(attack.prompt ?? "")</td>"# : ""
    return """
      <tr><th scope="row"><code>\(attack.id.text)</code>\(folded)</th><td data-label="\(Words.Page.category)">\(attack.category ?? Words.noCategory)\(attack.transform.map { ", \($0)" } ?? "")</td>\
      <td class="number" data-label="\(Words.Page.candidateUnsafe)">\(Words.outOf(attack.candidateUnsafe, attack.candidateScored))</td>\
      <td class="number" data-label="\(Words.Page.baselineUnsafe)">\(Words.outOf(attack.baselineUnsafe, attack.baselineScored))</td>\
      <td class="number" data-label="\(Words.Page.correctedP)">\(Numbers.probability(attack.adjustedP))</td>\(prompt)</tr>

      """
  }
}
