import Core
import Foundation

/// What one independent restart of an attacker yielded.
public struct RepetitionYield: Hashable, Sendable {
  /// Unique attacks that were confirmed.
  public let found: Int
  /// Further ones that missing responses may have hidden.
  public let possible: Int
  /// Responses that it spent, confirmation included.
  public let responses: Int

  public init(found: Int, possible: Int = 0, responses: Int) {
    self.found = found
    self.possible = possible
    self.responses = responses
  }
}

/// How many were found per so many responses, over independent restarts.
///
/// Counts vary at least as Poisson's do, and mostly more, since a restart that finds a weakness goes on to find its
/// neighbours. So the interval is Poisson's exact one (Garwood, Biometrika, 1936) at the effective count X/φ, where φ is
/// Pearson's dispersion Σ(xᵣ − λeᵣ)²/(λeᵣ)/(R − 1), never below 1, times (t_{R−1}/z)² for having been measured in only R
/// restarts. Restarts that happen to agree are as wide as Poisson's and t make them. A single restart shows no dispersion at
/// all: it gets that of two.
public struct CountRate: MetricEstimator {
  /// Restarts with responses: others have no value.
  public let counts: [RepetitionYield]
  /// Responses that the rate is stated for.
  public let per: Double

  public init(counts: [RepetitionYield], per: Double = 1_000) {
    self.counts = counts.filter { $0.responses > 0 }
    self.per = per
  }

  public func estimate(confidence: Double) -> Estimate {
    guard !counts.isEmpty else { return .nothing(confidence: confidence) }
    let sums = CountSums(counts)
    let (lower, upper) = sums.interval(confidence: confidence)
    return Estimate(
      value: per * sums.rates.least, lower: per * lower, upper: min(per, per * upper), confidence: confidence,
      n: counts.reduce(0) { $0 + $1.responses }, effectiveN: Double(counts.count),
      unscored: counts.reduce(0) { $0 + $1.possible },
      method: "Poisson's interval, widened for the spread of \(counts.count) restarts")
  }
}

/// The difference of two such rates, candidate − baseline, whose restarts are paired by their place; those without a partner
/// count for nothing.
///
/// The two intervals are put together as if independent (MOVER: Zou and Donner, Statistics in Medicine, 2008): restarts that
/// begin alike correlate positively if at all, which makes the interval too wide rather than too narrow.
public struct CountDifference: MetricEstimator {
  private let candidate: [RepetitionYield]
  private let baseline: [RepetitionYield]
  private let per: Double

  public init(candidate: [RepetitionYield], baseline: [RepetitionYield], per: Double = 1_000) {
    let pairs = zip(candidate, baseline).filter { $0.responses > 0 && $1.responses > 0 }
    (self.candidate, self.baseline, self.per) = (pairs.map(\.0), pairs.map(\.1), per)
  }

  public func estimate(confidence: Double) -> Estimate {
    guard !candidate.isEmpty else { return .nothing(confidence: confidence) }
    let (ours, theirs) = (CountSums(candidate), CountSums(baseline))
    let (a, b) = (ours.interval(confidence: confidence), theirs.interval(confidence: confidence))
    func leg(_ x: Double, _ y: Double) -> Double { (x * x + y * y).squareRoot() }
    let lower = ours.rates.least - theirs.rates.most - leg(ours.rates.least - a.lower, b.upper - theirs.rates.most)
    let upper = ours.rates.most - theirs.rates.least + leg(a.upper - ours.rates.most, theirs.rates.least - b.lower)
    let all = candidate + baseline
    return Estimate(
      value: per * (ours.rates.least - theirs.rates.least), lower: max(-per, per * lower),
      upper: min(per, per * upper), confidence: confidence, n: all.reduce(0) { $0 + $1.responses },
      effectiveN: Double(candidate.count), unscored: all.reduce(0) { $0 + $1.possible },
      method: "MOVER of Poisson's intervals, widened for the spread of \(candidate.count) paired restarts")
  }
}

/// Counts of restarts summed up, with their dispersion. X found in E responses of R restarts.
struct CountSums {
  /// Found per response, without and with what may have been hidden.
  let rates: (least: Double, most: Double)
  /// The largest dispersion that the hidden ones allow, at least 1.
  let dispersion: Double
  private let responses: Double
  private let restarts: Int

  /// - Parameter counts: each with responses.
  init(_ counts: [RepetitionYield]) {
    let total = Double(counts.reduce(0) { $0 + $1.responses })
    restarts = counts.count
    responses = total
    let found = counts.reduce(0) { $0 + $1.found }
    rates = (Double(found) / total, Double(found + counts.reduce(0) { $0 + $1.possible }) / total)
    dispersion = Self.largestDispersion(counts, responses: total)
  }

  /// Pearson's dispersion is a quadratic form over a linear one, hence convex in the counts: it is largest where each hidden
  /// one is there or none of a restart is. With too many restarts for trying all, Σxᵣ²/(λeᵣ) ≤ E·maxᵣ(xᵣ/eᵣ).
  private static func largestDispersion(_ counts: [RepetitionYield], responses: Double) -> Double {
    let degrees = Double(max(1, counts.count - 1))
    let open = counts.indices.filter { counts[$0].possible > 0 }
    guard open.count <= 12 else {
      let share = counts.reduce(0) { max($0, Double($1.found + $1.possible) / Double($1.responses)) }
      return max(1, responses * share / degrees)
    }
    var largest = 1.0
    for choice in 0..<(1 << open.count) {
      var values = counts.map { Double($0.found) }
      for (bit, index) in open.enumerated() where choice >> bit & 1 == 1 {
        values[index] += Double(counts[index].possible)
      }
      let rate = values.reduce(0, +) / responses
      if rate == 0 { continue }
      let pearson = zip(values, counts).reduce(0) { sum, pair in
        let expected = rate * Double(pair.1.responses)
        return sum + (pair.0 - expected) * (pair.0 - expected) / expected
      }
      largest = max(largest, pearson / degrees)
    }
    return largest
  }

  /// Per response.
  func interval(confidence: Double) -> (lower: Double, upper: Double) {
    let half = (1 - confidence) / 2
    let t = Distributions.studentQuantile(1 - half, degrees: Double(max(1, restarts - 1)))
    let ratio = t / Distributions.normalQuantile(1 - half)
    let scale = dispersion * ratio * ratio
    let (least, most) = (rates.least * responses / scale, rates.most * responses / scale)
    return (
      least > 0 ? Distributions.gammaQuantile(half, shape: least) * scale / responses : 0,
      Distributions.gammaQuantile(1 - half, shape: most + 1) * scale / responses
    )
  }
}
