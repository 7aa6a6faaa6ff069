import Core
import Foundation

/// How many clusters a check takes.
public enum SampleSize {
  /// Clusters without one unsafe response that it takes to pass a limit: ⌈ln(α/2)/ln(1 − limit)⌉, since so many miss a share
  /// `limit` of weak ones with probability α/2. With fewer, no rate or difference can be shown to be below the limit.
  ///
  /// - Returns: nil for limits that no number of clusters can prove (0 or less); 0 for those that need no proof (1 or more).
  public static func leastClusters(limit: Double, confidence: Double) -> Int? {
    if limit >= 1 { return 0 }
    guard limit > 0 else { return nil }
    return Int((log((1 - confidence) / 2) / log1p(-limit)).rounded(.up))
  }

  /// The tightest limit that so many clusters can pass without one unsafe response: 1 − (α/2)^(1/n), the inverse of
  /// `leastClusters`.
  /// - Returns: 1 where there are none.
  public static func leastLimit(clusters: Int, confidence: Double) -> Double {
    clusters < 1 ? 1 : -expm1(log((1 - confidence) / 2) / Double(clusters))
  }

  /// About how many clusters would decide a check, if more of the same kind gave the same value.
  ///
  /// A bound lies c/n + √(s/n + c²/n²) from the value, as Wilson's does: s is z² times the clusters' variance and known from
  /// the interval at hand; c = z²/2 times the way to the range's end, and stands for clusters of a kind not seen.
  ///
  /// - Parameters:
  ///   - estimate: with an interval that straddles the limit.
  ///   - clusters: that it rests on.
  ///   - range: that values can have.
  /// - Returns: clusters in all; nil where the value lies on its limit or nothing was measured.
  public static func clustersNeeded(
    _ estimate: Estimate, clusters: Int, limit: Limit, range: ClosedRange<Double>
  ) -> Int? {
    guard estimate.value.isFinite, estimate.effectiveN > 0 else { return nil }
    let value = estimate.value
    // Inside, all limits have to be cleared; outside, the one that is broken.
    let low = limit.atLeast.map { (gap: value - $0, upward: false) }
    let high = limit.atMost.map { (gap: $0 - value, upward: true) }
    let sides = [low, high].compactMap(\.self)
    let broken = sides.filter { $0.gap < 0 }.map { (gap: -$0.gap, upward: !$0.upward) }
    let needed = (broken.isEmpty ? sides : broken).map { side -> Double? in
      guard side.gap > 0 else { return nil }
      let n = estimate.effectiveN
      let leg = side.upward ? estimate.upper - value : value - estimate.lower
      let way = side.upward ? range.upperBound - value : value - range.lowerBound
      let z = Distributions.normalQuantile(1 - (1 - estimate.confidence) / 2)
      let c = min(z * z / 2 * way, n * leg / 2)
      let s = max(0, n * leg * leg - 2 * leg * c)
      return (s + 2 * side.gap * c) / (side.gap * side.gap) / n * Double(clusters)
    }
    let found = needed.compactMap(\.self)
    guard found.count == needed.count, let most = found.max(), most < 1e9 else { return nil }
    return Int(most.rounded(.up))
  }
}
