import Core
import Policies
import Statistics

/// Says after each look at a replay under way whether more of it could still change a check.
struct ReplayMonitor: Sendable {
  /// Of the replay stage.
  let checks: [CheckPolicy]
  /// The α at which each has to be decided.
  let level: Double
  /// Of the order of asking.
  let seed: UInt64
  /// What corrects the verdicts in the end corrects them here; nil takes them as they are.
  var labels: LabelFindings?

  /// How many looks a suite is worth: each costs a wait for the slowest response.
  private static let looks = 20

  /// - Parameter judge: corrects the verdicts where there are no labels.
  func isDecided(_ result: ReplayResult, judge: JudgeCalibration? = nil) -> Bool {
    var findings = Findings()
    findings.replay = result
    findings.judge = labels?.calibration(category: nil) ?? judge
    findings.labels = labels
    let estimators = MetricEstimators(findings: findings)
    return checks.allSatisfy { check in
      guard let estimate = estimators.estimator(check)?.estimate(confidence: 1 - level) else { return false }
      return check.limit.compare(lower: estimate.lower, upper: estimate.upper) != .inconclusive
    }
  }

  /// The suite in the order and portions of asking: clusters whole and shuffled, since evidence that is looked at all the
  /// time has to come in an order that says nothing.
  /// - Parameter least: attacks that a portion should have, to keep the targets busy.
  func portions(_ attacks: [SuiteAttack], least: Int) -> [[SuiteAttack]] {
    var random = SeededGenerator(seed: seed, stream: "replay order")
    let units = Dictionary(grouping: attacks) { $0.attack.unit }
    let size = max(least, (attacks.count + Self.looks - 1) / Self.looks)
    var portions: [[SuiteAttack]] = []
    for unit in units.keys.sorted().shuffled(using: &random) {
      if portions.isEmpty || (portions.last?.count ?? 0) >= size { portions.append([]) }
      portions[portions.count - 1] += units[unit] ?? []
    }
    return portions
  }
}
