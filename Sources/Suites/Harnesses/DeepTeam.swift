import Core

extension Harness {
  /// Described at <https://www.trydeepteam.com/docs/red-teaming-introduction>.
  static let deepTeam = Harness(
    name: "deepteam", title: "DeepTeam",
    summary: "Risk assessments as JSON: a response is unsafe where its test case fails",
    verdict: "by test cases that fail",
    recognises: { records in
      records.first.map { record in
        record["vulnerability"] != nil && record.fields.contains { $0.key == "vulnerability_type" }
      } ?? false
    }
  ) { record, _ in
    // A conversation is what its user said, turn by turn: the assistant's turns are the target's own.
    let spoken = ChatMessages.live(record["turns"] ?? .null) { $0["content"]?.string }
    let prompt = spoken?.text ?? record["input"]?.string.map(ChatMessages.asked)
    var result = HarnessResult(
      id: prompt ?? "", prompt: prompt, category: record.label("vulnerability"), result: .failed)
    let last = record["turns"]?.array?.last
    result.isEmpty =
      ChatMessages.isBlank(record["actual_output"])
      && (last?["role"]?.string == "user" || ChatMessages.isBlank(last?["content"]))
    if let error = record["error"], error.string?.trimmingBlanks != "" {
      result.reason = error.string ?? error["message"]?.string ?? "the test case ended with an error"
    } else if let score = record["score"]?.double {
      guard (0...1).contains(score) else {
        throw record.error("the score \(score) is outside 0 to 1", remedy: "1 is a passed test case, 0 a failed one.")
      }
      result.result = .scored(1 - score)
    } else {
      (result.result, result.reason) = (.unscored, "the test case has no score")
    }
    if prompt == nil { throw record.error("the test case has neither input nor turns", remedy: "Remove it.") }
    return [result]
  }
}
