import Core
import Evidence
import Foundation
import Logging
import Policies
import Reports

/// Renders a summary in every format that the policy asks for and writes the files, each whole or not at all.
struct ReportWriter: Sendable {
  let wanted: ReportPolicy
  /// What the files of an earlier run were, by path: their successors are the same.
  private var earlier: [String: FileStatus] = [:]

  init(wanted: ReportPolicy) { self.wanted = wanted }

  /// Makes the folders, proves that the files can be written, and removes what an earlier run left: a killed run must
  /// not leave yesterday's pass behind.
  /// - Throws: `SluiceError`: permission (77), I/O (74).
  mutating func prepare() throws {
    for output in wanted.outputs { try OutputFile.prepare(output.path, what: output.key) }
    for output in wanted.outputs {
      earlier[output.path] = StaleReports.remove(output.path, of: [output.reporter])
      // What a part of a run left beside them is older than these will be.
      StaleReports.remove(ReportPolicy.partial(output.path), of: [output.reporter])
    }
  }

  /// - Parameter language: nil for the run's own.
  /// - Returns: the paths written.
  /// - Throws: `SluiceError`: permission (77), I/O (74); usage (64) where somebody put something else there meanwhile.
  @discardableResult
  func write(_ summary: RunSummary, date: Date, language: Language? = nil) throws -> [String] {
    let context = ReportContext(
      date: date, version: summary.evidence.software ?? sluiceVersion,
      host: summary.evidence.host ?? "localhost", language: language)
    for output in wanted.outputs {
      let bytes = try output.reporter.report(summary, context)
      // What shows attacks or responses is for its owner alone.
      let isRevealing = try bytes != output.reporter.report(summary.withoutAttacks, context)
      try OutputFile.write(
        bytes, to: output.path, what: "the report",
        access: isRevealing ? .owner : earlier[output.path].map { .like($0) } ?? .usual)
      Logger.reports.info("report written", metadata: ["path": "\(output.path)", "bytes": bytes.count.logged])
    }
    return wanted.outputs.map(\.path)
  }
}
