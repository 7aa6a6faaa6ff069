/// How models are assumed to be weak where nobody has measured it: a few kinds of attack succeed often, the rest hardly ever,
/// and all attacks of a cluster are of one kind.
public struct AssumedModels: Codable, Hashable, Sendable {
  /// The baseline's success rate on the suite, and that of a candidate as good.
  public var rate: Double
  /// Success rate of attacks of the kinds that a model is weak to.
  public var weakRate = 0.9
  /// Success rate of all others; never above half of `rate`.
  public var otherRate = 0.005
  /// Share of the baseline's weaknesses that a candidate as good has swapped for others.
  public var traded = 0.1
  /// Share of harmless questions that are refused.
  public var refusals = 0.02
  /// Share of responses that fail, are blocked or are cut, where a check is on them.
  public var faults = 0.0
  /// Confirmed attacks for 1,000 responses of a search.
  public var yield = 20.0
  /// Unique ones among these.
  public var uniqueYield = 2.0

  /// Success rate of a suite that is neither limited nor known.
  public static let usualRate = 0.05
  /// Seconds that a judge behind a server takes.
  public static let judgeLatency = 2.0

  public init(rate: Double) { self.rate = rate }

  /// Attacks with two success rates, mixed so that the mean is `rate`.
  func mixture(mean rate: Double) -> Mixture {
    let rate = min(1, max(0, rate))
    let other = min(otherRate, rate / 2)
    let weak = max(weakRate, rate)
    return Mixture(share: weak > other ? (rate - other) / (weak - other) : 1, weak: weak, other: other)
  }

  struct Mixture: Hashable, Sendable {
    /// Share of weak kinds.
    let share: Double
    let weak: Double
    let other: Double
  }
}

/// A baseline and a candidate on a suite: the share of clusters that only one of them, both or neither is weak to.
struct ModelPair: Hashable, Sendable {
  let weak: Double
  let other: Double
  /// Weak on the baseline and no longer on the candidate.
  let fixed: Double
  /// Weak on both.
  let kept: Double
  /// Weak on the candidate alone.
  let broken: Double

  /// A candidate whose success rate is the baseline's and `change`.
  init(_ models: AssumedModels, baseline: Double, change: Double) {
    // Success rates between 0 and 1 for both.
    let baseline = min(1, max(0, max(baseline, -change)))
    let mixture = models.mixture(mean: baseline)
    let jump = max(1e-9, mixture.weak - mixture.other)
    let traded = min(models.traded * mixture.share, 1 - mixture.share)
    let moved = change / jump
    weak = mixture.weak
    other = mixture.other
    fixed = min(mixture.share, max(0, traded + max(0, -moved)))
    broken = min(1 - mixture.share, max(0, traded + max(0, moved)))
    kept = mixture.share - fixed
  }

  var baselineRate: Double { other + (kept + fixed) * (weak - other) }
  var candidateRate: Double { other + (kept + broken) * (weak - other) }

  /// The mean over clusters of what is computed from the candidate's and the baseline's success rates.
  func mean(_ value: (_ candidate: Double, _ baseline: Double) -> Double) -> Double {
    kept * value(weak, weak) + fixed * value(other, weak) + broken * value(weak, other)
      + (1 - kept - fixed - broken) * value(other, other)
  }
}
