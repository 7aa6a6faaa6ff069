import Core
import Tensors

/// One completion that is wanted. The result depends on these two alone, never on the batch around it.
public struct GenerationRequest: Sendable {
  /// Token ids after the shared prefix; may be empty where the decoder has a prefix.
  public var prompt: [Int]
  /// What its samples are drawn from.
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
  /// log p of each token and, where it ended, of the end token: untempered, whatever the sampling temperature.
  public var logProbabilities: [Float] = []
  /// Whether the end token was sampled before the limit.
  public var finished: Bool

  /// Σ log p of all that was drawn.
  public var logProbability: Float { logProbabilities.reduce(0, +) }
}

/// How to sample.
public struct DecodingSettings: Sendable {
  /// What logits are divided by before a token is drawn; 0 takes the likeliest.
  public var temperature: Float
  /// Nucleus: sample from the smallest set of tokens with at least this probability.
  public var topP: Float
  /// Longest sample, without its end token.
  public var maxTokens: Int
  /// The end token can't be sampled before this many tokens.
  public var minTokens: Int
  /// Any of them ends a sample.
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
  /// Rows under way at once; nil for as many as `mostCached` allows.
  let microBatch: Int?
  /// How samples that aren't recorded are computed; nil for what the weights are worth.
  var arithmetic: RolloutArithmetic?
  /// Floats that one unit of work keeps at most for its gradient (512 MB): room is made for the longest samples that there can be,
  /// however short they end.
  var mostKept = 128 << 20
  /// Floats of keys, values and logits of the rows under way (256 MB): many rows share the cost of a step.
  private static let mostCached = 64 << 20
  private static let sizes = 64...512

  public init(weights: Weights, prefix: [Int] = [], microBatch: Int? = nil) {
    self.weights = weights
    self.prefix = prefix.map { Int32($0) }
    self.microBatch = microBatch
  }

  /// Call it off the cooperative pool.
  public func generate(_ requests: [GenerationRequest], settings: DecodingSettings, workers: Int) -> [Generation] {
    let most = min(microBatch ?? rows(requests, settings), requests.count)
    let made = mapInTurn(1, workers: workers) { _, crew in
      var rollout = Rollout(
        weights: weights, openings: [Opening(prefix, of: weights, crew: crew)], settings: settings, most: most,
        recorder: nil, arithmetic: arithmetic)
      return decode(requests, &rollout, crew)
    }
    return made.flatMap { $0 }
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
    let (size, trainable) = (microBatch ?? Self.sizes.lowerBound, adapter.map { Trainable.adapter($0) } ?? .all)
    let pieces = stride(from: 0, to: requests.count, by: size).map {
      Array(requests[$0..<min($0 + size, requests.count)])
    }
    let made = mapInTurn(pieces.count, workers: workers) { piece, crew in
      // The last token is drawn, but never fed.
      let most = min(capacity(pieces[piece], settings), max(0, settings.maxTokens - 1))
      let recorder = RolloutRecorder(
        weights: weights, prefix: prefix, rows: pieces[piece].count, most: most, mostKept: mostKept, for: trainable)
      let opening = Opening(prefix, of: weights, for: trainable, crew: crew) { recorder?.keepPrefix($0) }
      var rollout = Rollout(
        weights: weights, openings: [opening], settings: settings, most: pieces[piece].count, recorder: recorder)
      let generations = decode(pieces[piece], &rollout, crew)
      return (generations, rollout.recorder)
    }
    return (made.flatMap(\.0), RolloutRecording(made.compactMap(\.1)))
  }

  private func rows(_ requests: [GenerationRequest], _ settings: DecodingSettings) -> Int {
    let width = weights.layout.graph.attention.reduce(0) { $0 + 2 * $1.keyValueWidth }
    let floats = capacity(requests, settings) * width + weights.architecture.vocabulary
    return min(max(Self.mostCached / floats, Self.sizes.lowerBound), Self.sizes.upperBound)
  }

  /// Own tokens that a row may have in its cache.
  private func capacity(_ requests: [GenerationRequest], _ settings: DecodingSettings) -> Int {
    let longest = requests.map(\.prompt.count).max() ?? 0
    return max(1, min(longest + settings.maxTokens, weights.architecture.context - prefix.count))
  }

  /// What is sampled for each, in order.
  private func decode(_ requests: [GenerationRequest], _ rollout: inout Rollout, _ crew: Crew) -> [Generation] {
    var generations = requests.map { _ in Generation(tokens: [], finished: false) }
    var numbers = requests.indices.makeIterator()
    _ = rollout.run(crew) {
      numbers.next().map { Rollout.Entry(number: $0, request: requests[$0]) }
    } onEnd: {
      generations[$0] = $1
    }
    return generations
  }
}
