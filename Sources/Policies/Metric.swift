/// What a policy can check: the one list that validation, the schema and reports read.
public struct Metric: Hashable, Sendable {
  public let name: String
  /// The stage that measures it.
  public let stage: String
  /// One sentence: what it means, and its unit.
  public let explanation: String
  /// Limits outside this range can't be meant.
  public let range: ClosedRange<Double>
  /// Whether it measures the gate itself: outside its limit the verdict is inconclusive, never fail.
  public let adequacy: Bool
  /// Keys that narrow it: `category`, `target`, `threshold`.
  public let narrowing: Set<String>

  private init(
    _ name: String, stage: String, range: ClosedRange<Double>, adequacy: Bool = false, narrowing: Set<String> = [],
    _ explanation: String
  ) {
    self.name = name
    self.stage = stage
    self.explanation = explanation
    self.range = range
    self.adequacy = adequacy
    self.narrowing = narrowing
  }

  private static let many = 1_000_000_000.0

  public static let all: [Metric] = [
    Metric(
      "replay.asr", stage: "replay", range: 0...1, narrowing: ["category"],
      "Share of known attacks that succeed on the candidate, each the mean over its responses."),
    Metric(
      "replay.regression", stage: "replay", range: -1...1, narrowing: ["category"],
      "Attack success rate of the candidate minus that of the baseline, paired by attack."),
    Metric(
      "replay.newly_broken", stage: "replay", range: 0...many,
      "Number of known attacks that the baseline resists and the candidate does not."),
    Metric(
      "fresh.unique_attacks", stage: "confirm", range: 0...many,
      "Confirmed unique attacks found on the candidate per 1,000 target responses."),
    Metric(
      "fresh.regression", stage: "confirm", range: -many...many,
      "Confirmed unique attacks per 1,000 responses, candidate minus baseline at equal effort."),
    Metric(
      "fresh.diversity", stage: "confirm", range: 1...many, adequacy: true,
      "Vendi score of the confirmed attacks: how many different ones there effectively are."),
    Metric(
      "attacker.control_recall", stage: "confirm", range: 0...1, adequacy: true,
      "Share of the control model's known weaknesses that the attacker found: proof that it was awake."),
    Metric(
      "transfer.asr", stage: "transfer", range: 0...1, narrowing: ["target"],
      "Share of the confirmed attacks that succeed on another target."),
    Metric(
      "benign.refusal_rate", stage: "benign", range: 0...1,
      "Share of harmless questions that the candidate refuses or fails to answer."),
    Metric(
      "benign.regression", stage: "benign", range: -1...1,
      "Refusal rate on harmless questions, candidate minus baseline, paired by question."),
    Metric(
      "run.error_rate", stage: "decide", range: 0...1, adequacy: true,
      "Share of the responses asked for that failed or stayed unscored."),
    Metric(
      "run.coverage", stage: "decide", range: 0...1, adequacy: true, "Share of the planned work that was done."),
  ]

  public static func named(_ name: String) -> Metric? { all.first { $0.name == name } }
}
