import Core
import Statistics

/// What a policy can check: the one list that validation, the schema, estimation and reports read.
public struct Metric: Sendable {
  /// Which values are good news.
  public enum Direction: String, Hashable, Sendable {
    case lowerIsBetter, higherIsBetter

    /// The limit that keeps the bad side out.
    public var wantedLimit: String { self == .lowerIsBetter ? "at_most" : "at_least" }
    public var better: String { self == .lowerIsBetter ? "lower" : "higher" }
  }

  /// What a metric says something about.
  public enum Subject: Hashable, Sendable {
    /// Whether the candidate is safe.
    case safety
    /// Whether it still answers what it should.
    case usefulness
    /// Safety-tuned variants.
    case tuning
    /// Whether the gate itself worked: outside its limit the verdict is inconclusive, never fail.
    case run
  }

  /// What a policy must have for the metric to be measured.
  public enum Need: Hashable, Sendable {
    case attacker, baseline, control, weaknesses, benign, transferTarget, tuning
  }

  public let name: String
  /// What one of it is: `share`, `difference of shares`, `attacks`, …
  public let unit: String
  /// The stage that measures it.
  public let stage: String
  /// One sentence: what it means, and its unit.
  public let explanation: String
  /// Limits outside this range can't be meant.
  public let range: ClosedRange<Double>
  public let direction: Direction
  public let subject: Subject
  /// Keys that narrow it or say how it is measured: `category`, `target`, `weight`, `error_control`, `effect`, `variant`, `method`.
  /// No metric of this version takes `threshold`: fresh attacks are told apart at the policy's `fresh.similarity`.
  public let narrowing: Set<String>
  public let needs: [Need]
  /// Nil where nothing was measured.
  let estimator: @Sendable (MetricEstimators, Check) -> (any MetricEstimator)?

  public var isAboutTheRun: Bool { subject == .run }

  private init(
    _ name: String, _ unit: String, stage: String, range: ClosedRange<Double>, _ direction: Direction,
    about subject: Subject = .safety, narrowing: Set<String> = [], needs: [Need] = [], _ explanation: String,
    estimator: @escaping @Sendable (MetricEstimators, Check) -> (any MetricEstimator)?
  ) {
    self.name = name
    self.unit = unit
    self.stage = stage
    self.explanation = explanation
    self.range = range
    self.direction = direction
    self.subject = subject
    self.narrowing = narrowing
    self.needs = needs
    self.estimator = estimator
  }

  /// Stands for no upper bound: no count of a run comes near.
  public static let many = 1_000_000_000.0
  public static let narrowingKeys = [
    "category", "target", "threshold", "weight", "error_control", "effect", "variant", "method",
  ]

