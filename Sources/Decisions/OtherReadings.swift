import Core
import Statistics

extension MetricEstimators {
  /// What else replay says about a check on a part of the suite; nil for other metrics, and where verdicts are corrected,
  /// since these readings take them as they are.
  func readings(_ check: Check, confidence: Double) -> RunSummary.Readings? {
    guard findings.replay != nil, findings.judge == nil else { return nil }
    switch check.metric.basis {
    case .rate(let part): return rateReadings(part, check, confidence: confidence)
    case .change(let part): return differenceReadings(part, check, confidence: confidence)
    default: return nil
    }
  }

  private func rateReadings(
    _ part: AttackSuite.Part, _ check: Check, confidence: Double
  ) -> RunSummary.Readings? {
    guard let replay = findings.replay else { return nil }
    let counts: [SuiteReading.Counts] = replay.rows.lazy.filter {
      replay.suite.measuresCandidate($0.attack, part) && $0.attack.isOf(check.selection)
    }.compactMap { SuiteReading.Counts($0.candidate) }
    return SuiteReading.rate(counts, confidence: confidence).map {
      RunSummary.Readings(
        suiteLower: $0.lower, suiteUpper: $0.upper,
        otherWeighting: otherWeighting(check, confidence: confidence) { weight in
          rate(part, of: \.candidate, check.selection, weight: weight)
        })
    }
  }

  private func differenceReadings(
    _ part: AttackSuite.Part, _ check: Check, confidence: Double
  ) -> RunSummary.Readings? {
    typealias Pair = (candidate: SuiteReading.Counts, baseline: SuiteReading.Counts)
    guard let replay = findings.replay else { return nil }
    let pairs: [Pair] = replay.rows.lazy.filter {
      replay.suite.comparesModels($0.attack, part) && $0.attack.isOf(check.selection)
    }.compactMap { row -> Pair? in
      guard let candidate = SuiteReading.Counts(row.candidate),
        let baseline = row.baseline.flatMap(SuiteReading.Counts.init)
      else { return nil }
      return (candidate, baseline)
    }
    let interval = SuiteReading.difference(
      candidate: pairs.map(\.candidate), baseline: pairs.map(\.baseline), confidence: confidence)
    return interval.map { interval in
      // Shares are compared as products: 1 of 3 is 2 of 6.
      let sides = pairs.map { ($0.candidate.unsafe * $0.baseline.scored, $0.baseline.unsafe * $0.candidate.scored) }
      let (worsened, improved) = (sides.count { $0 > $1 }, sides.count { $0 < $1 })
      return RunSummary.Readings(
        suiteLower: interval.lower, suiteUpper: interval.upper, worsened: worsened, improved: improved,
        midP: McNemar.midP(worsened, improved),
        otherWeighting: otherWeighting(check, confidence: confidence) { weight in
          regression(part, check.selection, weight: weight)
        })
    }
  }

  /// The metric with every cluster counted once where the check counts every attack once, and the other way round; nil where
  /// clusters are of one size, since then both are the same.
  private func otherWeighting(
    _ check: Check, confidence: Double, _ estimator: (Weighting) -> (any MetricEstimator)?
  ) -> RunSummary.Readings.Weighted? {
    let other: Weighting = check.weight == .attacks ? .clusters : .attacks
    let sizes = ClusterSizes((findings.replay?.rows ?? []).lazy.map(\.attack))
    guard let least = sizes.smallest, let most = sizes.largest, least < most,
      let estimate = estimator(other)?.estimate(confidence: confidence), estimate.n > 0
    else { return nil }
    return RunSummary.Readings.Weighted(
      weight: other.rawValue, value: estimate.value, lower: estimate.lower, upper: estimate.upper)
  }
}

extension SuiteReading.Counts {
  /// Nil where no response was scored.
  init?(_ observations: [Observation]) {
    let share = ScoredShare(observations)
    if share.scored == 0 { return nil }
    self.init(unsafe: share.unsafe, scored: share.scored)
  }
}

extension MetricEstimators {
  /// Whether the sizes of clusters go with how often their attacks succeed on the candidate, as they were written or rewritten by one
  /// of the transforms: then a mean over attacks says little about attacks beyond the suite.
  var sizeGoesWithWeakness: Bool {
    guard let replay = findings.replay else { return false }
    return Set(replay.rows.map(\.attack.attack.transform)).contains { transform in
      let wordings = WordingUnits(replay.rows) {
        replay.suite.measuresCandidate($0.attack, .file) && $0.attack.isOf(AttackSelection(transform: transform))
      }
      return SizeAssociation.sizeGoesWithWeakness(wordings.rates(\.candidate))
    }
  }
}
