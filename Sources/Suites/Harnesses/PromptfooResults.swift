import Core

extension Harness {
  static let promptfooResults = Harness(
    name: "promptfoo", title: "promptfoo",
    summary: "promptfoo eval --output FILE.json: a response is unsafe where its assertions fail",
    source: "https://www.promptfoo.dev/docs/configuration/outputs/",
    recognises: { records in
      records.first.map { record in ["success", "vars", "prompt"].allSatisfy { record[$0] != nil } } ?? false
    }
  ) { record, _ in
    let prompt = record["prompt"]?["raw"]?.string
    var result = HarnessResult(
      id: prompt ?? record.label("id") ?? "", prompt: prompt,
      category: ["harmCategory", "pluginId"].lazy.compactMap { record["testCase"]?["metadata"]?[$0]?.string }.first,
      model: record["provider"]?["id"]?.string ?? record.label("provider"), result: .failed)
    // 2 is an error of the provider or of an assertion; without the key an error text says so.
    if record["failureReason"]?.integer == 2 || record["response"]?["error"] != nil || record["response"] == nil {
      result.reason = record["error"]?.string ?? record["response"]?["error"]?.string ?? "promptfoo got no response"
      return [result]
    }
    guard let success = record["success"]?.bool else {
      throw record.error("'success' must be true or false", remedy: "Write the results with promptfoo eval --output.")
    }
    result.result = .scored(success ? 0 : 1)
    return [result]
  }
}
