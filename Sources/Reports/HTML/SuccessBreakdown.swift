import Core

/// Success rate of parts of the known attacks, candidate beside baseline on one scale.
struct SuccessBreakdown: Sendable {
  struct Row: Sendable {
    let name: String
    let attacks: Int
    let candidate: Estimate?
    let baseline: Estimate?
    /// Nil where it can't be said of a part.
    let newlyBroken: Int?
    /// How bad a success is here; nil where nothing says so.
    var weight: Double?
  }

  let summary: RunSummary
  let id: String
  let part: Words.Page.Part
  /// In the order of the table.
  let rows: [Row]
  /// How the rows are sorted, a sentence.
  let order: String
  let firstChart: Int

  private static let most = 100

  /// By category: what is newly broken first.
  static func categories(_ summary: RunSummary) -> SuccessBreakdown {
    let rows = summary.categoriesByHarm.map {
      Row(
        name: $0.category, attacks: $0.attacks, candidate: $0.candidate, baseline: $0.baseline,
        newlyBroken: $0.newlyBroken, weight: $0.weight)
    }
    let isWeighted = rows.contains { $0.weight != nil }
    // Past the checks' charts, whose numbers start at 1.
    return SuccessBreakdown(
      summary: summary, id: "categories", part: .category, rows: rows,
      order: Words.Page.Part.category.order(isWeighted: isWeighted), firstChart: 1_000)
  }

  /// By transform: the attacks as they were written first.
  static func transforms(_ summary: RunSummary) -> SuccessBreakdown {
    SuccessBreakdown(
      summary: summary, id: "transforms", part: .transform,
      rows: (summary.transforms ?? []).map {
        Row(
          name: $0.name, attacks: $0.attacks, candidate: $0.candidate, baseline: $0.baseline,
          newlyBroken: $0.newlyBroken)
      }, order: Words.Page.Part.transform.order(isWeighted: false), firstChart: 8_000)
  }

  /// By how many responses an attack may take to succeed.
  static func tries(_ summary: RunSummary) -> SuccessBreakdown {
    SuccessBreakdown(
      summary: summary, id: "tries", part: .tries,
      rows: (summary.tries ?? []).map {
        Row(
          name: $0.name, attacks: $0.attacks, candidate: $0.candidate, baseline: $0.baseline, newlyBroken: nil)
      },
      order: Words.Page.Part.tries.order(isWeighted: false), firstChart: 9_000)
  }

  var markup: Markup {
    if rows.isEmpty { return "" }
    let shown = Shown(rows, most: Self.most)
    let numbers = shown.elements.flatMap { [$0.candidate, $0.baseline].compactMap(\.self) }.flatMap {
      [$0.value, $0.upper]
    }
    let scale = PlotScale(low: 0, high: PlotScale(around: [0] + numbers.map { $0 / 1.15 }, unit: .share).high)
    // Not inside the literal below, where it would be text.
    let broken: Markup =
      rows.contains { $0.newlyBroken != nil } ? #"<th scope="col" class="number">\#(Words.Page.newlyBroken)</th>"# : ""
    let rows = shown.elements.enumerated().map { row($1, scale, id: firstChart + $0) }
    return """
      <section id="\(id)">
      <h2>\(part.title)</h2>
      <ul class="legend"><li>\(sample("mark candidate", Figure.disc)) \(Words.Page.candidateLegend(summary.candidateName))</li>\
      <li>\(sample("mark baseline", Figure.diamond)) \(Words.Page.baselineLegend(summary.baselineName ?? Words.none))</li></ul>
      <table class="categories"><thead><tr><th scope="col">\(part.column)</th><th scope="col" class="chart">\
      <span class="unseen">\(Words.Page.interval)</span>\(axis(scale))</th><th scope="col" class="number">\(Words.Page.candidate)</th><th scope="col" class="number">\(Words.Page.baseline)</th>\
      \(broken)</tr></thead>
      <tbody>\(rows)</tbody></table>
      \(shown.remark)
      <p class="quiet">\(part.eachBar)\(Words.gap)\(order)</p>
      </section>
      """
  }

  private func row(_ row: Row, _ scale: PlotScale, id: Int) -> Markup {
    var content: Markup = ""
    for tick in scale.ticks {
      let place = scale.position(tick)
      content += #"<line class="grid" x1="\#(place)%" x2="\#(place)%" y1="0" y2="40"/>"#
    }
    if let baseline = row.baseline {
      content += Figure.interval(baseline, on: scale, y: 28, kind: "mark baseline", shape: Figure.diamond)
    }
    if let candidate = row.candidate {
      content += Figure.interval(candidate, on: scale, y: 12, kind: "mark candidate")
    }
    let description = Words.Page.rates(candidate: words(row.candidate), baseline: words(row.baseline))
    let chart = Figure.chart(
      id: id, kind: "pair", height: 40, title: Words.Page.rate(in: row.name), description: description, content)
    let broken = row.newlyBroken.map { count -> Markup in
      let number: Markup = count == 0 ? #"<span class="none">0</span>"# : "<b>\(count)</b>"
      return #"<td class="number" data-label="\#(Words.Page.newlyBroken)">\#(number)</td>"#
    }
    return """
      <tr><th scope="row">\(row.name)<span class="noun">\(Words.attacks(row.attacks))\(weight(row))</span></th>\
      <td class="chart">\(chart)</td><td class="number" data-label="\(Words.Page.candidate)">\(rate(row.candidate))</td>\
      <td class="number" data-label="\(Words.Page.baseline)">\(rate(row.baseline))</td>\(broken ?? "")</tr>

      """
  }

  private func weight(_ row: Row) -> String {
    row.weight.map { Words.comma + Words.weight(Numbers.bound($0, .number)) } ?? ""
  }

  private func axis(_ scale: PlotScale) -> Markup {
    let labels = scale.ticks.map { Figure.label(Numbers.bound($0, .share), x: scale.position($0), y: 13) }
    return #"<svg class="ticks" width="100%" height="16" aria-hidden="true">\#(labels)</svg>"#
  }

  private func sample(_ kind: Markup, _ shape: Markup) -> Markup {
    """
    <svg class="sample" width="34" height="14" aria-hidden="true"><g class="\(kind)">\
    <line x1="3" x2="31" y1="7" y2="7"/>\(Figure.mark(x: 50, y: 7, shape))</g></svg>
    """
  }

  private func rate(_ estimate: Estimate?) -> Markup {
    guard let estimate, estimate.n > 0 else { return "–" }
    return "\(Numbers.text(estimate.value, .share))"
  }

  private func words(_ estimate: Estimate?) -> String {
    guard let estimate, estimate.n > 0 else { return Words.notMeasured }
    let (value, lower, upper) = (estimate.value, estimate.lower, estimate.upper)
    return Words.Page.rate(
      Numbers.text(value, .share), from: Numbers.text(lower, .share), to: Numbers.text(upper, .share))
  }
}
