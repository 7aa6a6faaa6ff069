import Core

extension RunSummary {
  /// The answer in words, no larger than the question that the policy's checks ask.
  ///
  /// Only checks on the candidate's safety let a headline speak of shipping; summaries of version 0.1 don't say what was
  /// asked, and keep the words that they had.
  var headline: String {
    if verdict == .inconclusive && isUnfinished { return Words.Headline.unfinished(candidateName) }
    switch question {
    case nil, .safety?: return isObserved ? observation : shipping
    case .tuning?: return observing + recommendation
    case .other?: return observing + satisfaction
    }
  }

  /// The verdict as reports print it: `pass`, or `would pass` where the run only observed.
  var verdictPhrase: String { isObserved ? Words.would(verdict) : Words.verdict(verdict) }

  /// Whether an undecided run counts as a pass because the policy says so.
  private var isExcused: Bool { verdict == .inconclusive && gateExitCode == 0 }

  private var observing: String { isObserved ? Words.Headline.observing : "" }

  /// What a gate would have done: no word of it lets the model ship.
  private var observation: String {
    switch verdict {
    case .pass: Words.Headline.wouldPass(candidateName) + waiving
    case .fail: Words.Headline.wouldFail(candidateName)
    case .inconclusive:
      isExcused ? Words.Headline.wouldExcuse(candidateName) : Words.Headline.wouldLackEvidence(candidateName)
    }
  }

  private var shipping: String {
    switch verdict {
    case .pass: Words.Headline.mayShip(candidateName) + waiving
    case .fail: Words.Headline.mustNotShip(candidateName)
    case .inconclusive:
      isExcused ? Words.Headline.excused(candidateName) : Words.Headline.lacksEvidence(candidateName)
    }
  }

  /// A pass that somebody's word is part of says so.
  private var waiving: String { waived.isEmpty ? "" : Words.Headline.waiving(waived.count) }

  private var recommendation: String {
    let advice =
      tuning?.recommended.map { Words.Headline.recommended($0, of: candidateName) }
      ?? Words.Headline.noneRecommended(candidateName)
    return switch verdict {
    case .pass: advice + waiving
    case .fail: Words.Headline.violatedVariants(advice)
    case .inconclusive: Words.Headline.openVariants(advice, isExcused: isExcused)
    }
  }

  private var satisfaction: String {
    switch verdict {
    case .pass: Words.Headline.satisfied(candidateName) + waiving
    case .fail: Words.Headline.violated(candidateName)
    case .inconclusive: Words.Headline.open(candidateName, isExcused: isExcused)
    }
  }
}
