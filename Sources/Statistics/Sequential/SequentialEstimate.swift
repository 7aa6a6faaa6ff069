import Core

/// An estimate that may be looked at after every cluster, and its run stopped once it is decided.
///
/// α is split: a betting confidence sequence gets `share` of it and is looked at all the time; where the run was not
/// stopped, an ordinary interval over the whole sample gets the rest. By the union bound their intersection errs with
/// probability at most α. So a truth far from its limit is decided early, and one near it hardly pays for the looking.
public struct SequentialEstimate: MetricEstimator {
  /// The sequence's part of α.
  public static let share = 0.2

  private let fixed: any MetricEstimator
  private let evidence: BettingEvidence
  /// The metric is `scale.offset + scale.slope`·θ.
  private let scale: (slope: Double, offset: Double)
  private let clusters: WeightedClusters
  private let isComplete: Bool

  /// The mean of units' shares in [0, 1].
  /// - Parameters:
  ///   - units: in the order of asking; a cluster's units count where its first one stands.
  ///   - largestCluster: units of the largest cluster that the run could have asked.
  ///   - isComplete: whether everything was asked.
  public init(rate units: [ClusteredUnit], weight: Weighting = .attacks, largestCluster: Int, isComplete: Bool) {
    self.init(
      units, fixed: ClusteredRate(units, weight: weight), weight: weight, largestCluster: largestCluster,
      isComplete: isComplete, scale: (1, 0))
  }

  /// The mean of paired differences in [−1, 1].
  public init(difference units: [ClusteredUnit], weight: Weighting = .attacks, largestCluster: Int, isComplete: Bool) {
    self.init(
      units, fixed: ClusteredDifference(units, weight: weight), weight: weight, largestCluster: largestCluster,
      isComplete: isComplete, scale: (2, -1))
  }

  private init(
    _ units: [ClusteredUnit], fixed: any MetricEstimator, weight: Weighting, largestCluster: Int, isComplete: Bool,
    scale: (slope: Double, offset: Double)
  ) {
    let table = ClusterTable(units)
    clusters = WeightedClusters(table, means: table.means(weight), weight)
    // A cluster that counts once is a cluster of one unit, its mean.
    func sized(_ row: ClusterTable.Row) -> Double { weight == .attacks ? row.size : 1 }
    func sum(_ sum: Double, _ row: ClusterTable.Row) -> Double {
      (sum / row.size - scale.offset) / scale.slope * sized(row)
    }
    self.fixed = fixed
    self.scale = scale
    self.isComplete = isComplete
    evidence = BettingEvidence(
      clusters: table.rows.map { (least: sum($0.least, $0), most: sum($0.most, $0), size: sized($0)) },
      largest: weight == .attacks ? Double(largestCluster) : 1)
  }

  public func estimate(confidence: Double) -> Estimate {
    guard clusters.effective.count > 0 else { return fixed.estimate(confidence: confidence) }
    let alpha = 1 - confidence
    let sequence = evidence.interval(confidence: 1 - alpha * Self.share)
    let (lower, upper) = (metric(sequence.lower), metric(sequence.upper))
    guard isComplete else {
      return clusters.estimate(
        (lower, upper), confidence: confidence,
        method: "betting confidence sequence over \(clusters.effective.count) clusters, stopped when decided")
    }
    let whole = fixed.estimate(confidence: 1 - alpha * (1 - Self.share))
    // Where the two contradict each other, one of them errs: the wider claim is made.
    let (low, high) = (max(lower, whole.lower), min(upper, whole.upper))
    return clusters.estimate(
      low <= high ? (low, high) : (min(lower, whole.lower), max(upper, whole.upper)), confidence: confidence,
      method: "\(whole.method), with a betting confidence sequence")
  }

  public func leastAlpha(_ limit: Limit) -> Double {
    let early = clusters.effective.count > 0 ? earlyAlpha(limit) / Self.share : .infinity
    let late = isComplete ? fixed.leastAlpha(limit) / (1 - Self.share) : .infinity
    return min(1, max(1e-12, min(early, late)))
  }

  /// The smallest α at which the sequence alone decides; each side has half of it.
  private func earlyAlpha(_ limit: Limit) -> Double {
    let low = limit.atLeast.map(theta)
    let high = limit.atMost.map(theta)
    let inside = max(low.map(evidence.alphaAbove) ?? 0, high.map(evidence.alphaBelow) ?? 0)
    // A bound that touches its limit is inside.
    let outside = min(
      low.map { evidence.alphaBelow($0 - BettingEvidence.least) } ?? .infinity,
      high.map { evidence.alphaAbove($0 + BettingEvidence.least) } ?? .infinity)
    return 2 * min(inside, outside)
  }

  private func metric(_ theta: Double) -> Double { scale.offset + scale.slope * theta }
  private func theta(_ metric: Double) -> Double { (metric - scale.offset) / scale.slope }
}
