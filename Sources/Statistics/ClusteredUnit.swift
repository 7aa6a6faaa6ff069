import Core

/// Repeated observations of one attack (or question) and the cluster it belongs to.
public struct ClusteredUnit: Hashable, Sendable {
  /// What its cluster is called; units of one cluster are alike.
  public let cluster: CompactName
  /// The unit's mean over its scored responses, or difference of two such means; nil where one of them is missing.
  public let value: Double?
  /// The value if the missing responses were as good as can be.
  public let least: Double
  /// The value if they were as bad as can be.
  public let most: Double
  /// Scored responses behind the value.
  public let responses: Int
  /// Responses that were planned and have no score.
  public let missing: Int

  /// One model's responses: values in [0, 1].
  public init(cluster: CompactName, _ share: ScoredShare) {
    self.cluster = cluster
    (value, least, most) = (share.value, share.least, share.most)
    (responses, missing) = (share.scored, share.missing)
  }

  /// Candidate − baseline on one attack: values in [−1, 1]. What the baseline lacks counts the other way round.
  public init(cluster: CompactName, candidate: ScoredShare, baseline: ScoredShare) {
    self.cluster = cluster
    value = candidate.value.flatMap { ours in baseline.value.map { ours - $0 } }
    least = candidate.least - baseline.most
    most = candidate.most - baseline.least
    responses = candidate.scored + baseline.scored
    missing = candidate.missing + baseline.missing
  }

  init(cluster: CompactName, value: Double?, least: Double, most: Double, responses: Int, missing: Int) {
    self.cluster = cluster
    (self.value, self.least, self.most) = (value, least, most)
    (self.responses, self.missing) = (responses, missing)
  }

  /// Nothing is missing.
  public init(cluster: CompactName, mean: Double, responses: Int) {
    self.cluster = cluster
    (value, least, most) = (mean, mean, mean)
    (self.responses, missing) = (responses, 0)
  }
}

/// What counts alike in a mean over units in clusters.
public enum Weighting: String, Sendable, CaseIterable {
  /// Every attack: the mean over attacks.
  case attacks
  /// Every cluster, however many attacks it holds: the mean over clusters of their means.
  case clusters
}
