import Core
import Foundation

/// One page for the people who have to defend the decision: the verdict and why first, then what it rests on.
///
/// The page needs no network and no script, follows the reader's light or dark setting, and prints.
public enum HTMLReport {
  /// - Parameter language: of what Sluice says, what the policy names keeps its name; nil for the run's.
  public static func render(
    _ summary: RunSummary, date: Date, version: String, language: Language? = nil
  ) -> [UInt8] {
    (language ?? summary.language).speaking { page(summary.told, date: date, version: version) }
  }

  private static func page(_ summary: RunSummary, date: Date, version: String) -> [UInt8] {
    let candidate = summary.candidateName
    return HTMLPage.bytes(
      title: "\(Figure.word(summary))\(Words.colon)\(candidate) · \(summary.policy.name)",
      """
      \(VerdictSection(summary: summary, date: date).markup)
      \(ReleaseSection(summary: summary).markup)
      \(ChecksSection(summary: summary).markup)
      \(TrendSection(summary: summary, date: date).markup)
      \(ValiditySection(summary: summary).markup)
      \(OutcomesSection(summary: summary).markup)
      \(BrokenSection(summary: summary).markup)
      \(SuccessBreakdown.categories(summary).markup)
      \(SuccessBreakdown.tags(summary).markup)
      \(SuccessBreakdown.transforms(summary).markup)
      \(SuccessBreakdown.turns(summary).markup)
      \(ClustersSection(summary: summary).markup)
      \(SuccessBreakdown.tries(summary).markup)
      \(RevealedSection(summary: summary).markup)
      \(FreshSection(summary: summary).markup)
      \(TuningSection(summary: summary).markup)
      \(CalibrationSection(summary: summary).markup)
      \(CostSection(summary: summary).markup)
      \(ProvenanceSection(summary: summary, date: date, version: version).markup)

      """)
  }
}

extension Reporter {
  /// One page that needs nothing else, for people.
  public static let html = Reporter(
    name: "html", summary: "HTML file",
    marks: [
      ReportMark("<!DOCTYPE html>", [#"content="default-src 'none'; style-src 'unsafe-inline'">"#])
    ]
  ) { summary, context in
    HTMLReport.render(summary, date: context.date, version: context.version, language: context.language)
  }
}
