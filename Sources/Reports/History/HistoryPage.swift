import Core
import Foundation

extension RunHistory {
  /// One page: how each check's estimate moved from run to run, and the runs themselves.
  /// - Parameter language: of what Sluice says, what policies name keeps its name; nil for the newest run's.
  public func html(version: String, language: Language? = nil) -> [UInt8] {
    (language ?? newestLanguage).speaking { told.page(version: version) }
  }

  private func page(version: String) -> [UInt8] {
    let plots = checks.enumerated().map { TrendPlot(history: self, check: $0.element, id: $0.offset + 1).markup }
    return HTMLPage.bytes(
      title: "\(Words.History.title(entries.count))",
      """
      <h1>\(Words.History.title(entries.count))</h1>
      <p class="lead">\(Words.History.lead(isSuiteRecorded ? Words.History.comparability : ""))</p>
      <section id="trends">
      <h2>\(Words.History.trends)</h2>
      \(plots)
      </section>
      <section id="runs">
      <h2>\(Words.History.runs)</h2>
      <div class="scroll"><table>
      <thead><tr>\(header)</tr></thead>
      <tbody>
      \(entries.reversed().map(row))
      </tbody></table></div>
      <p class="quiet">sluice \(version)</p>
      </section>

      """)
  }

  /// The page has no column for the checks: they are above.
  private var header: [Markup] { Words.History.header.dropLast().map { #"<th scope="col">\#($0)</th>"# } }

  private func row(_ entry: Entry) -> Markup {
    """
    <tr><td>\(Timestamp(entry.date).short)</td><td><code>\(entry.summary.run)</code></td>\
    <td>\(entry.summary.policy.name)</td><td>\(entry.summary.candidateName)</td>\
    <td class="word \(Figure.name(entry.summary.verdict))">\(Figure.word(entry.summary))</td></tr>

    """
  }
}
