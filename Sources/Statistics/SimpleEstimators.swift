import Core
import Foundation

/// k of n independent trials: Clopper and Pearson's exact interval.
public struct BinomialRate: MetricEstimator {
  public let successes: Int
  public let trials: Int
  public let unscored: Int

  public init(successes: Int, trials: Int, unscored: Int = 0) {
    self.successes = successes
    self.trials = trials
    self.unscored = unscored
  }

  public func estimate(confidence: Double) -> Estimate {
    guard trials > 0 else { return .nothing(confidence: confidence, unscored: unscored) }
    let (lower, upper) = clopperPearson(
      successes: Double(successes), trials: Double(trials), confidence: confidence)
    return Estimate(
      value: Double(successes) / Double(trials), lower: lower, upper: upper, confidence: confidence, n: trials,
      effectiveN: Double(trials), unscored: unscored, method: "Clopper-Pearson")
  }
}

/// The mean over a few independent repetitions (attacker restarts, or their paired differences): Student's t.
public struct RepetitionMean: MetricEstimator {
  public let values: [Double]
  /// Observations behind all repetitions.
  public let n: Int
  /// No value can be outside; the interval is cut to it.
  public let range: ClosedRange<Double>

  public init(_ values: [Double], n: Int, range: ClosedRange<Double> = -Double.infinity...Double.infinity) {
    self.values = values
    self.n = n
    self.range = range
  }

  public func estimate(confidence: Double) -> Estimate {
    guard !values.isEmpty else { return .nothing(confidence: confidence, unscored: 0) }
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    var half = Double.infinity
    if values.count > 1 {
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
      half =
        Distributions.studentQuantile(1 - (1 - confidence) / 2, degrees: count - 1) * (variance / count).squareRoot()
    }
    return Estimate(
      value: mean, lower: max(range.lowerBound, mean - half), upper: min(range.upperBound, mean + half),
      confidence: confidence, n: n, effectiveN: count, method: "Student's t over \(values.count) restarts")
  }
}

/// A share that is known exactly (planned work done): the interval is the value.
public struct KnownShare: MetricEstimator {
  public let done: Int
  public let planned: Int

  public init(done: Int, planned: Int) {
    self.done = done
    self.planned = planned
  }

  public func estimate(confidence: Double) -> Estimate {
    guard planned > 0 else { return .nothing(confidence: confidence, unscored: 0) }
    let share = Double(done) / Double(planned)
    return Estimate(
      value: share, lower: share, upper: share, confidence: confidence, n: planned, effectiveN: Double(planned),
      method: "counted")
  }
}
