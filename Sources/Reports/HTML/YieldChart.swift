import Core

/// Unique attacks found against target responses spent: a stepped line for each restart of the attacker on each model.
struct YieldChart: Sendable {
  let fresh: [RunSummary.FreshSummary]
  let id: Int

  private static let height = 260.0
  private static let bottom = 28.0
  private static let mostPoints = 300
  private static let mostRestarts = 50

  var markup: Markup {
    let points = fresh.flatMap { $0.restarts.prefix(Self.mostRestarts).flatMap(\.curve) }
    let across = PlotScale(around: [0, Double(points.map(\.responses).max() ?? 0) / 1.15], unit: .count)
    let up = PlotScale(around: [0, Double(points.map(\.unique).max() ?? 0)], unit: .count)
    var content: Markup = ""
    for tick in up.ticks where tick == tick.rounded() {
      let y = height(tick, up)
      content += #"<line class="grid" x1="0%" x2="100%" y1="\#(y)" y2="\#(y)"/>"#
      content += #"<text class="tick" x="0" y="\#(y - 4)">\#(Numbers.count(Int(saturating: tick)))</text>"#
    }
    let axis = Self.height - 8
    for tick in across.ticks where tick == tick.rounded() {
      content += Figure.label(Numbers.count(Int(saturating: tick)), x: across.position(tick), y: axis)
    }
    for (index, summary) in fresh.enumerated().reversed() {
      for restart in summary.restarts.prefix(Self.mostRestarts) {
        content += line(restart.curve, across, up, kind: Self.kind(summary.role, index))
      }
    }
    return Figure.chart(
      id: id, kind: "yield", height: Int(Self.height), title: Words.Page.yieldTitle,
      description: description, content)
  }

  /// A sample of each line, and what it is.
  var legend: Markup {
    let entries = fresh.enumerated().map { index, summary -> Markup in
      """
      <li><svg class="sample" width="34" height="10" aria-hidden="true"><line class="\(Self.kind(summary.role, index))" \
      x1="1" x2="33" y1="5" y2="5"/></svg> \(Words.role(summary.role))</li>
      """
    }
    return #"<ul class="legend">\#(entries)</ul>"#
  }

  private var description: String {
    fresh.map { summary in
      let runs = summary.restarts.prefix(Self.mostRestarts).map {
        Words.Page.yieldPoint(unique: $0.unique, responses: $0.responses)
      }
      return Words.labelled(Words.role(summary.role), runs.joined(separator: Words.semicolon))
    }.joined(separator: Words.stop)
  }

  /// Dashes tell the models apart where colours can't.
  static func kind(_ role: String, _ index: Int) -> Markup {
    switch role {
    case Role.candidate.description: "curve candidate"
    case Role.baseline.description: "curve baseline"
    case Role.control.description: "curve control"
    default: index % 2 == 0 ? "curve other even" : "curve other odd"
    }
  }

  private func height(_ unique: Double, _ scale: PlotScale) -> Double {
    let room = Self.height - Self.bottom - 14
    return Self.height - Self.bottom - (unique - scale.low) / max(scale.high - scale.low, 1) * room
  }

  /// Straight lines in percentages, since a path can't be stretched without its stroke.
  private func line(
    _ curve: [RunSummary.FreshSummary.Point], _ across: PlotScale, _ up: PlotScale, kind: Markup
  ) -> Markup {
    let step = max(1, (curve.count + Self.mostPoints - 1) / Self.mostPoints)
    let kept = curve.enumerated().filter { $0.offset % step == 0 || $0.offset == curve.count - 1 }.map(\.element)
    var path: Markup = ""
    for (index, point) in kept.enumerated() {
      let (x, y) = (10 * across.position(Double(point.responses)), height(Double(point.unique), up))
      path += index == 0 ? "M\(x) \(y)" : "H\(x)V\(y)"
    }
    return """
      <svg x="0" y="0" width="100%" height="\(Int(Self.height))" viewBox="0 0 1000 \(Int(Self.height))" \
      preserveAspectRatio="none"><path class="\(kind)" d="\(path)"/></svg>
      """
  }
}
