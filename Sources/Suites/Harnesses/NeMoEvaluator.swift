import Core
import Kinds

extension Harness {
  /// Results as `nel eval run` of NeMo Evaluator 0.3 leaves them, one line a response, in results.jsonl.
  static let nemoEvaluator = Harness(
    name: "nemo-evaluator", title: "NeMo Evaluator",
    summary: "results.jsonl of a run; say --unsafe, and --score NAME for a scorer's own reward",
    verdict: nil,
    recognises: { records in
      records.first.map { record in
        ["problem_idx", "repeat", "reward"].allSatisfy { name in record.fields.contains { $0.key == name } }
      } ?? false
    },
    scores: { record in ["reward"] + (record["scorer_rewards"]?.members ?? []).map(\.key) }
  ) { record, score in
    let prompt = record["prompt"]?.string.flatMap { $0.isEmpty ? nil : $0 }
    let number = record.label("problem_idx") ?? ""
    var result = HarnessResult(
      id: prompt ?? number, prompt: prompt, category: record["metadata"]?["category"]?.string, result: .unscored)
    // The second look at a problem has its own number, and there is no other name.
    result.response = "\(number) \(record.label("repeat") ?? "0")"
    result.isEmpty = record["model_response"]?.string?.trimmingBlanks == ""
    let name = score?.name ?? "reward"
    if let reason = brokenScore(record["scoring_details"], of: name) {
      result.reason = reason
      return [result]
    }
    let value =
      name == "reward" ? record["reward"] : record["scorer_rewards"]?.members?.first { $0.key == name }?.value
    result.result = try score?.result(value ?? .null, record) ?? .unscored
    if case .unscored = result.result { result.reason = "the response has no reward" }
    return [result]
  }

  /// Why a reward is none. A scorer that broke, and one that waits for a judge, leave 0, which reads like a verdict.
  private static func brokenScore(_ details: JSON?, of name: String) -> String? {
    guard let members = details?.members else { return nil }
    if members.contains(where: { $0.key == "needs_judge" && $0.value.bool == true }) {
      return "its judge was not asked"
    }
    for member in members where name == "reward" || member.key == name {
      if let error = member.value["error"], !error.isNull {
        return "the scorer failed: \(shortened(error.string ?? "it does not say why"))"
      }
    }
    if name == "reward", let error = details?["error"], !error.isNull {
      return "the scorer failed: \(shortened(error.string ?? "it does not say why"))"
    }
    return nil
  }
}
