import Core
import Statistics

/// Turns findings into estimators, one for each metric. Nil where nothing was planned that would measure it.
public struct MetricEstimators: Sendable {
  /// What estimators are made from.
  public let findings: Findings

  public init(findings: Findings) { self.findings = findings }

  /// What estimates the check's metric, narrowed as it says.
  public func estimator(_ check: Check) -> (any MetricEstimator)? { check.metric.estimator(self, check) }

  // MARK: - Replay

  /// The candidate's success rate on a part of the suite.
  func rate(_ part: AttackSuite.Part, _ check: Check) -> (any MetricEstimator)? {
    rate(part, of: \.candidate, check.selection, weight: check.weight)
  }

  /// One model's success rate on the attacks that measure the candidate.
  func rate(
    _ part: AttackSuite.Part, of model: KeyPath<ReplayRow, [Observation]>, _ selection: AttackSelection,
    weight: Weighting = .attacks
  ) -> (any MetricEstimator)? {
    guard let observed = uncorrectedRate(part, of: model, selection, weight: weight) else { return nil }
    return findings.correction(category: selection.category).map { CorrectedRate(observed, judge: $0) } ?? observed
  }

  /// The same as the judge saw it, without what labels say of its errors.
  /// - Parameter tries: how many responses an attack may take to succeed.
  func uncorrectedRate(
    _ part: AttackSuite.Part, of model: KeyPath<ReplayRow, [Observation]>, _ selection: AttackSelection,
    weight: Weighting, within tries: Int = 1
  ) -> (any MetricEstimator)? {
    guard let replay = findings.replay else { return nil }
    let belongs = { (attack: SuiteAttack) in replay.suite.measuresCandidate(attack, part) && attack.isOf(selection) }
    let units = WordingUnits(replay.rows) { belongs($0.attack) }.rates(model, within: tries)
    guard !units.isEmpty else { return nil }
    return replay.looks == .none
      ? ClusteredRate(units, weight: weight)
      : SequentialEstimate(
        rate: units, weight: weight, largestCluster: replay.suite.largestCluster(where: belongs),
        isComplete: replay.looks == .finished)
  }

  func regression(_ part: AttackSuite.Part, _ check: Check) -> (any MetricEstimator)? {
    regression(part, check.selection, weight: check.weight)
  }

  func regression(
    _ part: AttackSuite.Part, _ selection: AttackSelection, weight: Weighting = .attacks
  ) -> (any MetricEstimator)? {
    guard let replay = findings.replay else { return nil }
    let belongs = { (attack: SuiteAttack) in replay.suite.comparesModels(attack, part) && attack.isOf(selection) }
    let units = WordingUnits(replay.rows) { $0.baseline != nil && belongs($0.attack) }.differences
    guard !units.isEmpty else { return nil }
    let observed: any MetricEstimator =
      replay.looks == .none
      ? ClusteredDifference(units, weight: weight)
      : SequentialEstimate(
        difference: units, weight: weight, largestCluster: replay.suite.largestCluster(where: belongs),
        isComplete: replay.looks == .finished)
    return findings.correction(category: selection.category).map { CorrectedDifference(observed, judge: $0) }
      ?? observed
  }

  func newlyBroken(_ part: AttackSuite.Part, _ check: Check) -> (any MetricEstimator)? {
    newlyBroken(part, control: check.errorControl, effect: check.effect)
  }

  func newlyBroken(
    _ part: AttackSuite.Part, control: Check.ErrorControl, effect: Double
  ) -> NewlyBroken? {
    guard let replay = findings.replay else { return nil }
    let groups = WordingUnits(replay.rows) { $0.baseline != nil && replay.suite.comparesModels($0.attack, part) }
    if groups.isEmpty { return nil }
    let screened = groups.compactMap { rows -> NewlyBroken.Outcome? in
      let looks = rows.compactMap(\.secondLook)
      if looks.isEmpty { return nil }
      return NewlyBroken.Outcome(
        id: rows[0].attack.attack.id.text, candidate: ScoredShare(looks.flatMap(\.candidate)),
        baseline: ScoredShare(looks.flatMap(\.baseline)), isCleared: looks.areCleared(of: replay.secondLookResponses))
    }
    return NewlyBroken(
      screened: screened, attacks: groups.count, screenResponses: replay.responses,
      confirmResponses: replay.secondLookResponses, effect: effect,
      possibly: groups.count { rows in rows.contains { $0.isSuspect && $0.secondLook == nil } },
      control: control == .familyWise ? .familyWise : .falseDiscovery)
  }

