import Core
import Decisions
import Evidence
import Foundation
import Policies
import Reports
import Suites

extension Pipeline {
  /// Decides on outcomes that another harness collected: the same checks, verdict, reports and exit code, with no model
  /// and no ledger in the loop.
  ///
  /// - Parameters:
  ///   - source: Sluice's own JSON Lines, see `SuiteFile.outcomes`, or another harness's files.
  ///   - threshold: score from which a response counts as unsafe; nil for the policy's own. A pass that rests on a looser
  ///     one than the policy's is inconclusive.
  /// - Throws: `PolicyErrors` for policy or outcomes, `SluiceError` where a report can't be written.
  public static func decide(
    policy path: String, outcomes source: OutcomeSource, overrides: [String] = [], threshold: Double? = nil,
    now: () -> Date = { Date() }
  ) async throws -> RunReport {
    // What the policy needs for asking models need not be here.
    let policy = try StaleReports.removed(whereBroken: path, overrides: overrides) {
      let policy = try Policy.known(path: path, overrides: overrides, checksFiles: false)
      try OutputPlan.check(policy, keeping: source.files.map { ("the outcomes", $0) })
      return policy
    }
    var writer = ReportWriter(wanted: policy.report)
    try writer.prepare()
    let decision = try OutcomeDecision(policy, source: source, threshold: threshold)
    let summary = try decision.summary.observing(policy.observes).redacted(by: policy.redactor)
    let date = now()
    let files = try writer.write(summary, date: date)
    return RunReport(
      summary: summary, json: try JSONReport.render(summary, date: date, version: sluiceVersion), files: files,
      undelivered: await Deliveries(policy.report.deliveries).send(summary, date: date))
  }
}

/// A policy's decision on outcomes from elsewhere.
private struct OutcomeDecision {
  let summary: RunSummary

  /// - Throws: `SluiceError` for a file that can't be read.
  init(_ policy: Policy, source: OutcomeSource, threshold: Double?) throws {
    let (outcomes, remarks) = try source.read()
    let usual = policy.confirmJudge.recipe.threshold ?? 0.5
    let planned = try Self.suite(policy)
    let suite = planned?.attacks ?? []
    func needsBaseline(_ stage: Stage) -> Bool {
      policy.baseline != nil
        && policy.checks.contains { $0.metric.needs.contains(.baseline) && $0.metric.stage == stage.rawValue }
    }
    var rule = OutcomeRule(
      threshold: usual, responses: policy.suite.statesResponses ? policy.suite.responses : nil,
      wantsBaseline: needsBaseline(.replay), wantsBenignBaseline: needsBaseline(.benign), suite: suite,
      blocksAreRefusals: policy.blocksAreRefusals)
    rule.threshold = threshold ?? usual
    var context = try Self.context(policy, outcomes: outcomes, source: source, rule: rule, usual: usual)
    context.tags = planned?.tags ?? AttackTags(categories: policy.tags)
    context.notices += remarks + (planned?.notices ?? [])
    context.notices += OutcomePlan(suite, outcomes.filter { !$0.isBenign }).notices(policy.suite.seeds)
    context.notices += OutcomePlan.unevenness(outcomes, stated: rule.responses)
    func decided(_ rule: OutcomeRule) -> RunSummary {
      Self.summary(
        context, Findings(outcomes, rule: rule), outcomes, file: source.file,
        host: policy.report.namesHost ? ProcessInfo.processInfo.hostName : nil, language: policy.report.language)
    }
    let asked = decided(rule)
    guard rule.threshold > usual, asked.exitCode == ExitCode.pass.rawValue else {
      summary = asked
      return
    }
    rule.threshold = usual
    summary = decided(rule).exitCode == ExitCode.pass.rawValue ? asked : Self.undone(asked, usual: usual)
  }

  /// A pass that only the looser threshold of the command line makes.
  private static func undone(_ summary: RunSummary, usual: Double) -> RunSummary {
    var summary = summary
    summary.verdict = .inconclusive
    summary.exitCode = ExitCode.inconclusive.rawValue
    let reason = "It passes only because --threshold is looser than the policy's judge (\(usual))."
    summary.reasons = [reason]
    summary.validity =
      (summary.validity ?? []) + [
        .init(
          kind: "threshold", subject: "", verdict: .inconclusive, finding: reason,
          remedy: "Write the threshold into the policy (judges.confirm.threshold), where a review sees it.")
      ]
    summary.remedies = ["Write the threshold into the policy (judges.confirm.threshold), where a review sees it."]
    return summary
  }

