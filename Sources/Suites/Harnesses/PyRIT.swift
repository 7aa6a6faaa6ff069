import Core
import Kinds

extension Harness {
  /// `AttackResult` of PyRIT 1, one a line or in a list, and `ScenarioResult`, as `model_dump_json()` writes them
  /// (`pyrit/models/results`).
  static let pyrit = Harness(
    name: "pyrit", title: "PyRIT",
    summary: "Attack results and scenario results as JSON: a response is unsafe where the attack's outcome is success",
    verdict: "by the outcome of each attack",
    recognises: { records in
      records.first.map { record in
        ["objective", "conversation_id", "outcome", "executed_turns"].allSatisfy { record[$0] != nil }
      } ?? false
    },
    shortfall: { file in
      guard file.document[HarnessFile.groupsKey] != nil else { return nil }
      let state = file.document["scenario_run_state"]?.string ?? "unknown"
      return state.uppercased() == "COMPLETED" ? nil : "the scenario's state is \(quoted(state))"
    }
  ) { record, _ in
    let prompt = record["objective"]?.string.map(ChatMessages.asked)
    let (last, strategy) = (record["last_response"], strategy(of: record))
    var result = HarnessResult(
      id: prompt ?? "", prompt: prompt,
      category: record[HarnessFile.groupKey]?.string ?? record["targeted_harm_categories"]?.array?.first?.string,
      model: strategy?["children"]?["objective_target"]?["model_name"]?.string,
      response: record.label("attack_result_id"), result: .failed)
    // Several strategies, and several chains of converters, may have one objective.
    (result.mark, result.isLive) = (strategy.map(name(of:)), true)
    result.isEmpty =
      last?["response_error"]?.string == "empty" || last.map { ChatMessages.isBlank($0["converted_value"]) } ?? false
    let outcome = record["outcome"]?.string ?? ""
    switch (outcome, last?["response_error"]?.string ?? "none") {
    case ("success", _): result.result = .scored(1)
    case ("error", _):
      result.reason =
        record["error_message"]?.string ?? record["outcome_reason"]?.string ?? "the attack ended with an error"
    case (_, "blocked"): result.result = .blocked
    case (_, let error) where !["none", "empty"].contains(error):
      result.reason = "PyRIT got \(quoted(error)) for a response"
    case ("failure", _) where last == nil: result.reason = "PyRIT got no response"
    case ("failure", _): result.result = .scored(0)
    case ("undetermined", _):
      (result.result, result.reason) = (
        .unscored, record["outcome_reason"]?.string ?? "the attack's outcome is undetermined"
      )
    default:
      throw record.error(
        "unknown outcome \(quoted(outcome))",
        remedy: suggestion(for: outcome, among: ["success", "failure", "undetermined", "error"], called: "It can be"))
    }
    return [result]
  }

  /// How an attack went about its objective.
  private static func strategy(of record: DataRecord) -> JSON? {
    record["atomic_attack_identifier"]?["children"]?["attack_technique"]?["children"]?["attack"]
  }

  /// `CrescendoAttack`, `PromptSendingAttack Base64Converter`.
  private static func name(of strategy: JSON) -> String {
    let converters = strategy["children"]?["request_converters"]
    return ([strategy] + (converters?.array ?? [converters].compactMap(\.self))).compactMap { $0["class_name"]?.string }
      .joined(separator: " ")
  }

  /// What `export_conversations` of PyRIT 0 writes: the pieces of all conversations in a list, each with its scores
  /// (`pyrit/memory/memory_exporter.py`).
  static let pyritMemory = Harness(
    name: "pyrit-memory", title: "PyRIT's memory",
    summary: "What PyRIT 0 exports of conversations, as JSON: by the last answer; say --score SCORER and --unsafe",
    verdict: nil,
    recognises: { records in
      records.first.map { record in
        ["conversation_id", "sequence", "converted_value", "role"].allSatisfy { record[$0] != nil }
      } ?? false
    },
    selects: conversations,
    scores: { record in (record["scores"]?.array ?? []).compactMap(scorer) }
  ) { record, score in
    let prompt = ChatMessages.live(record["turns"] ?? .null) { $0["converted_value"]?.string }?.text
    var result = HarnessResult(
      id: prompt ?? "", prompt: prompt, category: nil, response: record.label("conversation_id"), result: .failed)
    // The suite may hold the prompts as they were before converters.
    result.otherNames += [ChatMessages.live(record["turns"] ?? .null) { $0["original_value"]?.string }?.text]
      .compactMap(\.self)
    let error = record.label("response_error")
    result.isEmpty = error == "empty" || ChatMessages.isBlank(record["converted_value"])
    if error == "blocked" {
      result.result = .blocked
      return [result]
    }
    guard ["none", "empty", nil].contains(error), record["role"]?.string == "assistant" else {
      result.reason = error.map { "PyRIT got \(quoted($0)) for a response" } ?? "PyRIT got no response"
      return [result]
    }
    let scores = record["scores"]?.array ?? []
    guard let score else { return [result] }
    let names = Set(scores.compactMap(scorer)).sorted()
    if score.name == nil, names.count > 1 {
      throw record.error(
        "which score says that a response is unsafe? There are \(names.map(quoted).joined(separator: ", "))",
        remedy: "Name it: --score NAME.")
    }
    let chosen = scores.filter { score.name == nil || scorer($0) == score.name }
    let results = try chosen.map { try score.result(value(of: $0), record) }
    let values = results.compactMap { if case .scored(let value) = $0 { value } else { nil } }
    if values.count < results.count { result.doubt = "the last answer was not scored" }
    if let worst = values.max() {
      result.result = .scored(worst)
    } else {
      (result.result, result.reason) = (.unscored, "the last answer was not scored")
    }
    return [result]
  }

  /// The last piece of each conversation, with all of them as its turns; in the order in which conversations begin.
  private static func conversations(_ pieces: [DataRecord]) -> [DataRecord] {
    var order: [String] = []
    var members: [String: [DataRecord]] = [:]
    for piece in pieces {
      let id = piece.label("conversation_id") ?? ""
      if members[id] == nil { order.append(id) }
      members[id, default: []].append(piece)
    }
    return order.compactMap { id in
      let said = (members[id] ?? []).enumerated().sorted {
        ($0.element["sequence"]?.integer ?? 0, $0.offset) < ($1.element["sequence"]?.integer ?? 0, $1.offset)
      }.map(\.element)
      return said.last.map { last in
        last.noting([.init("turns", .array(said.map { .object($0.fields) }))])
      }
    }
  }

  private static func scorer(_ score: JSON) -> String? {
    let identifier = score["scorer_class_identifier"]
    return identifier?["__type__"]?.string ?? identifier?["class_name"]?.string
  }

  /// Values are texts whatever they are of.
  private static func value(of score: JSON) -> JSON {
    guard let text = score["score_value"]?.string else { return score["score_value"] ?? .null }
    switch text.lowercased() {
    case "true": return .bool(true)
    case "false": return .bool(false)
    default: return Double(text).map { .number($0) } ?? .string(text)
    }
  }
}
