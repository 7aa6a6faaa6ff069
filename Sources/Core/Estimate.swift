/// What a metric yields: a value with an interval, and what it rests on.
public struct Estimate: Hashable, Codable, Sendable {
  /// The point estimate, in the metric's unit.
  public let value: Double
  /// Two-sided interval at `confidence`; infinite where the data say nothing.
  public let lower: Double
  /// The upper end of the interval; infinite where the data bound nothing.
  public let upper: Double
  /// The share of repetitions in which the interval holds the true value, between 0 and 1.
  public let confidence: Double
  /// Items observed (responses, questions, attacks: as `method` says).
  public let n: Int
  /// Independent units behind the interval (clusters, restarts).
  public let effectiveN: Double
  /// Items left out because no judge scored them.
  public let unscored: Int
  /// How the interval was made, for the report.
  public let method: String

  public init(
    value: Double, lower: Double, upper: Double, confidence: Double, n: Int, effectiveN: Double, unscored: Int = 0,
    method: String
  ) {
    self.value = value
    self.lower = lower
    self.upper = upper
    self.confidence = confidence
    self.n = n
    self.effectiveN = effectiveN
    self.unscored = unscored
    self.method = method
  }
}

/// The gate's answer.
public enum Verdict: String, Hashable, Codable, Sendable, CaseIterable {
  /// The checks hold, a check is broken, or the evidence doesn't decide.
  case pass, fail, inconclusive
}

/// The bound that a check puts on a metric; at least one side is set.
public struct Limit: Hashable, Codable, Sendable {
  /// The least that the metric may be; nil where nothing is too little.
  public let atLeast: Double?
  /// The most that the metric may be; nil where nothing is too much.
  public let atMost: Double?

  public init(atLeast: Double? = nil, atMost: Double? = nil) {
    self.atLeast = atLeast
    self.atMost = atMost
  }

  /// The one rule for all checks: inside passes, outside fails, straddling is inconclusive.
  public func compare(lower: Double, upper: Double) -> Verdict {
    if lower.isNaN || upper.isNaN { return .inconclusive }
    let low = atLeast ?? -.infinity
    let high = atMost ?? .infinity
    if lower >= low && upper <= high { return .pass }
    if upper < low || lower > high { return .fail }
    return .inconclusive
  }
}
