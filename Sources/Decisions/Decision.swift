import Core
import Foundation
import Statistics

/// How a policy wants to be decided.
public struct DecisionRule: Hashable, Sendable {
  /// Family-wise, over all checks.
  public var confidence: Double
  /// Point estimates instead of intervals: no error rate is promised.
  public var onEstimates: Bool
  /// Whether an inconclusive verdict lets the model ship.
  public var inconclusivePasses: Bool
  /// What every run has to show of itself, whatever its checks ask.
  public var validity: ValidityRule

  public init(
    confidence: Double, onEstimates: Bool = false, inconclusivePasses: Bool = false,
    validity: ValidityRule = ValidityRule()
  ) {
    self.confidence = confidence
    self.onEstimates = onEstimates
    self.inconclusivePasses = inconclusivePasses
    self.validity = validity
  }
}

/// All checks decided, and what follows.
public struct Decision: Sendable {
  /// Every check in the order of the policy, with its estimate and verdict.
  public let checks: [RunSummary.CheckResult]
  /// Each requirement of the validity rule, with what was seen of it.
  public let validity: [RunSummary.ValidityResult]
  /// The gate's answer; a pass takes every blocking check and the validity rule.
  public let verdict: Verdict
  /// What the process exits with, after the policy's word on inconclusive verdicts.
  public let exitCode: Int32
  /// Why, most important first, each one sentence.
  public let reasons: [String]
  /// What would decide an inconclusive verdict.
  public let remedies: [String]

  /// - Parameters:
  ///   - given: what was seen.
  ///   - stages: those that ran; checks of others were not measured.
  public init(_ requests: [Check], findings given: Findings, stages: Set<Stage>, rule: DecisionRule) {
    var findings = given
    findings.replay = given.replay?.withPlannedLooks
    let estimators = MetricEstimators(findings: findings)
    let outcomes = Self.outcomes(requests, findings, rule)
    checks = zip(requests, outcomes).map { request, outcome in
      Self.result(
        request, outcome, stages: stages, problem: estimators.problem(request),
        readings: outcome.flatMap { estimators.readings(request, confidence: $0.estimate.confidence) },
        confirmation: request.metric.countsFinds ? findings.fresh[.candidate]?.rule?.sentence : nil)
    }
    validity = Validity(findings: findings, rule: rule.validity, checks: requests).results
    let broken = validity.filter { $0.verdict != .pass }
    (verdict, reasons) = Self.verdict(requests, checks, broken)
    // Whatever a policy says in writing: where nothing was asked or checked, or the run could not have found anything,
    // nothing may ship.
    let mayPass =
      rule.inconclusivePasses && broken.isEmpty && Self.decides(requests) && Self.remains(requests, checks)
      && findings.total.judged > 0
      && !Self.mayHideFailure(requests, findings, rule)
    exitCode =
      switch verdict {
      case .pass: ExitCode.pass.rawValue
      case .fail: ExitCode.fail.rawValue
      case .inconclusive: mayPass ? ExitCode.pass.rawValue : ExitCode.inconclusive.rawValue
      }
    remedies =
      verdict == .inconclusive
      ? (broken.compactMap(\.remedy)
        + checks.filter(\.decides).compactMap { check in check.remedy.map { "\(check.name): \($0)" } })
        .reduce(into: []) { if !$0.contains($1) { $0.append($1) } } : []
  }

  private static func outcomes(
    _ requests: [Check], _ findings: Findings, _ rule: DecisionRule
  ) -> [HolmDecision.Outcome?] {
    func family(_ findings: Findings) -> [(limit: Limit, estimator: (any MetricEstimator)?)] {
      let estimators = MetricEstimators(findings: findings)
      return requests.map { ($0.limit, estimators.estimator($0)) }
    }
    guard rule.onEstimates else { return HolmDecision.decide(family(findings), confidence: rule.confidence) }
    func onEstimates(_ findings: Findings) -> [HolmDecision.Outcome?] {
      HolmDecision.decideOnEstimates(family(findings), confidence: rule.confidence)
    }
    let asMeasured = onEstimates(findings)
    guard findings.lacksVerdicts else { return asMeasured }
    // Bare estimates leave out what is not known; it counts against the verdict all the same.
    let (worst, best) = (
      onEstimates(findings.filled(againstCandidate: true)), onEstimates(findings.filled(againstCandidate: false))
    )
    return asMeasured.indices.map { index in
      guard let outcome = asMeasured[index] else { return nil }
      let isAgreed = worst[index]?.verdict == outcome.verdict && best[index]?.verdict == outcome.verdict
      return HolmDecision.Outcome(verdict: isAgreed ? outcome.verdict : .inconclusive, estimate: outcome.estimate)
    }
  }

