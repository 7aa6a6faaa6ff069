import Core

/// A labelled response with every verdict on it: the judge's and each reviewer's.
public struct RatedResponse: Hashable, Sendable {
  /// What the response belongs to: labels of one attack are alike.
  public let cluster: String
  /// Whether the judge calls the response unsafe.
  public let judgedUnsafe: Bool
  /// Each reviewer's verdict; those who were unsure are left out.
  public let reviewers: [Bool]
  /// Inverse of the probability with which the response was drawn for labelling.
  public let weight: Double
  /// What settled the reviewers' disagreement; nil where nothing did.
  public let settled: Bool?

  public init(cluster: String, judgedUnsafe: Bool, reviewers: [Bool], weight: Double = 1, settled: Bool? = nil) {
    self.cluster = cluster
    self.judgedUnsafe = judgedUnsafe
    self.reviewers = reviewers
    self.weight = weight
    self.settled = settled
  }

  /// What settled it, else what most reviewers say; nil where nobody was sure or they are even.
  public var consensus: Bool? {
    if let settled { return settled }
    let unsafe = reviewers.count { $0 }
    return 2 * unsafe == reviewers.count ? nil : 2 * unsafe > reviewers.count
  }

  /// Against the reviewers' consensus; nil where there is none.
  public var label: JudgedLabel? {
    consensus.map { JudgedLabel(cluster: cluster, isUnsafe: $0, judgedUnsafe: judgedUnsafe, weight: weight) }
  }
}

/// How far verdicts agree beyond chance: 1 − (observed disagreement ÷ disagreement expected by chance).
///
/// The interval is Student's *t* with the jackknife's variance over clusters. Its lower end is never above what a share of
/// disagreements that all G clusters happened to miss would make of it: perfect agreement on a few labels proves little.
public struct JudgeAgreement: MetricEstimator {
  /// How agreement by chance is reckoned.
  public enum Coefficient: String, Sendable {
    /// Judge against consensus (Cohen, Educational and Psychological Measurement, 1960).
    case kappa = "Cohen's kappa"
    /// Judge and reviewers, or reviewers alone, as equal raters with missing verdicts (Krippendorff, "Content Analysis",
    /// nominal data).
    case alpha = "Krippendorff's alpha"
  }

  private struct Disagreement {
    var observed: Double
    var expected: Double
    /// NaN where nothing would be expected by chance, or nothing was seen.
    var coefficient: Double { expected > 0 ? 1 - observed / expected : .nan }
  }

  /// Verdicts on one response, with its weight.
  private struct Unit {
    let verdicts: [Bool]
    let weight: Double
  }

  private let coefficient: Coefficient
  private let raters: String
  private let clusters: [[Unit]]
  private var units: [Unit] { clusters.flatMap(\.self) }

  /// - Parameter includesJudge: of Krippendorff's alpha: without the judge it says how good the labels are.
  public init(_ responses: [RatedResponse], _ coefficient: Coefficient, includesJudge: Bool = true) {
    self.coefficient = coefficient
    raters = includesJudge ? "judge and reviewers" : "reviewers"
    let rated = responses.compactMap { response -> (cluster: String, unit: Unit)? in
      let verdicts: [Bool]? =
        switch coefficient {
        case .kappa: response.consensus.map { [response.judgedUnsafe, $0] }
        case .alpha: (includesJudge ? [response.judgedUnsafe] : []) + response.reviewers
        }
      guard let verdicts, verdicts.count > 1 else { return nil }
      return (response.cluster, Unit(verdicts: verdicts, weight: response.weight))
    }
    clusters = Dictionary(grouping: rated, by: \.cluster).sorted { $0.key < $1.key }.map { $0.value.map(\.unit) }
  }

  public func estimate(confidence: Double) -> Estimate {
    let all = disagreement(units)
    guard !clusters.isEmpty, all.coefficient.isFinite else {
      return .nothing(confidence: confidence)
    }
    let without = clusters.indices.map { left in
      disagreement(clusters.enumerated().filter { $0.offset != left }.flatMap(\.element)).coefficient
    }
    let count = Double(clusters.count)
    let variance = Jackknife.variance(without.map { $0.isFinite ? $0 : all.coefficient }, around: all.coefficient)
    let t = count > 1 ? Distributions.studentQuantile(1 - (1 - confidence) / 2, degrees: count - 1) : .infinity
    let half = t * variance.squareRoot()
    let hidden = hiddenShare(clusters: clusters.count, confidence: confidence)
    let worst = 1 - (all.observed + (1 - all.observed) * hidden) / all.expected
    return Estimate(
      value: all.coefficient, lower: max(-1, min(all.coefficient - half, worst)), upper: min(1, all.coefficient + half),
      confidence: confidence, n: units.count, effectiveN: count,
      method: "\(coefficient.rawValue) of \(coefficient == .kappa ? "judge and consensus" : raters), jackknife over "
        + "\(clusters.count) attacks")
  }

  private func disagreement(_ units: [Unit]) -> Disagreement {
    switch coefficient {
    case .kappa: cohen(units)
    case .alpha: krippendorff(units)
    }
  }

  /// By chance: as often as two raters with these two rates of "unsafe" would.
  private func cohen(_ units: [Unit]) -> Disagreement {
    var (total, apart, judge, people) = (0.0, 0.0, 0.0, 0.0)
    for unit in units {
      total += unit.weight
      if unit.verdicts[0] != unit.verdicts[1] { apart += unit.weight }
      if unit.verdicts[0] { judge += unit.weight }
      if unit.verdicts[1] { people += unit.weight }
    }
    let (p, q) = (judge / total, people / total)
    return Disagreement(observed: apart / total, expected: p * (1 - q) + q * (1 - p))
  }

  /// By chance: as often as two verdicts drawn from all of them.
  private func krippendorff(_ units: [Unit]) -> Disagreement {
    var (count, total, apart, unsafe) = (0.0, 0.0, 0.0, 0.0)
    for unit in units {
      let m = Double(unit.verdicts.count)
      let ones = Double(unit.verdicts.count { $0 })
      count += m
      total += unit.weight * m
      unsafe += unit.weight * ones
      apart += unit.weight * 2 * ones * (m - ones) / (m - 1)
    }
    let p = unsafe / total
    return Disagreement(observed: apart / total, expected: 2 * p * (1 - p) * count / (count - 1))
  }
}

extension MeasuredShare: MetricEstimator {
  /// Clopper and Pearson's interval at the effective number of trials, capped like every clustered rate's.
  public func estimate(confidence: Double) -> Estimate {
    guard trials > 0 else { return .nothing(confidence: confidence) }
    let (lower, upper) = clopperPearson(
      successes: value * effectiveTrials, trials: effectiveTrials, confidence: confidence)
    return Estimate(
      value: value, lower: lower, upper: upper, confidence: confidence, n: trials, effectiveN: effectiveTrials,
      method: "Clopper-Pearson on \(trials) labels, weighted")
  }
}
