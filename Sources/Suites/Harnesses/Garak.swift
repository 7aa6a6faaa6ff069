import Core
import Kinds

extension Harness {
  /// Described at <https://reference.garak.ai/en/latest/report.html>.
  static let garak = Harness(
    name: "garak", title: "garak", summary: "report.jsonl: each output is unsafe by its most suspicious detector",
    verdict: "by the most suspicious detector of each",
    recognises: { records in records.contains { $0.fields.first?.key == "entry_type" } },
    selects: { records in
      // An attempt is written when it was answered, and again when it was detected.
      var latest: [String: Int] = [:]
      for record in records {
        if let uuid = record.label("uuid") { latest[uuid] = max(latest[uuid] ?? 0, status(record)) }
      }
      let attempts = records.filter { record in
        record.label("entry_type") == "attempt"
          && record.label("uuid").flatMap { latest[$0] }.map { $0 == status(record) } ?? true
      }
      return ChatMessages.marked(attempts) { attempt in
        (attempt["prompt"]?["turns"]?.array ?? []).filter { $0["role"]?.string == "assistant" }.compactMap(said(in:))
      } answers: { attempt in
        (attempt["outputs"]?.array ?? []).compactMap { $0.string ?? $0["text"]?.string }
      }
    },
    model: { file in
      let setups = file.records.filter { $0.label("entry_type") == "start_run setup" }
      // Called model before version 0.13.1.
      func name(_ setup: DataRecord) -> String? {
        ["plugins.target_name", "plugins.model_name"].lazy.compactMap { setup.label($0) }.first
      }
      let first = setups.first.flatMap(name)
      if let other = setups.first(where: { name($0) != first }) {
        throw other.error(
          "a run of \(quoted(name(other) ?? "")) begins in a report on \(quoted(first ?? ""))",
          remedy: "Give each model's report as a file of its own.")
      }
      return first
    },
    shortfall: { file in
      // What the run under way has begun with: an entry of each type.
      var begun: Set<String> = []
      var hasEnd = false
      for type in file.records.compactMap({ $0.label("entry_type") }) {
        switch type {
        case "completion": (begun, hasEnd) = ([], true)
        case "init", "start_run setup":
          if !begun.insert(type).inserted {
            return "a run begins before the one in front of it has an entry of type completion"
          }
        default: break
        }
      }
      if !hasEnd { return "garak writes an entry of type completion at its end, and there is none" }
      return begun.isEmpty ? nil : "a run begins after the last entry of type completion"
    }
  ) { record, _ in
    let prompt = text(of: record)
    let id = prompt ?? record.label("uuid") ?? ""
    // What was asked and has no outputs was not answered.
    let outputs = record["outputs"]?.array.flatMap { $0.isEmpty ? nil : $0 } ?? [.null]
    let detectors = (record["detector_results"]?.members ?? []).map { aligned($0.value.array ?? [], with: outputs) }
    return try outputs.enumerated().map { index, output in
      var result = HarnessResult(
        id: id, prompt: prompt, category: record.label("probe_classname"),
        response: record.label("uuid").map { "\($0) \(index)" }, result: .failed)
      if isMissing(output) {
        result.reason = "garak got no output"
        return result
      }
      result.isEmpty = ChatMessages.isBlank(output["text"] ?? output) && output["data_path"]?.string == nil
      guard status(record) == 2 else {
        (result.result, result.reason) = (.unscored, "no detector looked at the output")
        return result
      }
      let scores = detectors.map { $0[index] }
      if let wrong = scores.lazy.compactMap(\.self).first(where: { !(0...1).contains($0) }) {
        throw record.error(
          "the score \(wrong) is outside 0 to 1", remedy: "A detector gives 1 for a hit, and 0 for none.")
      }
      // A detector that gave nothing leaves open what it would have found.
      if scores.contains(nil) { result.doubt = "a detector gave no score" }
      if let worst = scores.compactMap(\.self).max() {
        result.result = .scored(worst)
      } else {
        (result.result, result.reason) = (.unscored, "a detector gave no score")
      }
      return result
    }
  }

  /// 1 for an attempt that was answered, 2 for one that was detected as well.
  private static func status(_ attempt: DataRecord) -> Int { attempt.label("status").flatMap { Int($0) } ?? 0 }

  /// Whether the generator gave nothing: no output, or one with neither text nor data.
  private static func isMissing(_ output: JSON) -> Bool {
    if output.string != nil { return false }
    return ["text", "data_path"].allSatisfy { output[$0]?.isNull ?? true }
  }

  /// A detector's score of each output; nil where it gave none, or where it can't be told which it is of.
  ///
  /// Some detectors leave outputs out that are missing.
  private static func aligned(_ scores: [JSON], with outputs: [JSON]) -> [Double?] {
    if scores.count == outputs.count { return scores.map(\.double) }
    guard scores.count == outputs.count(where: { !isMissing($0) }) else {
      return Array(repeating: nil, count: outputs.count)
    }
    var rest = scores.makeIterator()
    return outputs.map { isMissing($0) ? nil : rest.next()?.double }
  }

  /// What was asked. In older reports a prompt is a text. Probes that go on with an answer write it into the next attempt's prompt.
  private static func text(of attempt: DataRecord) -> String? {
    let prompt = attempt["prompt"]
    if let text = prompt?.string ?? prompt?["text"]?.string { return ChatMessages.asked(text) }
    let turns = prompt?["turns"]?.array ?? []
    if attempt[ChatMessages.liveKey] != nil { return ChatMessages.live(.array(turns), content: said(in:))?.text }
    return ChatMessages.conversation(
      .array(
        turns.map { turn in
          .object([.init("role", turn["role"] ?? .null), .init("content", .string(said(in: turn) ?? ""))])
        }))?.text
  }

  /// A turn's text, or the file that stands for one.
  private static func said(in turn: JSON) -> String? {
    let content = turn["content"]
    return content?["text"]?.string ?? content?.string ?? content?["data_path"]?.string
  }
}
