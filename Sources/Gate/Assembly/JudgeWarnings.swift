import Core
import Decisions

/// What of the judges of a plan deserves a second look.
struct JudgeWarnings {
  private let judges: [any Judge]
  private let locales: [String]
  private let asksBenign: Bool

  init(_ plan: RunPlan) {
    judges = [plan.confirmJudge, plan.rewardJudge].compactMap(\.self).flatMap(\.leaves)
    locales = Set(plan.suite.compactMap(\.locale)).sorted()
    asksBenign = plan.stages.contains(.benign)
  }

  var weakenings: [String] { judges.flatMap(\.weakenings) }

  /// For `sluice check`: some of it takes a second to find out.
  var remarks: [String] {
    let own = judges.flatMap { $0.remarks() }
    guard asksBenign, let untold = judges.lazy.compactMap(\.refusalTeller).first?.localesWithoutRefusals(locales),
      !untold.isEmpty
    else { return own }
    return own + [
      "No refusal rule is for the suite's locales \(untold.joined(separator: ", ")): refusals there count as answers."
    ]
  }
}
