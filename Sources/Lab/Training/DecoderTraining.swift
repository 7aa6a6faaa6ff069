import Core
import LanguageModels

/// Maximum likelihood on an endless stream of sequences. One worker: models train side by side, one a core, and what one
/// becomes doesn't depend on what the other cores do.
package struct DecoderTraining: Sendable {
  /// A sequence after the shared prefix; its first `context` tokens are given, not answered.
  package typealias Example = (tokens: [Int32], context: Int)

  let prefix: [Int32]
  let schedule: Schedule
  /// How much a given token counts against an answered one.
  let contextWeight: Float

  package init(prefix: [Int32], schedule: Schedule, contextWeight: Float = 0) {
    self.prefix = prefix
    self.schedule = schedule
    self.contextWeight = contextWeight
  }

  /// The weights after training from `start`.
  /// - Parameter report: called every 50 steps with the step and the mean loss a token since the last call.
  package func run(
    from start: Weights, random: inout SeededGenerator, report: (_ step: Int, _ loss: Double) -> Void,
    example: (inout SeededGenerator) -> Example
  ) -> Weights {
    var trainer = SupervisedTrainer(weights: start, learningRate: schedule.learningRate)
    var losses = LossWindow()
    for step in 0..<schedule.steps {
      let examples = (0..<schedule.batch).map { _ in example(&random) }
      let loss = trainer.step(
        prefix: prefix, sequences: examples.map(\.tokens),
        tokenWeights: examples.map { example in
          example.tokens.indices.map { $0 < example.context ? contextWeight : 1 }
        }, rate: schedule.rate(step))
      losses.add(loss, step: step, of: schedule.steps, report: report)
    }
    return trainer.weights
  }
}

/// Averages losses between reports.
struct LossWindow {
  private var sum = 0.0
  private var count = 0

  mutating func add(_ loss: Double, step: Int, of steps: Int, report: (_ step: Int, _ loss: Double) -> Void) {
    sum += loss
    count += 1
    guard (step + 1) % 50 == 0 || step + 1 == steps else { return }
    report(step + 1, sum / Double(count))
    (sum, count) = (0, 0)
  }
}
