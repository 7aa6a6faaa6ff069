import Core
import Evidence
import Foundation

/// What one model of a run answered, as a log of Inspect: `inspect view` opens it, and `sluice decide` reads it.
///
/// Version 2 of the format, as described at <https://inspect.aisi.org.uk/eval-logs.html>.
struct InspectLog {
  /// The name of the score: the probability that a response is unsafe.
  private static let score = "unsafe"

  private let record: RunRecord
  private let summary: RunSummary
  private let model: RunSummary.ModelIdentity
  private let judges: Set<String>
  private var samples: [JSON] = []
  private var scores: [Double] = []
  /// Samples of each attack.
  private var epochs: [AttackID: Int] = [:]

  /// - Parameters:
  ///   - role: the part of the model in the run.
  ///   - judges: fingerprints of the judges whose mean the score is.
  /// - Throws: `SluiceError` (usage) where the run has no such model.
  init(_ record: RunRecord, _ summary: RunSummary, role: String, judges: [String]) throws {
    guard let model = summary.models.first(where: { $0.role == role }) else {
      throw SluiceError(
        .usage, "run \(record.id) has no model called \(role)",
        remedy: "It has: \(summary.models.map(\.role).joined(separator: ", ")).")
    }
    (self.record, self.summary, self.model, self.judges) = (record, summary, model, Set(judges))
  }

  var count: Int { samples.count }

  /// - Parameter answer: of the log's model.
  mutating func add(_ answer: StoredAnswer, to attack: AskedAttack) {
    let epoch = (epochs[attack.id] ?? 0) + 1
    epochs[attack.id] = epoch
    let given = answer.judgments.filter { judges.contains($0.judge) }.compactMap(\.score)
    let mean = given.isEmpty ? nil : given.reduce(0, +) / Double(given.count)
    if let mean { scores.append(mean) }
    let exchange = Exchange(prompt: attack.prompt, response: answer.text)
    let messages = exchange.inspectMessages
    let choice = Self.object([
      ("message", messages.last ?? .null),
      ("stop_reason", .string(Self.stopReason(answer.finishReason))),
    ])
    samples.append(
      Self.object([
        ("id", .string(attack.id.text)), ("epoch", .integer(epoch)),
        (
          "input",
          exchange.conversation == nil
            ? .string(attack.prompt) : .array(Array(messages.dropLast(exchange.replies.count)))
        ),
        ("target", .string("")),
        ("messages", .array(messages)),
        ("output", Self.object([("model", .string(model.name)), ("choices", .array([choice]))])),
        ("scores", mean.map { Self.object([(Self.score, Self.object([("value", .number($0))]))]) } ?? .null),
        ("metadata", Self.object([("category", attack.category.map { .string($0) } ?? .null)])),
      ]))
  }

  /// The document. Responses that failed are in no sample, and so are wanting from the total: a reader sees that it is not all.
  func text() -> String {
    let failed = summary.cost.first { $0.role == model.role }?.errors ?? 0
    let mean = scores.isEmpty ? JSON.null : .number(scores.reduce(0, +) / Double(scores.count))
    let metrics = Self.object([("mean", Self.object([("name", .string("mean")), ("value", mean)]))])
    let score = Self.object([
      ("name", .string(Self.score)), ("scorer", .string(Self.score)),
      ("metrics", scores.isEmpty ? .object([]) : metrics),
    ])
    let format = Date.ISO8601FormatStyle()
    func time(_ seconds: Double) -> JSON { .string(Date(timeIntervalSince1970: seconds).formatted(format)) }
    return Self.object([
      ("version", .integer(2)), ("status", .string("success")),
      (
        "eval",
        Self.object([
          ("eval_id", .string("\(record.id)-\(model.role)")), ("run_id", .string(record.id)),
          ("created", time(record.began)),
          ("task", .string(summary.policy.name)), ("task_id", .string(summary.policy.hash)),
          ("task_version", .integer(0)),
          ("dataset", Self.object([("name", .string("suite")), ("samples", .integer(epochs.count))])),
          ("model", .string(model.name)), ("config", Self.object([("epochs", .integer(epochs.values.max() ?? 1))])),
          ("packages", Self.object([("sluice", .string(record.version))])),
          (
            "metadata",
            Self.object(
              [
                ("role", .string(model.role)), ("fingerprint", .string(model.fingerprint)),
                ("verdict", .string(summary.verdict.rawValue)), ("exit_code", .integer(Int(summary.exitCode))),
                ("ledger_head", .string(summary.evidence.headHash)),
                ("governance", summary.policy.governance?.json ?? .null),
              ] + (summary.isObserved ? [("mode", .string("observe"))] : []))
          ),
        ])
      ),
      (
        "results",
        Self.object([
          ("total_samples", .integer(count + failed)), ("completed_samples", .integer(count)),
          ("scores", .array([score])),
        ])
      ),
      (
        "stats",
        Self.object([("started_at", time(record.began)), ("completed_at", time(record.ended ?? record.began))])
      ),
      ("samples", .array(samples)),
    ]).serialized()
  }

  private static func stopReason(_ finishReason: String) -> String {
    switch finishReason {
    case FinishReason.stop, FinishReason.reasoning: "stop"
    case FinishReason.cut, FinishReason.capped: "max_tokens"
    case FinishReason.rounds: "tool_calls"
    case FinishReason.blocked: "content_filter"
    default: "unknown"
    }
  }

  private static func object(_ members: [(String, JSON)]) -> JSON { .object(members.map { .init($0.0, $0.1) }) }
}
