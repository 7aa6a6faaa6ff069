import Core
import Kinds

extension Reporter {
  /// A summary for comments on a merge request.
  public static let markdown = Reporter(
    name: "markdown", summary: "Markdown file",
    marks: MarkdownReport.titles.map { ReportMark($0) }
  ) { summary, context in
    MarkdownReport.render(summary, date: context.date, version: context.version, language: context.language)
  }
}

extension MarkdownReport {
  /// What reports begin with, in every language.
  fileprivate static let titles: [String] = Language.allCases.flatMap { language in
    language.speaking {
      Verdict.allCases.flatMap { verdict in
        let told: MarkdownText = "## \(sign(verdict)) \(Words.verdict(verdict).uppercased())\(Words.colon)"
        let observed: MarkdownText = "## 👁️ \(Words.would(verdict).uppercased())\(Words.colon)"
        return [told.source, observed.source]
      }
    }
  }

  static func sign(_ verdict: Verdict) -> MarkdownText {
    switch verdict {
    case .pass: "✅"
    case .fail: "❌"
    case .inconclusive: "⚠️"
    }
  }
}
