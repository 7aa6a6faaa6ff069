import Core
import Evidence
import Foundation
import Policies
import Reports

/// Runs that ended, as the ledger keeps them.
public struct OldRuns {
  private let ledger: Ledger

  /// - Throws: `SluiceError` where there is no such ledger, or it can't be read.
  public init(ledger path: String) throws { ledger = try Ledger(path: path, readOnly: true) }

  /// Renders an old run's reports again, byte for byte as they were written.
  ///
  /// - Parameters:
  ///   - run: a run's identifier, or `last`.
  ///   - junit: where to write it, as for the other formats; none to print only.
  /// - Throws: `SluiceError` (usage) for a run that isn't there or has no verdict, and for a file that is somebody's.
  public func report(
    _ run: String, junit: String? = nil, html: String? = nil, markdown: String? = nil, json: String? = nil
  ) throws -> RunReport {
    let files = ReportPolicy(junit: junit, html: html, markdown: markdown, json: json, reveal: false)
    let options = [("--junit", junit), ("--html", html), ("--markdown", markdown), ("--json-file", json)]
    try OutputPlan(ledger: ledger.path).check(
      reports: options.compactMap { key, path in path.map { OutputPlan.Output(key: key, path: $0) } })
    guard let record = try run == "last" ? ledger.finishedRuns(limit: 1).first : ledger.run(run) else {
      let known = try ledger.finishedRuns(limit: 5).map(\.id).joined(separator: ", ")
      throw SluiceError(
        .usage, run == "last" ? "no run has ended yet" : "there is no run \(run)",
        at: SourceLocation(file: ledger.path),
        remedy: known.isEmpty ? "Run a policy first: sluice run POLICY." : "The last ones are \(known).")
    }
    guard let ended = record.ended, let summary = try ledger.summary(of: record.id) else {
      throw SluiceError(
        .usage, "run \(record.id) has no verdict", at: SourceLocation(file: ledger.path),
        remedy: "Finish it with the command that began it and --resume.")
    }
    let date = Date(timeIntervalSince1970: ended)
    for (key, path) in files.outputs { try OutputFile.prepare(path, what: key) }
    let written = try ReportWriter(wanted: files).write(summary, date: date)
    return RunReport(
      summary: summary,
      json: try JSONReport.render(summary, date: date, version: summary.evidence.software ?? record.version),
      files: written)
  }

  /// Verdicts and estimates over runs, oldest first.
  /// - Parameters:
  ///   - policy: only runs of this policy, by its name.
  ///   - limit: the newest so many.
  ///   - page: where to write them with plots; none to return them only.
  /// - Throws: `SluiceError`, also for a page's path that is somebody's file.
  public func history(policy: String? = nil, limit: Int, page: String? = nil) throws -> RunHistory {
    if let page {
      try OutputPlan(ledger: ledger.path).check(reports: [OutputPlan.Output(key: "--html", path: page)])
    }
    let records = try ledger.finishedRuns(policy: policy, limit: limit)
    let history = RunHistory(
      entries: try records.reversed().compactMap { record in
        guard let ended = record.ended, let summary = try ledger.summary(of: record.id) else { return nil }
        return RunHistory.Entry(date: Date(timeIntervalSince1970: ended), summary: summary)
      })
    if let page {
      try OutputFile.makeFolder(of: page, what: "the page")
      try OutputFile.write(history.html(version: sluiceVersion), to: page, what: "the page")
    }
    return history
  }
}
