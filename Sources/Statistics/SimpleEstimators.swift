import Core
import Foundation

/// k of n independent trials: Clopper and Pearson's exact interval. Missing trials count against.
public struct BinomialRate: MetricEstimator {
  /// Trials with the outcome that is counted.
  public let successes: Int
  /// Trials that have an outcome.
  public let trials: Int
  /// Trials that were planned and have no outcome.
  public let missing: Int

  public init(successes: Int, trials: Int, missing: Int = 0) {
    self.successes = successes
    self.trials = trials
    self.missing = missing
  }

  public func estimate(confidence: Double) -> Estimate {
    let planned = Double(trials + missing)
    guard planned > 0 else { return .nothing(confidence: confidence) }
    let counts = ThreeReadings(scored: Double(successes), least: Double(successes), most: Double(successes + missing))
    let (lower, upper) = counts.bounds { clopperPearson(successes: $0, trials: planned, confidence: confidence) }
    return Estimate(
      value: Double(successes) / Double(trials), lower: lower, upper: upper,
      confidence: confidence, n: trials, effectiveN: planned, unscored: missing, method: "Clopper-Pearson")
  }
}

/// The mean over a few independent repetitions of a continuous measure: Student's t.
///
/// Values that agree don't show that others would. Their variance is never below what it would be if one of them had been
/// `step` away from the others, which is step²/R for R values: agreement may have hung on one of them.
public struct RepetitionMean: MetricEstimator {
  /// One value for each repetition.
  public let values: [Double]
  /// Observations behind all repetitions.
  public let n: Int
  /// No value can be outside; the interval is cut to it.
  public let range: ClosedRange<Double>
  /// The smallest change of the measure that means something; above 0.
  public let step: Double

  /// Takes one value for each repetition.
  public init(
    _ values: [Double], n: Int, range: ClosedRange<Double> = -Double.infinity...Double.infinity, step: Double = 1
  ) {
    self.values = values
    self.n = n
    self.range = range
    self.step = step
  }

  public func estimate(confidence: Double) -> Estimate {
    guard !values.isEmpty else { return .nothing(confidence: confidence) }
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    var half = Double.infinity
    if values.count > 1 {
      let seen = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
      let variance = max(seen, step * step / count)
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
  /// Work that is done.
  public let done: Int
  /// Work that was to be done.
  public let planned: Int

  public init(done: Int, planned: Int) {
    self.done = done
    self.planned = planned
  }

  public func estimate(confidence: Double) -> Estimate {
    guard planned > 0 else { return .nothing(confidence: confidence) }
    let share = Double(done) / Double(planned)
    return Estimate(
      value: share, lower: share, upper: share, confidence: confidence, n: planned, effectiveN: Double(planned),
      method: "counted")
  }
}
