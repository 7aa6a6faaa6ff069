import Core

/// Clusters of several attacks of which some succeed, those that got worse most first: one identifier to ask for each.
struct ClustersSection: Sendable {
  let summary: RunSummary

  /// Rows that are not folded.
  private static let unfolded = 8
  private static let longestName = 60

  var markup: Markup {
    guard let clusters = summary.clusters, !clusters.isEmpty else { return "" }
    let (first, rest) = (clusters.prefix(Self.unfolded), clusters.dropFirst(Self.unfolded))
    let count = Words.Page.moreClusters(rest.count)
    let folded: Markup =
      rest.isEmpty ? "" : "<details><summary>\(count)</summary>\(table(Array(rest)))</details>"
    return """
      <section id="clusters">
      <h2>\(Words.Page.clustersTitle)</h2>
      <p class="lead">\(Words.Page.clustersLead(hasBaseline: hasBaseline))</p>
      \(table(Array(first)))
      \(folded)
      </section>
      """
  }

  private var hasBaseline: Bool { summary.clusters?.contains { $0.baseline != nil } ?? false }

  private func table(_ rows: [RunSummary.ClusterRow]) -> Markup {
    let baseline: Markup = hasBaseline ? #"<th scope="col" class="number">\#(Words.Page.baselineUnsafe)</th>"# : ""
    return """
      <div class="wide" tabindex="0" role="group" aria-label="\(Words.Page.clusters)"><table class="stack"><thead><tr>\
      <th scope="col">\(Words.Page.cluster)</th><th scope="col">\(Words.Page.category)</th>\
      <th scope="col" class="number">\(Words.Page.attacks)</th><th scope="col" class="number">\(Words.Page.candidateUnsafe)</th>\
      \(baseline)<th scope="col" class="number">\(Words.Page.newlyBroken)</th><th scope="col">\(Words.Page.lookAt)</th></tr></thead>
      <tbody>\(rows.map(row))</tbody></table></div>
      """
  }

  private func row(_ row: RunSummary.ClusterRow) -> Markup {
    let baseline: Markup =
      hasBaseline
      ? #"<td class="number" data-label="\#(Words.Page.baselineUnsafe)">\#(row.baseline.map(words) ?? "–")</td>"# : ""
    let broken: Markup = row.newlyBroken == 0 ? #"<span class="none">0</span>"# : "<b>\(row.newlyBroken)</b>"
    return """
      <tr><th scope="row">\(PlainText.line(row.cluster, longest: Self.longestName))</th>\
      <td data-label="\(Words.Page.category)">\(row.category ?? Words.noCategory)</td>\
      <td class="number" data-label="\(Words.Page.attacks)">\(Numbers.count(row.attacks))</td>\
      <td class="number" data-label="\(Words.Page.candidateUnsafe)">\(words(row.candidate))</td>\(baseline)\
      <td class="number" data-label="\(Words.Page.newlyBroken)">\(broken)</td>\
      <td data-label="\(Words.Page.lookAt)"><code>\(row.attack.text)</code></td></tr>

      """
  }

  private func words(_ tally: RunSummary.Tally) -> String {
    Words.outOf(tally.unsafe, tally.scored)
  }
}
