import LanguageModels

/// How long and how fast a model trains.
struct Schedule: Sendable {
  var steps: Int
  /// Sequences a step.
  var batch: Int
  var learningRate: Float
  var warmup = 50

  /// The factor on the learning rate.
  func rate(_ step: Int) -> Float { LearningRateSchedule(steps: steps, warmup: warmup).factor(step) }
}
