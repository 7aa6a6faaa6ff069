import Core
import Foundation

/// Successes of one repetition (an attacker's restart): k of n, and trials that have no outcome.
public struct RepetitionCount: Hashable, Sendable {
  public let successes: Int
  public let trials: Int
  public let missing: Int

  public init(successes: Int, trials: Int, missing: Int = 0) {
    self.successes = successes
    self.trials = trials
    self.missing = missing
  }

  var share: Double { Double(successes) / Double(trials) }
}

/// The mean over strata (attack methods) of rates that were each measured in a few independent repetitions.
///
/// A stratum's variance is that between its repetitions, never less than what its trials alone leave open: three restarts
/// that happen to agree prove little. The interval is Clopper and Pearson's at the effective size p(1−p)/Var, corrected for
/// few repetitions by (t_{n−1}/t_d)² as Korn and Graubard do, with Satterthwaite's degrees of freedom d.
public struct StratifiedRate: MetricEstimator {
  /// By stratum, then repetition. Repetitions without trials are left out.
  public let strata: [[RepetitionCount]]
  public let unscored: Int

  public init(_ strata: [[RepetitionCount]], unscored: Int = 0) {
    self.strata = strata.map { $0.filter { $0.trials > 0 } }.filter { !$0.isEmpty }
    self.unscored = unscored
  }

  public func estimate(confidence: Double) -> Estimate {
    guard !strata.isEmpty else { return .nothing(confidence: confidence, unscored: unscored) }
    let moments = strata.map(Moments.init)
    let mean = moments.reduce(0) { $0 + $1.mean } / Double(moments.count)
    let trials = moments.reduce(0) { $0 + $1.trials }
    func estimate(_ lower: Double, _ upper: Double, _ effective: Double, _ method: String) -> Estimate {
      Estimate(
        value: mean, lower: lower, upper: upper, confidence: confidence, n: trials, effectiveN: effective,
        unscored: unscored, method: method)
    }
    let degrees = Moments.degrees(moments)
    guard degrees >= 1 else { return estimate(0, 1, 1, "one repetition: no interval") }
    let variance = moments.reduce(0) { $0 + $1.variance } / Double(moments.count * moments.count)
    var effective = Double(trials)
    if mean > 0 && mean < 1 && variance > 0 {
      let half = 1 - (1 - confidence) / 2
      let t =
        Distributions.studentQuantile(half, degrees: Double(max(2, trials) - 1))
        / Distributions.studentQuantile(half, degrees: degrees)
      effective = min(effective, max(1, mean * (1 - mean) / variance * t * t))
    }
    let (lower, upper) = clopperPearson(successes: mean * effective, trials: effective, confidence: confidence)
    return estimate(lower, upper, effective, "Clopper-Pearson at the effective size, \(repetitions)")
  }

  private var repetitions: String {
    let restarts = strata.reduce(0) { $0 + $1.count }
    return strata.count == 1 ? "\(restarts) restarts" : "\(restarts) restarts of \(strata.count) methods"
  }

  struct Moments {
    let mean: Double
    /// Of the mean.
    let variance: Double
    let repetitions: Int
    let trials: Int

    init(_ counts: [RepetitionCount]) {
      let shares = counts.map(\.share)
      let mean = shares.reduce(0, +) / Double(shares.count)
      self.mean = mean
      trials = counts.reduce(0) { $0 + $1.trials }
      repetitions = shares.count
      let between =
        shares.count > 1
        ? shares.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double((shares.count - 1) * shares.count) : 0
      variance = max(between, mean * (1 - mean) / Double(trials))
    }

    /// Variance with one success and one failure added, so that agreement at 0 or 1 leaves something open.
    var cautious: Double {
      let shrunk = (mean * Double(trials) + 1) / Double(trials + 2)
      return max(variance, shrunk * (1 - shrunk) / Double(trials + 2))
    }

    /// Satterthwaite's, 0 where no stratum was repeated.
    static func degrees(_ moments: [Moments]) -> Double {
      if moments.allSatisfy({ $0.repetitions < 2 }) { return 0 }
      let total = moments.reduce(0) { $0 + $1.cautious }
      let parts = moments.reduce(0) { $0 + $1.cautious * $1.cautious / Double(max(1, $1.repetitions - 1)) }
      return parts > 0 ? total * total / parts : 0
    }
  }
}

/// The difference of two such means over the same strata; repetitions are paired by their place.
///
/// Student's t with Satterthwaite's degrees of freedom. A stratum's variance is that of its paired differences, never less
/// than what the trials of both sides leave open.
public struct StratifiedDifference: MetricEstimator {
  public let strata: [(minuend: [RepetitionCount], subtrahend: [RepetitionCount])]

  public init(_ strata: [(minuend: [RepetitionCount], subtrahend: [RepetitionCount])]) {
    self.strata = strata.map { stratum in
      let pairs = zip(stratum.minuend, stratum.subtrahend).filter { $0.trials > 0 && $1.trials > 0 }
      return (pairs.map(\.0), pairs.map(\.1))
    }.filter { !$0.minuend.isEmpty }
  }

  public func estimate(confidence: Double) -> Estimate {
    guard !strata.isEmpty else { return .nothing(confidence: confidence, unscored: 0) }
    typealias Moments = StratifiedRate.Moments
    var (value, variance, squares, trials) = (0.0, 0.0, 0.0, 0)
    for stratum in strata {
      let (a, b) = (Moments(stratum.minuend), Moments(stratum.subtrahend))
      value += a.mean - b.mean
      trials += a.trials + b.trials
      let count = stratum.minuend.count
      let differences = zip(stratum.minuend, stratum.subtrahend).map { $0.share - $1.share }
      let mean = a.mean - b.mean
      let between =
        count > 1 ? differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double((count - 1) * count) : .infinity
      func binomial(_ m: Moments) -> Double {
        let shrunk = (m.mean * Double(m.trials) + 1) / Double(m.trials + 2)
        return shrunk * (1 - shrunk) / Double(m.trials + 2)
      }
      let own = max(between, binomial(a) + binomial(b))
      variance += own
      squares += own * own / Double(max(1, count - 1))
    }
    let count = Double(strata.count)
    let method = "Student's t over paired restarts of \(strata.count) methods"
    guard variance.isFinite else {
      return Estimate(
        value: value / count, lower: -1, upper: 1, confidence: confidence, n: trials, effectiveN: 1,
        method: "one repetition: no interval")
    }
    let degrees = variance * variance / squares
    let half =
      Distributions.studentQuantile(1 - (1 - confidence) / 2, degrees: max(1, degrees)) * variance.squareRoot() / count
    return Estimate(
      value: value / count, lower: max(-1, value / count - half), upper: min(1, value / count + half),
      confidence: confidence, n: trials, effectiveN: degrees + 1, method: method)
  }
}
