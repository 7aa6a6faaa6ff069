import Core
import Statistics

/// Says after each look at a replay under way whether more of it could still change a check.
public struct ReplayMonitor: Sendable {
  /// Those that rest on replay: of its own stage, and those about the run, whose responses replay gives.
  let checks: [Check]
  /// The α at which each has to be decided.
  let level: Double
  /// Seed of the order of asking.
  let seed: UInt64
  /// What corrects the verdicts in the end corrects them here; nil takes them as they are.
  public var labels: LabelFindings?
  /// What judges said of planted transcripts, and what is asked of them.
  public var judgeProofs: [JudgeProof]?
  let validity: ValidityRule

  /// - Parameter checks: all of the policy.
  /// - Returns: nil where everything has to be asked: nothing is checked on replay, or attacks are counted one by one.
  public init?(checks: [Check], rule: DecisionRule, seed: UInt64) {
    let replayed = checks.filter { $0.metric.stage == Stage.replay.rawValue }
    guard !rule.onEstimates, !replayed.isEmpty, !replayed.contains(where: { $0.metric.narrowing.contains("effect") })
    else { return nil }
    self.checks = replayed + checks.filter { [.responses, .work].contains($0.metric.basis) }
    // The hardest level of Holm's procedure: what is decided at it stays decided, whatever the other checks say.
    level = (1 - rule.confidence) / Double(checks.count)
    self.seed = seed
    validity = rule.validity
  }

  /// How many looks a suite is worth: each costs a wait for the slowest response.
  static let looks = 20

  /// - Parameter judge: corrects the verdicts where there are no labels.
  public func isDecided(_ replay: ReplayFindings, judge: JudgeCalibration? = nil) -> Bool {
    var findings = Findings()
    findings.replay = replay
    findings.judge = labels?.calibration(category: nil) ?? judge
    findings.labels = labels
    findings.judgeProofs = judgeProofs
    let valid = Validity(findings: findings, rule: validity, checks: []).results.allSatisfy { $0.verdict == .pass }
    // More responses may show a judge awake, or bring a share of errors below its limit.
    if !valid { return false }
    let estimators = MetricEstimators(findings: findings)
    return checks.allSatisfy { check in
      guard let estimate = estimators.estimator(check)?.estimate(confidence: 1 - level) else { return false }
      return check.limit.compare(lower: estimate.lower, upper: estimate.upper) != .inconclusive
    }
  }

  /// The suite in the order and portions of asking: clusters whole and shuffled, since evidence that is looked at all the
  /// time has to come in an order that says nothing.
  /// - Parameter least: attacks that a portion should have, to keep the targets busy.
  public func portions(_ attacks: [SuiteAttack], least: Int) -> [[SuiteAttack]] {
    var random = SeededGenerator(seed: seed, stream: "replay order")
    let units = Dictionary(grouping: attacks.indices) { attacks[$0].unit }
    let size = max(least, (attacks.count + Self.looks - 1) / Self.looks)
    var portions: [[SuiteAttack]] = []
    for unit in units.keys.sorted().shuffled(using: &random) {
      if portions.last.map({ $0.count >= size }) ?? true { portions.append([]) }
      portions[portions.count - 1] += (units[unit] ?? []).lazy.map { attacks[$0] }
    }
    return portions
  }
}
