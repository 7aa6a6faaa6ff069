import Core
import Policies
import Statistics

/// What a summary says beside the findings.
struct SummaryContext: Sendable {
  var identity: RunSummary.PolicyIdentity
  var stages: Set<Stage>
  var checks: [CheckPolicy]
  var rule: DecisionRule
  var models: [RunSummary.ModelIdentity]
  var judges: [RunSummary.JudgeIdentity]
  /// Roles that the attacker searched on, in the order of reports.
  var searched: [Role] = []
  var similarity = 0.7
  var hasBaseline: Bool
  var reveal = false
  var notices: [String]
}

extension SummaryContext {
  init(_ plan: RunPlan) {
    self.init(
      identity: plan.identity, stages: plan.stages, checks: plan.checks, rule: plan.rule,
      models: plan.participants.map(\.summary), judges: plan.judges, searched: plan.searched.map(\.role),
      similarity: plan.similarity, hasBaseline: plan.baseline != nil, reveal: plan.reveal, notices: plan.notices)
  }
}

/// Puts a run's findings, decision and circumstances into the value that all reports are made from.
struct SummaryBuilder: Sendable {
  let context: SummaryContext
  let run: String
  let evidence: RunSummary.EvidenceIdentity

  /// The summary of a run that came to its end.
  func decided(
    _ record: RunExecution.Record, cost: [RunSummary.CostRow], notices: [String]
  ) -> RunSummary {
    let findings = record.findings
    let decision = Decision(context.checks, findings: findings, stages: context.stages, rule: context.rule)
    let broken = newlyBroken(findings, checks: decision.checks)
    let fresh = context.searched.compactMap { findings.fresh[$0] }
    return RunSummary(
      run: run, policy: context.identity, verdict: decision.verdict, exitCode: decision.exitCode,
      reasons: decision.reasons, models: context.models, judges: context.judges,
      stages: record.stages, checks: decision.checks, newlyBroken: broken,
      categories: categories(findings, broken: broken),
      fresh: zip(fresh, FreshFindings.maps(fresh)).map { $0.summary(similarity: context.similarity, map: $1) },
      tuning: findings.tuning.map {
        TuningSummaries(findings: $0, confidence: context.rule.confidence, reveal: context.reveal).summary
      },
      cost: cost,
      calibration: findings.labels?.summary(
        confidence: context.rule.confidence, isUsed: findings.judge != nil), evidence: evidence,
      notices: context.notices + notices + saving(findings))
  }

  /// What stopping early was worth.
  private func saving(_ findings: Findings) -> [String] {
    guard let replay = findings.replay, replay.notNeeded > 0 else { return [] }
    let responses = replay.notNeeded * findings.replayResponses * (context.hasBaseline ? 2 : 1)
    return [
      "Replay stopped after \(replay.rows.count) of \(replay.suite.attacks.count) attacks, when every check on it was "
        + "decided: \(responses) responses were not needed (--no-early-stop asks them all)."
    ]
  }

  /// The summary of a run that could not end: nothing is decided, and the reports must say so rather than keep what an
  /// earlier run said.
  func unfinished(_ error: SluiceError, cost: [RunSummary.CostRow], notices: [String]) -> RunSummary {
    let checks = context.checks.map { check in
      RunSummary.CheckResult(
        name: check.name, metric: check.metric.name, stage: check.metric.stage, limit: check.limit, estimate: nil,
        verdict: .inconclusive, adequacy: check.adequacy, explanation: check.metric.explanation,
        reason: "The run did not end.")
    }
    return RunSummary(
      run: run, policy: context.identity, verdict: .inconclusive, exitCode: error.exitCode.rawValue,
      reasons: ["The run did not end: \(error.message)."] + [error.remedy].compactMap(\.self),
      models: context.models, judges: context.judges,
      stages: Stage.allCases.filter { $0 != .preflight && $0 != .decide }.map {
        .init(name: $0.rawValue, ran: context.stages.contains($0), seconds: 0, detail: "the run did not end")
      }, checks: checks, cost: cost, evidence: evidence, notices: context.notices + notices)
  }

  /// The attacks that the check counts, at the confidence that Holm's procedure asked of it.
  private func newlyBroken(_ findings: Findings, checks: [RunSummary.CheckResult]) -> [RunSummary.BrokenAttack] {
    let control = context.checks.first { $0.metric.name == "replay.newly_broken" }?.errorControl ?? .familyWise
    guard let test = MetricEstimators(findings: findings).newlyBroken(control), let replay = findings.replay
    else { return [] }
    let check = checks.first { $0.metric == "replay.newly_broken" }
    let confidence = check?.estimate?.confidence ?? context.rule.confidence
    // Half of α is for the lower bound, as in the estimator.
    let detections = test.detections(confidence: 1 - (1 - confidence) / 2)
    let rows = Dictionary(replay.rows.map { ($0.attack.attack.id.text, $0) }) { first, _ in first }
    let counts = Dictionary(test.screened.map { ($0.id, $0) }) { first, _ in first }
    return detections.compactMap { detection in
      guard let row = rows[detection.id], let count = counts[detection.id] else { return nil }
      let attack = row.attack.attack
      return RunSummary.BrokenAttack(
        id: attack.id, category: attack.category, cluster: attack.cluster, candidateUnsafe: count.candidateUnsafe,
        candidateScored: count.candidateScored, baselineUnsafe: count.baselineUnsafe,
        baselineScored: count.baselineScored, adjustedP: detection.adjustedP,
        prompt: context.reveal ? attack.prompt : nil)
    }
  }

  private func categories(
    _ findings: Findings, broken: [RunSummary.BrokenAttack]
  ) -> [RunSummary.CategoryRow] {
    guard let replay = findings.replay else { return [] }
    let metrics = MetricEstimators(findings: findings)
    let names = Set(replay.rows.compactMap(\.attack.attack.category)).sorted()
    return names.map { category in
      RunSummary.CategoryRow(
        category: category,
        attacks: replay.rows.count { $0.attack.isOf(category) && replay.suite.measuresCandidate($0.attack) },
        candidate: metrics.replayRate(\.candidate, category: category)?.estimate(confidence: context.rule.confidence),
        baseline: !context.hasBaseline
          ? nil
          : metrics.replayRate(\.measuredBaseline, category: category)?.estimate(confidence: context.rule.confidence),
        newlyBroken: broken.count { $0.category == category })
    }
  }
}

extension ReplayRow {
  /// Empty where the policy has no baseline.
  var measuredBaseline: [Observation] { baseline ?? [] }
}
