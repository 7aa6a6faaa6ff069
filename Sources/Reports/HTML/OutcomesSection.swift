import Core

/// What became of every planned response, and why some have no verdict.
struct OutcomesSection: Sendable {
  let summary: RunSummary

  var markup: Markup {
    let rows = summary.outcomeRows
    if rows.isEmpty { return "" }
    let names = RunSummary.OutcomeRow.columns(rows)
    let header = names.map { name -> Markup in #"<th scope="col" class="number">\#(Words.Outcome.name(name))</th>"# }
    let remark = Shown(summary.outcomes ?? [], most: RunSummary.mostOutcomes).remark
    return """
      <section id="outcomes">
      <h2>\(Words.Page.outcomes)</h2>
      <p class="lead">\(lead(names))</p>
      <table class="outcomes"><thead><tr><th scope="col">\(Words.Page.responsesOf)</th>\(header)</tr></thead>
      <tbody>\(rows.map { row($0, names) })</tbody></table>
      \(remark)
      \(reasons)
      </section>
      """
  }

  /// Explains the words that the table has, and no others.
  private func lead(_ names: [String]) -> Markup {
    "\(Words.Page.outcomesLead)\(names.compactMap(Words.Page.meaning))"
  }

  private func row(_ row: RunSummary.OutcomeRow, _ names: [String]) -> Markup {
    let cells = row.counts.filter { names.contains($0.name) }.map { cell -> Markup in
      let isException = RunSummary.OutcomeRow.exceptions.contains(cell.name)
      let kind: Markup = cell.count == 0 ? "number none" : "number"
      let count = Numbers.count(cell.count)
      let shown: Markup = isException && cell.count > 0 ? "<b>\(count)</b>" : "\(count)"
      return #"<td class="\#(kind)" data-label="\#(Words.Outcome.name(cell.name))">\#(shown)</td>"#
    }
    return """
      <tr><th scope="row">\(Words.role(row.role))<span class="noun">\(row.stage)</span></th>\(cells)</tr>

      """
  }

  private var reasons: Markup {
    let all = summary.outcomeReasons()
    if all.isEmpty { return "" }
    let shown = Shown(all, most: 200)
    let items = shown.elements.map { reason -> Markup in "<li>\(reason)</li>" }
    return "<h3>\(Words.Page.noVerdict)</h3><ul>\(items)</ul>\(shown.remark)"
  }
}
