import Core

/// What the run asked, from whom, and how long each stage took.
struct CostSection: Sendable {
  let summary: RunSummary

  var markup: Markup {
    if summary.cost.isEmpty && summary.stages.isEmpty { return "" }
    return """
      <section id="cost">
      <h2>\(Words.Page.cost)</h2>
      \(cost)
      \(stages)
      </section>
      """
  }

  private var cost: Markup {
    if summary.cost.isEmpty { return "" }
    let shown = Shown(summary.cost, most: 100)
    func total(_ path: KeyPath<RunSummary.CostRow, Int>) -> Int {
      summary.cost.lazy.map { $0[keyPath: path] }.saturatedSum
    }
    let sum: Markup = """
      <tr><th scope="row">\(Words.Page.all)</th>\(cell(total(\.responses)))\(cell(total(\.reused)))\(cell(total(\.errors)))\
      \(cell(total(\.unscored)))\(cell(total(\.promptTokens)))\(cell(total(\.completionTokens)))\
      <td class="number">\(Numbers.duration(summary.cost.reduce(0) { $0 + $1.seconds }))</td></tr>
      """
    return """
      <div class="wide" tabindex="0" role="group" aria-label="\(Words.Page.table)"><table><thead><tr><th scope="col">\(Words.Page.model)</th><th scope="col" class="number">\(Words.Page.asked)</th>\
      <th scope="col" class="number">\(Words.Page.reused)</th><th scope="col" class="number">\(Words.Page.errors)</th>\
      <th scope="col" class="number">\(Words.Page.unscored)</th><th scope="col" class="number">\(Words.Page.promptTokens)</th>\
      <th scope="col" class="number">\(Words.Page.responseTokens)</th><th scope="col" class="number">\(Words.Page.waited)</th></tr></thead>
      <tbody>\(shown.elements.map(row))</tbody><tfoot>\(summary.cost.count > 1 ? sum : "")</tfoot></table></div>
      \(shown.remark)
      """
  }

  private func row(_ cost: RunSummary.CostRow) -> Markup {
    """
    <tr><th scope="row">\(Words.role(cost.role))</th>\(cell(cost.responses))\(cell(cost.reused))\(cell(cost.errors))\
    \(cell(cost.unscored))\(cell(cost.promptTokens))\(cell(cost.completionTokens))\
    <td class="number">\(Numbers.duration(cost.seconds))</td></tr>

    """
  }

  private func cell(_ count: Int) -> Markup {
    count == 0 ? #"<td class="number none">0</td>"# : #"<td class="number">\#(Numbers.count(count))</td>"#
  }

  private var stages: Markup {
    if summary.stages.isEmpty { return "" }
    let shown = Shown(summary.stages, most: 50)
    let longest = shown.elements.map(\.seconds).filter(\.isFinite).max() ?? 0
    let rows = shown.elements.map { stage -> Markup in
      let share = longest > 0 && stage.seconds.isFinite ? 100 * max(0, stage.seconds) / longest : 0
      let bar: Markup = """
        <svg class="bar" width="100%" height="10" aria-hidden="true"><rect width="\(share)%" height="10" rx="2"/></svg>
        """
      let time = stage.ran ? Numbers.duration(stage.seconds) : Words.Page.notAskedFor
      return """
        <tr><th scope="row">\(stage.name)</th><td class="number">\(time)</td>\
        <td class="chart">\(stage.ran ? bar : "")</td><td>\(stage.detail)</td></tr>

        """
    }
    return """
      <h3>\(Words.Page.stages)</h3>
      <div class="wide" tabindex="0" role="group" aria-label="\(Words.Page.table)"><table class="stages"><thead><tr><th scope="col">\(Words.Page.stage)</th>\
      <th scope="col" class="number">\(Words.Page.time)</th><th scope="col" class="chart"><span class="unseen">\(Words.Page.shareOfTime)</span></th><th scope="col">\(Words.Page.didWhat)</th>\
      </tr></thead><tbody>\(rows)</tbody></table></div>
      \(shown.remark)
      """
  }
}