  /// The planned attacks, where the policy's suite is at hand.
  /// - Throws: `PolicyErrors` for one that is there and malformed: without the plan, missing lines would not be missed.
  private static func suite(_ policy: Policy) throws -> (attacks: [Attack], notices: [String], tags: AttackTags)? {
    guard FileManager.default.fileExists(atPath: policy.suite.seeds) else { return nil }
    let suite = try ReplayedSuite(policy)
    if suite.awaited.isEmpty { return (suite.attacks, suite.notices, suite.tags) }
    guard FileManager.default.fileExists(atPath: policy.ledger) else {
      return (
        suite.attacks,
        suite.notices + [
          "\(suite.awaited.count) attacks are rewritten by a model, and there is no ledger with their texts (\(policy.ledger)): they "
            + "are missing."
        ], suite.tags
      )
    }
    let ledger = try Ledger(path: policy.ledger, readOnly: true, key: policy.sealing)
    guard let last = try ledger.lastFinishedRun(policy: policy.name) else {
      return (
        suite.attacks,
        suite.notices + [
          "\(suite.awaited.count) attacks are rewritten by a model, and no run of this policy has ended yet: they are missing."
        ], suite.tags
      )
    }
    let rewritten = try suite.rewritten(in: last.id, ledger)
    return (rewritten.attacks.map(\.attack), suite.notices + rewritten.notices, suite.tags)
  }

  private static func context(
    _ policy: Policy, outcomes: [Outcome], source: OutcomeSource, rule: OutcomeRule, usual: Double
  ) throws -> SummaryContext {
    let file = source.file
    let fingerprint = try SHA256.hex(file: file)
    let baseline = try source.baseline.map { try SHA256.hex(file: $0) }
    let roles = [Role.candidate, .baseline].filter { role in outcomes.contains { $0.role == role } }
    var stages: Set<Stage> = [.decide]
    if outcomes.contains(where: { !$0.isBenign }) { stages.insert(.replay) }
    if outcomes.contains(where: \.isBenign) { stages.insert(.benign) }
    var inputs = [RunSummary.InputIdentity(use: "outcomes", path: file, hash: fingerprint)]
    if let path = source.baseline, let baseline {
      inputs.append(.init(use: "outcomes of the baseline", path: path, hash: baseline))
    }
    if !rule.suite.isEmpty {
      inputs.append(
        .init(use: "suite.seeds", path: policy.suite.seeds, hash: try SHA256.hex(file: policy.suite.seeds)))
    }
    let resolved = policy.resolved + "\nthreshold \(rule.threshold)\n" + source.settings
    let found = PolicyWeakenings(policy)
    var weakenings = found.sentences
    if rule.threshold > usual {
      weakenings.append("--threshold \(rule.threshold) is looser than the policy's judge (\(usual)).")
    }
    return SummaryContext(
      identity: RunSummary.PolicyIdentity(
        name: policy.name, path: policy.path, hash: SHA256.hex(policy.text), seed: policy.seed,
        confidence: policy.confidence, overrides: policy.overrides,
        digest: RunDigest.hex(resolved: resolved, inputs: inputs), inputs: inputs, governance: policy.governance),
      stages: stages, checks: policy.checks, rule: DecisionRule(policy),
      models: roles.map { role in
        let target = role == .candidate ? policy.candidate : policy.baseline
        return .init(
          role: role.description, name: target?.name ?? role.description,
          fingerprint: role == .baseline ? baseline ?? fingerprint : fingerprint, kind: "outcomes")
      }, judges: [.init(use: "outcomes", name: file, fingerprint: fingerprint)],
      hasBaseline: roles.contains(.baseline),
      notices: [
        "Decided on outcomes collected elsewhere (\(file)): Sluice asked no model, saw no response and can't tell whether the "
          + "judge was awake."
      ], weakenings: weakenings, weights: policy.weights)
  }

  private static func summary(
    _ context: SummaryContext, _ findings: Findings, _ outcomes: [Outcome], file: String, host: String?,
    language: Language
  ) -> RunSummary {
    let fingerprint = context.models.first?.fingerprint ?? ""
    let builder = SummaryBuilder(
      context: context, run: "decide-\(fingerprint.prefix(12))",
      evidence: RunSummary.EvidenceIdentity(
        ledger: file, sealed: false, headHash: fingerprint, host: host,
        software: sluiceVersion, language: language.recorded))
    let stages = Stage.allCases.filter { $0 != .preflight && $0 != .decide }.map { stage in
      RunSummary.StageSummary(
        name: stage.rawValue, ran: context.stages.contains(stage), seconds: 0,
        detail: context.stages.contains(stage) ? "from outcomes" : "not in the outcomes")
    }
    let cost = context.models.map { model in
      let own = outcomes.filter { $0.role.description == model.role }
      return RunSummary.CostRow(
        role: model.role, responses: 0, reused: own.count, errors: own.count { $0.result == .failed },
        unscored: own.count { $0.result == .unscored }, promptTokens: 0, completionTokens: 0, seconds: 0)
    }
    return builder.decided(findings, stages: stages, cost: cost, notices: [])
  }
}
