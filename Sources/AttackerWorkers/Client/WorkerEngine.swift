import Attackers
import Core
import Synchronization

/// Runs the attacker's model in a worker: a program that owns weights, tokenizer and optimizer, and speaks the protocol of
/// `WorkerProtocol`.
final class WorkerEngine: AttackerEngine {
  let fingerprint: String
  private let client: WorkerClient
  private let described = Mutex<EngineDescription?>(nil)
  private let policies = Mutex(WorkerProtocol.reference)

  init(_ client: WorkerClient, fingerprint: String) {
    self.client = client
    self.fingerprint = fingerprint
  }

  var reference: any EnginePolicy { WorkerPolicy(client, engine: self, id: WorkerProtocol.reference, parameters: 0) }

  func describe() async throws -> EngineDescription {
    if let known = described.withLock(\.self) { return known }
    let members: [JSON.Member] = [.init("version", .integer(WorkerProtocol.version))]
    let description = try await client.ask("describe", members) { frame throws(FrameError) in
      let version = try frame.integer("version")
      guard version == WorkerProtocol.version else {
        throw FrameError(
          clause: "it speaks version \(version) of the protocol, and Sluice version \(WorkerProtocol.version)")
      }
      return try EngineDescription(frame)
    }
    described.withLock { $0 = description }
    return description
  }

  func encode(_ texts: [String], addingSpecialTokens: Bool) async throws -> [[Int32]] {
    let description = try await describe()
    client.keepPrivate(texts)
    let members: [JSON.Member] = [
      .init("texts", .strings(texts)), .init("special_tokens", .bool(addingSpecialTokens)),
    ]
    // A token stands for a byte at least, but for a few at the ends and where a character is spelt out.
    let most = texts.reduce(0) { $0 + 8 * $1.utf8.count + 64 }
    return try await client.ask("encode", members, most: most) { frame throws(FrameError) in
      let sequences = try frame.sequences()
      try description.require(sequences, count: texts.count)
      return sequences
    }
  }

  func decode(_ sequences: [[Int32]]) async throws -> [String] {
    let texts = try await client.ask("decode", [], Frame.arrays(sequences)) { frame throws(FrameError) in
      let texts = try frame.texts("texts")
      guard texts.count == sequences.count else {
        throw FrameError(clause: "it gave \(texts.count) texts for \(sequences.count) sequences")
      }
      return texts
    }
    client.keepPrivate(texts)
    return texts
  }

  func policy(_ training: PolicyTraining) async throws -> any EnginePolicy {
    _ = try await describe()
    let id = policies.withLock { last in
      last += 1
      return last
    }
    let members: [JSON.Member] = [
      .init("policy", .integer(id)), .init("rank", .integer(training.rank)), .init("alpha", .number(training.alpha)),
      .init("learning_rate", .number(training.learningRate)),
    ]
    let seed = Frame.Array("seed", .words([training.seed]))
    let parameters = try await client.ask("policy", members, [seed]) { frame throws(FrameError) in
      let parameters = try frame.integer("parameters")
      guard (1...WorkerProtocol.mostParameters).contains(parameters) else {
        throw FrameError(clause: "it trains \(parameters) parameters")
      }
      return parameters
    }
    return WorkerPolicy(client, engine: self, id: id, parameters: parameters)
  }
}

/// A policy that a worker holds, or its reference model.
final class WorkerPolicy: EnginePolicy {
  private let client: WorkerClient
  private let engine: WorkerEngine
  private let id: Int
  /// How many numbers are trained.
  private let count: Int

  init(_ client: WorkerClient, engine: WorkerEngine, id: Int, parameters: Int) {
    self.client = client
    self.engine = engine
    self.id = id
    count = parameters
  }

  deinit { if id != WorkerProtocol.reference { client.drop(id) } }

  private var own: JSON.Member { .init("policy", .integer(id)) }

  func sample(_ request: SampleRequest) async throws -> [EngineSample] {
    let description = try await engine.describe()
    let (rows, most) = (request.seeds.count, request.maxTokens)
    let arrays = [
      Frame.Array("prefix", .integers(request.prefix)), Frame.Array("temperatures", .floats(request.temperatures)),
      Frame.Array("seeds", .words(request.seeds)),
    ]
    return try await client.ask(
      "sample", [own, .init("max_tokens", .integer(most))], arrays, most: rows * (most + 2)
    ) { frame throws(FrameError) in
      let (sequences, finished) = (try frame.sequences(), try frame.integers("finished"))
      try description.require(sequences, count: rows)
      guard finished.count == rows, finished.allSatisfy({ $0 == 0 || $0 == 1 }) else {
        throw FrameError(clause: "its array 'finished' is not 0 or 1 for each of \(rows) samples")
      }
      for sequence in sequences {
        guard sequence.count <= most else {
          throw FrameError(clause: "it sampled \(sequence.count) tokens where \(most) were asked for at most")
        }
        guard !sequence.contains(where: description.endTokens.contains) else {
          throw FrameError(clause: "it left an end token in a sample")
        }
      }
      return zip(sequences, finished).map { EngineSample(tokens: $0, finished: $1 == 1) }
    }
  }

