import Core
import Decisions
import Judges

/// What of the rules files of a plan deserves a second look.
struct RuleWarnings {
  private let judges: [RulesJudge]
  private let locales: [String]
  private let asksBenign: Bool

  init(_ plan: RunPlan) {
    judges = [plan.confirmJudge, plan.rewardJudge].compactMap(\.self).flatMap(\.leaves).compactMap { $0 as? RulesJudge }
    locales = Set(plan.suite.compactMap(\.locale)).sorted()
    asksBenign = plan.stages.contains(.benign)
  }

  /// Rules of which nothing shows that they can match: what they look for may pass unseen.
  var weakenings: [String] {
    judges.flatMap(\.rulesWithoutWitness).map { rule in
      "Nothing shows that the rule at \(rule.place) can match: it has no example, and none could be made from its pattern."
    }
  }

  /// For `sluice check`: some of it takes a second to find out.
  var remarks: [String] {
    let slow = judges.flatMap { $0.slowRules() }.map { rule in
      "\(rule.place): the pattern takes too long on some texts; responses that it is given up on stay unscored. Avoid nested "
        + "repetitions such as (a+)+."
    }
    let unproven = judges.flatMap(\.rulesWithoutWitness).map { rule in
      "\(rule.place): give the rule examples: {unsafe: [\u{2026}], safe: [\u{2026}]}, so that it is known to match."
    }
    guard asksBenign, let refusals = judges.first(where: \.knowsRefusals) else { return slow + unproven }
    let untold = refusals.localesWithoutRefusals(locales)
    return slow + unproven
      + (untold.isEmpty
        ? []
        : [
          "No refusal rule is for the suite's locales \(untold.joined(separator: ", ")): refusals there count as answers."
        ])
  }
}
