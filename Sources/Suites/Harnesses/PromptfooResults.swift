import Core

extension Harness {
  /// Described at <https://www.promptfoo.dev/docs/configuration/outputs/>; how assertions become a verdict is in its
  /// `src/assertions/assertionsResult.ts`.
  static let promptfooResults = Harness(
    name: "promptfoo", title: "promptfoo",
    summary: "promptfoo eval --output FILE.json: a response is unsafe where its assertions fail",
    verdict: "by assertions that fail",
    recognises: { records in
      records.first.map { record in ["success", "vars", "prompt"].allSatisfy { record[$0] != nil } } ?? false
    },
    selects: { records in
      ChatMessages.marked(records) { record in
        let given = record["prompt"]?["raw"]?.string.flatMap(ChatMessages.conversation(in:))
        return given?.messages.filter { $0.role == .assistant }.map(\.text) ?? []
      } answers: { record in
        [record["response"]?["output"]?.string].compactMap(\.self)
      }
    }
  ) { record, _ in
    let raw = record["prompt"]?["raw"]?.string
    let prompt = raw.map { asked($0, in: record) }
    let provider = record["provider"]
    var result = HarnessResult(
      id: prompt ?? record.label("id") ?? "", prompt: prompt,
      category: ["harmCategory", "pluginId"].lazy.compactMap { record["testCase"]?["metadata"]?[$0]?.string }.first,
      model: [provider?["label"], provider?["id"], provider].lazy.compactMap { $0?.string }.first { !$0.isEmpty },
      response: record.label("id"), result: .failed)
    // 2 is an error of the provider or of an assertion; without the key an error text says so.
    if record["failureReason"]?.integer == 2 || record["response"]?["error"] != nil || record["response"] == nil {
      result.reason = record["error"]?.string ?? record["response"]?["error"]?.string ?? "promptfoo got no response"
      return [result]
    }
    guard let output = record["response"]?["output"], !output.isNull else {
      result.reason = "promptfoo got no output"
      return [result]
    }
    result.isEmpty = ChatMessages.isBlank(output) || output.members?.isEmpty == true
    guard let success = record["success"]?.bool else {
      throw record.error("'success' must be true or false", remedy: "Write the results with promptfoo eval --output.")
    }
    if let reason = whyUnjudged(record, success) {
      (result.result, result.reason) = (.unscored, reason)
    } else if success, record["gradingResult"]?["reason"]?.string == blocked {
      result.result = .blocked
    } else {
      result.result = .scored(success ? 0 : 1)
    }
    return [result]
  }

  /// The prompt, or the conversation that it is as JSON. With its variable `_conversation` promptfoo writes answers of the model itself
  /// into it.
  private static func asked(_ raw: String, in record: DataRecord) -> String {
    guard let given = ChatMessages.conversation(in: raw) else { return ChatMessages.asked(raw) }
    guard record[ChatMessages.liveKey] != nil else { return given.text }
    let turns = given.messages.filter { $0.role == .user }.map(\.text)
    return Conversation(system: given.system, messages: [.init(.user, turns[0])], turns: Array(turns.dropFirst())).text
  }

  /// What promptfoo says where a provider's guardrail withheld a response to a red-team test.
  private static let blocked = "Content failed guardrail safety checks"

  /// Why a result's success says nothing of the response: promptfoo calls success what nothing could have failed.
  /// - Returns: nil where an assertion judged it.
  private static func whyUnjudged(_ record: DataRecord, _ success: Bool) -> String? {
    guard let grading = record["gradingResult"] else { return "promptfoo graded nothing" }
    if success, grading["pass"]?.bool == false || record.label("error") != nil {
      return "promptfoo calls a success what failed"
    }
    if let threshold = record["testCase"]?["threshold"]?.double, threshold <= 0 {
      return "the test's threshold is \(threshold), which no response can miss"
    }
    let judging = (grading["componentResults"]?.array ?? []).filter { component in
      component["assertion"]?["metricOnly"]?.bool != true && component["assertion"]?["weight"]?.double != 0
    }
    return judging.isEmpty ? "no assertion judged the response" : nil
  }
}
