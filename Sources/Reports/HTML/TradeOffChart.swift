import Core

/// Mean attack success against over-refusal, a mark for each model; a line joins those that no other model beats in both.
struct TradeOffChart: Sendable {
  let tuning: RunSummary.TuningSummary
  let id: Int

  private static let height = 280.0
  private static let bottom = 30.0
  private static let most = 30

  private struct Point {
    let name: String
    let refusal: Double
    let success: Double
    let isUntuned: Bool
  }

  private var points: [Point] {
    tuning.rows.prefix(Self.most).enumerated().compactMap { index, row in
      guard let mean = row.mean, let refusal = row.refusalRate, mean.value.isFinite, refusal.value.isFinite else {
        return nil
      }
      return Point(name: row.variant, refusal: refusal.value, success: mean.value, isUntuned: index == 0)
    }
  }

  /// Best in one of the two at what they give up in the other, by refusals.
  private var front: [Point] {
    var best = Double.infinity
    return points.sorted { ($0.refusal, $0.success) < ($1.refusal, $1.success) }.filter { point in
      defer { best = min(best, point.success) }
      return point.success < best
    }
  }

  var markup: Markup {
    let points = points
    guard points.count > 1 else { return #"<p class="quiet">\#(Words.Page.tooFew)</p>"# }
    // Room at the left: the best models stand at zero, where the numbers of the axis are.
    let right = PlotScale(around: [0] + points.map(\.refusal), unit: .share).high
    let across = PlotScale(low: -0.15 * right, high: right)
    let up = PlotScale(around: [0] + points.map(\.success), unit: .share)
    func y(_ value: Double) -> Double {
      Self.height - Self.bottom - (value - up.low) / max(up.high - up.low, 1e-9) * (Self.height - Self.bottom - 16)
    }
    var content: Markup = ""
    for tick in up.ticks {
      content += #"<line class="grid" x1="0%" x2="100%" y1="\#(y(tick))" y2="\#(y(tick))"/>"#
      content += #"<text class="tick" x="0" y="\#(y(tick) - 4)">\#(Numbers.bound(tick, .share))</text>"#
    }
    for tick in across.ticks where tick >= 0 {
      content += Figure.label(Numbers.bound(tick, .share), x: across.position(tick), y: Self.height - 8)
    }
    for (a, b) in zip(front, front.dropFirst()) {
      content += """
        <line class="curve baseline" x1="\(across.position(a.refusal))%" y1="\(y(a.success))" \
        x2="\(across.position(b.refusal))%" y2="\(y(b.success))"/>
        """
    }
    for point in points {
      content += """
        <g class="mark \(point.isUntuned ? "baseline" as Markup : "candidate")">\
        \(Figure.mark(x: across.position(point.refusal), y: y(point.success), point.isUntuned ? Figure.diamond : Figure.disc))\
        </g>
        """
    }
    for group in groups(points.map { (name: $0.name, x: across.position($0.refusal), y: y($0.success)) }) {
      content += Figure.label(group.name, x: group.x, y: group.y, kind: "strong halo")
    }
    let chart = Figure.chart(
      id: id, kind: "tradeoff", height: Int(Self.height), title: Words.Page.tradeOffTitle,
      description: description, content)
    return """
      <figure><figcaption class="quiet">\(Words.Page.tradeOffLead)</figcaption>\
      \(chart)<p class="axisname">\(Words.Page.tradeOffAxis)</p></figure>
      """
  }

  /// One name for marks that nearly cover each other, above the highest of them.
  private func groups(_ marks: [(name: String, x: Double, y: Double)]) -> [(name: String, x: Double, y: Double)] {
    var groups: [[(name: String, x: Double, y: Double)]] = []
    for mark in marks.sorted(by: { ($0.y, $0.x) < ($1.y, $1.x) }) {
      let near = groups.firstIndex { $0.contains { abs($0.x - mark.x) < 12 && abs($0.y - mark.y) < 22 } }
      if let near { groups[near].append(mark) } else { groups.append([mark]) }
    }
    return groups.map { group in
      (
        name: group.map(\.name).joined(separator: ", "), x: group[0].x,
        y: max(12, (group.map(\.y).min() ?? 0) - 11)
      )
    }
  }

  private var description: String {
    let names = Set(front.map(\.name))
    return points.map { point in
      Words.Page.tradeOffPoint(
        point.name, success: Numbers.text(point.success, .share), refused: Numbers.text(point.refusal, .share),
        isOnFront: names.contains(point.name))
    }.joined(separator: Words.stop)
  }
}
