import Core

/// Decides a family of checks so that, with all models unchanged, the chance of any wrong decision stays below
/// 1 − confidence (Holm, 1979).
public enum HolmDecision {
  /// What the procedure says of one check.
  public struct Outcome: Sendable {
    /// The check's answer.
    public let verdict: Verdict
    /// At the confidence that Holm's procedure asked of this check.
    public let estimate: Estimate

    public init(verdict: Verdict, estimate: Estimate) {
      self.verdict = verdict
      self.estimate = estimate
    }
  }

  /// A check's p is 1 − the largest confidence at which its interval lies wholly inside or wholly outside its limit.
  /// The smallest p is held against α/m, the next against α/(m−1), and so on; from the first that is too large, none is
  /// decided.
  ///
  /// - Parameter checks: nil estimators had nothing to measure: inconclusive, and counted in the family.
  /// - Returns: one outcome for each check, in order; nil where there was nothing to measure.
  public static func decide(
    _ checks: [(limit: Limit, estimator: (any MetricEstimator)?)], confidence: Double
  ) -> [Outcome?] {
    let alpha = 1 - confidence
    let p = checks.map { check in check.estimator?.leastAlpha(check.limit) ?? 1 }
    let order = p.indices.sorted { p[$0] != p[$1] ? p[$0] < p[$1] : $0 < $1 }
    var outcomes = [Outcome?](repeating: nil, count: checks.count)
    var stopped = false
    for (place, index) in order.enumerated() {
      guard let estimator = checks[index].estimator else { continue }
      let level = alpha / Double(checks.count - place)
      if p[index] > level { stopped = true }
      let estimate = estimator.estimate(confidence: 1 - level)
      outcomes[index] = Outcome(
        verdict: stopped ? .inconclusive : checks[index].limit.compare(lower: estimate.lower, upper: estimate.upper),
        estimate: estimate)
    }
    return outcomes
  }

  /// Point estimates against limits, for `decide_on: estimate`: no error rate is promised.
  public static func decideOnEstimates(
    _ checks: [(limit: Limit, estimator: (any MetricEstimator)?)], confidence: Double
  ) -> [Outcome?] {
    checks.map { check in
      check.estimator.map { estimator in
        let estimate = estimator.estimate(confidence: confidence)
        return Outcome(
          verdict: estimate.n == 0 ? .inconclusive : check.limit.compare(lower: estimate.value, upper: estimate.value),
          estimate: estimate)
      }
    }
  }
}
