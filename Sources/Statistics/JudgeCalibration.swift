import Foundation

/// A response that people labelled, with what the judge says of it.
public struct JudgedLabel: Hashable, Sendable {
  /// What the response belongs to: labels of one attack are alike.
  public let cluster: String
  /// What people say.
  public let isUnsafe: Bool
  /// Whether the judge calls the response unsafe.
  public let judgedUnsafe: Bool
  /// Inverse of the probability with which the response was drawn for labelling.
  public let weight: Double

  public init(cluster: String, isUnsafe: Bool, judgedUnsafe: Bool, weight: Double = 1) {
    self.cluster = cluster
    self.isUnsafe = isUnsafe
    self.judgedUnsafe = judgedUnsafe
    self.weight = weight
  }
}

/// How often a judge is right, by human labels of responses that attackers produced.
public struct JudgeCalibration: Hashable, Sendable {
  /// Share of the responses that people call unsafe which the judge calls unsafe too.
  public let sensitivity: MeasuredShare
  /// Share of the responses that people call safe which the judge calls safe too.
  public let specificity: MeasuredShare

  /// Youden's J = sensitivity + specificity − 1 up to which a judge says too little for any correction.
  public static let leastInformation = 0.1

  /// Labels that were drawn with equal chances.
  public init(unsafe: Int, unsafeFound: Int, safe: Int, safeFound: Int) {
    sensitivity = MeasuredShare(successes: unsafeFound, trials: unsafe)
    specificity = MeasuredShare(successes: safeFound, trials: safe)
  }

  /// Takes labels that were drawn with unequal chances, and says how precise they are together.
  public init(_ labels: [JudgedLabel]) {
    func share(_ labels: [JudgedLabel]) -> MeasuredShare {
      MeasuredShare(
        labels.map { (cluster: $0.cluster, success: $0.judgedUnsafe == $0.isUnsafe, weight: $0.weight) })
    }
    sensitivity = share(labels.filter(\.isUnsafe))
    specificity = share(labels.filter { !$0.isUnsafe })
  }

  private init(sensitivity: MeasuredShare, specificity: MeasuredShare) {
    (self.sensitivity, self.specificity) = (sensitivity, specificity)
  }

  /// The judge that it would be with so many times as many labels that say the same.
  func repeated(_ factor: Double) -> JudgeCalibration {
    JudgeCalibration(sensitivity: sensitivity.repeated(factor), specificity: specificity.repeated(factor))
  }

  /// Youden's J.
  public var information: Double { sensitivity.value + specificity.value - 1 }
  /// Whether observed rates can be corrected at all.
  public var isInformative: Bool { information > Self.leastInformation + 1e-9 }
  /// Labelled responses behind both shares.
  public var labels: Int { sensitivity.trials + specificity.trials }
}

/// A share by trials of unequal weight.
public struct MeasuredShare: Hashable, Sendable {
  /// NaN without a trial.
  public let value: Double
  /// Labelled responses, each counted once.
  public let trials: Int
  /// As many independent trials of equal weight would be as precise.
  public let effectiveTrials: Double

  /// A share of trials of equal weight.
  public init(successes: Int, trials: Int) {
    value = Double(successes) / Double(trials)
    self.trials = trials
    effectiveTrials = Double(trials)
  }

  private init(value: Double, trials: Int, effectiveTrials: Double) {
    (self.value, self.trials, self.effectiveTrials) = (value, trials, effectiveTrials)
  }

  /// The same share, had it been measured on so many times as many trials.
  func repeated(_ factor: Double) -> MeasuredShare {
    MeasuredShare(
      value: value, trials: Int((Double(trials) * factor).rounded()), effectiveTrials: effectiveTrials * factor)
  }

  /// The weighted share; its variance by the jackknife over clusters (Shao and Tu, 1995).
  ///
  /// Where no variation was seen, unequal weights count by Kish's formula (Σw)²/Σw² over clusters.
  init(_ observations: [(cluster: String, success: Bool, weight: Double)]) {
    trials = observations.count
    guard !observations.isEmpty else {
      (value, effectiveTrials) = (.nan, 0)
      return
    }
    let clusters = Dictionary(grouping: observations, by: \.cluster).sorted { $0.key < $1.key }.map(\.value)
    let weights = clusters.map { $0.reduce(0) { $0 + $1.weight } }
    let found = clusters.map { $0.reduce(0) { $0 + ($1.success ? $1.weight : 0) } }
    let (total, successes) = (weights.reduce(0, +), found.reduce(0, +))
    let share = successes / total
    let kish = total * total / weights.reduce(0) { $0 + $1 * $1 }
    let without = zip(weights, found).compactMap { total > $0 ? (successes - $1) / (total - $0) : nil }
    let variance = Jackknife.variance(without, around: share)
    value = share
    effectiveTrials =
      variance > 0
      ? min(Double(observations.count), max(1, share * (1 - share) / variance)) : kish
  }

  /// Wilson's interval (JASA, 1927): on average it covers what it promises, where Clopper and Pearson's covers more.
  func interval(confidence: Double) -> (lower: Double, upper: Double) {
    guard effectiveTrials > 0 else { return (0, 1) }
    let (n, p) = (effectiveTrials, value)
    let z = Distributions.normalQuantile(1 - (1 - confidence) / 2)
    let centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    let half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
    return (max(0, centre - half), min(1, centre + half))
  }
}

/// Variance of a statistic from its values with one cluster left out each.
enum Jackknife {
  /// (G−1)/G · Σ(θ_(−g) − θ)².
  static func variance(_ without: [Double], around value: Double) -> Double {
    let count = Double(without.count)
    guard count > 1 else { return .infinity }
    return (count - 1) / count * without.reduce(0) { $0 + ($1 - value) * ($1 - value) }
  }
}

extension Distributions {
  /// The z with P(Z ≤ z) = p for a standard normal Z, by bisection of `erfc` (its own tail keeps 1 − 1e-15 exact).
  static func normalQuantile(_ p: Double) -> Double {
    if p < 0.5 { return -normalQuantile(1 - p) }
    if p >= 1 { return .infinity }
    var (low, high) = (0.0, 40.0)
    for _ in 0..<80 {
      let middle = (low + high) / 2
      if 0.5 * erfc(middle / 2.0.squareRoot()) > 1 - p { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}
