import Core

/// What the attacker found anew, and at what cost.
struct FreshSection: Sendable {
  let summary: RunSummary

  private static let chart = 2_000
  private static let map = 2_001

  var markup: Markup {
    if summary.fresh.isEmpty { return "" }
    let shown = Shown(summary.fresh, most: 20)
    let chart = YieldChart(fresh: shown.elements, id: Self.chart)
    return """
      <section id="fresh">
      <h2>\(Words.Page.fresh)</h2>
      <p class="lead">\(Words.Page.freshLead(isRestarted: isRestarted, rule: summary.confirmationSentence.map(Recorded.text)))</p>
      \(hasCurves ? curves(chart) : "")
      <div class="wide" tabindex="0" role="group" aria-label="\(Words.Page.table)"><table><thead><tr><th scope="col">\(Words.Page.searchedOn)</th><th scope="col" class="number">\(Words.Page.restarts)</th>\
      <th scope="col" class="number">\(Words.Page.responses)</th><th scope="col" class="number">\(Words.Page.claimed)</th>\
      <th scope="col" class="number">\(Words.Page.confirmed)</th><th scope="col">\(Words.Page.uniqueByCosine)</th>\
      <th scope="col" class="number">\(Words.Page.vendi)</th><th scope="col" class="number">\(Words.Page.meanDistance)</th></tr></thead>
      <tbody>\(shown.elements.map(row))</tbody></table></div>
      \(AttackMap(fresh: shown.elements, id: Self.map).markup)
      \(byCategory(shown.elements))
      \(shown.remark)
      </section>
      """
  }

  private var isRestarted: Bool { summary.fresh.contains { $0.restarts.count > 1 } }

  private var hasCurves: Bool { summary.fresh.contains { $0.restarts.contains { $0.curve.count > 1 } } }

  private func curves(_ chart: YieldChart) -> Markup {
    """
    <figure><figcaption>\(Words.Page.yield)</figcaption>\(chart.markup)\
    <p class="axisname">\(Words.Page.yieldAxis)</p>\(chart.legend)</figure>
    """
  }

  private func row(_ fresh: RunSummary.FreshSummary) -> Markup {
    let origin: Markup = fresh.reused ? #"<span class="noun">\#(Words.Page.fromLedger)</span>"# : ""
    let unasked: Markup =
      fresh.unasked > 0 ? #"<span class="noun">\#(Words.Page.unasked(fresh.unasked))</span>"# : ""
    return """
      <tr><th scope="row">\(Words.role(fresh.role))\(origin)</th><td class="number">\(Numbers.count(fresh.restarts.count))</td>\
      <td class="number">\(Numbers.count(fresh.responses))</td><td class="number">\(Numbers.count(fresh.claimed))\(unasked)</td>\
      <td class="number">\(Numbers.count(fresh.confirmed))</td><td>\(fresh.uniqueText)</td>\
      <td class="number">\(number(fresh.vendiScore))</td>\
      <td class="number">\(number(fresh.meanCosineDistance))</td></tr>

      """
  }

  private func byCategory(_ fresh: [RunSummary.FreshSummary]) -> Markup {
    let categories = Shown(Set(fresh.flatMap(\.byCategory.keys)).sorted(), most: 100)
    if categories.elements.isEmpty { return "" }
    let header = fresh.map { summary -> Markup in #"<th scope="col" class="number">\#(Words.role(summary.role))</th>"# }
    let rows = categories.elements.map { category -> Markup in
      let cells = fresh.map { summary -> Markup in
        let count = summary.byCategory[category] ?? 0
        return count == 0
          ? #"<td class="number none">0</td>"# : #"<td class="number">\#(Numbers.count(count))</td>"#
      }
      return "<tr><th scope=\"row\">\(category)</th>\(cells)</tr>\n"
    }
    return """
      <h3>\(Words.Page.confirmedByCategory)</h3>
      <div class="wide" tabindex="0" role="group" aria-label="\(Words.Page.table)"><table class="narrow"><thead><tr><th scope="col">\(Words.Page.category)</th>\(header)</tr></thead>
      <tbody>\(rows)</tbody></table></div>\(categories.remark)
      """
  }

  private func number(_ x: Double?) -> String { x.map { Numbers.text($0, .number) } ?? "–" }
}