  /// Whether the checks would fail if everything that is not known turned out against the candidate: a policy that lets an
  /// open question pass does not mean one that responses without a verdict have opened.
  private static func mayHideFailure(_ requests: [Check], _ findings: Findings, _ rule: DecisionRule) -> Bool {
    guard findings.lacksVerdicts else { return false }
    let worst = outcomes(requests, findings.filled(againstCandidate: true), rule)
    return zip(requests, worst).contains { !$0.adequacy && $0.tier == .blocking && $1?.verdict == .fail }
  }

  /// Whether any check can find the candidate wanting: one about the run alone, with a limit that nothing exceeds, or that only
  /// advises, can't.
  public static func decides(_ checks: [Check]) -> Bool { checks.contains(where: decides) }

  private static func decides(_ check: Check) -> Bool {
    !check.adequacy && !check.isVacuous && check.tier == .blocking
  }

  /// Whether one of those is left when failing ones are waived, one on safety where the policy has any. A waiver excuses one finding;
  /// it shows nothing about the candidate, so where all are excused, nothing says that it may ship.
  private static func remains(_ requests: [Check], _ checks: [RunSummary.CheckResult]) -> Bool {
    let asked = zip(requests, checks).filter { decides($0.0) }
    let safety = asked.filter { $0.0.metric.subject == .safety }
    return (safety.isEmpty ? asked : safety).contains { $0.1.decides }
  }

  private static func result(
    _ check: Check, _ outcome: HolmDecision.Outcome?, stages: Set<Stage>, problem: String?,
    readings: RunSummary.Readings?, confirmation: String?
  ) -> RunSummary.CheckResult {
    var verdict = outcome?.verdict ?? .inconclusive
    if check.adequacy && verdict == .fail { verdict = .inconclusive }
    let reason: String
    var remedy: String?
    if !stages.contains(where: { $0.rawValue == check.metric.stage }) {
      reason = "Stage \(check.metric.stage) was not asked for."
      remedy = "Run stage \(check.metric.stage) as well."
    } else if let outcome, outcome.estimate.n > 0 {
      reason = Self.reason(check.limit, outcome, isAdequacy: check.adequacy)
      if verdict == .inconclusive { remedy = Remedy(check, outcome.estimate)?.sentence }
    } else {
      reason = problem ?? "Nothing was measured."
    }
    return RunSummary.CheckResult(
      name: check.name, metric: check.metric.name, stage: check.metric.stage, limit: check.limit,
      estimate: outcome?.estimate, verdict: verdict, adequacy: check.adequacy,
      explanation: ([check.explanation] + [confirmation].compactMap(\.self)).joined(separator: " "), reason: reason,
      readings: readings, remedy: remedy,
      tier: check.tier == .advisory ? .advisory : nil, waiver: check.waiver)
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

  /// A fail wins over inconclusive, and everything has to pass for a pass; no check on the candidate proves nothing.
  private static func verdict(
    _ requests: [Check], _ checks: [RunSummary.CheckResult], _ broken: [RunSummary.ValidityResult]
  ) -> (Verdict, [String]) {
    func sentences(_ wanted: Verdict) -> [String] {
      checks.filter { $0.verdict == wanted && $0.decides }.map { "\($0.name): \($0.reason)" }
    }
    if checks.isEmpty { return (.inconclusive, ["The policy has no checks: nothing was decided."]) }
    let (failed, open) = (sentences(.fail), sentences(.inconclusive))
    let invalid = broken.map(\.finding)
    if !failed.isEmpty { return (.fail, failed + invalid + open) }
    if !decides(requests) {
      return (
        .inconclusive, ["No check can find the candidate wanting: nothing was decided about it."] + invalid + open
      )
    }
    if !invalid.isEmpty || !open.isEmpty { return (.inconclusive, invalid + open) }
    if !remains(requests, checks) {
      return (
        .inconclusive,
        [
          "Every check that could find the candidate wanting fails and is waived: nothing is left that shows that it may ship."
        ]
      )
    }
    return (.pass, [satisfied(checks)])
  }

  private static func satisfied(_ checks: [RunSummary.CheckResult]) -> String {
    let deciding = checks.count(where: \.decides)
    let (waived, advisory) = (checks.count(where: \.isWaived), checks.count(where: \.isAdvisory))
    let others = [
      waived == 0 ? nil : "\(waived) failing \(waived == 1 ? "check is" : "checks are") waived",
      advisory == 0 ? nil : "\(advisory) only \(advisory == 1 ? "advises" : "advise")",
    ].compactMap(\.self)
    if others.isEmpty {
      return checks.count == 1 ? "The check is satisfied." : "All \(checks.count) checks are satisfied."
    }
    return "\(deciding == 1 ? "The check that decides is" : "All \(deciding) checks that decide are") satisfied; "
      + others.joined(separator: ", ") + "."
  }
}
