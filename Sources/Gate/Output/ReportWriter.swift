import Core
import Foundation
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
    for (key, path) in wanted.outputs { try OutputFile.prepare(path, what: key) }
    for (_, path) in wanted.outputs { earlier[path] = StaleReports.remove(path) }
  }

  /// - Returns: the paths written.
  /// - Throws: `SluiceError`: permission (77), I/O (74); usage (64) where somebody put something else there meanwhile.
  @discardableResult
  func write(_ summary: RunSummary, date: Date) throws -> [String] {
    let version = summary.evidence.software ?? sluiceVersion
    var written: [String] = []
    func write(_ path: String?, _ render: () throws -> [UInt8]) throws {
      guard let path else { return }
      try OutputFile.write(
        try render(), to: path, what: "the report", access: earlier[path].map { .like($0) } ?? .usual)
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
