import Core
import Statistics

/// Puts a run's findings, decision and circumstances into the value that all reports are made from.
public struct SummaryBuilder: Sendable {
  let context: SummaryContext
  let run: String
  let evidence: RunSummary.EvidenceIdentity

  public init(context: SummaryContext, run: String, evidence: RunSummary.EvidenceIdentity) {
    self.context = context
    self.run = run
    self.evidence = evidence
  }

  /// The summary of a run that came to its end.
  /// - Parameter stages: what each did and how long it took.
  public func decided(
    _ findings: Findings, stages: [RunSummary.StageSummary], cost: [RunSummary.CostRow], notices: [String]
  ) -> RunSummary {
    let decision = Decision(context.checks, findings: findings, stages: context.stages, rule: context.rule)
    let broken = newlyBroken(findings, checks: decision.checks)
    let fresh = context.searched.compactMap { findings.fresh[$0] }
    var summary = RunSummary(
      run: run, policy: context.identity, verdict: decision.verdict, exitCode: decision.exitCode,
      reasons: decision.reasons, models: context.models, judges: context.judges,
      stages: stages, checks: decision.checks, newlyBroken: broken,
      categories: categories(findings, broken: broken), transforms: transforms(findings, broken: broken),
      tries: tries(findings),
      fresh: zip(fresh, FreshFindings.maps(fresh)).map { $0.summary(map: $1) },
      tuning: findings.tuning.map {
        TuningSummaries(findings: $0, confidence: context.rule.confidence, reveal: context.reveal).summary
      },
      cost: cost,
      calibration: findings.labels?.summary(
        confidence: context.rule.confidence, isUsed: findings.judge != nil), evidence: evidence,
      notices: context.notices + notices + saving(findings) + readingNotices(findings)
        + decision.checks.compactMap(Self.idleWaiver) + decision.checks.compactMap(Self.advice),
      weakenings: filtered(findings) + unproven(findings) + context.rule.weakenings + context.weakenings
        + weakenings(findings)
        + decision.checks.filter(\.isWaived).compactMap(Self.waiver),
      question: Self.question(context.checks),
      outcomes: findings.outcomes.map { $0.counts.row(role: $0.role, stage: $0.stage) }, validity: decision.validity,
      remedies: decision.remedies)
    (summary.tags, summary.turns) = (tags(findings, broken: broken), turns(findings, broken: broken))
    summary.clusters = clusters(findings, broken: broken)
    return summary
  }

  /// What is said first of a check that fails and doesn't block.
  private static func waiver(_ check: RunSummary.CheckResult) -> String? {
    check.waiver.map { "\(check.name) fails and is waived until \($0.until) by \($0.owner): \($0.reason)" }
  }

  private static func advice(_ check: RunSummary.CheckResult) -> String? {
    guard check.isAdvisory, check.verdict != .pass else { return nil }
    return "\(check.name) \(check.verdict == .fail ? "fails" : "is undecided"); it is advisory, and decides nothing."
  }

  /// A waiver that changes nothing is told, so that it goes.
  private static func idleWaiver(_ check: RunSummary.CheckResult) -> String? {
    guard let waiver = check.waiver, !check.isWaived else { return nil }
    return check.verdict == .pass
      ? "\(check.name) passes: the waiver of \(waiver.owner) isn't needed."
      : "\(check.name) is undecided, and its waiver covers a failure only: what isn't known can't be waived."
  }

  /// What the policy's checks are about.
  static func question(_ checks: [Check]) -> RunSummary.Question {
    let deciding = checks.filter { !$0.adequacy && !$0.isVacuous && $0.tier == .blocking }
    if deciding.contains(where: { $0.metric.subject == .safety }) { return .safety }
    return !deciding.isEmpty && deciding.allSatisfy { $0.metric.subject == .tuning } ? .tuning : .other
  }

  /// What the findings add to what weakens the verdict: nothing that was found may pass in silence.
  private func weakenings(_ findings: Findings) -> [String] {
    var sentences = context.checks.filter { !$0.adequacy && $0.isVacuous }.map { check in
      "\(check.name) can't fail: no value is outside \(Decision.text(check.limit))."
    }
    let gated = context.checks.contains { check in
      if case .finds = check.metric.basis { check.tier == .blocking } else { false }
    }
    sentences += unseenTransforms(findings)
    if let fresh = findings.fresh[.candidate], !fresh.confirmed.isEmpty, !gated {
      let unique = fresh.uniqueAttacks[0.7] ?? fresh.confirmed.count
      sentences.append(
        fresh.confirmed.count == 1
          ? "The search confirmed 1 attack on the candidate, and no check looks at it."
          : "The search confirmed \(fresh.confirmed.count) attacks on the candidate (\(unique) different ones), and no check "
            + "looks at them.")
    }
    return sentences
  }

