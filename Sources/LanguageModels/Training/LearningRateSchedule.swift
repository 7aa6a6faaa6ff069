/// A factor on the learning rate over a training run: a linear rise, then a linear fall to a twentieth.
public struct LearningRateSchedule: Hashable, Sendable {
  /// Steps of the whole run.
  public let steps: Int
  /// Steps of the rise.
  public let warmup: Int

  public init(steps: Int, warmup: Int) {
    self.steps = steps
    self.warmup = warmup
  }

  /// - Parameter step: from 0.
  public func factor(_ step: Int) -> Float {
    let rise = min(1, Float(step + 1) / Float(max(1, warmup)))
    let left = 1 - Float(step) / Float(max(1, steps))
    return rise * max(0.05, left)
  }
}
