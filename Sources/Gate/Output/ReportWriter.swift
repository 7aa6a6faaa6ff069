import Core
import Foundation
import Policies
import Reports

/// Renders a summary in every format that the policy asks for and writes the files.
struct ReportWriter: Sendable {
  let wanted: ReportPolicy

  /// Makes the folders and removes the last run's reports.
  /// - Throws: `SluiceError` (permission).
  func prepare() throws {
    try ReportFiles(paths: [wanted.junit, wanted.json, wanted.markdown, wanted.html].compactMap(\.self)).prepare()
  }

  /// - Returns: the paths written.
  @discardableResult
  func write(_ summary: RunSummary, date: Date) throws -> [String] {
    let version = summary.evidence.software ?? sluiceVersion
    var written: [String] = []
    func write(_ path: String?, _ render: () throws -> [UInt8]) throws {
      guard let path else { return }
      try ReportFiles.write(try render(), to: path)
      written.append(path)
    }
    try write(wanted.junit) {
      try JUnitReport.render(summary, date: date, version: version, host: summary.evidence.host ?? "localhost")
    }
    try write(wanted.json) { try JSONReport.render(summary, date: date, version: version) }
    try write(wanted.html) { HTMLReport.render(summary, date: date, version: version) }
    try write(wanted.markdown) { MarkdownReport.render(summary, date: date, version: version) }
    return written
  }
}
