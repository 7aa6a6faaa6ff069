import Core

/// Dates and candidates below a chart of runs: as many as there is room for, the newest always among them.
struct TrendAxis: Sendable {
  let entries: [RunHistory.Entry]

  /// Room that it takes.
  static let height = 30.0
  private static let most = 8
  private static let longestName = 14

  /// - Parameters:
  ///   - top: where the axis begins.
  ///   - x: place of an entry, in percent of the width.
  func markup(top: Double, x: (Int) -> Double) -> Markup {
    let step = max(1, (entries.count + Self.most - 1) / Self.most)
    let labels = stride(from: entries.count - 1, through: 0, by: -step).enumerated().map { place, index -> Markup in
      // A phone has room for every second one.
      let kind: Markup = place % 2 == 0 ? "tick" : "tick minor"
      let date = String(Timestamp(entries[index].date).short.prefix(10))
      let name = PlainText.line(entries[index].summary.candidateName, longest: Self.longestName)
      // Under its dot, but for one at the very end, which has to stay on the page.
      let anchor: Markup = x(index) > 95 ? "end" : "middle"
      return """
        <text class="\(kind)" x="\(x(index))%" y="\(top + 12)" text-anchor="\(anchor)">\(date)</text>\
        <text class="\(kind)" x="\(x(index))%" y="\(top + 26)" text-anchor="\(anchor)">\(name)</text>
        """
    }
    return "\(labels)"
  }
}
