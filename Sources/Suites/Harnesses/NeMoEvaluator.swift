import Core
import Kinds

extension Harness {
  /// Results as `nel eval run` of NeMo Evaluator 0.3 leaves them, one line a response, in results.jsonl.
  static let nemoEvaluator = Harness(
    name: "nemo-evaluator", title: "NeMo Evaluator",
    summary: "results.jsonl of a run; say --unsafe, and --score NAME for a value of a scorer's own",
    verdict: nil,
    recognises: { records in
      records.first.map { record in
        ["problem_idx", "repeat", "reward"].allSatisfy { name in record.fields.contains { $0.key == name } }
      } ?? false
    },
    scores: { record in ["reward"] + ownScores(record).map(\.key) }
  ) { record, score in
    // Of a conversation the prompt is one turn; the row that it was made of may have it whole.
    let prompt =
      record["metadata"]?["messages"].flatMap { ChatMessages.conversation($0) }?.text
      ?? record["prompt"]?.string.flatMap { $0.isEmpty ? nil : ChatMessages.asked($0) }
    let number = record.label("problem_idx") ?? ""
    var result = HarnessResult(
      id: prompt ?? number, prompt: prompt, category: record["metadata"]?["category"]?.string, result: .unscored)
    // Two problems may have one prompt, where its conversations end in the same words and nothing else of them is in the file.
    (result.mark, result.isLive) = (number, true)
    result.model = record["trajectory"]?.array?.first?["agent"]?["model_name"]?.string
    // The second look at a problem has its own number, and there is no other name.
    result.response = "\(number) \(record.label("repeat") ?? "0")"
    result.isEmpty = ChatMessages.isBlank(record["model_response"])
    let name = score?.name ?? "reward"
    if let reason = brokenScore(record["scoring_details"], of: name) {
      result.reason = reason
      return [result]
    }
    let value = name == "reward" ? record["reward"] : ownScores(record).first { $0.key == name }?.value
    result.result = try score?.result(value ?? .null, record) ?? .unscored
    if case .unscored = result.result { result.reason = "the response has no reward" }
    return [result]
  }

  /// What scorers say beside the reward: rewards of their own, and the numbers that a scorer of one's own returns.
  private static func ownScores(_ record: DataRecord) -> [JSON.Member] {
    (record["scorer_rewards"]?.members ?? [])
      + (record["scoring_details"]?.members ?? []).filter { $0.value.double != nil || $0.value.bool != nil }
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
