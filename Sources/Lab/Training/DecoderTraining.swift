import Core
import LanguageModels

/// Maximum likelihood on an endless stream of sequences, full weights, one worker: two models train side by side on two
/// cores, and the result doesn't depend on what the other core does.
struct DecoderTraining: Sendable {
  /// A sequence after the shared prefix and the number of its first tokens that carry no loss.
  typealias Example = (tokens: [Int32], context: Int)

  let prefix: [Int32]
  let schedule: Schedule

  /// The weights after training from `start`.
  /// - Parameters:
  ///   - contextWeight: how much tokens before the response count, as a factor.
  ///   - report: called now and then with the step and the mean loss a token since the last call.
  func run(
    from start: Weights, contextWeight: Float = 0, random: inout SeededGenerator,
    report: (_ step: Int, _ loss: Double) -> Void, example: (inout SeededGenerator) -> Example
  ) -> Weights {
    let layout = start.layout
    var values = start.values
    let likelihood = Likelihood(prefix: prefix, workers: 1, microBatch: schedule.batch)
    var optimizer = AdamW(count: values.count, learningRate: schedule.learningRate, weightDecay: 0.01)
    optimizer.beta2 = 0.98
    let decays = layout.slots.filter(\.decays).map { $0.offset..<$0.offset + $0.count }
    var sum = 0.0
    var count = 0
    for step in 0..<schedule.steps {
      let examples = (0..<schedule.batch).map { _ in example(&random) }
      var (loss, gradient) = likelihood.gradient(examples.map(\.tokens), Weights(layout: layout, values: values)) { logProbabilities in
        Self.meanLoss(logProbabilities, contexts: examples.map(\.context), contextWeight: contextWeight)
      }
      clipNorm(&gradient, limit: 1)
      optimizer.update(&values, gradient: gradient, decays: decays, rate: schedule.rate(step))
      sum += loss
      count += 1
      if (step + 1) % 100 == 0 || step + 1 == schedule.steps {
        report(step + 1, sum / Double(count))
        (sum, count) = (0, 0)
      }
    }
    return Weights(layout: layout, values: values)
  }

  /// −Σ w·log p / Σ w over all tokens of the batch.
  static func meanLoss(
    _ logProbabilities: [[Float]], contexts: [Int], contextWeight: Float
  ) -> (value: Double, slopes: [[Float]]) {
    var total = 0.0
    var mass: Float = 0
    for (row, context) in zip(logProbabilities, contexts) {
      for (place, value) in row.enumerated() {
        let weight = place < context ? contextWeight : 1
        total -= Double(weight * value)
        mass += weight
      }
    }
    let slopes = zip(logProbabilities, contexts).map { row, context in
      row.indices.map { $0 < context ? -contextWeight / mass : -1 / mass }
    }
    return (total / Double(mass), slopes)
  }
}
