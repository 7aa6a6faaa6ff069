import Core

/// The mean of units' shares in [0, 1], for rates, within Gaffke's bounds.
public struct ClusteredRate: MetricEstimator {
  private let clusters: WeightedClusters
  /// Nil without units.
  private let bound: ClusteredBound?

  /// Takes units whose values are shares.
  public init(_ units: [ClusteredUnit], weight: Weighting = .attacks) {
    let table = ClusterTable(units)
    let means = table.means(weight)
    clusters = WeightedClusters(table, means: means, weight)
    bound = units.isEmpty ? nil : ClusteredBound(means)
  }

  public func estimate(confidence: Double) -> Estimate {
    guard let bound else { return .nothing(confidence: confidence) }
    return clusters.estimate(
      bound.interval(confidence: confidence), confidence: confidence, method: clusters.method("Gaffke's bounds"))
  }

  /// Directly from the doubts at the limit's ends; each side of the interval has half of α.
  public func leastAlpha(_ limit: Limit) -> Double {
    guard let bound else { return 1 }
    let inside = max(limit.atLeast.map(bound.doubtAbove) ?? 0, limit.atMost.map(bound.doubtBelow) ?? 0)
    // A bound that touches its limit is inside.
    let outside = min(
      limit.atLeast.map { bound.doubtBelow($0 - 1e-12) } ?? .infinity,
      limit.atMost.map { bound.doubtAbove($0 + 1e-12) } ?? .infinity)
    return min(1, max(1e-12, 2 * min(inside, outside)))
  }
}

/// The mean of paired differences in [−1, 1], candidate − baseline on the same attacks.
///
/// It is the mean of what became worse less that of what became better. A cluster does one or the other, so both are means
/// over the same clusters in [0, 1] with Gaffke's bounds, and the two are put together with the correlation of shares that
/// exclude each other (MOVER: Zou and Donner, Statistics in Medicine, 2008). Where few attacks changed at all, which is what
/// two releases of one model look like, Student's *t* on the differences is too sure of itself; this isn't.
public struct ClusteredDifference: MetricEstimator {
  private let clusters: WeightedClusters
  /// Nil without units.
  private let bound: DifferenceBound?

  /// Takes units whose values are paired differences of shares.
  public init(_ units: [ClusteredUnit], weight: Weighting = .attacks) {
    let table = ClusterTable(units)
    let means = table.means(weight)
    clusters = WeightedClusters(table, means: means, weight)
    bound = units.isEmpty ? nil : DifferenceBound(means)
  }

  public func estimate(confidence: Double) -> Estimate {
    guard let bound else { return .nothing(confidence: confidence) }
    return clusters.estimate(
      (bound.lower(confidence: confidence), bound.upper(confidence: confidence)), confidence: confidence,
      method: clusters.method("MOVER of Gaffke's bounds"))
  }

  /// With one limit, only the bound that faces it is needed.
  public func leastAlpha(_ limit: Limit) -> Double {
    guard let bound else { return 1 }
    switch (limit.atLeast, limit.atMost) {
    case (nil, let high?):
      return leastAlpha { confidence in
        bound.lower(confidence: 0) > high
          ? bound.lower(confidence: confidence) > high : bound.upper(confidence: confidence) <= high
      }
    case (let low?, nil):
      return leastAlpha { confidence in
        bound.upper(confidence: 0) < low
          ? bound.upper(confidence: confidence) < low : bound.lower(confidence: confidence) >= low
      }
    default: return bisectedAlpha(limit)
    }
  }
}