  func logProbabilities(_ sequences: [[Int32]], after prefix: [Int32]) async throws -> [[Float]] {
    try await logProbabilities(sequences, after: prefix, isForStep: false)
  }

  private func logProbabilities(
    _ sequences: [[Int32]], after prefix: [Int32], isForStep: Bool
  ) async throws -> [[Float]] {
    let arrays = [Frame.Array("prefix", .integers(prefix))] + Frame.arrays(sequences)
    let lengths = sequences.map { Int32($0.count) }
    let count = sequences.reduce(0) { $0 + $1.count }
    return try await client.ask(
      "log_probabilities", [own, .init("for_step", .bool(isForStep))], arrays, most: count
    ) { frame throws(FrameError) in
      let values = try frame.floats("log_probabilities")
      guard values.count == count else {
        throw FrameError(clause: "it gave \(values.count) log-probabilities for \(count) tokens")
      }
      guard values.allSatisfy({ $0.isFinite && $0 <= WorkerProtocol.roundingError }) else {
        throw FrameError(clause: "it gave log-probabilities that are not finite or above 0")
      }
      return try frame.cut(values, into: lengths)
    }
  }

  func step(
    _ sequences: [[Int32]], after prefix: [Int32], loss: ([[Float]]) -> (value: Double, slopes: [[Float]])
  ) async throws -> Double {
    let (value, slopes) = loss(try await logProbabilities(sequences, after: prefix, isForStep: true))
    let arrays =
      [Frame.Array("prefix", .integers(prefix))] + Frame.arrays(sequences)
      + [Frame.Array("weights", .floats(slopes.flatMap { $0 }))]
    try await client.ask("step", [own], arrays) { _ in }
    return value
  }

  func promptState(_ prefix: [Int32]) async throws -> [Float] {
    let width = try await engine.describe().stateWidth ?? 0
    return try await numbers("state", width, asking: "prompt_state", [Frame.Array("prefix", .integers(prefix))])
  }

  func parameters() async throws -> [Float] { try await numbers("parameters", count, asking: "parameters") }

  private func numbers(
    _ name: String, _ count: Int, asking op: String, _ arrays: [Frame.Array] = []
  ) async throws -> [Float] {
    try await client.ask(op, [own], arrays, most: count) { frame throws(FrameError) in
      let values = try frame.floats(name)
      guard values.count == count, values.allSatisfy(\.isFinite) else {
        throw FrameError(clause: "its array '\(name)' is not \(count) finite numbers")
      }
      return values
    }
  }

  func restore(_ parameters: [Float]) async throws {
    try requireParameters(parameters.count, of: count)
    try await client.ask("restore", [own], [Frame.Array("parameters", .floats(parameters))]) { _ in }
  }
}

extension EngineDescription {
  /// - Throws: `FrameError` where a worker's description is missing or can't be.
  init(_ frame: Frame) throws(FrameError) {
    let (context, vocabulary) = (try frame.integer("context"), try frame.integer("vocabulary"))
    let ends = frame["end_tokens"]?.array?.map(\.integer) ?? [nil]
    let tokens = ends.compactMap(\.self).filter { $0 >= 0 && $0 < vocabulary }
    guard let model = frame["model"]?.string, (2...1 << 30).contains(context), (2...1 << 30).contains(vocabulary),
      tokens.count == ends.count, !tokens.isEmpty
    else { throw FrameError(clause: "its description has no model, context, vocabulary or end tokens that can be") }
    let width = frame["state_width"]?.integer
    guard width.map({ (1...1 << 20).contains($0) }) ?? true else {
      throw FrameError(clause: "its description has a state_width that can't be")
    }
    self.init(
      model: model, context: context, vocabulary: vocabulary, endTokens: tokens.map { Int32($0) }, stateWidth: width,
      promptTemplate: frame["prompt_template"]?.string)
  }

  /// - Throws: `FrameError` for another number of sequences, or tokens that the model doesn't have.
  fileprivate func require(_ sequences: [[Int32]], count: Int) throws(FrameError) {
    guard sequences.count == count else {
      throw FrameError(clause: "it gave \(sequences.count) sequences where \(count) were asked for")
    }
    guard sequences.allSatisfy({ $0.allSatisfy { $0 >= 0 && Int($0) < vocabulary } }) else {
      throw FrameError(clause: "it gave tokens outside its vocabulary of \(vocabulary)")
    }
  }
}
