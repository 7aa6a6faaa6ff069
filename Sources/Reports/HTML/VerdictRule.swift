import Core

/// How checks become a verdict, and what the promised error rate rests on: a claim no larger than the method.
struct VerdictRule: Sendable {
  let summary: RunSummary

  var markup: Markup {
    "\(errorRate) One violated check fails the run; otherwise one undecided check makes it inconclusive.\(validity)"
  }

  private var errorRate: Markup {
    if summary.isDecidedOnEstimates {
      return
        "The policy asks to compare measured numbers, not their intervals, with the limits: no error rate is promised."
    }
    let chance = Numbers.confidence(1 - summary.policy.confidence)
    let held: Markup =
      summary.checks.count < 2
      ? "the chance that it wrongly passes or fails is held to at most \(chance)"
      : """
      Holm's procedure asks the more of each the more there are, so that the chance of any wrong pass or fail among all \
      \(Numbers.count(summary.checks.count)) checks of the policy together is held to at most \(chance)
      """
    return """
      Every check compares a whole interval with its limit; \(held). That rests on clusters of attacks that are independent \
      of each other, on attacks that stand for those to come, and \(judge).
      """
  }

  private var judge: Markup {
    summary.calibration?.isUsed == true
      ? "on the human labels by which success rates are corrected for the judge's error"
      : "on taking the judges' verdicts as they are: nothing corrects for their errors"
  }

  /// What keeps a run that could not have found anything from a pass; only what this run was held to.
  private var validity: Markup {
    if let results = summary.validity, !results.isEmpty {
      return " Nor does a run pass where one of its \(Numbers.count(results.count)) validity checks does not hold."
    }
    return summary.checks.contains(where: \.adequacy)
      ? " A check about the run itself never fails it, and keeps it from a pass where it is not met." : ""
  }
}
