import Core
import Foundation

/// A metric's estimate as a function of confidence. Intervals are nested: higher confidence, wider interval.
public protocol MetricEstimator: Sendable {
  func estimate(confidence: Double) -> Estimate
}

/// Repeated observations of one attack and the cluster it belongs to.
public struct ClusteredUnit: Hashable, Sendable {
  public let cluster: String
  /// The unit's mean over its scored responses.
  public let mean: Double
  /// Scored responses behind the mean.
  public let responses: Int

  public init(cluster: String, mean: Double, responses: Int) {
    self.cluster = cluster
    self.mean = mean
    self.responses = responses
  }
}

/// Σ over clusters of (S_c − m_c·mean)², with the small-sample factor G/(G−1), over M² (CR1): the variance of a mean
/// over clustered units. G clusters, M units.
private func clusteredVariance(_ units: [ClusteredUnit]) -> (mean: Double, variance: Double, clusters: Int) {
  let total = Double(units.count)
  let mean = units.reduce(0) { $0 + $1.mean } / total
  var residuals: [String: Double] = [:]
  for unit in units { residuals[unit.cluster, default: 0] += unit.mean - mean }
  let g = Double(residuals.count)
  // Sorted, so that the sum's last bit doesn't depend on the dictionary's order.
  let square = residuals.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value * $1.value }
  return (mean, g > 1 ? square * g / (g - 1) / (total * total) : .infinity, residuals.count)
}

/// The mean of unit means in [0, 1], for rates.
///
/// Korn and Graubard's interval for clustered proportions (1998): Clopper-Pearson at the effective sample size
/// p(1−p)/Var, corrected for few clusters by (t_{n−1}/t_{G−1})² and never above the number of units. It keeps its
/// coverage near 0 and 1, where gates live: with no success at all it is Clopper-Pearson on the units.
public struct ClusteredRate: MetricEstimator {
  public let units: [ClusteredUnit]
  public let unscored: Int

  public init(_ units: [ClusteredUnit], unscored: Int = 0) {
    self.units = units
    self.unscored = unscored
  }

  public func estimate(confidence: Double) -> Estimate {
    let responses = units.reduce(0) { $0 + $1.responses }
    guard !units.isEmpty else { return .nothing(confidence: confidence, unscored: unscored) }
    let (mean, variance, clusters) = clusteredVariance(units)
    let n = Double(units.count)
    let alpha = 1 - confidence
    var effective = n
    if clusters < 2 {
      effective = 1
    } else if variance > 0 && mean > 0 && mean < 1 {
      let t = Distributions.studentQuantile(1 - alpha / 2, degrees: max(n - 1, 1))
      let tClusters = Distributions.studentQuantile(1 - alpha / 2, degrees: Double(clusters - 1))
      effective = min(n, max(1, mean * (1 - mean) / variance * (t / tClusters) * (t / tClusters)))
    }
    let (lower, upper) = clopperPearson(successes: mean * effective, trials: effective, confidence: confidence)
    return Estimate(
      value: mean, lower: lower, upper: upper, confidence: confidence, n: responses, effectiveN: effective,
      unscored: unscored, method: "Korn-Graubard over \(units.count) units in \(clusters) clusters")
  }
}

/// The mean of paired differences in [−1, 1], candidate − baseline on the same attacks.
///
/// Student's t with cluster-robust variance (CR1, G−1 degrees of freedom), never narrower than what the units could
/// hide: with no difference seen at all, up to the Clopper-Pearson bound for zero of n units may still differ.
public struct ClusteredDifference: MetricEstimator {
  public let units: [ClusteredUnit]
  public let unscored: Int

  /// - Parameter units: `mean` is each unit's difference of means.
  public init(_ units: [ClusteredUnit], unscored: Int = 0) {
    self.units = units
    self.unscored = unscored
  }

  public func estimate(confidence: Double) -> Estimate {
    let responses = units.reduce(0) { $0 + $1.responses }
    guard !units.isEmpty else { return .nothing(confidence: confidence, unscored: unscored) }
    let (mean, variance, clusters) = clusteredVariance(units)
    guard clusters > 1 else {
      return Estimate(
        value: mean, lower: -1, upper: 1, confidence: confidence, n: responses, effectiveN: 1, unscored: unscored,
        method: "one cluster: no interval")
    }
    let t = Distributions.studentQuantile(1 - (1 - confidence) / 2, degrees: Double(clusters - 1))
    let hidden = clopperPearson(successes: 0, trials: Double(units.count), confidence: confidence).upper
    let half = max(t * variance.squareRoot(), hidden)
    return Estimate(
      value: mean, lower: max(-1, mean - half), upper: min(1, mean + half), confidence: confidence, n: responses,
      effectiveN: Double(clusters), unscored: unscored,
      method: "cluster-robust t over \(units.count) paired units in \(clusters) clusters")
  }
}

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

extension Estimate {
  /// Nothing was observed: any value is possible, so no check can be decided by it.
  static func nothing(confidence: Double, unscored: Int) -> Estimate {
    Estimate(
      value: .nan, lower: -.infinity, upper: .infinity, confidence: confidence, n: 0, effectiveN: 0,
      unscored: unscored, method: "no observation")
  }
}

/// Clopper and Pearson's interval; `successes` and `trials` may be effective, not whole, numbers.
func clopperPearson(
  successes x: Double, trials n: Double, confidence: Double
) -> (lower: Double, upper: Double) {
  let half = (1 - confidence) / 2
  let lower = x <= 0 ? 0 : Distributions.betaQuantile(half, x, n - x + 1)
  let upper = x >= n ? 1 : Distributions.betaQuantile(1 - half, x + 1, n - x)
  return (lower, upper)
}
