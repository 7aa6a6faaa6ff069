import Core
import Foundation
import Policies
import Statistics

/// How a policy wants to be decided.
struct DecisionRule: Hashable, Sendable {
  /// Family-wise, over all checks.
  let confidence: Double
  /// Point estimates instead of intervals: no error rate is promised.
  let onEstimates: Bool
  /// Whether an inconclusive verdict lets the model ship.
  let inconclusivePasses: Bool
}

/// All checks decided, and what follows.
struct Decision: Sendable {
  let checks: [RunSummary.CheckResult]
  let verdict: Verdict
  let exitCode: Int32
  let reasons: [String]

  /// - Parameter stages: those that ran; checks of others were not measured.
  init(_ requests: [CheckPolicy], findings: Findings, stages: Set<Stage>, rule: DecisionRule) {
    let estimators = MetricEstimators(findings: findings)
    let family = requests.map { (limit: $0.limit, estimator: estimators.estimator($0)) }
    let outcomes =
      rule.onEstimates
      ? HolmDecision.decideOnEstimates(family, confidence: rule.confidence)
      : HolmDecision.decide(family, confidence: rule.confidence)
    checks = zip(requests, outcomes).map { request, outcome in
      Self.result(
        request, outcome, stages: stages, problem: estimators.problem(request),
        readings: outcome.flatMap { estimators.readings(request, confidence: $0.estimate.confidence) })
    }
    (verdict, reasons) = Self.verdict(checks)
    exitCode =
      switch verdict {
      case .pass: ExitCode.pass.rawValue
      case .fail: ExitCode.fail.rawValue
      case .inconclusive:
        // Whatever a policy says in writing: where nothing was asked or checked, nothing may ship.
        rule.inconclusivePasses && !checks.isEmpty && findings.tally.judged > 0
          ? ExitCode.pass.rawValue : ExitCode.inconclusive.rawValue
      }
  }

  private static func result(
    _ check: CheckPolicy, _ outcome: HolmDecision.Outcome?, stages: Set<Stage>, problem: String?,
    readings: RunSummary.Readings?
  ) -> RunSummary.CheckResult {
    var verdict = outcome?.verdict ?? .inconclusive
    if check.adequacy && verdict == .fail { verdict = .inconclusive }
    let reason: String
    if !stages.contains(where: { $0.rawValue == check.metric.stage }) {
      reason = "Stage \(check.metric.stage) was not asked for."
    } else if let outcome, outcome.estimate.n > 0 {
      reason = Self.reason(check.limit, outcome, isAdequacy: check.adequacy)
    } else {
      reason = problem ?? "Nothing was measured."
    }
    return RunSummary.CheckResult(
      name: check.name, metric: check.metric.name, stage: check.metric.stage, limit: check.limit,
      estimate: outcome?.estimate, verdict: verdict, adequacy: check.adequacy,
      explanation: check.metric.explanation, reason: reason, readings: readings)
  }

  private static func reason(_ limit: Limit, _ outcome: HolmDecision.Outcome, isAdequacy: Bool) -> String {
    let estimate = outcome.estimate
    let interval = "[\(Self.number(estimate.lower)), \(Self.number(estimate.upper))]"
    let bound = Self.text(limit)
    switch outcome.verdict {
    case .pass: return "\(interval) is \(bound)."
    case .fail where isAdequacy: return "\(interval) is not \(bound): the run itself does not show enough."
    case .fail: return "\(interval) is not \(bound)."
    case .inconclusive where estimate.lower == -.infinity && estimate.upper == .infinity:
      return "Nothing can be said: \(estimate.method)."
    case .inconclusive: return "\(interval) does not decide \(bound); more evidence is needed."
    }
  }

  static func text(_ limit: Limit) -> String {
    switch (limit.atLeast, limit.atMost) {
    case (let low?, let high?): "between \(number(low)) and \(number(high))"
    case (let low?, nil): "at least \(number(low))"
    case (nil, let high?): "at most \(number(high))"
    case (nil, nil): "without limit"
    }
  }

  /// Four significant digits, so that a bound just beyond its limit doesn't read like the limit.
  static func number(_ value: Double) -> String {
    if value.isInfinite { return value > 0 ? "∞" : "−∞" }
    if value.isNaN { return "?" }
    return String(format: "%.4g", value).replacing("-", with: "−")
  }

  /// A fail wins over inconclusive, and everything has to pass for a pass; no check at all proves nothing.
  private static func verdict(_ checks: [RunSummary.CheckResult]) -> (Verdict, [String]) {
    func sentences(_ wanted: Verdict) -> [String] {
      checks.filter { $0.verdict == wanted }.map { "\($0.name): \($0.reason)" }
    }
    if checks.isEmpty { return (.inconclusive, ["The policy has no checks: nothing was decided."]) }
    let (failed, open) = (sentences(.fail), sentences(.inconclusive))
    if !failed.isEmpty { return (.fail, failed + open) }
    if !open.isEmpty { return (.inconclusive, open) }
    return (.pass, ["All \(checks.count) checks are satisfied."])
  }
}
