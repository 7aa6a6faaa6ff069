import LanguageModels

/// How long and how fast a model trains.
package struct Schedule: Sendable {
  package var steps: Int
  /// Sequences a step.
  package var batch: Int
  package var learningRate: Float
  package var warmup: Int

  package init(steps: Int, batch: Int, learningRate: Float, warmup: Int = 50) {
    self.steps = steps
    self.batch = batch
    self.learningRate = learningRate
    self.warmup = warmup
  }

  /// The factor on the learning rate.
  func rate(_ step: Int) -> Float { LearningRateSchedule(steps: steps, warmup: warmup).factor(step) }
}
