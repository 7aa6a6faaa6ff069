import Core
import Evidence
import Foundation
import Policies
import Reports

extension Pipeline {
  /// Decides on outcomes that another harness collected: the same checks, verdict, reports and exit code, with no model
  /// and no ledger in the loop.
  ///
  /// - Parameters:
  ///   - outcomes: JSON Lines, see `SuiteFile.outcomes`.
  ///   - threshold: score from which a response counts as unsafe.
  /// - Throws: `PolicyErrors` for policy or outcomes, `SluiceError` where a report can't be written.
  public static func decide(
    policy path: String, outcomes file: String, overrides: [String] = [], threshold: Double = 0.5,
    now: () -> Date = { Date() }
  ) throws -> RunReport {
    // What the policy needs for asking models need not be here.
    let policy = try Policy.load(path: path, overrides: overrides, checksFiles: false)
    let outcomes = try SuiteFile.outcomes(file)
    let findings = Findings(outcomes, threshold: threshold)
    let fingerprint = try SHA256.hex(file: file)
    let roles = [Role.candidate, .baseline].filter { role in outcomes.contains { $0.role == role } }
    var stages: Set<Stage> = [.decide]
    if findings.replay != nil { stages.insert(.replay) }
    if findings.benign != nil { stages.insert(.benign) }
    var notices = ["Decided on outcomes collected elsewhere (\(file)): Sluice asked no model and saw no response."]
    if !policy.overrides.isEmpty {
      notices.append("Values of the policy were overridden: \(policy.overrides.joined(separator: ", ")).")
    }
    if policy.decidesOnEstimates {
      notices.append("Checks were decided on point estimates, without intervals: no error rate is promised.")
    }
    if policy.inconclusivePasses { notices.append("The policy lets an inconclusive verdict pass.") }
    let context = SummaryContext(
      identity: RunSummary.PolicyIdentity(
        name: policy.name, path: policy.path, hash: SHA256.hex(policy.text), seed: policy.seed,
        confidence: policy.confidence, overrides: policy.overrides),
      stages: stages, checks: policy.checks,
      rule: DecisionRule(
        confidence: policy.confidence, onEstimates: policy.decidesOnEstimates,
        inconclusivePasses: policy.inconclusivePasses),
      models: roles.map { role in
        let target = role == .candidate ? policy.candidate : policy.baseline
        return .init(
          role: role.description, name: target?.name ?? role.description, fingerprint: fingerprint, kind: "outcomes")
      }, judges: [.init(use: "outcomes", name: file, fingerprint: fingerprint)],
      hasBaseline: roles.contains(.baseline), notices: notices)
    let builder = SummaryBuilder(
      context: context, run: "decide-\(fingerprint.prefix(12))",
      evidence: RunSummary.EvidenceIdentity(
        ledger: file, sealed: false, headHash: fingerprint, host: ProcessInfo.processInfo.hostName,
        software: sluiceVersion))
    let ran = Stage.allCases.filter { $0 != .preflight && $0 != .decide }.map { stage in
      RunSummary.StageSummary(
        name: stage.rawValue, ran: stages.contains(stage), seconds: 0,
        detail: stages.contains(stage) ? "from outcomes" : "not in the outcomes")
    }
    let cost = roles.map { role in
      let own = outcomes.filter { $0.role == role }
      return RunSummary.CostRow(
        role: role.description, responses: 0, reused: own.count, errors: own.count { $0.result == .failed },
        unscored: own.count { $0.result == .unscored }, promptTokens: 0, completionTokens: 0, seconds: 0)
    }
    let summary = builder.decided(
      RunExecution.Record(findings: findings, stages: ran), cost: cost, notices: [])
    let date = now()
    let writer = ReportWriter(wanted: policy.report)
    try writer.prepare()
    let files = try writer.write(summary, date: date)
    return RunReport(
      summary: summary, json: try JSONReport.render(summary, date: date, version: sluiceVersion), files: files)
  }
}
