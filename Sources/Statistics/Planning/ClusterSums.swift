import Core

/// What complete answers in clusters add up to: the estimators' p-values without their units, for decisions that are simulated
/// by the thousand.
///
/// Equal to `ClusteredRate`, `ClusteredDifference` and `SequentialEstimate` on units of which nothing is missing.
public struct ClusterSums: Sendable {
  /// Units of each cluster, in the order of asking.
  private let sizes: [Double]
  /// Sums of the units' values on the range scaled to [0, 1], by cluster.
  private let sums: [Double]
  private let weight: Weighting
  private let range: ClosedRange<Double>

  /// - Parameters:
  ///   - sizes: units of each cluster, at least 1 each.
  ///   - sums: of the units' values, each in `range`.
  public init(sizes: [Double], sums: [Double], weight: Weighting, range: ClosedRange<Double>) {
    let width = range.upperBound - range.lowerBound
    self.sizes = sizes
    self.sums = zip(sizes, sums).map { ($1 - range.lowerBound * $0) / width }
    self.weight = weight
    self.range = range
  }

  /// A check's p-value with the side on which it is decided.
  public struct Decision: Sendable {
    /// The smallest α that decides; 1 where none does.
    public let alpha: Double
    /// What is decided at it.
    public let verdict: Verdict

    public init(alpha: Double, verdict: Verdict) {
      (self.alpha, self.verdict) = (alpha, verdict)
    }
  }

  /// Where everything was asked and nobody looked before the end.
  public func decision(_ limit: Limit) -> Decision { Self.decision(limit, theta, bound(clusters: sizes.count)) }

  /// Where answers were looked at all the time, after the first `clusters`.
  /// - Parameter largest: units of the largest cluster that could have been asked.
  public func decision(_ limit: Limit, afterFirst clusters: Int, largest: Double) -> Decision {
    let isComplete = clusters == sizes.count
    let early = early(limit, clusters: clusters, largest: largest)
    guard isComplete else { return early }
    let late = Self.decision(limit, theta, bound(clusters: clusters)).scaled(by: 1 / (1 - SequentialEstimate.share))
    return early.alpha <= late.alpha ? early : late
  }

  /// Whether a bet has shown at `level` after the first `clusters` on which side of its limit the mean lies: once shown, it
  /// stays so.
  public func isShown(_ limit: Limit, level: Double, afterFirst clusters: Int, largest: Double) -> Bool {
    early(limit, clusters: clusters, largest: largest).alpha <= level
  }

  /// Whether the interval of the sequence alone decides at `level`: it holds its own value as well.
  public func isDecided(_ limit: Limit, level: Double, afterFirst clusters: Int, largest: Double) -> Bool {
    let early = early(limit, clusters: clusters, largest: largest)
    let value = range.lowerBound + mean(clusters) * (range.upperBound - range.lowerBound)
    return early.alpha <= level && limit.compare(lower: value, upper: value) == early.verdict
  }

  private func early(_ limit: Limit, clusters: Int, largest: Double) -> Decision {
    Self.decision(limit, theta, evidence(clusters: clusters, largest: largest))
      .scaled(by: 1 / SequentialEstimate.share)
  }

  // MARK: - The two tails

  private typealias Tails = (below: (Double) -> Double, above: (Double) -> Double, step: Double)

  /// Beyond this doubt the other side is looked at as well.
  private static let doubtful = 0.25

  private static func decision(_ limit: Limit, _ theta: (Double) -> Double, _ tails: Tails) -> Decision {
    let (low, high) = (limit.atLeast.map(theta), limit.atMost.map(theta))
    let inside = max(low.map(tails.above) ?? 0, high.map(tails.below) ?? 0)
    if inside <= doubtful { return Decision(alpha: max(1e-12, 2 * inside), verdict: .pass) }
    // A bound that touches its limit is inside.
    let outside = min(
      low.map { tails.below($0 - tails.step) } ?? 1, high.map { tails.above($0 + tails.step) } ?? 1)
    return Decision(
      alpha: min(1, max(1e-12, 2 * min(inside, outside))), verdict: inside <= outside ? .pass : .fail)
  }

  private func bound(clusters: Int) -> Tails {
    let weights = weights(clusters)
    let total = weights.reduce(0, +)
    let means = (0..<clusters).map { (mean: sums[$0] / sizes[$0], weight: weights[$0] / total) }
    let bound = ClusteredBound(ThreeReadings(scored: nil, least: means, most: means))
    return (bound.doubtBelow, bound.doubtAbove, 1e-12)
  }

  private func evidence(clusters: Int, largest: Double) -> Tails {
    let weights = weights(clusters)
    let bets = (0..<clusters).map { place in
      let sum = sums[place] / sizes[place] * weights[place]
      return (least: sum, most: sum, size: weights[place])
    }
    let evidence = BettingEvidence(clusters: bets, largest: weight == .attacks ? largest : 1)
    return (evidence.alphaBelow, evidence.alphaAbove, BettingEvidence.least)
  }

  private func weights(_ clusters: Int) -> [Double] {
    weight == .attacks ? Array(sizes.prefix(clusters)) : [Double](repeating: 1, count: clusters)
  }

  private func mean(_ clusters: Int) -> Double {
    let weights = weights(clusters)
    return (0..<clusters).reduce(0) { $0 + sums[$1] / sizes[$1] * weights[$1] } / weights.reduce(0, +)
  }

  private func theta(_ metric: Double) -> Double {
    (metric - range.lowerBound) / (range.upperBound - range.lowerBound)
  }
}

extension ClusterSums.Decision {
  fileprivate func scaled(by factor: Double) -> ClusterSums.Decision {
    .init(alpha: min(1, max(1e-12, alpha * factor)), verdict: verdict)
  }
}
