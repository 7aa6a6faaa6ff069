import Core

/// A metric's estimate as a function of confidence. Intervals are nested: higher confidence, wider interval.
public protocol MetricEstimator: Sendable {
  /// The point estimate and its interval.
  /// - Parameter confidence: between 0 and 1.
  func estimate(confidence: Double) -> Estimate

  /// The smallest α in [1e-12, 1] at which the whole interval at confidence 1 − α lies inside or outside the limit: the
  /// check's p-value; 1 where no α decides it.
  func leastAlpha(_ limit: Limit) -> Double
}

extension MetricEstimator {
  /// By bisection over nested intervals.
  public func leastAlpha(_ limit: Limit) -> Double { bisectedAlpha(limit) }

  func bisectedAlpha(_ limit: Limit) -> Double {
    leastAlpha { confidence in
      let estimate = estimate(confidence: confidence)
      return limit.compare(lower: estimate.lower, upper: estimate.upper) != .inconclusive
    }
  }

  /// The smallest α at which a decision is made at confidence 1 − α, by bisection.
  func leastAlpha(isDecided: (_ confidence: Double) -> Bool) -> Double {
    if isDecided(1 - 1e-12) { return 1e-12 }
    guard isDecided(0.5) else { return 1 }
    var (undecided, decided) = (1e-12, 0.5)
    // On a logarithmic scale: what matters is the ratio of α to its level.
    for _ in 0..<28 {
      let middle = (undecided * decided).squareRoot()
      if isDecided(1 - middle) { decided = middle } else { undecided = middle }
    }
    return decided
  }
}

extension Estimate {
  /// Nothing was observed: any value is possible, so no check can be decided by it.
  static func nothing(confidence: Double) -> Estimate {
    Estimate(
      value: .nan, lower: -.infinity, upper: .infinity, confidence: confidence, n: 0, effectiveN: 0,
      method: "no observation")
  }
}
