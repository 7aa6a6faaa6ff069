import Core
import Evidence
import Foundation
import Kinds
import Policies
import Reports

/// Runs that ended, as the ledger keeps them.
public struct OldRuns {
  private let ledger: Ledger

  /// Somebody who wants to see the texts, which the audit chain has before they are shown.
  public struct Reveal: Sendable {
    /// Who wants to see them.
    public let who: LedgerActor
    /// What for, in their own words; nil where they gave none.
    public let reason: String?
    /// When they asked.
    public let now: Date

    public init(who: LedgerActor = .current(), reason: String?, now: Date = Date()) {
      self.who = who
      self.reason = reason
      self.now = now
    }
  }

  /// - Parameter revealing: whether texts are to be shown: then no other run may hold the ledger.
  /// - Throws: `SluiceError` where there is no such ledger, or it can't be opened.
  public init(ledger path: String, revealing: Bool = false) throws {
    ledger = try revealing ? Ledger(existing: path) : Ledger(path: path, readOnly: true)
  }

  /// Renders an old run's reports again, byte for byte as they were written.
  ///
  /// - Parameters:
  ///   - run: a run's identifier, or `last`.
  ///   - files: which reports to write where, by the command's options; none to print only.
  ///   - reveal: shows the texts of attacks and responses; nil shows what the policy let the run show.
  ///   - language: of what people read; nil for the run's own.
  /// - Throws: `SluiceError` (usage) for a run that isn't there or has no verdict, and for a file that is somebody's.
  public func report(
    _ run: String, files: [ReportPolicy.Output] = [], reveal: Reveal? = nil, language: Language? = nil
  ) throws -> RunReport {
    try OutputPlan(ledger: ledger.path).check(reports: files.map { OutputPlan.Output($0) })
    let (record, stored): (RunRecord, RunSummary)
    do {
      (record, stored) = try ledger.finished(run)
    } catch {
      // Another run's must not be taken for those of the one that was asked for.
      for file in files { StaleReports.remove(file.path, of: [file.reporter]) }
      throw error
    }
    var summary = stored
    if let reveal {
      try ledger.note(
        Ledger.revealed, LedgerAct(who: reveal.who, reason: reveal.reason, subject: "report of run \(record.id)"),
        now: reveal.now.timeIntervalSince1970)
      summary.revealed = try RevealedAttacks(ledger: ledger).of(record.id, summary)
      let texts = Dictionary((summary.revealed ?? []).map { ($0.id, $0.prompt) }) { first, _ in first }
      for index in summary.newlyBroken.indices {
        summary.newlyBroken[index].prompt = summary.newlyBroken[index].prompt ?? texts[summary.newlyBroken[index].id]
      }
    }
    let date = Date(timeIntervalSince1970: record.ended ?? 0)
    for file in files { try OutputFile.prepare(file.path, what: file.key) }
    let written = try ReportWriter(wanted: ReportPolicy(files, reveal: false)).write(
      summary, date: date, language: language)
    return RunReport(
      summary: summary,
      json: try JSONReport.render(summary, date: date, version: summary.evidence.software ?? record.version),
      files: written, language: language)
  }

  /// Verdicts and estimates over runs, oldest first.
  /// - Parameters:
  ///   - policy: only runs of this policy, by its name.
  ///   - limit: the newest so many.
  ///   - page: where to write them with plots; none to return them only.
  ///   - language: of the page; nil for the newest run's.
  /// - Throws: `SluiceError`, also for a page's path that is somebody's file; usage (64) for a policy that no run is of.
  public func history(policy: String? = nil, limit: Int, page: String? = nil, language: Language? = nil) throws
    -> RunHistory
  {
    if let page {
      try OutputPlan(ledger: ledger.path).check(reports: [OutputPlan.Output(key: "--html", path: page)])
    }
    let records = try ledger.finishedRuns(policy: policy, limit: limit)
    if let policy, records.isEmpty {
      let known = Set(try ledger.finishedRuns(limit: Int(Int32.max)).map(\.policyName)).sorted()
      if !known.isEmpty {
        throw SluiceError(
          .usage, "no run of the policy \(quoted(policy)) has ended", at: SourceLocation(file: ledger.path),
          remedy: suggestion(for: policy, among: known, called: "This ledger has runs of"))
      }
    }
    let history = RunHistory(
      entries: try records.reversed().compactMap { record in
        guard let ended = record.ended, let summary = try ledger.summary(of: record.id) else { return nil }
        return RunHistory.Entry(date: Date(timeIntervalSince1970: ended), summary: summary)
      })
    if let page {
      try OutputFile.makeFolder(of: page, what: "the page")
      try OutputFile.write(history.html(version: sluiceVersion, language: language), to: page, what: "the page")
    }
    return history
  }
}
