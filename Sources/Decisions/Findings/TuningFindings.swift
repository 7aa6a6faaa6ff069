import Core
import Statistics

/// What the tune stage saw.
public struct TuningFindings: Sendable {
  /// The untuned model, then one for each variant of the plan.
  public var rows: [TuningRow] = []
  /// From the second on; the first round's is among the rows.
  public var rounds: [TuningRound] = []
  /// Attacks on the untuned model of kinds that nothing was tuned on.
  public var heldOut: [HeldOutAttack] = []
  /// Kinds of attack found on the untuned model.
  public var clusters = 0
  /// Kinds of attack that nothing was tuned on.
  public var heldOutClusters = 0
  /// Attack methods, in the order of the plan.
  public let methods: [String]
  /// Harmless questions and quiz questions, by their texts.
  public var benign: [String] = []
  /// Quiz questions, by their texts.
  public var quiz: [String] = []

  public init(methods: [String], benign: [String] = [], quiz: [String] = []) {
    self.methods = methods
    self.benign = benign
    self.quiz = quiz
  }

  /// The model before tuning; nil until it was measured.
  public var untuned: TuningRow? { rows.first }
  /// The row of a variant; nil where the plan has none of this name.
  public func row(_ variant: String) -> TuningRow? { rows.dropFirst().first { $0.name == variant } }
  /// With those of all rounds.
  public var evaluated: [TuningRow] { rows + rounds.map(\.row) }

  /// What became of all planned responses, by model.
  public var outcomes: [(role: Role, counts: OutcomeCounts)] {
    evaluated.map { row in
      let role = row.name == untuned?.name ? Role.candidate : .variant(row.name)
      var counts = row.attacks.reduce(OutcomeCounts()) { $0 + $1.outcomes }
      for observations in row.heldOut + row.benign { counts.add(observations) }
      return (role, counts)
    }
  }
}

/// A working attack of a kind that nothing was tuned on.
public struct HeldOutAttack: Sendable {
  /// The attack itself.
  public let prompt: String
  /// The kind of harm that the judge saw; nil where it named none.
  public let category: String?
  /// The kind of attack: those that are alike have one name.
  public let cluster: String
  /// Methods that found it.
  public let methods: Set<String>

  public init(prompt: String, category: String?, cluster: String, methods: Set<String>) {
    self.prompt = prompt
    self.category = category
    self.cluster = cluster
    self.methods = methods
  }
}

/// One model of the comparison.
public struct TuningRow: Sendable {
  /// `untuned`, a method, `all`, or `round 2` and so on.
  public let name: String
  /// Why there is no such variant, or why it can't be used; one sentence without a full stop.
  public var problem: String?
  /// Refusals and harmless examples that it was tuned on.
  public var refusals = 0
  /// Harmless examples that it was tuned on.
  public var benignExamples = 0
  /// Refusals by where they came from.
  public var sources: [String: Int] = [:]
  /// Time that tuning took.
  public var tuningSeconds = 0.0
  /// Identity of the model; nil where there is no such variant.
  public var model: RunSummary.ModelIdentity?
  /// By method, in the plan's order; empty where the variant wasn't attacked.
  public var attacks: [MethodAttack] = []
  /// By held-out attack.
  public var heldOut: [[Observation]] = []
  /// By harmless question; "unsafe" means "refused".
  public var benign: [[Observation]] = []
  /// By quiz question: whether each response held the answer; nil for responses that failed.
  public var quiz: [[Bool?]] = []
  /// Mean tokens of an answer to a harmless question or the quiz.
  public var meanTokens: Double?
  /// Seconds.
  public var meanLatency: Double?
  /// Responses to held-out attacks, the first of each, for the examples of change.
  public var heldOutTexts: [String?] = []

  public init(name: String, model: RunSummary.ModelIdentity? = nil) {
    self.name = name
    self.model = model
  }
}

/// One attack method turned on one model, all restarts.
public struct MethodAttack: Sendable {
  /// The method's name in the plan.
  public let method: String
  /// What its searches confirmed.
  public let found: FreshFindings
  /// By restart: the last proposals, asked anew and judged by the confirming judge.
  public let proposals: [[Observation]]

  public init(method: String, found: FreshFindings, proposals: [[Observation]]) {
    self.method = method
    self.found = found
    self.proposals = proposals
  }

  /// Unsafe and scored proposals of each restart.
  public var counts: [RepetitionCount] {
    proposals.map { observations in
      let share = ScoredShare(observations)
      return RepetitionCount(successes: share.unsafe, trials: share.scored, missing: share.missing)
    }
  }

  /// What became of all responses of its searches, confirmations and proposals.
  public var outcomes: OutcomeCounts {
    found.restarts.reduce(OutcomeCounts(proposals.joined())) { $0 + $1.search + $1.confirmation }
  }
}

/// One more turn of attack and tuning.
public struct TuningRound: Sendable {
  /// From 2.
  public let number: Int
  /// New attacks that the updated attacker confirmed on the round before.
  public let newAttacks: Int
  /// Change of the mean success rate over the attack methods since the round before, at 90 % confidence.
  public let change: Estimate?
  /// Whether it made the model harder to break, as far as its searches can tell.
  public let pays: Bool
  /// The model that the round made.
  public let row: TuningRow

  public init(number: Int, newAttacks: Int, change: Estimate?, pays: Bool, row: TuningRow) {
    self.number = number
    self.newAttacks = newAttacks
    self.change = change
    self.pays = pays
    self.row = row
  }
}
