import Core

/// Trains a decoder by maximum likelihood, step by step.
public protocol MaximumLikelihoodTrainer: Sendable {
  /// The whole model's weights as they are now.
  var weights: Weights { get }

  /// One step on sequences that follow one shared prefix.
  ///
  /// - Parameters:
  ///   - tokenWeights: how much each token counts, shaped as `sequences`; nil counts all alike.
  ///   - rate: factor on the learning rate (warm-up, decay).
  /// - Returns: mean negative log-likelihood of a token, natural logarithm.
  @discardableResult
  mutating func step(prefix: [Int32], sequences: [[Int32]], tokenWeights: [[Float]]?, rate: Float) -> Double
}

/// Maximum-likelihood training of a decoder: all weights, AdamW, gradient clipping.
public struct SupervisedTrainer: MaximumLikelihoodTrainer {
  public private(set) var weights: Weights
  /// Threads that share the work; results don't depend on their number.
  public let workers: Int
  /// Largest Euclidean norm of a step's gradient.
  public var clip: Float
  private var optimizer: AdamW
  private let decays: [Range<Int>]

  /// Begins with `weights`, all of which are trained, in float32.
  /// - Parameter weightDecay: of matrices; norms and biases don't decay.
  public init(
    weights: Weights, learningRate: Float, weightDecay: Float = 0.01, clip: Float = 1, workers: Int = 1
  ) {
    self.weights = weights.inFloat32
    self.workers = workers
    self.clip = clip
    optimizer = AdamW(count: weights.layout.count, learningRate: learningRate, weightDecay: weightDecay)
    decays = weights.layout.slots.filter(\.decays).map { $0.offset..<$0.offset + $0.count }
  }

  @discardableResult
  public mutating func step(
    prefix: [Int32], sequences: [[Int32]], tokenWeights: [[Float]]? = nil, rate: Float = 1
  ) -> Double {
    guard let objective = TokenLoss(sequences, tokenWeights: tokenWeights) else { return 0 }
    var (loss, gradient) = Likelihood(prefix: prefix, workers: workers)
      .gradient(sequences, weights, loss: objective.callAsFunction)
    clipNorm(&gradient, limit: clip)
    var values = weights.values
    optimizer.update(&values, gradient: gradient, decays: decays, rate: rate)
    weights = Weights(layout: weights.layout, values: values)
    return loss
  }
}

/// Maximum-likelihood training of a low-rank adapter on frozen weights: AdamW, gradient clipping.
public struct AdapterTrainer: MaximumLikelihoodTrainer {
  /// The adapter as it is now.
  public private(set) var adapter: LoRAAdapter
  /// The frozen weights with the adapter merged in, or beside it where they are stored.
  public private(set) var weights: Weights
  /// Threads that share the work; results don't depend on their number.
  public let workers: Int
  /// Largest Euclidean norm of a step's gradient.
  public var clip: Float
  private let base: Weights
  private var optimizer: AdamW

  /// Begins with `adapter` as it is, on weights of its layout.
  public init(base: Weights, adapter: LoRAAdapter, learningRate: Float, clip: Float = 1, workers: Int = 1) {
    self.base = base
    self.adapter = adapter
    self.clip = clip
    self.workers = workers
    weights = adapter.applied(to: base)
    optimizer = AdamW(count: adapter.values.count, learningRate: learningRate)
  }

  @discardableResult
  public mutating func step(
    prefix: [Int32], sequences: [[Int32]], tokenWeights: [[Float]]? = nil, rate: Float = 1
  ) -> Double {
    guard let objective = TokenLoss(sequences, tokenWeights: tokenWeights) else { return 0 }
    var (loss, gradient) = Likelihood(prefix: prefix, workers: workers)
      .gradient(sequences, weights, adapter: adapter, loss: objective.callAsFunction)
    clipNorm(&gradient, limit: clip)
    optimizer.update(&adapter.values, gradient: gradient, rate: rate)
    weights = adapter.applied(to: base)
    return loss
  }
}

/// Mean negative log-likelihood of a token, each counted by its weight.
struct TokenLoss: Sendable {
  private let importance: [[Float]]
  private let total: Float

  /// Nil where nothing counts.
  init?(_ sequences: [[Int32]], tokenWeights: [[Float]]?) {
    importance = tokenWeights ?? sequences.map { [Float](repeating: 1, count: $0.count) }
    total = importance.reduce(Float(0)) { $0 + $1.reduce(0, +) }
    if total <= 0 { return nil }
  }

  /// The loss and its slope on each log-probability.
  func callAsFunction(_ logProbabilities: [[Float]]) -> (value: Double, slopes: [[Float]]) {
    var loss = 0.0
    for (tokens, counts) in zip(logProbabilities, importance) {
      for (log, count) in zip(tokens, counts) { loss -= Double(log * count / total) }
    }
    return (loss, importance.map { $0.map { -$0 / total } })
  }
}
