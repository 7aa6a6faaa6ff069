import Core
import Evidence
import Foundation

/// Holds a ledger against its audit chain and against reports.
public enum LedgerAudit {
  /// - Parameters:
  ///   - heads: head hashes that the chain must contain.
  ///   - reports: files that runs wrote, in any format: their heads, runs and verdicts must be the ledger's.
  /// - Throws: `SluiceError` (usage) where there is no ledger of this version, and for a file that is no report.
  public static func verify(ledger path: String, heads: [String] = [], reports: [String] = []) throws
    -> LedgerVerification
  {
    let reported = try reports.map { try ReportedRun(file: $0) }
    let ledger: Ledger
    do {
      ledger = try Ledger(path: path, readOnly: true)
    } catch let error as SluiceError where Ledger.isDamaged(error) {
      return LedgerVerification(damaged: path, LedgerFinding("the file", error.message))
    }
    var result = try ledger.verification(heads: heads + reported.map(\.head))
    for report in reported { result.findings += differences(report, ledger) }
    return result
  }

  private static func differences(_ report: ReportedRun, _ ledger: Ledger) -> [LedgerFinding] {
    func finding(_ problem: String) -> [LedgerFinding] { [LedgerFinding("the report \(report.file)", problem)] }
    do {
      guard let record = try ledger.run(report.run) else {
        return finding("its run \(report.run) isn't in this ledger")
      }
      // A run that broke off has reports and no verdict in the ledger.
      guard let stored = try ledger.summary(of: report.run) else {
        let isUnfinished =
          report.summary.map { $0.exitCode > ExitCode.inconclusive.rawValue } ?? (report.verdict != "pass")
        return isUnfinished ? [] : finding("its run \(record.id) has no verdict in this ledger")
      }
      if let verdict = report.verdict, verdict != stored.verdict.rawValue {
        return finding("it says \(verdict), the ledger \(stored.verdict.rawValue)")
      }
      guard let summary = report.summary else { return [] }
      if let difference = try SummaryComparison(
        reported: summary, stored: stored, isPurged: ledger.wasPurged()
      ).difference {
        return finding("its \(difference) are not those that the ledger has for run \(record.id)")
      }
      guard let revealed = summary.revealed, !(try ledger.wasPurged()) else { return [] }
      let known = Set(try RevealedAttacks(ledger: ledger).of(record.id, stored))
      return revealed.allSatisfy(known.contains)
        ? [] : finding("its attacks and responses are not those that the ledger has for run \(record.id)")
    } catch {
      return finding("its run can't be read in the ledger: \((error as? SluiceError)?.message ?? "\(error)")")
    }
  }
}
