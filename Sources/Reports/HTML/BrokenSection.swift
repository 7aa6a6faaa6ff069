import Core

/// The attacks that the baseline resists and the candidate does not.
struct BrokenSection: Sendable {
  let summary: RunSummary

  private static let most = 200

  var markup: Markup {
    if summary.newlyBroken.isEmpty { return "" }
    let shown = Shown(
      summary.newlyBroken.sorted { a, b in
        let (x, y) = (a.category ?? "", b.category ?? "")
        if x != y { return x < y }
        return a.adjustedP != b.adjustedP ? a.adjustedP < b.adjustedP : a.id < b.id
      }, most: Self.most)
    let isRevealed = summary.newlyBroken.contains { $0.prompt != nil }
    let rows = shown.elements.map { row($0, isRevealed: isRevealed) }
    let prompt: Markup = isRevealed ? #"<th scope="col">Prompt</th>"# : ""
    let privacy: Markup =
      isRevealed ? "" : " Texts are not shown; the identifier finds them in the ledger."
    return """
      <section id="broken">
      <h2>Newly broken attacks</h2>
      <p class="lead">\(summary.baselineName ?? "The baseline") resists these and \(summary.candidateName) does not. \
      An attack is counted only where the difference between the two stays significant after the correction for all \
      attacks that were looked at.\(privacy)</p>
      <ul class="tags">\(summary.brokenByCategory.prefix(60).map(tag))</ul>
      <div class="wide" tabindex="0" role="group" aria-label="Table"><table><thead><tr><th scope="col">Attack</th><th scope="col">Category</th>\
      <th scope="col" class="number">Candidate unsafe</th><th scope="col" class="number">Baseline unsafe</th>\
      <th scope="col" class="number">Corrected p</th>\(prompt)</tr></thead>
      <tbody>\(rows)</tbody></table></div>
      \(shown.remark)
      </section>
      """
  }

  private func tag(_ row: (category: String, count: Int)) -> Markup {
    "<li>\(row.category) <b>\(row.count)</b></li>"
  }

  private func row(_ attack: RunSummary.BrokenAttack, isRevealed: Bool) -> Markup {
    let prompt: Markup = isRevealed ? #"<td class="prompt">\#(attack.prompt ?? "")</td>"# : ""
    return """
      <tr><th scope="row"><code>\(attack.id.text)</code></th><td>\(attack.category ?? "no category")\(attack.transform.map { ", \($0)" } ?? "")</td>\
      <td class="number">\(attack.candidateUnsafe) of \(attack.candidateScored)</td>\
      <td class="number">\(attack.baselineUnsafe) of \(attack.baselineScored)</td>\
      <td class="number">\(Numbers.probability(attack.adjustedP))</td>\(prompt)</tr>

      """
  }
}
