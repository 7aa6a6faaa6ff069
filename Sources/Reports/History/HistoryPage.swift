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
      possible, the shaded zone what the policy of the newest run allows.\(comparability)</p>
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

  private var comparability: Markup {
    isSuiteRecorded
      ? " A line joins runs on one suite, by the digest of its file; where the suite changed, another begins." : ""
  }

  private func row(_ entry: Entry) -> Markup {
    """
    <tr><td>\(Timestamp(entry.date).short)</td><td><code>\(entry.summary.run)</code></td>\
    <td>\(entry.summary.policy.name)</td><td>\(entry.summary.candidateName)</td>\
    <td class="word \(Figure.name(entry.summary.verdict))">\(Figure.word(entry.summary))</td></tr>

    """
  }
}