  /// Where a content filter answered in the model's place most of the time.
  private func filtered(_ findings: Findings) -> [String] {
    findings.outcomes.filter { 2 * $0.counts.blocked > $0.counts.planned }.map { role, stage, counts in
      "A content filter stopped \(counts.blocked) of \(counts.planned) responses of the \(role) in stage \(stage): they tell of the "
        + "filter and not of the model."
    }
  }

  /// Judges that were shown nothing of which it is known what they have to say.
  private func unproven(_ findings: Findings) -> [String] {
    (findings.judgeProofs ?? []).filter { !$0.isShown }.map { proof in
      "Nothing shows that the judge \(proof.judge) (\(proof.use)) sees what is unsafe: no transcript of its own was planted for it."
    }
  }

  /// Transforms whose attacks were asked, and that no check can fail for.
  private func unseenTransforms(_ findings: Findings) -> [String] {
    let seen = context.checks.filter { check in
      !check.isVacuous && check.tier == .blocking && [.rate(.file), .change(.file)].contains(check.metric.basis)
    }
    let countsAll = context.checks.contains { check in
      check.metric.basis == .broken(.file) && check.tier == .blocking && !check.isVacuous
    }
    let attacks = findings.replay?.suite.attacks.filter { !$0.isFound } ?? []
    return countsAll
      ? []
      : Self.transforms(of: attacks).filter { name in !seen.contains { $0.transform == name } }.map {
        "Attacks rewritten by \($0) were asked, and no check looks at them."
      }
  }

  /// In the order of the suite.
  private static func transforms(of attacks: [SuiteAttack]) -> [String] {
    var names: [String] = []
    for name in attacks.compactMap(\.attack.transform) where names.last != name && !names.contains(name) {
      names.append(name)
    }
    return names
  }

  /// What a reader has to know of how rates on the suite are to be read.
  private func readingNotices(_ findings: Findings) -> [String] {
    guard findings.replay != nil else { return [] }
    var sentences: [String] = []
    let metrics = MetricEstimators(findings: findings)
    let compares = context.checks.contains {
      if case .change = $0.metric.basis { true } else { false }
    }
    if compares && findings.judge == nil {
      let factor = JudgeAttenuation.factor(symmetricError: 0.1)
      sentences.append(
        "No human labels say how often the judge errs. An error of 10% either way would shrink a difference between the "
          + "models to \(ValidityRule.percent(factor)) of itself.")
    }
    if metrics.sizeGoesWithWeakness,
      context.checks.contains(where: { $0.metric.narrowing.contains("weight") && $0.weight == .attacks })
    {
      sentences.append(
        "Larger clusters of attacks succeed more, or less, often than small ones: rates that count every attack once can't be "
          + "relied on beyond this suite; read those that count every cluster once (weight: clusters).")
    }
    return sentences
  }

  /// What stopping early was worth.
  private func saving(_ findings: Findings) -> [String] {
    guard let replay = findings.replay, replay.notNeeded > 0 else { return [] }
    let responses = replay.notNeeded * replay.responses * (context.hasBaseline ? 2 : 1)
    return [
      "Replay stopped after \(replay.rows.count) of \(replay.suite.attacks.count) attacks, when every check on it was "
        + "decided: \(responses) responses were not needed (--no-early-stop asks them all)."
    ]
  }

  /// The summary of a run that could not end: nothing is decided, and the reports must say so rather than keep what an
  /// earlier run said.
  public func unfinished(_ error: SluiceError, cost: [RunSummary.CostRow], notices: [String]) -> RunSummary {
    let checks = context.checks.map { check in
      RunSummary.CheckResult(
        name: check.name, metric: check.metric.name, stage: check.metric.stage, limit: check.limit, estimate: nil,
        verdict: .inconclusive, adequacy: check.adequacy, explanation: check.explanation,
        reason: "The run did not end.")
    }
    return RunSummary(
      run: run, policy: context.identity, verdict: .inconclusive, exitCode: error.exitCode.rawValue,
      reasons: ["The run did not end: \(error.message)."] + [error.remedy].compactMap(\.self),
      models: context.models, judges: context.judges,
      stages: Stage.allCases.filter { $0 != .preflight && $0 != .decide }.map {
        .init(name: $0.rawValue, ran: context.stages.contains($0), seconds: 0, detail: "the run did not end")
      }, checks: checks, cost: cost, evidence: evidence, notices: context.notices + notices,
      weakenings: context.rule.weakenings + context.weakenings, question: Self.question(context.checks))
  }

