import Core
import Tensors

/// One completion that is wanted. The result depends on these two alone, never on the batch around it.
public struct GenerationRequest: Sendable {
  /// Token ids after the shared prefix; may be empty where the decoder has a prefix.
  public var prompt: [Int]
  public var seed: UInt64
  /// Overrides the decoder's temperature for this row.
  public var temperature: Float?

  public init(prompt: [Int], seed: UInt64, temperature: Float? = nil) {
    self.prompt = prompt
    self.seed = seed
    self.temperature = temperature
  }
}

/// What was sampled.
public struct Generation: Sendable {
  /// Without the end token.
  public var tokens: [Int]
  /// Σ log p of the tokens and, where it ended, of the end token: untempered, whatever the sampling temperature.
  public var logProbability: Float
  /// Whether the end token was sampled before the limit.
  public var finished: Bool
}

/// How to sample.
public struct DecodingSettings: Sendable {
  public var temperature: Float
  /// Nucleus: sample from the smallest set of tokens with at least this probability.
  public var topP: Float
  public var maxTokens: Int
  /// The end token can't be sampled before this many tokens.
  public var minTokens: Int
  public var endTokens: [Int]

  public init(temperature: Float = 1, topP: Float = 1, maxTokens: Int, minTokens: Int = 0, endTokens: [Int]) {
    self.temperature = temperature
    self.topP = topP
    self.maxTokens = maxTokens
    self.minTokens = minTokens
    self.endTokens = endTokens
  }
}

/// Samples from a causal model over a key-value cache, many rows at a step, without gradients.
public struct Decoder: Sendable {
  let weights: Weights
  let prefix: [Int32]
  /// Rows in one unit of work; nil for as many as `mostCached` allows.
  let microBatch: Int?
  /// Floats that one unit of work keeps at most for its gradient (512 MB): room is made for the longest samples that there can be,
  /// however short they end.
  var mostKept = 128 << 20
  /// Floats of keys, values and logits in one unit of work (256 MB): many rows share the cost of a step.
  private static let mostCached = 64 << 20
  private static let sizes = 64...512

  public init(weights: Weights, prefix: [Int] = [], microBatch: Int? = nil) {
    self.weights = weights
    self.prefix = prefix.map { Int32($0) }
    self.microBatch = microBatch
  }

  public func generate(_ requests: [GenerationRequest], settings: DecodingSettings, workers: Int) -> [Generation] {
    let pieces = split(requests, by: microBatch ?? rows(requests, settings))
    return mapInTurn(pieces.count, workers: workers) { piece, crew in
      decode(pieces[piece], settings, crew).generations
    }.flatMap { $0 }
  }

  /// Generates, and keeps what the gradient of the samples needs (see `Likelihood.gradient`).
  ///
  /// - Parameters:
  ///   - requests: go on from the decoder's prefix, without prompts of their own.
  ///   - adapter: the gradient will be its factors'; nil for all weights.
  public func record(
    _ requests: [GenerationRequest], settings: DecodingSettings, adapter: LoRAAdapter?, workers: Int
  ) -> (generations: [Generation], recording: RolloutRecording) {
    precondition(!prefix.isEmpty && requests.allSatisfy { $0.prompt.isEmpty }, "the prefix predicts the first token")
    let pieces = split(requests, by: microBatch ?? Self.sizes.lowerBound)
    let rollouts = mapInTurn(pieces.count, workers: workers) { piece, crew in
      decode(pieces[piece], settings, crew, recordingFor: adapter.map { .adapter($0) } ?? .all)
    }
    return (rollouts.flatMap(\.generations), RolloutRecording(rollouts.compactMap(\.recorder)))
  }

  private func split(_ requests: [GenerationRequest], by size: Int) -> [[GenerationRequest]] {
    stride(from: 0, to: requests.count, by: size).map { Array(requests[$0..<min($0 + size, requests.count)]) }
  }

  private func rows(_ requests: [GenerationRequest], _ settings: DecodingSettings) -> Int {
    let width = weights.layout.graph.attention.reduce(0) { $0 + 2 * $1.keyValueWidth }
    let floats = capacity(requests, settings) * width + weights.architecture.vocabulary
    return min(max(Self.mostCached / floats, Self.sizes.lowerBound), Self.sizes.upperBound)
  }

  /// Places for own tokens in a row's cache.
  private func capacity(_ requests: [GenerationRequest], _ settings: DecodingSettings) -> Int {
    let longest = requests.map(\.prompt.count).max() ?? 0
    return max(1, min(longest + settings.maxTokens, weights.architecture.context - prefix.count))
  }

  private func decode(
    _ requests: [GenerationRequest], _ settings: DecodingSettings, _ crew: Crew,
    recordingFor trainable: Trainable? = nil
  ) -> Rollout {
    var rollout = Rollout(
      weights: weights, prefix: prefix, requests: requests, capacity: capacity(requests, settings),
      maxTokens: settings.maxTokens, recordingFor: trainable, mostKept: mostKept, crew: crew)
    let sampler = Sampler(vocabulary: weights.architecture.vocabulary, settings: settings)
    while !rollout.activeRows.isEmpty {
      rollout.sample(sampler, requests, crew)
      rollout.step(crew)
    }
    return rollout
  }
}
