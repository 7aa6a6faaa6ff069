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
  /// - Throws: `SluiceError` (usage) for a run that isn't there or has no verdict.
  public func report(
    _ run: String, junit: String? = nil, html: String? = nil, markdown: String? = nil, json: String? = nil
  ) throws -> RunReport {
    let files = ReportPolicy(junit: junit, html: html, markdown: markdown, json: json, reveal: false)
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
    let writer = ReportWriter(wanted: files)
    try writer.prepare()
    let written = try writer.write(summary, date: date)
    return RunReport(
      summary: summary,
      json: try JSONReport.render(summary, date: date, version: summary.evidence.software ?? record.version),
      files: written)
  }

  /// Verdicts and estimates over runs, oldest first.
  /// - Parameters:
  ///   - policy: only runs of this policy, by its name.
  ///   - limit: the newest so many.
  public func history(policy: String? = nil, limit: Int) throws -> RunHistory {
    let records = try ledger.finishedRuns(policy: policy, limit: limit)
    return RunHistory(
      entries: try records.reversed().compactMap { record in
        guard let ended = record.ended, let summary = try ledger.summary(of: record.id) else { return nil }
        return RunHistory.Entry(date: Date(timeIntervalSince1970: ended), summary: summary)
      })
  }
}

extension RunHistory {
  /// - Throws: `SluiceError` (permission) where the file can't be written.
  public func writePage(to path: String) throws {
    try ReportFiles(paths: [path]).prepare()
    try ReportFiles.write(html(version: sluiceVersion), to: path)
  }
}
