import Foundation

/// Lines with intervals in panels side by side, as SVG.
struct LinePlot {
  struct Line {
    let name: String
    /// Ordered by x.
    let points: [(x: Double, y: Double, low: Double, high: Double)]
  }

  struct Panel {
    let title: String
    let lines: [Line]
  }

  let title: String
  let panels: [Panel]
  var hasLogarithmicX = false
  /// The largest y; nil for that of each panel's intervals.
  var top: Double?
  var format: (Double) -> String = { String(format: $0 < 100 ? "%.1f" : "%.0f", $0) }

  private static let colours = [
    "#0b6e4f", "#b3541e", "#5b5f97", "#c2185b", "#6d6875", "#1f77b4", "#8a6d00", "#444444", "#2ca9a1",
  ]
  private static let (width, height, pitch) = (360.0, 300.0, 460.0)

  var svg: String {
    let body = panels.enumerated().map { draw($1, left: Double($0) * Self.pitch + 52) }.joined()
    let legend = (panels.map(\.lines.count).max() ?? 0) / 4 * 16
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(Int(Self.pitch) * panels.count)" height="\(380 + legend)" \
      font-family="sans-serif" font-size="12" role="img" aria-label="\(title)">\
      <rect width="100%" height="100%" fill="white"/>\(body)</svg>

      """
  }

  private func draw(_ panel: Panel, left: Double) -> String {
    let all = panel.lines.flatMap(\.points)
    let xs = Set(all.map(\.x)).sorted()
    guard let first = xs.first, let last = xs.last else { return "" }
    let top = self.top ?? max(1e-9, all.map(\.high).max() ?? 1)
    func scaled(_ x: Double) -> Double { hasLogarithmicX ? log(x) : x }
    func x(_ value: Double) -> Double {
      last > first
        ? left + (scaled(value) - scaled(first)) / (scaled(last) - scaled(first)) * Self.width : left + Self.width / 2
    }
    func y(_ value: Double) -> Double { 30 + (Self.height - 30) * (1 - value / top) }
    func number(_ value: Double) -> String { String(format: "%.1f", value) }
    var svg = "<text x=\"\(left)\" y=\"18\" font-weight=\"bold\">\(panel.title)</text>"
    for value in [0, 0.5, 1].map({ $0 * top }) {
      let height = number(y(value))
      svg += "<line x1=\"\(left)\" x2=\"\(left + Self.width)\" y1=\"\(height)\" y2=\"\(height)\" stroke=\"#ddd\"/>"
      svg += "<text x=\"\(left - 6)\" y=\"\(number(y(value) + 4))\" text-anchor=\"end\">\(format(value))</text>"
    }
    for value in xs {
      svg += "<text x=\"\(number(x(value)))\" y=\"\(Self.height + 18)\" text-anchor=\"middle\">"
      svg += (value == value.rounded() ? String(format: "%.0f", value) : String(format: "%g", value)) + "</text>"
    }
    for (index, line) in panel.lines.enumerated() {
      let colour = Self.colours[index % Self.colours.count]
      let points = line.points.map { "\(number(x($0.x))),\(number(y($0.y)))" }.joined(separator: " ")
      svg += "<polyline points=\"\(points)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\"/>"
      for point in line.points {
        let place = number(x(point.x))
        svg += "<line x1=\"\(place)\" x2=\"\(place)\" y1=\"\(number(y(point.low)))\" y2=\"\(number(y(point.high)))\" "
        svg += "stroke=\"\(colour)\" stroke-width=\"4\" stroke-opacity=\"0.5\"/>"
        // A single value has neither line nor interval.
        svg += "<circle cx=\"\(place)\" cy=\"\(number(y(point.y)))\" r=\"3\" fill=\"\(colour)\"/>"
      }
      svg += "<text x=\"\(left + Double(index % 4) * 100)\" y=\"\(Self.height + 44 + Double(index / 4) * 16)\" "
      svg += "fill=\"\(colour)\">\(line.name)</text>"
    }
    return svg
  }
}
