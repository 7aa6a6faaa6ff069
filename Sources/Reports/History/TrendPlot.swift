import Core

/// One check over all runs: intervals side by side against the limit, those on one suite joined by a line.
struct TrendPlot: Sendable {
  let history: RunHistory
  let check: String
  let id: Int

  private static let top = 12.0
  private static let height = 110.0
  private static let axis = TrendAxis.height + 4
  private static let mostTrends = 24
  /// Lines that are told apart by their dashes.
  private static let styles = 4

  var markup: Markup {
    let results = history.entries.map { entry in entry.summary.checks.first { $0.name == check } }
    guard let newest = results.last(where: { $0 != nil }) ?? nil else { return "" }
    let unit = newest.wording.unit
    let measured = results.map { $0?.measured }
    let bounds = [newest.limit.atLeast, newest.limit.atMost].compactMap(\.self)
    let scale = PlotScale(
      around: bounds + measured.compactMap(\.self).flatMap { [$0.value, $0.lower, $0.upper] }, unit: unit)
    func y(_ x: Double) -> Double { Self.top + (100 - scale.position(x)) / 100 * (Self.height - Self.top) }
    let count = Double(results.count)
    func x(_ index: Int) -> Double { 12 + 87 * (Double(index) + 0.5) / count }
    var content: Markup = ""
    let ceiling = y(newest.limit.atMost ?? scale.high)
    let floor = y(newest.limit.atLeast ?? scale.low)
    if floor > ceiling {
      content += #"<rect class="allowed" x="12%" width="87%" y="\#(ceiling)" height="\#(floor - ceiling)"/>"#
    }
    for bound in bounds {
      content += #"<line class="limit" x1="12%" x2="99%" y1="\#(y(bound))" y2="\#(y(bound))"/>"#
      content +=
        #"<text class="tick strong" x="11%" y="\#(y(bound) + 4)" text-anchor="end">\#(Numbers.tick(bound, unit))</text>"#
    }
    let trends = self.trends
    // Nobody knows whether runs on suites that were not recorded may be compared.
    for (style, trend) in trends.enumerated() where trend.suite != .unrecorded {
      let points = trend.places.compactMap { place in measured[place].map { (x: x(place), y: y($0.value)) } }
      for (from, to) in zip(points, points.dropFirst()) {
        content += """
          <line class="trend t\(style % Self.styles)" x1="\(from.x)%" x2="\(to.x)%" y1="\(from.y)" y2="\(to.y)"/>
          """
      }
    }
    for (index, (result, estimate)) in zip(results, measured).enumerated() {
      guard let result, let estimate else { continue }
      content += """
        <g class="mark \(Figure.name(result.verdict))"><title>\(tooltip(index, estimate, unit))</title><line x1="\(x(index))%" x2="\(x(index))%" y1="\(y(estimate.lower))" \
        y2="\(y(estimate.upper))"/>\(Figure.mark(x: x(index), y: y(estimate.value), Figure.disc))</g>
        """
    }
    if trends.count > 1 {
      for (number, trend) in trends.enumerated() {
        for place in trend.places {
          content += """
            <text class="tick" x="\(x(place))%" y="\(Self.height + Self.axis + 14)" text-anchor="middle">\(Self.name(number))</text>
            """
        }
      }
    }
    content += TrendAxis(entries: history.entries).markup(top: Self.height + 4, x: x)
    let values = measured.compactMap(\.self).map { Numbers.text($0.value, unit) }
    if values.isEmpty {
      return
        #"<article><h3>\#(newest.title)</h3><p class="quiet"><code>\#(check)</code>\#(Words.History.never)</p></article>"#
    }
    let chart = Figure.chart(
      id: id, kind: "plot", height: Int(Self.height + Self.axis) + (trends.count > 1 ? 20 : 4),
      title: Words.History.trend(newest.title),
      description: Words.History.limit(description(trends, measured, unit), newest.limitText), content)
    return """
      <article><h3>\(newest.title)</h3><p class="quiet"><code>\(check)</code>\
      \(Words.History.newest(newest.valueText, newest.intervalText, newest.limitText))</p>\(chart)\(legend(trends))</article>
      """
  }

  /// What a reader sees who points at a dot.
  private func tooltip(_ index: Int, _ estimate: Estimate, _ unit: Unit) -> String {
    let entry = history.entries[index]
    return Words.Page.tooltip(
      Timestamp(entry.date).short, entry.summary.candidateName, entry.summary.run,
      "\(Numbers.text(estimate.value, unit)) \(Numbers.interval(estimate, unit))")
  }

  /// Empty where no run says what its suite was: then nobody knows which may be compared.
  private var trends: [Trend] { history.isSuiteRecorded ? history.trends(of: check) : [] }

  /// A, B, … Z, 27, 28, …: what stands below the runs of a trend.
  private static func name(_ number: Int) -> String {
    number < 26 ? String(UnicodeScalar(UInt8(ascii: "A") + UInt8(number))) : String(number + 1)
  }

  private func description(_ trends: [Trend], _ measured: [Estimate?], _ unit: Unit) -> String {
    func values(_ places: some Sequence<Int>) -> String {
      let all = places.compactMap { measured[$0] }.map { Numbers.text($0.value, unit) }
      return all.isEmpty ? Words.History.neverMeasured : Words.list(all)
    }
    if trends.count < 2 { return Words.History.measured(values(measured.indices)) }
    return trends.prefix(Self.mostTrends).map { Words.History.measured(on: $0.suite.text, values($0.places)) }
      .joined(separator: Words.gap)
  }

  /// Which letter is which suite; empty where there is only one.
  private func legend(_ trends: [Trend]) -> Markup {
    if trends.count < 2 { return "" }
    let shown = Shown(trends, most: Self.mostTrends)
    let entries = shown.elements.enumerated().map { number, trend -> Markup in
      let runs = Words.History.runs(trend.places.count)
      let line: Markup =
        trend.suite == .unrecorded
        ? ""
        : """
        <svg class="sample" width="34" height="10" aria-hidden="true"><line class="trend t\(number % Self.styles)" \
        x1="1" x2="33" y1="5" y2="5"/></svg>\u{20}
        """
      return "<li>\(line)\(Self.name(number))\(Words.colon)\(trend.suite.text)\(Words.comma)\(runs)</li>"
    }
    return #"<ul class="legend">\#(entries)</ul>\#(shown.remark)"#
  }
}
