import Core
import Foundation

/// Successes of one repetition (an attacker's restart): k of n, and trials that have no outcome.
public struct RepetitionCount: Hashable, Sendable {
  /// Trials with the outcome that is counted.
  public let successes: Int
  /// Trials that have an outcome.
  public let trials: Int
  /// Trials that were planned and have none.
  public let missing: Int

  public init(successes: Int, trials: Int, missing: Int = 0) {
    self.successes = successes
    self.trials = trials
    self.missing = missing
  }

  var share: Double { Double(successes) / Double(trials) }

  /// The missing trials had these outcomes.
  func filled(unsafe: Bool) -> RepetitionCount {
    RepetitionCount(successes: successes + (unsafe ? missing : 0), trials: trials + missing)
  }
}

/// The mean over strata (attack methods) of rates that were each measured in a few independent repetitions.
///
/// A stratum's variance is that between its repetitions, never less than what its trials alone leave open: three restarts
/// that happen to agree prove little. The interval is Clopper and Pearson's at the effective size p(1−p)/Var, corrected for
/// few repetitions by (t_{n−1}/t_d)² as Korn and Graubard do, with Satterthwaite's degrees of freedom d.
public struct StratifiedRate: MetricEstimator {
  /// By stratum, then repetition. Repetitions without planned trials are left out.
  public let strata: [[RepetitionCount]]
  private var unscored: Int { strata.joined().reduce(0) { $0 + $1.missing } }

  /// Takes the repetitions of each stratum; those without a planned trial are left out.
  public init(_ strata: [[RepetitionCount]]) {
    self.strata = strata.map { $0.filter { $0.trials + $0.missing > 0 } }.filter { !$0.isEmpty }
  }

  public func estimate(confidence: Double) -> Estimate {
    guard !strata.isEmpty else { return .nothing(confidence: confidence) }
    let scored = strata.map { $0.filter { $0.trials > 0 } }.filter { !$0.isEmpty }
    let value = scored.isEmpty ? .nan : Self.mean(scored.map(Moments.init))
    func estimate(_ lower: Double, _ upper: Double, _ effective: Double, _ method: String) -> Estimate {
      Estimate(
        value: value, lower: value.isNaN ? lower : min(lower, value), upper: value.isNaN ? upper : max(upper, value),
        confidence: confidence, n: strata.joined().reduce(0) { $0 + $1.trials }, effectiveN: effective,
        unscored: unscored, method: method)
    }
    let fillings = MissingCorners.fillings(strata).map { $0.map(Moments.init) }
    let degrees = fillings.map(Moments.degrees).min() ?? .nan
    guard degrees >= 1, let least = fillings.first else { return estimate(0, 1, 1, "one repetition: no interval") }
    let most = fillings.count > 1 ? fillings[1] : least
    // The smallest effective size that any filling leaves: with it, a bound only moves with the mean.
    let effective = fillings.map { Self.effectiveSize($0, degrees: degrees, confidence: confidence) }.min() ?? .nan
    let means = ThreeReadings(scored: value, least: Self.mean(least), most: Self.mean(most))
    let (lower, upper) = means.bounds {
      clopperPearson(successes: $0 * effective, trials: effective, confidence: confidence)
    }
    return estimate(lower, upper, effective, "Clopper-Pearson at the effective size, \(repetitions)")
  }

  private static func mean(_ moments: [Moments]) -> Double {
    moments.reduce(0) { $0 + $1.mean } / Double(moments.count)
  }

  private static func effectiveSize(_ moments: [Moments], degrees: Double, confidence: Double) -> Double {
    let mean = mean(moments)
    let trials = moments.reduce(0) { $0 + $1.trials }
    let variance = moments.reduce(0) { $0 + $1.variance } / Double(moments.count * moments.count)
    guard variance > 0 else { return Double(trials) }
    let half = 1 - (1 - confidence) / 2
    let t =
      Distributions.studentQuantile(half, degrees: Double(trials - 1))
      / Distributions.studentQuantile(half, degrees: degrees)
    return min(Double(trials), max(1, mean * (1 - mean) / variance * t * t))
  }

  private var repetitions: String {
    let restarts = strata.reduce(0) { $0 + $1.count }
    return strata.count == 1 ? "\(restarts) restarts" : "\(restarts) restarts of \(strata.count) methods"
  }

  struct Moments {
    let mean: Double
    /// Variance of the mean.
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
      return total * total / parts
    }
  }
}

