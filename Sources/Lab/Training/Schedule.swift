/// How long and how fast a model trains.
struct Schedule: Sendable {
  var steps: Int
  /// Sequences a step.
  var batch: Int
  var learningRate: Float
  var warmup = 50

  /// The factor on the learning rate: a linear rise, then a linear fall to a twentieth.
  func rate(_ step: Int) -> Float {
    let rise = min(1, Float(step + 1) / Float(max(1, warmup)))
    let left = 1 - Float(step) / Float(max(1, steps))
    return rise * max(0.05, left)
  }
}
