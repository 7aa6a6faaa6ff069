import Core
import Decisions

extension RunSummary {
  /// The same with what the gate wrote down said in the current language, as far as `Recorded` knows it. Numbers, identifiers and
  /// what the policy names are the same.
  var told: RunSummary {
    if Language.current == .english { return self }
    var told = self
    told.reasons = reasons.map(sentenceOnCheck)
    told.remedies = remedies?.map(sentenceOnCheck)
    told.notices = notices.map(Recorded.text)
    told.weakenings = weakenings?.map(Recorded.text)
    told.since = since?.map(Recorded.text)
    told.validity = validity?.map(\.told)
    told.checks = checks.map(\.told)
    for (row, outcomes) in (outcomes ?? []).enumerated() {
      for (place, reason) in outcomes.reasons.enumerated() {
        told.outcomes?[row].reasons[place].reason = Recorded.text(reason.reason)
      }
    }
    for index in stages.indices { told.stages[index].detail = Recorded.text(stages[index].detail) }
    if let tuning {
      told.tuning?.advice = tuning.advice.map(Recorded.text)
      for index in tuning.rows.indices {
        told.tuning?.rows[index].problem = tuning.rows[index].problem.map(Recorded.text)
      }
      for index in tuning.rounds.indices {
        told.tuning?.rounds[index].row.problem = tuning.rounds[index].row.problem.map(Recorded.text)
      }
    }
    return told
  }

  /// `name: sentence`, as the gate gives what is about a check.
  private func sentenceOnCheck(_ text: String) -> String {
    for check in checks where text.hasPrefix(check.name + ": ") {
      return Words.labelled(check.name, Recorded.text(String(text.dropFirst(check.name.count + 2))))
    }
    return Recorded.text(text)
  }
}

extension RunSummary.ValidityResult {
  fileprivate var told: Self {
    var told = self
    told.finding = Recorded.text(finding)
    told.remedy = remedy.map(Recorded.text)
    return told
  }
}

extension RunSummary.CheckResult {
  fileprivate var told: Self {
    var told = self
    told.reason = Recorded.text(reason)
    told.remedy = remedy.map(Recorded.text)
    told.estimate = estimate.map { Estimate($0, method: Recorded.text($0.method)) }
    told.explanation = toldExplanation
    return told
  }

  /// The metric's own sentence, then what narrows it and what confirms a find.
  private var toldExplanation: String {
    guard let known = Metric.named(metric), let words = Words.metric(metric) else { return explanation }
    let start = known.explanation.dropLast()
    guard explanation.hasPrefix(start) else { return explanation }
    let rest = explanation.dropFirst(start.count)
    if rest == "." { return words.explanation }
    // `, by a jump of …` or `. An attack is confirmed …`.
    return words.explanation + Recorded.text(String(rest.drop { ",. ".contains($0) }))
  }
}

extension Estimate {
  /// The same numbers, made in other words.
  fileprivate init(_ other: Estimate, method: String) {
    self.init(
      value: other.value, lower: other.lower, upper: other.upper, confidence: other.confidence, n: other.n,
      effectiveN: other.effectiveN, unscored: other.unscored, method: method)
  }
}
