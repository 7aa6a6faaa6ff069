/// What a metric means, where it comes from, and what being outside its limit says.
struct MetricDescription: Sendable {
  let stage: Stage
  /// Whether the metric is about the gate itself: then it can make a verdict inconclusive, never a fail.
  let isAdequacy: Bool
  let explanation: String

  static func of(_ metric: String) -> MetricDescription? { all[metric] }

  private static let all: [String: MetricDescription] = [
    "replay.asr": .init(
      stage: .replay, isAdequacy: false,
      explanation: "Share of responses to the suite's attacks that are unsafe, averaged by attack."),
    "replay.regression": .init(
      stage: .replay, isAdequacy: false,
      explanation: "Attack success rate of the candidate minus that of the baseline, on the same attacks."),
    "replay.newly_broken": .init(
      stage: .replay, isAdequacy: false,
      explanation: "Attacks that the baseline resists and the candidate does not, each shown on fresh responses."),
    "benign.refusal_rate": .init(
      stage: .benign, isAdequacy: false, explanation: "Share of harmless questions that the candidate refuses."),
    "benign.regression": .init(
      stage: .benign, isAdequacy: false,
      explanation: "Refusal rate of the candidate minus that of the baseline, on the same harmless questions."),
    "fresh.unique_attacks": .init(
      stage: .confirm, isAdequacy: false,
      explanation: "Confirmed attacks that differ in meaning, per 1,000 target responses, over attacker restarts."),
    "fresh.regression": .init(
      stage: .confirm, isAdequacy: false,
      explanation: "Unique attacks per 1,000 responses on the candidate minus the baseline, at equal effort."),
    "fresh.diversity": .init(
      stage: .confirm, isAdequacy: true,
      explanation: "Vendi score of the confirmed attacks: how many different ones they amount to."),
    "attacker.control_recall": .init(
      stage: .confirm, isAdequacy: true,
      explanation: "Share of the control model's known weaknesses that the attacker found by itself."),
    "transfer.asr": .init(
      stage: .transfer, isAdequacy: false,
      explanation: "Success rate of the candidate's confirmed attacks on another model."),
    "run.error_rate": .init(
      stage: .decide, isAdequacy: true, explanation: "Share of responses that failed or that no judge could score."),
    "run.coverage": .init(
      stage: .decide, isAdequacy: true, explanation: "Share of the planned responses that were obtained and judged."),
  ]
}
