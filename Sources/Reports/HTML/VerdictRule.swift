import Core

/// How checks become a verdict, and what the promised error rate rests on: a claim no larger than the method.
struct VerdictRule: Sendable {
  let summary: RunSummary

  var markup: Markup { Words.Page.ruleText(errorRate, validity) }

  private var errorRate: Markup {
    if summary.isDecidedOnEstimates { return Words.Page.onEstimates }
    let chance = Numbers.confidence(1 - summary.policy.confidence)
    let held =
      summary.checks.count < 2
      ? Words.Page.heldAlone(chance) : Words.Page.heldTogether(summary.checks.count, chance)
    return Words.Page.wholeInterval(
      held, summary.calibration?.isUsed == true ? Words.Page.correctedJudge : Words.Page.uncorrectedJudge)
  }

  /// What keeps a run that could not have found anything from a pass; only what this run was held to.
  private var validity: Markup {
    if let results = summary.validity, !results.isEmpty { return Words.Page.validityRule(results.count) }
    return summary.checks.contains(where: \.adequacy) ? Words.Page.adequacyRule : ""
  }
}
