import Core
import Foundation
import Policies
import Reports

/// Renders a summary in every format that the policy asks for and writes the files.
struct ReportWriter: Sendable {
  let wanted: ReportPolicy
  let now: @Sendable () -> Date

  /// Makes the folders and removes the last run's reports.
  /// - Throws: `SluiceError` (permission).
  func prepare() throws {
    try ReportFiles(paths: [wanted.junit, wanted.json, wanted.markdown, wanted.html].compactMap(\.self)).prepare()
  }

  /// - Returns: the paths written.
  @discardableResult
  func write(_ summary: RunSummary) throws -> [String] {
    let date = now()
    var written: [String] = []
    func write(_ path: String?, _ render: () throws -> [UInt8]) throws {
      guard let path else { return }
      try ReportFiles.write(try render(), to: path)
      written.append(path)
    }
    try write(wanted.junit) {
      try JUnitReport.render(
        summary, date: date, version: sluiceVersion, host: ProcessInfo.processInfo.hostName)
    }
    try write(wanted.json) { try JSONReport.render(summary, date: date, version: sluiceVersion) }
    try write(wanted.html) { HTMLReport.render(summary, date: date, version: sluiceVersion) }
    try write(wanted.markdown) { MarkdownReport.render(summary, date: date, version: sluiceVersion) }
    return written
  }
}