/// The difference of two such means over the same strata; repetitions are paired by their place.
///
/// Student's t with Satterthwaite's degrees of freedom. A stratum's variance is that of its paired differences, never less
/// than what the trials of both sides leave open.
public struct StratifiedDifference: MetricEstimator {
  /// Both sides of each stratum, as many repetitions on either.
  public let strata: [(minuend: [RepetitionCount], subtrahend: [RepetitionCount])]

  /// Takes both sides of each stratum; repetitions are paired by their place, and what has no partner is left out.
  public init(_ strata: [(minuend: [RepetitionCount], subtrahend: [RepetitionCount])]) {
    self.strata = strata.map { stratum in
      let pairs = zip(stratum.minuend, stratum.subtrahend).filter {
        $0.trials + $0.missing > 0 && $1.trials + $1.missing > 0
      }
      return (pairs.map(\.0), pairs.map(\.1))
    }.filter { !$0.minuend.isEmpty }
  }

  public func estimate(confidence: Double) -> Estimate {
    guard !strata.isEmpty else { return .nothing(confidence: confidence) }
    let sides = strata.map(\.minuend) + strata.map(\.subtrahend)
    let trials = sides.joined().reduce(0) { $0 + $1.trials }
    let missing = sides.joined().reduce(0) { $0 + $1.missing }
    let value = scoredDifference
    // Missing trials of both sides, at the corners of what they can be.
    let fillings = MissingCorners.fillings(sides).map { filled in
      Moments(zip(filled.prefix(strata.count), filled.suffix(strata.count)).map { (minuend: $0, subtrahend: $1) })
    }
    let differences = fillings.map(\.difference) + extremes
    let degrees = fillings.map(\.degrees).min() ?? .nan
    let variance = fillings.map(\.variance).max() ?? .infinity
    func estimate(_ lower: Double, _ upper: Double, _ effective: Double, _ method: String) -> Estimate {
      Estimate(
        value: value, lower: value.isNaN ? lower : min(lower, value), upper: value.isNaN ? upper : max(upper, value),
        confidence: confidence, n: trials, effectiveN: effective, unscored: missing, method: method)
    }
    guard variance.isFinite else { return estimate(-1, 1, 1, "one repetition: no interval") }
    let half = Distributions.studentQuantile(1 - (1 - confidence) / 2, degrees: degrees) * variance.squareRoot()
    return estimate(
      max(-1, (differences.min() ?? .nan) - half), min(1, (differences.max() ?? .nan) + half), degrees + 1,
      "Student's t over paired restarts of \(strata.count) methods")
  }

  /// Mean over the pairs that are scored on both sides; NaN without any.
  private var scoredDifference: Double {
    let scored = strata.compactMap { stratum -> (minuend: [RepetitionCount], subtrahend: [RepetitionCount])? in
      let pairs = zip(stratum.minuend, stratum.subtrahend).filter { $0.trials > 0 && $1.trials > 0 }
      return pairs.isEmpty ? nil : (pairs.map(\.0), pairs.map(\.1))
    }
    return scored.isEmpty ? .nan : Moments(scored).difference
  }

  /// The least and the most that the difference can be.
  private var extremes: [Double] {
    [false, true].map { unsafe in
      Moments(
        strata.map { stratum in
          (
            minuend: stratum.minuend.map { $0.filled(unsafe: unsafe) },
            subtrahend: stratum.subtrahend.map { $0.filled(unsafe: !unsafe) }
          )
        }
      ).difference
    }
  }

  private struct Moments {
    let difference: Double
    /// Variance of the difference; infinite where no stratum was repeated.
    let variance: Double
    /// Satterthwaite's.
    let degrees: Double

    init(_ strata: [(minuend: [RepetitionCount], subtrahend: [RepetitionCount])]) {
      typealias Side = StratifiedRate.Moments
      var (value, total, squares) = (0.0, 0.0, 0.0)
      for stratum in strata {
        let (a, b) = (Side(stratum.minuend), Side(stratum.subtrahend))
        let mean = a.mean - b.mean
        value += mean
        let count = stratum.minuend.count
        let differences = zip(stratum.minuend, stratum.subtrahend).map { $0.share - $1.share }
        let between =
          count > 1
          ? differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double((count - 1) * count) : .infinity
        let own = max(between, Self.binomial(a) + Self.binomial(b))
        total += own
        squares += own * own / Double(count - 1)
      }
      let count = Double(strata.count)
      difference = value / count
      variance = total / (count * count)
      degrees = total * total / squares
    }

    /// What trials alone leave open, with one success and one failure added.
    private static func binomial(_ m: StratifiedRate.Moments) -> Double {
      let shrunk = (m.mean * Double(m.trials) + 1) / Double(m.trials + 2)
      return shrunk * (1 - shrunk) / Double(m.trials + 2)
    }
  }
}
