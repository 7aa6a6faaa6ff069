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
    let count = rest.count == 1 ? "1 more cluster" : "\(Numbers.count(rest.count)) more clusters"
    let folded: Markup =
      rest.isEmpty ? "" : "<details><summary>\(count)</summary>\(table(Array(rest)))</details>"
    let order: Markup =
      hasBaseline ? "Those that got worse most come first." : "Those that succeed most often come first."
    return """
      <section id="clusters">
      <h2>Known attacks that succeed, by cluster</h2>
      <p class="lead">Attacks of one cluster are alike, and count together where a check says how sure it is. Here are those \
      with several attacks of which at least one succeeded. \(order) \
      The attack named is the one to look at: <code>sluice reveal</code> shows its text.</p>
      \(table(Array(first)))
      \(folded)
      </section>
      """
  }

  private var hasBaseline: Bool { summary.clusters?.contains { $0.baseline != nil } ?? false }

  private func table(_ rows: [RunSummary.ClusterRow]) -> Markup {
    let baseline: Markup = hasBaseline ? #"<th scope="col" class="number">Baseline unsafe</th>"# : ""
    return """
      <div class="wide" tabindex="0" role="group" aria-label="Clusters"><table class="stack"><thead><tr><th scope="col">Cluster</th>\
      <th scope="col">Category</th><th scope="col" class="number">Attacks</th>\
      <th scope="col" class="number">Candidate unsafe</th>\(baseline)<th scope="col" class="number">Newly broken</th>\
      <th scope="col">Look at</th></tr></thead>
      <tbody>\(rows.map(row))</tbody></table></div>
      """
  }

  private func row(_ row: RunSummary.ClusterRow) -> Markup {
    let baseline: Markup =
      hasBaseline
      ? #"<td class="number" data-label="Baseline unsafe">\#(row.baseline.map(words) ?? "–")</td>"# : ""
    let broken: Markup = row.newlyBroken == 0 ? #"<span class="none">0</span>"# : "<b>\(row.newlyBroken)</b>"
    return """
      <tr><th scope="row">\(PlainText.line(row.cluster, longest: Self.longestName))</th>\
      <td data-label="Category">\(row.category ?? "no category")</td>\
      <td class="number" data-label="Attacks">\(Numbers.count(row.attacks))</td>\
      <td class="number" data-label="Candidate unsafe">\(words(row.candidate))</td>\(baseline)\
      <td class="number" data-label="Newly broken">\(broken)</td>\
      <td data-label="Look at"><code>\(row.attack.text)</code></td></tr>

      """
  }

  private func words(_ tally: RunSummary.Tally) -> String {
    "\(Numbers.count(tally.unsafe)) of \(Numbers.count(tally.scored))"
  }
}
