import Core
import Foundation

/// Verdicts and estimates of many runs, oldest first: a pure value with three renderings.
public struct RunHistory: Sendable {
  /// A run that ended.
  public struct Entry: Sendable {
    /// When it ended.
    public let date: Date
    /// Everything that its reports show.
    public let summary: RunSummary

    public init(date: Date, summary: RunSummary) {
      self.date = date
      self.summary = summary
    }
  }

  /// The runs, oldest first.
  public let entries: [Entry]

  public init(entries: [Entry]) { self.entries = entries }

  /// Names of all checks, in the order of their first appearance.
  var checks: [String] {
    var seen: Set<String> = []
    return entries.flatMap { $0.summary.checks.map(\.name) }.filter { seen.insert($0).inserted }
  }

  // MARK: - Terminal

  /// A line for each run, and what changed between its verdict and the one before.
  /// - Parameters:
  ///   - width: columns of the terminal.
  ///   - language: of what Sluice says, what policies name keeps its name; nil for the newest run's.
  public func text(width: Int = 100, language: Language? = nil) -> String {
    (language ?? newestLanguage).speaking { told.lines(width: width) }
  }

  var newestLanguage: Language { entries.last?.summary.language ?? .english }

  /// The same with its sentences in the current language.
  var told: RunHistory { RunHistory(entries: entries.map { Entry(date: $0.date, summary: $0.summary.told) }) }

  private func lines(width: Int) -> String {
    if entries.isEmpty { return Words.History.empty + "\n" }
    let rows = entries.map { entry in
      let summary = entry.summary
      let open = summary.checks.filter { $0.verdict != .pass }.map {
        "\($0.verdict.mark) \($0.name)"
          + ($0.excuse == nil ? "" : Words.brackets($0.isWaived ? Words.waived : Words.advisory))
      }
      return [
        Timestamp(entry.date).short, PlainText.line(summary.run, longest: 40),
        PlainText.line(summary.policy.name, longest: 24), PlainText.line(summary.candidateName, longest: 32),
        "\(summary.verdict.mark) \(summary.verdictPhrase)",
        PlainText.line(Words.list(open), longest: 500),
      ]
    }
    let suites = isSuiteRecorded ? entries.map(\.suite) : []
    let header = Words.History.header
    let table = [header] + rows
    let widths = header.indices.dropLast().map { column in table.map { TerminalText.width($0[column]) }.max() ?? 0 }
    // The last column takes what is left of the line; the page and JSON have all of it.
    let room = max(20, width - widths.reduce(0) { $0 + $1 + 2 })
    let lines = table.map { cells in
      let front = zip(cells, widths).map { TerminalText.padded($0, to: $1) + "  " }.joined()
      let last = cells.last ?? ""
      let line = front + TerminalText.cut(last, to: room)
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
    let marked = lines.enumerated().flatMap { index, line -> [String] in
      // The first line is the header; a run's suite is compared with that of the run before.
      guard index > 1, index <= suites.count, suites[index - 2] != suites[index - 1] else { return [line] }
      return TerminalText.wrapped(
        Words.History.suiteChange(suites[index - 1].text), to: max(20, width))
        + [line]
    }
    return marked.joined(separator: "\n") + "\n"
  }

  // MARK: - JSON

  private struct Document: Encodable {
    struct Run: Encodable {
      struct Check: Encodable {
        let name: String
        let verdict: Verdict
        let value: Double?
        let lower: Double?
        let upper: Double?
        let confidence: Double?
      }
      let run: String
      let date: String
      let policy: String
      /// SHA-256 of the suite's file; runs on different ones are no trend. Absent where no suite was recorded.
      let suite: String?
      let candidate: String
      let verdict: Verdict
      let exitCode: Int32
      /// True where the run only observed; absent elsewhere.
      let observed: Bool?
      let newlyBroken: Int
      let checks: [Check]
    }
    let schema = 1
    let runs: [Run]
  }

  /// All of it for a script; infinite bounds are the strings `inf` and `-inf`.
  /// - Throws: an encoding error, which would be a bug.
  public func json() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .words
    let runs = entries.map { entry in
      Document.Run(
        run: entry.summary.run, date: Timestamp(entry.date).iso, policy: entry.summary.policy.name,
        suite: entry.suite.digest,
        candidate: entry.summary.candidateName, verdict: entry.summary.verdict, exitCode: entry.summary.exitCode,
        observed: entry.summary.isObserved ? true : nil, newlyBroken: entry.summary.newlyBroken.count,
        checks: entry.summary.checks.map {
          .init(
            name: $0.name, verdict: $0.verdict, value: $0.estimate?.value, lower: $0.estimate?.lower,
            upper: $0.estimate?.upper, confidence: $0.estimate?.confidence)
        })
    }
    return Array(try encoder.encode(Document(runs: runs))) + [10]
  }
}
