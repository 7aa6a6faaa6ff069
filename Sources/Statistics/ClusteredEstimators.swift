import Core
import Foundation

/// The mean of unit means in [0, 1], for rates.
///
/// Korn and Graubard's interval keeps its coverage near 0 and 1, where gates live, but knows only the clusters that it
/// saw. So the upper bound is never below what a share of weak clusters that all G happened to miss would make of the
/// mean: a pass has to hold against them.
public struct ClusteredRate: MetricEstimator {
  public let units: [ClusteredUnit]
  public let unscored: Int

  public init(_ units: [ClusteredUnit], unscored: Int = 0) {
    self.units = units
    self.unscored = unscored
  }

  public func estimate(confidence: Double) -> Estimate {
    guard !units.isEmpty else { return .nothing(confidence: confidence, unscored: unscored) }
    let rate = ClusteredMean(units)
    let (lower, upper, effective) = rate.kornGraubard(confidence: confidence)
    let missed = rate.mean + (1 - rate.mean) * rate.hiddenShare(confidence: confidence)
    return Estimate(
      value: rate.mean, lower: lower, upper: max(upper, missed), confidence: confidence, n: rate.responses,
      effectiveN: effective, unscored: unscored,
      method: "Korn-Graubard over \(units.count) units in \(rate.clusters) clusters")
  }
}

/// The mean of paired differences in [−1, 1], candidate − baseline on the same attacks.
///
/// The difference is the mean of the attacks' worsenings less the mean of their improvements; each is a clustered mean in
/// [0, 1] with Korn and Graubard's interval, and the two are put together with their correlation (MOVER: Zou and Donner,
/// Statistics in Medicine, 2008). Where few attacks changed at all, which is what two releases of one model look like,
/// Student's *t* on the differences is too sure of itself; this isn't. The upper bound is never below what a share of
/// newly weak clusters that all G happened to miss would make of the difference.
public struct ClusteredDifference: MetricEstimator {
  public let units: [ClusteredUnit]
  public let unscored: Int

  /// - Parameter units: `mean` is each unit's difference of means.
  public init(_ units: [ClusteredUnit], unscored: Int = 0) {
    self.units = units
    self.unscored = unscored
  }

  public func estimate(confidence: Double) -> Estimate {
    guard !units.isEmpty else { return .nothing(confidence: confidence, unscored: unscored) }
    let worse = ClusteredMean(units) { max(0, $0.mean) }
    let better = ClusteredMean(units) { max(0, -$0.mean) }
    let value = worse.mean - better.mean
    guard worse.clusters > 1 else {
      return Estimate(
        value: value, lower: -1, upper: 1, confidence: confidence, n: worse.responses, effectiveN: 1,
        unscored: unscored, method: "one cluster: no interval")
    }
    let correlation = worse.correlation(with: better)
    let (up, down) = (worse.kornGraubard(confidence: confidence), better.kornGraubard(confidence: confidence))
    func leg(_ a: Double, _ b: Double) -> Double { max(0, a * a + b * b - 2 * correlation * a * b).squareRoot() }
    let lower = value - leg(worse.mean - up.lower, down.upper - better.mean)
    let upper = value + leg(up.upper - worse.mean, better.mean - down.lower)
    let missed = value + (1 - value) * worse.hiddenShare(confidence: confidence)
    return Estimate(
      value: value, lower: max(-1, lower), upper: min(1, max(upper, missed)), confidence: confidence,
      n: worse.responses, effectiveN: Double(worse.clusters), unscored: unscored,
      method: "MOVER of Korn-Graubard intervals over \(units.count) paired units in \(worse.clusters) clusters")
  }
}
