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
}