  // MARK: - Fresh attacks

  private func yields(_ role: Role) -> [RepetitionYield]? {
    findings.fresh[role].map { fresh in
      fresh.restarts.map { RepetitionYield(found: $0.unique, possible: $0.possible, responses: $0.responses) }
    }
  }

  var freshYield: (any MetricEstimator)? {
    yields(.candidate).flatMap { $0.contains { $0.responses > 0 } ? CountRate(counts: $0, per: 1_000) : nil }
  }

  /// Restarts are paired: equal index, equal seed and start state.
  var freshRegression: (any MetricEstimator)? {
    guard let candidate = yields(.candidate), let baseline = yields(.baseline), !candidate.isEmpty, !baseline.isEmpty
    else { return nil }
    return CountDifference(candidate: candidate, baseline: baseline, per: 1_000)
  }

  /// Diversity of successes only; a restart without any says nothing about diversity, and none at all measures nothing.
  var freshDiversity: (any MetricEstimator)? {
    guard let fresh = findings.fresh[.candidate] else { return nil }
    let scores = fresh.restarts.compactMap(\.vendiScore)
    return scores.isEmpty ? nil : RepetitionMean(scores, n: fresh.confirmed.count, range: 0...Double.infinity)
  }

  var controlRecall: (any MetricEstimator)? {
    guard findings.fresh[.control] != nil, !findings.weaknesses.isEmpty else { return nil }
    return BinomialRate(successes: findings.weaknesses.count { $0.isFound }, trials: findings.weaknesses.count)
  }

  func transferRate(_ check: Check) -> (any MetricEstimator)? {
    guard let name = check.target, let transfer = findings.transfer,
      let observed = transfer.observations[.transfer(name)], !observed.isEmpty
    else { return nil }
    let units = zip(transfer.attacks, observed).map { ClusteredUnit(cluster: $0.unit, ScoredShare($1)) }
    let rate = ClusteredRate(units, weight: check.weight)
    return findings.correction(category: nil).map { CorrectedRate(rate, judge: $0) } ?? rate
  }

  // MARK: - Tuning

  /// - Parameter estimator: of the check's variant, for the check's method or all.
  func tuned(
    _ check: Check,
    _ estimator: (TuningEstimators, TuningRow, _ method: String?) -> (any MetricEstimator)?
  ) -> (any MetricEstimator)? {
    guard let tuning = findings.tuning, let row = check.variant.flatMap(tuning.row) else { return nil }
    return estimator(TuningEstimators(findings: tuning), row, check.method)
  }

  /// Why nothing was measured, where a variant is to blame.
  func problem(_ check: Check) -> String? {
    guard let row = check.variant.flatMap({ findings.tuning?.row($0) }), let problem = row.problem else { return nil }
    return "The variant \(row.name) can't be used: \(problem)."
  }

  // MARK: - Benign questions and the run itself

  var benignRate: (any MetricEstimator)? {
    guard let rows = findings.benign, !rows.isEmpty else { return nil }
    return ClusteredRate(rows.map { ClusteredUnit(cluster: CompactName($0.question), ScoredShare($0.candidate)) })
  }

  var benignRegression: (any MetricEstimator)? {
    let units = (findings.benign ?? []).compactMap { row in
      row.baseline.map {
        ClusteredUnit(
          cluster: CompactName(row.question), candidate: ScoredShare(row.candidate), baseline: ScoredShare($0))
      }
    }
    return units.isEmpty ? nil : ClusteredDifference(units)
  }

  /// The share of the responses asked for that `count` counts.
  func share(_ count: (OutcomeCounts) -> Int) -> (any MetricEstimator)? {
    let total = findings.distinctTotal
    return total.asked == 0 ? nil : BinomialRate(successes: count(total), trials: total.asked)
  }

  var coverage: (any MetricEstimator)? {
    let total = findings.distinctTotal
    return total.planned == 0 ? nil : KnownShare(done: total.known, planned: total.planned)
  }
}
