import Core
import Foundation

/// What a report of a run says of it, in whichever language, in JUnit, HTML or Markdown, where only Sluice writes.
public struct ReportTraces: Hashable, Sendable {
  /// Hash of the newest audit record when the verdict was made.
  public let head: String
  /// The run's identifier.
  public let run: String
  /// Nil where the format doesn't say.
  public let verdict: Verdict?

  /// - Parameter text: of the whole file. Nil where it is no report of a run, or names no ledger head.
  public init?(in text: String) {
    guard let head = Self.first(Self.heads, in: text), let run = Self.first(Self.runs, in: text) else { return nil }
    (self.head, self.run) = (head, run)
    verdict = Self.verdicts.first { Self.first([$0.pattern], in: text) != nil }?.verdict
  }

  private static let hash = "([0-9a-f]{64})"
  private static let identifier = "([0-9]{8}-[0-9]{6}-[a-z]{4})"

  private static let heads =
    [#"name="ledgerHead" value="\#(hash)""#]
    + inAllLanguages {
      [
        #"<dt>\#(Words.Page.ledgerHead)</dt><dd><code class="hash">\#(hash)<"#,
        Words.comma + Words.Terminal.ledgerHead("`\(hash)`"),
      ]
    }

  private static let runs =
    [#"name="run" value="\#(identifier)""#]
    + inAllLanguages {
      [
        "<dt>\(Words.Page.run)</dt><dd><code>\(identifier)<",
        Words.Markdown.run("`\(identifier)`") + Words.comma + Words.Terminal.ledgerHead("`"),
      ]
    }

  private static let verdicts = Verdict.allCases.flatMap { verdict in
    ([#"name="verdict" value="(\#(verdict.rawValue))""#]
      + inAllLanguages {
        [Words.verdict(verdict), Words.would(verdict)].flatMap { phrase in
          [
            "<title>(\(Words.capitalised(phrase)))\(Words.colon)",
            "^## [^\\p{L}]{1,8}(\(phrase.uppercased()))\(Words.colon)",
          ]
        }
      }).map { (verdict: verdict, pattern: $0) }
  }

  private static func inAllLanguages(_ patterns: () -> [String]) -> [String] {
    Language.allCases.flatMap { $0.speaking(patterns) }
  }

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