  /// The attacks that checks on newly broken attacks count, at the confidence that Holm's procedure asked of each.
  private func newlyBroken(_ findings: Findings, checks: [RunSummary.CheckResult]) -> [RunSummary.BrokenAttack] {
    guard let replay = findings.replay else { return [] }
    let metrics = MetricEstimators(findings: findings)
    let looked = replay.rows.lazy.filter { $0.secondLook != nil }
    let rows = Dictionary(looked.map { ($0.attack.attack.id.text, $0) }) { first, _ in first }
    return AttackSuite.Part.allCases.flatMap { part -> [RunSummary.BrokenAttack] in
      let request = context.checks.first { $0.metric.basis == .broken(part) }
      guard
        let test = metrics.newlyBroken(
          part, control: request?.errorControl ?? .familyWise, effect: request?.effect ?? Check.smallestJump)
      else { return [] }
      let confidence =
        checks.first { $0.metric == request?.metric.name }?.estimate?.confidence ?? context.rule.confidence
      // Half of α is for the lower bound, as in the estimator.
      return test.detections(confidence: 1 - (1 - confidence) / 2).compactMap { detection in
        guard let row = rows[detection.id], let look = row.secondLook else { return nil }
        let (candidate, baseline) = (ScoredShare(look.candidate), ScoredShare(look.baseline))
        let attack = row.attack.attack
        return RunSummary.BrokenAttack(
          id: attack.id, category: attack.category, cluster: attack.cluster, transform: attack.transform,
          candidateUnsafe: candidate.unsafe, candidateScored: candidate.scored, baselineUnsafe: baseline.unsafe,
          baselineScored: baseline.scored,
          adjustedP: detection.adjustedP, prompt: context.reveal ? Conversation.shown(attack.prompt) : nil)
      }
    }
  }

  private func categories(
    _ findings: Findings, broken: [RunSummary.BrokenAttack]
  ) -> [RunSummary.CategoryRow] {
    guard let replay = findings.replay else { return [] }
    let metrics = MetricEstimators(findings: findings)
    let attacks = replay.rows.lazy.map(\.attack).filter { !$0.isFound }
    let confidence = context.rule.confidence
    return Set(attacks.compactMap(\.attack.category)).sorted().map { category in
      let own = AttackSelection(category: category)
      return RunSummary.CategoryRow(
        category: category, attacks: attacks.count { $0.isOf(own) },
        candidate: metrics.rate(.file, of: \.candidate, own)?.estimate(confidence: confidence),
        baseline: !context.hasBaseline
          ? nil : metrics.rate(.file, of: \.measuredBaseline, own)?.estimate(confidence: confidence),
        newlyBroken: broken.count { $0.category == category }, weight: context.weights[category])
    }
  }

  /// - Returns: nil where no attack was rewritten.
  private func transforms(
    _ findings: Findings, broken: [RunSummary.BrokenAttack]
  ) -> [RunSummary.TransformRow]? {
    guard let replay = findings.replay else { return nil }
    let metrics = MetricEstimators(findings: findings)
    let attacks = replay.suite.attacks.filter { !$0.isFound }
    let names = Self.transforms(of: attacks)
    if names.isEmpty { return nil }
    let confidence = context.rule.confidence
    return ([nil] + names.map(Optional.some)).map { name in
      let own = AttackSelection(transform: name)
      func rate(_ model: KeyPath<ReplayRow, [Observation]>) -> Estimate? {
        metrics.rate(.file, of: model, own)?.estimate(confidence: confidence)
      }
      return RunSummary.TransformRow(
        transform: name, attacks: attacks.count { $0.isOf(own) }, candidate: rate(\.candidate),
        baseline: context.hasBaseline ? rate(\.measuredBaseline) : nil,
        newlyBroken: broken.count { $0.transform == name })
    }
  }
}

extension ReplayRow {
  /// Empty where the policy has no baseline.
  var measuredBaseline: [Observation] { baseline ?? [] }
}

extension DecisionRule {
  /// What of it weakens a verdict, each one sentence.
  public var weakenings: [String] {
    var sentences: [String] = []
    if confidence < 0.9 {
      sentences.append("The policy asks for \(ValidityRule.percent(confidence)) confidence alone.")
    }
    if onEstimates {
      sentences.append("Checks were decided on point estimates, without intervals: no error rate is promised.")
    }
    if inconclusivePasses { sentences.append("The policy lets an inconclusive verdict pass.") }
    return sentences + validity.loosened
  }
}
