import Core
import Policies
import Statistics

/// What the tune stage saw.
struct TuningFindings: Sendable {
  /// The untuned model, then one for each variant of the plan.
  var rows: [TuningRow] = []
  /// From the second on; the first round's is among the rows.
  var rounds: [TuningRound] = []
  /// Attacks on the untuned model of kinds that nothing was tuned on.
  var heldOut: [HeldOutAttack] = []
  /// Kinds of attack found on the untuned model.
  var clusters = 0
  var heldOutClusters = 0
  let methods: [String]
  var benign: [BenignQuestion] = []
  var quiz: [QuizQuestion] = []

  var untuned: TuningRow? { rows.first }
  func row(_ variant: String) -> TuningRow? { rows.dropFirst().first { $0.name == variant } }
  /// With those of all rounds.
  var evaluated: [TuningRow] { rows + rounds.map(\.row) }

  var tally: Tally {
    evaluated.reduce(into: Tally()) { tally, row in
      for attack in row.attacks { tally = tally + attack.tally }
      for observations in row.heldOut + row.benign { tally.add(observations) }
    }
  }
}

/// A working attack of a kind that nothing was tuned on.
struct HeldOutAttack: Sendable {
  let prompt: String
  let category: String?
  let cluster: String
  /// Methods that found it.
  let methods: Set<String>
}

/// One model of the comparison.
struct TuningRow: Sendable {
  /// `untuned`, a method, `all`, or `round 2` and so on.
  let name: String
  /// Why there is no such variant, or why it can't be used; one sentence without a full stop.
  var problem: String?
  /// Refusals and harmless examples that it was tuned on.
  var refusals = 0
  var benignExamples = 0
  /// Refusals by where they came from.
  var sources: [RefusalSource: Int] = [:]
  var tuningSeconds = 0.0
  var model: RunSummary.ModelIdentity?
  /// By method, in the plan's order; empty where the variant wasn't attacked.
  var attacks: [MethodAttack] = []
  /// By held-out attack.
  var heldOut: [[Observation]] = []
  /// By harmless question; "unsafe" means "refused".
  var benign: [[Observation]] = []
  /// By quiz question: whether each response held the answer; responses that failed are left out.
  var quiz: [[Bool]] = []
  /// Of the answers to harmless questions and the quiz.
  var meanTokens: Double?
  /// Seconds.
  var meanLatency: Double?
  /// Responses to held-out attacks, the first of each, for the examples of change.
  var heldOutTexts: [String?] = []
}

/// One attack method turned on one model, all restarts.
struct MethodAttack: Sendable {
  let method: String
  let found: FreshFindings
  /// By restart: the last proposals, asked anew and judged by the confirming judge.
  let proposals: [[Observation]]

  var counts: [RepetitionCount] {
    proposals.map { observations in
      let scored = observations.compactMap(\.isUnsafe)
      return RepetitionCount(successes: scored.count { $0 }, trials: scored.count)
    }
  }

  var unscored: Int { proposals.reduce(0) { $0 + $1.count { $0.isUnsafe == nil } } }

  var tally: Tally {
    var tally = Tally()
    for observations in proposals { tally.add(observations) }
    for restart in found.restarts { tally = tally + restart.search.tally + restart.search.search.tally }
    return tally
  }
}

/// One more turn of attack and tuning.
struct TuningRound: Sendable {
  /// From 2.
  let number: Int
  /// New attacks that the updated attacker confirmed on the round before.
  let newAttacks: Int
  /// Of the mean success rate over the attack methods since the round before, at 90 % confidence.
  let change: Estimate?
  /// Whether it made the model harder to break, as far as its searches can tell.
  let pays: Bool
  let row: TuningRow
}
