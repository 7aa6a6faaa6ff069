import Core
import Foundation
import Reports

/// What a report says of its run, in whichever format it is: enough to find a ledger that says otherwise.
struct ReportedRun {
  let file: String
  /// Hash of the newest audit record when the verdict was made.
  let head: String
  let run: String
  /// Nil where the format doesn't say.
  let verdict: String?
  /// All of it, from JSON reports.
  let summary: RunSummary?

  private static let largest = 64 << 20

  /// - Throws: `SluiceError` (usage) for a file that is no report of Sluice.
  init(file: String) throws {
    self.file = file
    let bytes = try BoundedFile.read(
      file, what: "the report", limit: Self.largest, hint: "Name a report that a run wrote.")
    if bytes.first(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) == UInt8(ascii: "{") {
      let summary = try JSONReport.summary(in: bytes, file: file)
      self.summary = summary
      (head, run, verdict) = (summary.evidence.headHash, summary.run, summary.verdict.rawValue)
      return
    }
    summary = nil
    guard let traces = ReportTraces(in: String(decoding: bytes, as: UTF8.self)) else {
      throw SluiceError.badInput(
        "this is no report of a run, or it names no ledger head", file: file,
        remedy: "Name a JUnit, JSON, HTML or Markdown report that `sluice run` wrote.")
    }
    (head, run, verdict) = (traces.head, traces.run, traces.verdict?.rawValue)
  }
}
