import Core

/// Maximum-likelihood training of a decoder: all weights, AdamW, gradient clipping.
public struct SupervisedTrainer: Sendable {
  public private(set) var weights: Weights
  public let workers: Int
  /// Largest Euclidean norm of a step's gradient.
  public var clip: Float
  private var optimizer: AdamW
  private let decays: [Range<Int>]

  public init(
    weights: Weights, learningRate: Float, weightDecay: Float = 0.01, clip: Float = 1, workers: Int = 1
  ) {
    self.weights = weights
    self.workers = workers
    self.clip = clip
    optimizer = AdamW(count: weights.layout.count, learningRate: learningRate, weightDecay: weightDecay)
    decays = weights.layout.slots.filter(\.decays).map { $0.offset..<$0.offset + $0.count }
  }

  /// One step on sequences that follow one shared prefix.
  ///
  /// - Parameters:
  ///   - tokenWeights: how much each token counts, shaped as `sequences`; nil counts all alike.
  ///   - rate: factor on the learning rate (warm-up, decay).
  /// - Returns: mean negative log-likelihood of a token, natural logarithm.
  @discardableResult
  public mutating func step(
    prefix: [Int32], sequences: [[Int32]], tokenWeights: [[Float]]? = nil, rate: Float = 1
  ) -> Double {
    let importance = tokenWeights ?? sequences.map { [Float](repeating: 1, count: $0.count) }
    let total = importance.reduce(Float(0)) { $0 + $1.reduce(0, +) }
    guard total > 0 else { return 0 }
    let likelihood = Likelihood(prefix: prefix, workers: workers)
    var (loss, gradient) = likelihood.gradient(sequences, weights) { logProbabilities in
      var loss = 0.0
      for (tokens, counts) in zip(logProbabilities, importance) {
        for (log, count) in zip(tokens, counts) { loss -= Double(log * count / total) }
      }
      return (loss, importance.map { $0.map { -$0 / total } })
    }
    clipNorm(&gradient, limit: clip)
    var values = weights.values
    optimizer.update(&values, gradient: gradient, decays: decays, rate: rate)
    weights = Weights(layout: weights.layout, values: values)
    return loss
  }
}
