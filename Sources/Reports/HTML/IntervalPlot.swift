import Core

/// One check: the measured interval, drawn against what the policy allows.
struct IntervalPlot: Sendable {
  let check: RunSummary.CheckResult
  let id: Int

  private static let middle = 22.0
  private static let base = 50.0

  var markup: Markup {
    let unit = check.wording.unit
    let estimate = check.measured
    let bounds = [check.limit.atLeast, check.limit.atMost].compactMap(\.self)
    let numbers = bounds + [estimate?.value, estimate?.lower, estimate?.upper].compactMap(\.self)
    let scale = PlotScale(around: numbers, unit: unit)
    var content = allowed(scale)
    content += #"<line class="axis" x1="0%" x2="100%" y1="\#(Self.middle)" y2="\#(Self.middle)"/>"#
    if scale.low < 0 { content += vertical(0, scale, kind: "zero") }
    for bound in bounds { content += vertical(bound, scale, kind: "limit") }
    if let estimate {
      content += Figure.interval(estimate, on: scale, y: Self.middle, kind: "mark \(Figure.name(check.verdict))")
    }
    content += labels(bounds, scale)
    return Figure.chart(
      id: id, kind: "plot", height: 56, title: Words.Page.against(check.title), description: check.sentence, content)
  }

  private func allowed(_ scale: PlotScale) -> Markup {
    let left = check.limit.atLeast.map(scale.position) ?? 0
    let right = check.limit.atMost.map(scale.position) ?? 100
    guard right > left else { return "" }
    return #"<rect class="allowed" x="\#(left)%" width="\#(right - left)%" y="8" height="28"/>"#
  }

  private func vertical(_ x: Double, _ scale: PlotScale, kind: Markup) -> Markup {
    let place = scale.position(x)
    return #"<line class="\#(kind)" x1="\#(place)%" x2="\#(place)%" y1="4" y2="40"/>"#
  }

  /// Both ends of the scale, zero and the limits; a limit's number wins over one that would touch it.
  private func labels(_ bounds: [Double], _ scale: PlotScale) -> Markup {
    var placed: [Double] = []
    var result: Markup = ""
    func place(_ x: Double, kind: Markup, isLimit: Bool = false) {
      let position = scale.position(x)
      guard !placed.contains(where: { abs($0 - position) < 20 }) else { return }
      placed.append(position)
      let bound = Numbers.tick(x, check.wording.unit)
      let text = isLimit ? Words.Page.limit(bound) : bound
      result += Figure.label(text, x: position, y: Self.base, kind: kind)
    }
    for bound in bounds { place(bound, kind: "tick strong", isLimit: true) }
    if scale.low < 0 && scale.high > 0 { place(0, kind: "tick") }
    place(scale.low, kind: "tick")
    place(scale.high, kind: "tick")
    return result
  }
}
