import Core
import LanguageModels

/// Trains an encoder so that the direction of each text's mean state is the text's target.
package struct CosineTraining: Sendable {
  /// Tokens, and a target of unit length.
  package typealias Example = (tokens: [Int32], target: [Float])

  let schedule: Schedule

  package init(schedule: Schedule) { self.schedule = schedule }

  /// The weights after training from `start`.
  /// - Parameter report: called every 50 steps with the step and the mean loss a text since the last call.
  package func run(
    from start: Weights, random: inout SeededGenerator, report: (_ step: Int, _ loss: Double) -> Void,
    example: (inout SeededGenerator) -> Example
  ) -> Weights {
    var weights = start
    var optimizer = AdamW(count: weights.values.count, learningRate: schedule.learningRate)
    var losses = LossWindow()
    let encoding = Encoding(pooling: .mean)
    for step in 0..<schedule.steps {
      let examples = (0..<schedule.batch).map { _ in example(&random) }
      var (loss, gradient) = encoding.gradient(examples.map(\.tokens), weights) { pooled in
        Self.loss(pooled, targets: examples.map(\.target))
      }
      clipNorm(&gradient, limit: 1)
      var values = weights.values
      optimizer.update(&values, gradient: gradient, rate: schedule.rate(step))
      weights = Weights(layout: weights.layout, values: values)
      losses.add(loss, step: step, of: schedule.steps, report: report)
    }
    return weights
  }

  /// Mean of 1 − cos(v, target), and its gradient on each v: −(t − cos·v/|v|)/|v|. Targets have unit length.
  static func loss(_ pooled: [[Float]], targets: [[Float]]) -> (value: Double, slopes: [[Float]]) {
    var total = 0.0
    let count = Float(pooled.count)
    let slopes = zip(pooled, targets).map { vector, target -> [Float] in
      let length = max(1e-6, vector.reduce(Float(0)) { $0 + $1 * $1 }.squareRoot())
      let cosine = dot(vector, target) / length
      total += Double(1 - cosine)
      return zip(vector, target).map { -($1 - cosine * $0 / length) / (length * count) }
    }
    return (total / Double(pooled.count), slopes)
  }

  /// Orthonormal directions: random ones, made orthogonal by Gram and Schmidt.
  /// - Throws: `InternalError` where `width` has no room for that many.
  package static func directions(
    _ count: Int, width: Int, _ random: inout SeededGenerator
  ) throws -> [[Float]] {
    guard count <= width else { throw InternalError("\(count) directions need more than \(width) dimensions") }
    var vectors: [[Float]] = []
    while vectors.count < count {
      var vector = (0..<width).map { _ in Float(random.normal()) }
      for other in vectors {
        let share = dot(vector, other)
        for i in 0..<width { vector[i] -= share * other[i] }
      }
      vectors.append(normalised(vector))
    }
    return vectors
  }
}
