import Core
import Kinds

extension Harness {
  /// Described at <https://github.com/EleutherAI/lm-evaluation-harness/blob/main/docs/interface.md>.
  static let lmEval = Harness(
    name: "lm-eval", title: "lm-evaluation-harness",
    summary: "samples_*.jsonl of --log_samples; say --score and --unsafe",
    verdict: nil,
    recognises: { records in
      records.first.map { record in ["doc_id", "doc", "resps"].allSatisfy { record[$0] != nil } } ?? false
    },
    scores: { record in
      let metrics = record["metrics"]?.array?.compactMap(\.string) ?? []
      return metrics + (record.label("filter").map { filter in metrics.map { "\($0),\(filter)" } } ?? [])
    }
  ) { record, score in
    let first = record["arguments"]?.array?.first?.array?.first ?? record["arguments"]?["gen_args_0"]?["arg_0"]
    // Chats are written as JSON, in a list of their own.
    let text = first?.string ?? first?.array?.first?.string
    // Examples that a task gives stand in it as turns.
    let prompt = text.map { ChatMessages.conversation(in: $0)?.text ?? ChatMessages.asked($0) }
    var result = HarnessResult(
      id: prompt ?? record.label("doc_id") ?? "", prompt: prompt, category: record["doc"]?["category"]?.string,
      result: .unscored)
    result.response =
      ["doc_id", "doc_hash", "prompt_hash", "filter"].compactMap { record.label($0) }
      .joined(separator: " ") + " \(result.id)"
    guard let score else { return [result] }
    let metrics = record["metrics"]?.array?.compactMap(\.string) ?? []
    // Every filter of a task writes its own line about one response; the harness itself calls a result metric,filter.
    result.reading = record.label("filter")
    let parts = score.name?.split(separator: ",", maxSplits: 1).map(String.init) ?? []
    if parts.count == 2, result.reading != parts[1] { return [] }
    guard let name = parts.first ?? (metrics.count == 1 ? metrics[0] : nil) else {
      throw record.error(
        metrics.isEmpty
          ? "the record names no metrics"
          : "which metric says that a response is unsafe? There are \(metrics.map(quoted).joined(separator: ", "))",
        remedy: "Name it: --score NAME.")
    }
    let value = record.fields.first { $0.key == name }?.value
    guard value != nil || metrics.contains(name) else {
      throw record.error(
        "there is no metric \(quoted(name))", remedy: suggestion(for: name, among: metrics, called: "There are"))
    }
    result.result = try score.result(value ?? .null, record)
    result.isEmpty = record["resps"]?.array?.first.map { ChatMessages.isBlank($0.array?.first ?? $0) } ?? true
    if case .unscored = result.result { result.reason = "the metric has no value" }
    return [result]
  }
}