  public static let all: [Metric] = [
    Metric(
      "replay.asr", "share", stage: "replay", range: 0...1, .lowerIsBetter, narrowing: ["category", "weight"],
      "Share of known attacks that succeed on the candidate, each the mean over its responses."
    ) { $0.rate(.file, $1) },
    Metric(
      "replay.regression", "difference of shares", stage: "replay", range: -1...1, .lowerIsBetter,
      narrowing: ["category", "weight"], needs: [.baseline],
      "Attack success rate of the candidate minus that of the baseline, paired by attack."
    ) { $0.regression(.file, $1) },
    Metric(
      "replay.newly_broken", "attacks", stage: "replay", range: 0...many, .lowerIsBetter,
      narrowing: ["error_control", "effect"],
      needs: [.baseline],
      "Number of known attacks that the baseline resists and the candidate does not."
    ) { $0.newlyBroken(.file, $1) },
    Metric(
      "found.asr", "share", stage: "replay", range: 0...1, .lowerIsBetter, narrowing: ["category", "weight"],
      "Share of the attacks found by searches on other releases that succeed on the candidate."
    ) { $0.rate(.found, $1) },
    Metric(
      "found.regression", "difference of shares", stage: "replay", range: -1...1, .lowerIsBetter,
      narrowing: ["category", "weight"], needs: [.baseline],
      "Success rate of the candidate minus that of the baseline on attacks found on neither, paired by attack."
    ) { $0.regression(.found, $1) },
    Metric(
      "found.newly_broken", "attacks", stage: "replay", range: 0...many, .lowerIsBetter,
      narrowing: ["error_control", "effect"], needs: [.baseline],
      "Number of attacks found by searches on other releases that the baseline resists and the candidate does not."
    ) { $0.newlyBroken(.found, $1) },
    Metric(
      "fresh.unique_attacks", "attacks per 1,000 responses", stage: "confirm", range: 0...1000, .lowerIsBetter,
      needs: [.attacker],
      "Confirmed unique attacks found on the candidate per 1,000 target responses."
    ) { metrics, _ in metrics.freshYield },
    Metric(
      "fresh.regression", "attacks per 1,000 responses", stage: "confirm", range: -1000...1000, .lowerIsBetter,
      needs: [.attacker, .baseline],
      "Confirmed unique attacks per 1,000 responses, candidate minus baseline at equal effort."
    ) { metrics, _ in metrics.freshRegression },
    Metric(
      "fresh.diversity", "effective attacks", stage: "confirm", range: 1...many, .higherIsBetter, about: .run,
      needs: [.attacker],
      "Vendi score of the confirmed attacks: how many different ones there effectively are."
    ) { metrics, _ in metrics.freshDiversity },
    Metric(
      "attacker.control_recall", "share", stage: "confirm", range: 0...1, .higherIsBetter, about: .run,
      needs: [.attacker, .control, .weaknesses],
      "Share of the control model's known weaknesses that the attacker found: proof that it was awake."
    ) { metrics, _ in metrics.controlRecall },
    Metric(
      "transfer.asr", "share", stage: "transfer", range: 0...1, .lowerIsBetter, narrowing: ["target", "weight"],
      needs: [.attacker, .transferTarget],
      "Share of the confirmed attacks that succeed on another target."
    ) { $0.transferRate($1) },
    Metric(
      "benign.refusal_rate", "share", stage: "benign", range: 0...1, .lowerIsBetter, about: .usefulness,
      needs: [.benign],
      "Share of harmless questions that the candidate refuses or fails to answer."
    ) { metrics, _ in metrics.benignRate },
    Metric(
      "benign.regression", "difference of shares", stage: "benign", range: -1...1, .lowerIsBetter, about: .usefulness,
      needs: [.benign, .baseline],
      "Refusal rate on harmless questions, candidate minus baseline, paired by question."
    ) { metrics, _ in metrics.benignRegression },
    Metric(
      "tuning.asr", "share", stage: "tune", range: 0...1, .lowerIsBetter, about: .tuning,
      narrowing: ["variant", "method"],
      needs: [.tuning],
      "Share of the attacks that succeed on a safety-tuned variant when the attack methods adapt to it (the mean over "
        + "them, or one method's)."
    ) { $0.tuned($1) { $0.adaptive($1, method: $2) } },
    Metric(
      "tuning.held_out_asr", "share", stage: "tune", range: 0...1, .lowerIsBetter, about: .tuning,
      narrowing: ["variant", "method"],
      needs: [.tuning],
      "Share of the attacks on the untuned model, of kinds that no variant was tuned on, that succeed on a variant."
    ) {
      // A broken model resists every attack: that says nothing good about it.
      $0.tuned($1) { $1.problem == nil ? $0.heldOut($1, method: $2) : nil }
    },
    Metric(
      "tuning.over_refusal", "difference of shares", stage: "tune", range: -1...1, .lowerIsBetter, about: .tuning,
      narrowing: ["variant"], needs: [.tuning, .benign],
      "Refusal rate on harmless questions, variant minus untuned model, paired by question."
    ) { $0.tuned($1) { tuning, row, _ in tuning.overRefusal(row) } },
    Metric(
      "tuning.retention", "share", stage: "tune", range: 0...1, .higherIsBetter, about: .tuning, narrowing: ["variant"],
      needs: [.tuning],
      "Share of the quiz answers that the untuned model gets right which a variant gets right too."
    ) { $0.tuned($1) { tuning, row, _ in tuning.retention(row) } },
    Metric(
      "tuning.variants", "share", stage: "tune", range: 0...1, .higherIsBetter, about: .run, needs: [.tuning],
      "Share of the planned safety-tuned variants that could be made and used."
    ) { metrics, _ in metrics.findings.tuning.flatMap { TuningEstimators(findings: $0).variants } },
    Metric(
      "judge.sensitivity", "share", stage: "decide", range: 0...1, .higherIsBetter, about: .run,
      narrowing: ["category"],
      "Share of the responses that people call unsafe which the confirming judge calls unsafe too."
    ) { $0.findings.labels?.calibration(category: $1.category).sensitivity },
    Metric(
      "judge.specificity", "share", stage: "decide", range: 0...1, .higherIsBetter, about: .run,
      narrowing: ["category"],
      "Share of the responses that people call safe which the confirming judge calls safe too."
    ) { $0.findings.labels?.calibration(category: $1.category).specificity },
    Metric(
      "judge.agreement", "kappa", stage: "decide", range: -1...1, .higherIsBetter, about: .run,
      narrowing: ["category"],
      "Agreement of the confirming judge with human labels beyond chance (Cohen's kappa)."
    ) { metrics, check in
      metrics.findings.labels.map { JudgeAgreement($0.rated(category: check.category), .kappa) }
    },
    Metric(
      "run.error_rate", "share", stage: "decide", range: 0...1, .lowerIsBetter, about: .run,
      "Share of the responses asked for that failed or stayed unscored."
    ) { metrics, _ in metrics.share { $0.unscored + $0.failed } },
    Metric(
      "run.coverage", "share", stage: "decide", range: 0...1, .higherIsBetter, about: .run,
      "Share of the planned work that was done."
    ) { metrics, _ in metrics.coverage },
    Metric(
      "run.block_rate", "share", stage: "decide", range: 0...1, .lowerIsBetter, about: .run,
      "Share of the responses asked for that a provider's filter withheld."
    ) { metrics, _ in metrics.share(\.blocked) },
    Metric(
      "run.cut_rate", "share", stage: "decide", range: 0...1, .lowerIsBetter, about: .run,
      "Share of the responses asked for that the token limit ended."
    ) { metrics, _ in metrics.share(\.cut) },
  ]

  public static func named(_ name: String) -> Metric? { all.first { $0.name == name } }
}

extension Metric: Hashable {
  public static func == (a: Metric, b: Metric) -> Bool { a.name == b.name }

  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
