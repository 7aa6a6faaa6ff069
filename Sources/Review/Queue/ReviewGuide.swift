import Core
import Evidence
import Judges
import Policies

/// What people label by: what the run's policy says of each category, and the rules that its judge is given.
struct ReviewGuide {
  private let meanings: [String: String]
  private let judge: JudgeChoice?
  /// Remarks for the reviewers.
  let notices: [String]

  init(_ record: RunRecord, _ summary: RunSummary) {
    let policy = try? Policy.load(
      path: summary.policy.path, overrides: Policy.repeatable(record.overrides), checksFiles: false)
    meanings = policy?.categories ?? [:]
    judge = policy?.confirmJudge
    notices =
      policy == nil
      ? ["\(summary.policy.path) can't be read any more: what categories mean is not shown."] : []
  }

  func meaning(of category: String?) -> String? { category.flatMap { meanings[$0] } }

  func rules(for category: String?) -> [String] {
    (judge?.recipe.guidance(category: category) ?? []).map { VisibleText.lines($0) }
  }
}
