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
      <h2>Fresh attacks</h2>
      <p class="lead">The attacker searches each model from the same start\(isRestarted ? ", several times over" : ""). \
      Confirmed are attacks on which the confirming judge calls fresh responses unsafe; unique counts near-duplicates \
      once.\(summary.confirmationSentence.map { " \($0)" } ?? "")</p>
      \(hasCurves ? curves(chart) : "")
      <div class="wide" tabindex="0" role="group" aria-label="Table"><table><thead><tr><th scope="col">Searched on</th><th scope="col" class="number">Restarts</th>\
      <th scope="col" class="number">Responses</th><th scope="col" class="number">Claimed</th>\
      <th scope="col" class="number">Confirmed</th><th scope="col">Unique, by cosine similarity</th>\
      <th scope="col" class="number">Vendi score</th><th scope="col" class="number">Mean cosine distance</th></tr></thead>
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
    <figure><figcaption>Unique attacks found, a line for each restart</figcaption>\(chart.markup)\
    <p class="axisname">target responses spent on the search</p>\(chart.legend)</figure>
    """
  }

  private func row(_ fresh: RunSummary.FreshSummary) -> Markup {
    let origin: Markup = fresh.reused ? #"<span class="noun">from the ledger</span>"# : ""
    return """
      <tr><th scope="row">\(fresh.role)\(origin)</th><td class="number">\(Numbers.count(fresh.restarts.count))</td>\
      <td class="number">\(Numbers.count(fresh.responses))</td><td class="number">\(Numbers.count(fresh.claimed))</td>\
      <td class="number">\(Numbers.count(fresh.confirmed))</td><td>\(fresh.uniqueText)</td>\
      <td class="number">\(number(fresh.vendiScore))</td>\
      <td class="number">\(number(fresh.meanCosineDistance))</td></tr>

      """
  }

  private func byCategory(_ fresh: [RunSummary.FreshSummary]) -> Markup {
    let categories = Shown(Set(fresh.flatMap(\.byCategory.keys)).sorted(), most: 100)
    if categories.elements.isEmpty { return "" }
    let header = fresh.map { summary -> Markup in #"<th scope="col" class="number">\#(summary.role)</th>"# }
    let rows = categories.elements.map { category -> Markup in
      let cells = fresh.map { summary -> Markup in
        let count = summary.byCategory[category] ?? 0
        return count == 0
          ? #"<td class="number none">0</td>"# : #"<td class="number">\#(Numbers.count(count))</td>"#
      }
      return "<tr><th scope=\"row\">\(category)</th>\(cells)</tr>\n"
    }
    return """
      <h3>Confirmed attacks by category</h3>
      <div class="wide" tabindex="0" role="group" aria-label="Table"><table class="narrow"><thead><tr><th scope="col">Category</th>\(header)</tr></thead>
      <tbody>\(rows)</tbody></table></div>\(categories.remark)
      """
  }

  private func number(_ x: Double?) -> String { x.map { Numbers.text($0, .number) } ?? "–" }
}
