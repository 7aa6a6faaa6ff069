import Attackers
import Core

/// The worker's side of the protocol, over any engine: answers one question after the other.
package struct WorkerSession {
  private let engine: any AttackerEngine
  private var policies: [Int: any EnginePolicy]

  package init(_ engine: any AttackerEngine) {
    self.engine = engine
    policies = [WorkerProtocol.reference: engine.reference]
  }

  /// What is wrong with a question, for the one who asked.
  private struct Refusal: Error {
    let text: String
  }

  /// The answer to a question; never throws, since what fails is told as an answer.
  package mutating func answer(to question: Frame) async -> Frame {
    let id = JSON.Member("id", question["id"] ?? .null)
    for policy in question["drop"]?.array ?? [] { policies[policy.integer ?? -1] = nil }
    do {
      let (members, arrays) = try await result(of: question)
      return Frame([id] + members, arrays)
    } catch {
      return Frame([id, .init("error", .string(Self.text(of: error)))])
    }
  }

  private static func text(of error: any Error) -> String {
    switch error {
    case let refusal as Refusal: refusal.text
    case let frame as FrameError: "bad question: \(frame.clause)"
    case let error as SluiceError: error.message
    default: "\(error)"
    }
  }

  private mutating func result(of question: Frame) async throws -> ([JSON.Member], [Frame.Array]) {
    switch question["op"]?.string {
    case "describe":
      // The answer names the version and refuses none: the client knows which versions it can speak.
      return (Self.members(of: try await engine.describe()), [])
    case "encode":
      let isSpecial = question["special_tokens"]?.bool ?? false
      return ([], Frame.arrays(try await engine.encode(question.texts("texts"), addingSpecialTokens: isSpecial)))
    case "decode":
      return ([.init("texts", .strings(try await engine.decode(try await sequences(question))))], [])
    case "policy":
      let policy = try await engine.policy(
        PolicyTraining(
          rank: question.integer("rank"), alpha: question.number("alpha"),
          learningRate: question.number("learning_rate"), seed: question.words("seed").first ?? 0))
      policies[try question.integer("policy")] = policy
      return ([.init("parameters", .integer(try await policy.parameters().count))], [])
    case "sample": return ([], try await sample(question))
    case "log_probabilities":
      let values = try await policy(question).logProbabilities(sequences(question), after: prefix(question))
      return ([], [Frame.Array("log_probabilities", .floats(values.flatMap { $0 }))])
    case "step":
      let sequences = try await sequences(question)
      let weights = try question.cut(question.floats("weights"), into: sequences.map { Int32($0.count) })
      _ = try await policy(question).step(sequences, after: prefix(question)) { _ in (0, weights) }
      return ([], [])
    case "prompt_state":
      return ([], [Frame.Array("state", .floats(try await policy(question).promptState(prefix(question))))])
    case "parameters":
      return ([], [Frame.Array("parameters", .floats(try await policy(question).parameters()))])
    case "restore":
      try await policy(question).restore(question.floats("parameters"))
      return ([], [])
    case let op: throw Refusal(text: "there is no operation '\(op ?? "")'")
    }
  }

  private func sample(_ question: Frame) async throws -> [Frame.Array] {
    let (temperatures, seeds) = (try question.floats("temperatures"), try question.words("seeds"))
    let most = try question.integer("max_tokens")
    guard temperatures.count == seeds.count, temperatures.allSatisfy({ $0 >= 0 && $0.isFinite }), most > 0 else {
      throw Refusal(text: "a question for samples needs one temperature for each seed, and max_tokens above 0")
    }
    let request = SampleRequest(
      prefix: try await prefix(question), temperatures: temperatures, seeds: seeds, maxTokens: most)
    let samples = try await policy(question).sample(request)
    return Frame.arrays(samples.map(\.tokens))
      + [Frame.Array("finished", .integers(samples.map { $0.finished ? 1 : 0 }))]
  }

  private func policy(_ question: Frame) throws -> any EnginePolicy {
    let id = try question.integer("policy")
    guard let policy = policies[id] else { throw Refusal(text: "there is no policy \(id)") }
    return policy
  }

  private func prefix(_ question: Frame) async throws -> [Int32] {
    let prefix = try question.integers("prefix")
    if prefix.isEmpty { throw Refusal(text: "the prefix is empty, and it predicts the first token") }
    try await require([prefix])
    return prefix
  }

  private func sequences(_ question: Frame) async throws -> [[Int32]] {
    let sequences = try question.sequences()
    try await require(sequences)
    return sequences
  }

  private func require(_ sequences: [[Int32]]) async throws {
    let vocabulary = try await engine.describe().vocabulary
    guard sequences.allSatisfy({ $0.allSatisfy { $0 >= 0 && Int($0) < vocabulary } }) else {
      throw Refusal(text: "a token is outside the vocabulary of \(vocabulary)")
    }
  }

  private static func members(of description: EngineDescription) -> [JSON.Member] {
    [
      .init("version", .integer(WorkerProtocol.version)), .init("model", .string(description.model)),
      .init("context", .integer(description.context)), .init("vocabulary", .integer(description.vocabulary)),
      .init("end_tokens", .array(description.endTokens.map { .integer(Int($0)) })),
      .init("state_width", description.stateWidth.map(JSON.integer) ?? .null),
      .init("prompt_template", description.promptTemplate.map(JSON.string) ?? .null),
    ]
  }
}
