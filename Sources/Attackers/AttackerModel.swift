/// A model of an engine as a search uses it: after one meta prompt, with one search's settings.
struct AttackerModel: Sendable {
  let prefix: [Int32]
  private let maxTokens: Int
  private let policy: any EnginePolicy

  /// The reference model, never trained.
  init(referenceOf loaded: LoadedEngine, settings: AttackerSettings) {
    self.init(loaded.engine.reference, loaded.prefix, settings)
  }

  /// A policy that starts at the reference model.
  /// - Throws: `SluiceError` for settings that the reference model can't have, or an engine that is lost.
  init(_ loaded: LoadedEngine, settings: AttackerSettings, learningRate: Double, seed: UInt64) async throws {
    let training = PolicyTraining(
      rank: settings.loraRank, alpha: settings.loraAlpha, learningRate: learningRate, seed: seed)
    self.init(try await loaded.engine.policy(training), loaded.prefix, settings)
  }

  private init(_ policy: any EnginePolicy, _ prefix: [Int32], _ settings: AttackerSettings) {
    self.policy = policy
    self.prefix = prefix
    maxTokens = settings.maxTokens
  }

  /// Whether any step or stored state has moved it away from the reference model.
  private(set) var isTrained = false

  /// One gradient step. `loss` maps token log-probabilities to (loss, slopes); returns the loss.
  mutating func step(
    _ sequences: [[Int32]], loss: ([[Float]]) -> (value: Double, slopes: [[Float]])
  ) async throws -> Double {
    isTrained = true
    return try await policy.step(sequences, after: prefix, loss: loss)
  }

  /// Samples prompts; the result depends on the seeds alone.
  ///
  /// - Parameters:
  ///   - context: tokens to go on from instead of `prefix`.
  ///   - isForStep: whether the next step is likely to be on these samples.
  func sample(
    _ temperatures: [Float], seeds: [UInt64], context: [Int32]? = nil, isForStep: Bool = false
  ) async throws -> [EngineSample] {
    if seeds.isEmpty { return [] }
    return try await policy.sample(
      SampleRequest(
        prefix: context ?? prefix, temperatures: temperatures, seeds: seeds, maxTokens: maxTokens,
        isForStep: isForStep))
  }

  /// Samples at temperature 1.
  func sample(seeds: [UInt64], context: [Int32]? = nil, isForStep: Bool = false) async throws -> [EngineSample] {
    try await sample(
      [Float](repeating: 1, count: seeds.count), seeds: seeds, context: context, isForStep: isForStep)
  }

  /// log π of each token.
  func logProbabilities(_ sequences: [[Int32]]) async throws -> [[Float]] {
    sequences.isEmpty ? [] : try await policy.logProbabilities(sequences, after: prefix)
  }

  /// The mean of the last states over the meta prompt [C].
  func promptState() async throws -> [Float] { try await policy.promptState(prefix) }

  /// The trainable values: the adapter's, else all weights.
  func parameters() async throws -> [Float] { try await policy.parameters() }

  /// Puts back what `parameters` gave.
  /// - Throws: `SluiceError` (usage) when the sizes are another model's.
  mutating func restore(_ parameters: [Float]) async throws {
    isTrained = true
    try await policy.restore(parameters)
  }

  /// The policy and its optimizer; nil where the engine doesn't give both.
  func snapshot() async throws -> PolicySnapshot? { try await policy.snapshot() }

  /// Puts back what `snapshot` gave.
  /// - Throws: `SluiceError` (usage) when the sizes are another model's.
  mutating func restore(_ snapshot: PolicySnapshot, isTrained: Bool) async throws {
    try await policy.restore(snapshot)
    self.isTrained = isTrained
  }
}

extension LoadedEngine {
  /// - Throws: `SluiceError`: (usage) where there is no prompt to start from, or the model can't do what the settings ask;
  ///   (unavailable) where the model can't be loaded.
  package init(_ engine: any AttackerEngine, settings: AttackerSettings) async throws {
    try await self.init(engine, needs: settings.needs)
  }
}
