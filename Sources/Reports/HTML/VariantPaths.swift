import Core

/// Where the safety-tuned variants lie, or under which name they are served.
struct VariantPaths: Sendable {
  let tuning: RunSummary.TuningSummary

  private static let most = 40

  var markup: Markup {
    let made = Shown(
      tuning.rows.compactMap { row in row.model.map { (variant: row.variant, model: $0) } }, most: Self.most)
    if made.elements.isEmpty { return "" }
    let rows = made.elements.map { row -> Markup in
      """
      <tr><th scope="row">\(row.variant)</th><td>\(row.model.kind)</td><td class="hash"><code>\(row.model.name)</code></td></tr>

      """
    }
    return """
      <h3>\(Words.Page.variantPaths)</h3>
      <div class="wide" tabindex="0" role="group" aria-label="\(Words.Page.variants)"><table class="stack"><thead><tr>\
      <th scope="col">\(Words.Page.variant)</th><th scope="col">\(Words.Page.kind)</th><th scope="col">\(Words.Page.pathOrName)</th></tr></thead>
      <tbody>\(rows)</tbody></table></div>\(made.remark)
      """
  }
}
