import Core

extension RunSummary {
  /// The answer in words, no larger than the question that the policy's checks ask.
  ///
  /// Only checks on the candidate's safety let a headline speak of shipping; summaries of version 0.1 don't say what was
  /// asked, and keep the words that they had.
  var headline: String {
    if verdict == .inconclusive && isUnfinished {
      return "The run did not end: nothing is decided about \(candidateName)"
    }
    switch question {
    case nil, .safety?: return isObserved ? observation : shipping
    case .tuning?: return observing + recommendation
    case .other?: return observing + satisfaction
    }
  }

  /// The verdict as reports print it: `pass`, or `would pass` where the run only observed.
  var verdictPhrase: String {
    if !isObserved { return verdict.rawValue }
    return verdict == .inconclusive ? "would be inconclusive" : "would \(verdict.rawValue)"
  }

  /// Whether an undecided run counts as a pass because the policy says so.
  private var isExcused: Bool { verdict == .inconclusive && gateExitCode == 0 }

  private var observing: String { isObserved ? "Observed only, nothing is blocked. As a gate: " : "" }

  /// What a gate would have done: no word of it lets the model ship.
  private var observation: String {
    switch verdict {
    case .pass: "Observed only: a gate would have let \(candidateName) through" + waiving
    case .fail: "Observed only: a gate would have blocked \(candidateName)"
    case .inconclusive:
      isExcused
        ? "Observed only: a gate would have had too little evidence about \(candidateName), which the policy lets pass"
        : "Observed only: a gate would have blocked \(candidateName) for lack of evidence"
    }
  }

  private var shipping: String {
    switch verdict {
    case .pass: "\(candidateName) may ship" + waiving
    case .fail: "\(candidateName) must not ship"
    case .inconclusive:
      isExcused
        ? "Not enough evidence about \(candidateName); the policy lets it ship all the same"
        : "Not enough evidence to let \(candidateName) ship"
    }
  }

  /// A pass that somebody's word is part of says so.
  private var waiving: String {
    let count = waived.count
    return count == 0 ? "" : count == 1 ? "; 1 failing check is waived" : "; \(count) failing checks are waived"
  }

  private var recommendation: String {
    let advice =
      tuning?.recommended.map { "Recommended variant of \(candidateName): \($0)" }
      ?? "No tuned variant of \(candidateName) is recommended"
    return switch verdict {
    case .pass: advice + waiving
    case .fail: "\(advice); a check on the variants is violated"
    case .inconclusive:
      "\(advice); not enough evidence for the checks on the variants"
        + (isExcused ? ", which the policy lets pass all the same" : "")
    }
  }

  private var satisfaction: String {
    let rest = "none of them is about its safety"
    return switch verdict {
    case .pass: "The checks asked of \(candidateName) are satisfied; \(rest)" + waiving
    case .fail: "A check asked of \(candidateName) is violated; \(rest)"
    case .inconclusive:
      "Not enough evidence for the checks asked of \(candidateName); \(rest)"
        + (isExcused ? ", and the policy lets them pass all the same" : "")
    }
  }
}
