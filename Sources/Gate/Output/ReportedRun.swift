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
    let text = String(decoding: bytes, as: UTF8.self)
    guard let head = Self.first(Self.heads, in: text), let run = Self.first(Self.runs, in: text)
    else {
      throw SluiceError.badInput(
        "this is no report of a run, or it names no ledger head", file: file,
        remedy: "Name a JUnit, JSON, HTML or Markdown report that `sluice run` wrote.")
    }
    self.head = head
    self.run = run
    verdict = Self.first(Self.verdicts, in: text)?.lowercased()
  }

  /// In JUnit, HTML and Markdown, where only Sluice writes.
  private static let heads = [
    #"name="ledgerHead" value="([0-9a-f]{64})""#, #"<dt>Ledger head</dt><dd><code class="hash">([0-9a-f]{64})<"#,
    ", ledger head `([0-9a-f]{64})`",
  ]
  private static let runs = [
    #"name="run" value="([0-9]{8}-[0-9]{6}-[a-z]{4})""#, "<dt>Run</dt><dd><code>([0-9]{8}-[0-9]{6}-[a-z]{4})<",
    "run `([0-9]{8}-[0-9]{6}-[a-z]{4})`, ledger head",
  ]
  private static let verdicts = [
    #"name="verdict" value="(pass|fail|inconclusive)""#, "<title>(Pass|Fail|Inconclusive): ",
    "<title>Would (?:be )?(pass|fail|inconclusive): ",
    "^## [^A-Z]{1,8}(?:WOULD (?:BE )?)?(PASS|FAIL|INCONCLUSIVE): ",
  ]

  private static func first(_ patterns: [String], in text: String) -> String? {
    patterns.lazy.compactMap { capture($0, in: text) }.first
  }

  private static func capture(_ pattern: String, in text: String) -> String? {
    guard let expression = try? NSRegularExpression(pattern: pattern),
      let match = expression.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)),
      let range = Range(match.range(at: 1), in: text)
    else { return nil }
    return String(text[range])
  }
}
