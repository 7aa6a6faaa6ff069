import Core
import Foundation

extension RunHistory {
  /// One page: how each check's estimate moved from run to run, and the runs themselves.
  public func html(version: String) -> [UInt8] {
    let plots = checks.enumerated().map { TrendPlot(history: self, check: $0.element, id: $0.offset + 1).markup }
    let page: Markup = """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta name="referrer" content="no-referrer">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
      <title>History of \(entries.count) runs</title>
      <style>
      \(StyleSheet.text)</style>
      </head>
      <body>
      <main>
      <h1>History of \(entries.count) runs</h1>
      <p class="lead">Oldest on the left. The dot is the number measured, the bar the range that the evidence leaves \
      possible, the shaded zone what the policy of the newest run allows.</p>
      <section id="trends">
      <h2>Checks from run to run</h2>
      \(plots)
      </section>
      <section id="runs">
      <h2>Runs</h2>
      <div class="scroll"><table>
      <thead><tr><th scope="col">ended (UTC)</th><th scope="col">run</th><th scope="col">policy</th>\
      <th scope="col">candidate</th><th scope="col">verdict</th></tr></thead>
      <tbody>
      \(entries.reversed().map(row))
      </tbody></table></div>
      <p class="quiet">sluice \(version)</p>
      </section>
      </main>
      </body>
      </html>

      """
    return Array(page.html.utf8)
  }

  private func row(_ entry: Entry) -> Markup {
    """
    <tr><td>\(Timestamp(entry.date).short)</td><td><code>\(entry.summary.run)</code></td>\
    <td>\(entry.summary.policy.name)</td><td>\(entry.summary.candidateName)</td>\
    <td class="word \(Figure.name(entry.summary.verdict))">\(Figure.word(entry.summary.verdict))</td></tr>

    """
  }
}

/// One check over all runs: intervals side by side against the limit.
struct TrendPlot: Sendable {
  let history: RunHistory
  let check: String
  let id: Int

  private static let top = 12.0
  private static let height = 110.0

  var markup: Markup {
    let results = history.entries.map { entry in entry.summary.checks.first { $0.name == check } }
    guard let newest = results.last(where: { $0 != nil }) ?? nil else { return "" }
    let unit = newest.wording.unit
    let measured = results.map { $0?.measured }
    let bounds = [newest.limit.atLeast, newest.limit.atMost].compactMap(\.self)
    let scale = PlotScale(
      around: bounds + measured.compactMap(\.self).flatMap { [$0.value, $0.lower, $0.upper] }, unit: unit)
    func y(_ x: Double) -> Double { Self.top + (100 - scale.position(x)) / 100 * (Self.height - Self.top) }
    var content: Markup = ""
    let ceiling = y(newest.limit.atMost ?? scale.high)
    let floor = y(newest.limit.atLeast ?? scale.low)
    if floor > ceiling {
      content += #"<rect class="allowed" x="12%" width="87%" y="\#(ceiling)" height="\#(floor - ceiling)"/>"#
    }
    for bound in bounds {
      content += #"<line class="limit" x1="12%" x2="99%" y1="\#(y(bound))" y2="\#(y(bound))"/>"#
      content +=
        #"<text class="tick strong" x="11%" y="\#(y(bound) + 4)" text-anchor="end">\#(Numbers.bound(bound, unit))</text>"#
    }
    let count = Double(results.count)
    for (index, (result, estimate)) in zip(results, measured).enumerated() {
      guard let result, let estimate else { continue }
      let x = 12 + 87 * (Double(index) + 0.5) / count
      content += """
        <g class="mark \(Figure.name(result.verdict))"><line x1="\(x)%" x2="\(x)%" y1="\(y(estimate.lower))" \
        y2="\(y(estimate.upper))"/>\(Figure.mark(x: x, y: y(estimate.value), Figure.disc))</g>
        """
    }
    let values = measured.compactMap(\.self).map { Numbers.text($0.value, unit) }
    let chart = Figure.chart(
      id: id, kind: "plot", height: Int(Self.height) + 12, title: "\(newest.title) from run to run",
      description: "Measured, oldest first: \(values.joined(separator: ", ")). Limit: \(newest.limitText).", content)
    if values.isEmpty {
      return
        #"<article><h3>\#(newest.title)</h3><p class="quiet"><code>\#(check)</code>: never measured.</p></article>"#
    }
    return """
      <article><h3>\(newest.title)</h3><p class="quiet"><code>\(check)</code>, newest: \(newest.valueText) \
      \(newest.intervalText), \(newest.limitText)</p>\(chart)</article>
      """
  }
}
