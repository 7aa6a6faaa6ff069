/// What a policy can check: the one list that validation, the schema and reports read.
public struct Metric: Hashable, Sendable {
  /// Which values are good news.
  public enum Direction: String, Hashable, Sendable {
    case lowerIsBetter, higherIsBetter

    /// The limit that keeps the bad side out.
    var wantedLimit: String { self == .lowerIsBetter ? "at_most" : "at_least" }
    var better: String { self == .lowerIsBetter ? "lower" : "higher" }
  }

  /// What a policy must have for the metric to be measured.
  enum Need: Hashable, Sendable {
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
  /// Whether it measures the gate itself: outside its limit the verdict is inconclusive, never fail.
  public let adequacy: Bool
  /// Keys that narrow it or say how it is measured: `category`, `target`, `error_control`, `variant`, `method`. No metric
  /// of this version takes `threshold`: fresh attacks are told apart at the policy's `fresh.similarity`.
  public let narrowing: Set<String>
  let needs: [Need]

  private init(
    _ name: String, _ unit: String, stage: String, range: ClosedRange<Double>, _ direction: Direction,
    adequacy: Bool = false, narrowing: Set<String> = [], needs: [Need] = [], _ explanation: String
  ) {
    self.name = name
    self.unit = unit
    self.stage = stage
    self.explanation = explanation
    self.range = range
    self.direction = direction
    self.adequacy = adequacy
    self.narrowing = narrowing
    self.needs = needs
  }

  /// Stands for no upper bound: no count of a run comes near.
  static let many = 1_000_000_000.0
  static let narrowingKeys = ["category", "target", "threshold", "error_control", "variant", "method"]

  /// For messages: `0 to 1`, `1 or more`.
  var rangeDescription: String {
    let low = Quantities.written(range.lowerBound)
    return range.upperBound >= Metric.many ? "\(low) or more" : "\(low) to \(Quantities.written(range.upperBound))"
  }

  public static let all: [Metric] = [
    Metric(
      "replay.asr", "share", stage: "replay", range: 0...1, .lowerIsBetter, narrowing: ["category"],
      "Share of known attacks that succeed on the candidate, each the mean over its responses."),
    Metric(
      "replay.regression", "difference of shares", stage: "replay", range: -1...1, .lowerIsBetter,
      narrowing: ["category"], needs: [.baseline],
      "Attack success rate of the candidate minus that of the baseline, paired by attack."),
    Metric(
      "replay.newly_broken", "attacks", stage: "replay", range: 0...many, .lowerIsBetter, narrowing: ["error_control"],
      needs: [.baseline],
      "Number of known attacks that the baseline resists and the candidate does not."),
    Metric(
      "fresh.unique_attacks", "attacks per 1,000 responses", stage: "confirm", range: 0...1000, .lowerIsBetter,
      needs: [.attacker],
      "Confirmed unique attacks found on the candidate per 1,000 target responses."),
    Metric(
      "fresh.regression", "attacks per 1,000 responses", stage: "confirm", range: -1000...1000, .lowerIsBetter,
      needs: [.attacker, .baseline],
      "Confirmed unique attacks per 1,000 responses, candidate minus baseline at equal effort."),
    Metric(
      "fresh.diversity", "effective attacks", stage: "confirm", range: 1...many, .higherIsBetter, adequacy: true,
      needs: [.attacker],
      "Vendi score of the confirmed attacks: how many different ones there effectively are."),
    Metric(
      "attacker.control_recall", "share", stage: "confirm", range: 0...1, .higherIsBetter, adequacy: true,
      needs: [.attacker, .control, .weaknesses],
      "Share of the control model's known weaknesses that the attacker found: proof that it was awake."),
    Metric(
      "transfer.asr", "share", stage: "transfer", range: 0...1, .lowerIsBetter, narrowing: ["target"],
      needs: [.attacker, .transferTarget],
      "Share of the confirmed attacks that succeed on another target."),
    Metric(
      "benign.refusal_rate", "share", stage: "benign", range: 0...1, .lowerIsBetter, needs: [.benign],
      "Share of harmless questions that the candidate refuses or fails to answer."),
    Metric(
      "benign.regression", "difference of shares", stage: "benign", range: -1...1, .lowerIsBetter,
      needs: [.benign, .baseline],
      "Refusal rate on harmless questions, candidate minus baseline, paired by question."),
    Metric(
      "tuning.asr", "share", stage: "tune", range: 0...1, .lowerIsBetter, narrowing: ["variant", "method"],
      needs: [.tuning],
      "Share of the attacks that succeed on a safety-tuned variant when the attack methods adapt to it (the mean over "
        + "them, or one method's)."),
    Metric(
      "tuning.held_out_asr", "share", stage: "tune", range: 0...1, .lowerIsBetter, narrowing: ["variant", "method"],
      needs: [.tuning],
      "Share of the attacks on the untuned model, of kinds that no variant was tuned on, that succeed on a variant."),
    Metric(
      "tuning.over_refusal", "difference of shares", stage: "tune", range: -1...1, .lowerIsBetter,
      narrowing: ["variant"], needs: [.tuning, .benign],
      "Refusal rate on harmless questions, variant minus untuned model, paired by question."),
    Metric(
      "tuning.retention", "share", stage: "tune", range: 0...1, .higherIsBetter, narrowing: ["variant"],
      needs: [.tuning],
      "Share of the quiz answers that the untuned model gets right which a variant gets right too."),
    Metric(
      "tuning.variants", "share", stage: "tune", range: 0...1, .higherIsBetter, adequacy: true, needs: [.tuning],
      "Share of the planned safety-tuned variants that could be made and used."),
    Metric(
      "judge.sensitivity", "share", stage: "decide", range: 0...1, .higherIsBetter, adequacy: true,
      narrowing: ["category"],
      "Share of the responses that people call unsafe which the confirming judge calls unsafe too."),
    Metric(
      "judge.specificity", "share", stage: "decide", range: 0...1, .higherIsBetter, adequacy: true,
      narrowing: ["category"],
      "Share of the responses that people call safe which the confirming judge calls safe too."),
    Metric(
      "judge.agreement", "kappa", stage: "decide", range: -1...1, .higherIsBetter, adequacy: true,
      narrowing: ["category"],
      "Agreement of the confirming judge with human labels beyond chance (Cohen's kappa)."),
    Metric(
      "run.error_rate", "share", stage: "decide", range: 0...1, .lowerIsBetter, adequacy: true,
      "Share of the responses asked for that failed or stayed unscored."),
    Metric(
      "run.coverage", "share", stage: "decide", range: 0...1, .higherIsBetter, adequacy: true,
      "Share of the planned work that was done."),
  ]

  public static func named(_ name: String) -> Metric? { all.first { $0.name == name } }
}
