import Core

/// The mean of units' shares in [0, 1], for rates.
public struct ClusteredRate: MetricEstimator {
  public let units: [ClusteredUnit]
  private let mean: BoundedClusterMean

  public init(_ units: [ClusteredUnit], weight: Weighting = .attacks) {
    self.units = units
    mean = BoundedClusterMean(units, weight: weight, range: 0...1)
  }

  public func estimate(confidence: Double) -> Estimate { mean.estimate(confidence: confidence) }
  public func leastAlpha(_ limit: Limit) -> Double { mean.leastAlpha(limit) }
}

/// The mean of paired differences in [−1, 1], candidate − baseline on the same attacks.
public struct ClusteredDifference: MetricEstimator {
  public let units: [ClusteredUnit]
  private let mean: BoundedClusterMean

  public init(_ units: [ClusteredUnit], weight: Weighting = .attacks) {
    self.units = units
    mean = BoundedClusterMean(units, weight: weight, range: -1...1)
  }

  public func estimate(confidence: Double) -> Estimate { mean.estimate(confidence: confidence) }
  public func leastAlpha(_ limit: Limit) -> Double { mean.leastAlpha(limit) }
}

/// A mean over units in clusters, each in a known range, with `ClusteredBound`'s bounds.
private struct BoundedClusterMean: Sendable {
  private let range: ClosedRange<Double>
  private let weight: Weighting
  private let units: Int
  private let table: ClusterTable
  /// Of what was scored.
  private let value: Double
  /// On the range scaled to [0, 1]; nil without units.
  private let bound: ClusteredBound?

  init(_ units: [ClusteredUnit], weight: Weighting, range: ClosedRange<Double>) {
    (self.range, self.weight, self.units) = (range, weight, units.count)
    table = ClusterTable(units)
    let means = table.means(weight)
    value = means.scored.map { $0.reduce(0) { $0 + $1.mean * $1.weight } } ?? .nan
    let width = range.upperBound - range.lowerBound
    bound =
      units.isEmpty
      ? nil
      : ClusteredBound(
        means.map { parts in parts.map { (($0.mean - range.lowerBound) / width, $0.weight) } })
  }

  func estimate(confidence: Double) -> Estimate {
    guard let bound else { return .nothing(confidence: confidence, unscored: 0) }
    let interval = bound.interval(confidence: confidence)
    let (lower, upper) = (metric(interval.lower), metric(interval.upper))
    return Estimate(
      value: value, lower: value.isNaN ? lower : min(lower, value), upper: value.isNaN ? upper : max(upper, value),
      confidence: confidence, n: table.responses, effectiveN: bound.effective.kish, unscored: table.missing,
      method: method(bound.effective))
  }

  private func method(_ effective: EffectiveClusters) -> String {
    if effective.count == 1 { return "one cluster: no interval" }
    let mean = weight == .attacks ? "mean over \(units) units" : "mean over clusters of \(units) units"
    return "Gaffke's bounds, \(mean) in \(effective.count) clusters"
  }

  /// Directly from the two tails at the limit's ends; each side of the interval has half of α.
  func leastAlpha(_ limit: Limit) -> Double {
    guard let bound else { return 1 }
    let (low, high) = (limit.atLeast.map(share), limit.atMost.map(share))
    let inside = max(low.map(bound.doubtAbove) ?? 0, high.map(bound.doubtBelow) ?? 0)
    let outside = min(
      low.map { bound.doubtBelow($0 - Self.step) } ?? 1, high.map { bound.doubtAbove($0 + Self.step) } ?? 1)
    return min(1, max(1e-12, 2 * min(inside, outside)))
  }

  /// A bound that touches its limit is inside.
  private static let step = 1e-12

  private func metric(_ share: Double) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * share
  }
  private func share(_ metric: Double) -> Double {
    (metric - range.lowerBound) / (range.upperBound - range.lowerBound)
  }
}
