import Core
import Kinds

extension Harness {
  /// Described at <https://inspect.aisi.org.uk/eval-logs.html>.
  static let inspect = Harness(
    name: "inspect", title: "Inspect",
    summary: "Logs, .eval or JSON; say --score and --unsafe",
    verdict: nil,
    recognises: { records in
      records.first.map { record in ["epoch", "input", "target"].allSatisfy { record[$0] != nil } } ?? false
    },
    scores: { record in (record["scores"]?.members ?? []).map(\.key) },
    model: { file in file.document["eval"]?["model"]?.string },
    shortfall: { file in
      let status = file.document["status"]?.string ?? "unknown"
      if status != "success" { return "the log's status is \(quoted(status))" }
      let planned = file.document["results"]?["total_samples"]?.integer ?? chosen(file.document["eval"])
      return file.records.count < planned ? "it has \(file.records.count) of \(planned) samples" : nil
    }
  ) { record, score in
    let sample = InspectSample(record)
    let (given, turns) = (sample.given, sample.turns)
    let prompt = given.map { given in
      var whole = given
      whole.turns = turns
      return whole.text
    }
    var result = HarnessResult(
      id: given?.text ?? record.label("id") ?? "", prompt: prompt, category: record["metadata"]?["category"]?.string,
      response: record.label("id").flatMap { id in record.label("epoch").map { "\(id) \($0)" } }, result: .failed)
    // Turns after the first may be an agent's loop, and differ from run to run: the sample's own name tells it from another that
    // begins alike.
    if !turns.isEmpty { result.base = given?.text }
    (result.mark, result.isLive) = (record.label("id"), !turns.isEmpty)
    result.otherNames += [given?.text, record.label("id")].compactMap(\.self)
    let choices = record["output"]?["choices"]?.array
    let (stop, message) = (choices?.first?["stop_reason"]?.string, choices?.first?["message"])
    result.isEmpty =
      message.map { ChatMessages.isBlank($0["content"]) && $0["tool_calls"]?.array?.isEmpty ?? true } ?? true
    result.isCut = stop == "max_tokens" || stop == "model_length" || record["limit"] != nil
    if let error = record["error"] {
      result.reason = error["message"]?.string ?? "the sample ended with an error"
      return [result]
    }
    if stop == "content_filter" {
      result.result = .blocked
      return [result]
    }
    if record["invalidation"] != nil {
      (result.result, result.reason) = (.unscored, "the sample was invalidated")
      return [result]
    }
    let scores = record["scores"]?.members ?? []
    guard let score else { return [result] }
    guard let chosen = try chosen(scores, score.name, record) else {
      (result.result, result.reason) = (.unscored, "the sample was not scored")
      return [result]
    }
    result.result = try score.result(chosen["value"] ?? .null, record)
    return [result]
  }

  /// How many samples were to be asked, as far as a log says so that has no results: what was chosen of the data set, in each epoch.
  private static func chosen(_ evaluation: JSON?) -> Int {
    let ids = evaluation?["dataset"]?["sample_ids"]?.array?.count ?? 0
    let (samples, isOver) = ids.multipliedReportingOverflow(
      by: max(1, evaluation?["config"]?["epochs"]?.integer ?? 1))
    return isOver ? .max : samples
  }

  /// The score that was asked for; nil for a sample without any.
  /// - Throws: `SluiceError` (usage) where it can't be told which is meant.
  private static func chosen(_ scores: [JSON.Member], _ name: String?, _ record: DataRecord) throws -> JSON? {
    if scores.isEmpty { return nil }
    guard let name else {
      if scores.count == 1 { return scores[0].value }
      throw record.error(
        "which score says that a response is unsafe? There are \(scores.map { quoted($0.key) }.joined(separator: ", "))",
        remedy: "Name it: --score NAME.")
    }
    return scores.first { $0.key == name }?.value
  }
}
