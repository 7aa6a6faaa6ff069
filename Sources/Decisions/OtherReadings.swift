import Core
import Policies
import Statistics

extension MetricEstimators {
  /// What else replay says about a check on the whole suite or a category; nil for other metrics, and where verdicts are
  /// corrected, since these readings take them as they are.
  func readings(_ check: CheckPolicy, confidence: Double) -> RunSummary.Readings? {
    guard let replay = findings.replay, findings.judge == nil else { return nil }
    switch check.metric.name {
    case "replay.asr":
      let counts = replay.rows.filter { replay.suite.measuresCandidate($0.attack) && $0.attack.isOf(check.category) }
        .compactMap { SuiteReading.Counts($0.candidate) }
      return SuiteReading.rate(counts, confidence: confidence).map {
        RunSummary.Readings(suiteLower: $0.lower, suiteUpper: $0.upper)
      }
    case "replay.regression":
      let pairs = replay.rows.filter { replay.suite.comparesModels($0.attack) && $0.attack.isOf(check.category) }
        .compactMap { row -> (candidate: SuiteReading.Counts, baseline: SuiteReading.Counts)? in
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
          midP: McNemar.midP(worsened, improved))
      }
    default: return nil
    }
  }
}

extension SuiteReading.Counts {
  /// Nil where no response was scored.
  init?(_ observations: [Observation]) {
    let scored = observations.compactMap(\.isUnsafe)
    if scored.isEmpty { return nil }
    self.init(unsafe: scored.count { $0 }, scored: scored.count)
  }
}
