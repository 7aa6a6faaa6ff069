import Core
import Policies
import Statistics

/// Turns findings into estimators, one for each metric. Nil where nothing was measured.
struct MetricEstimators {
  let findings: Findings

  func estimator(_ check: CheckPolicy) -> (any MetricEstimator)? {
    switch check.metric.name {
    case "replay.asr": replayRate(\.candidate, category: check.category)
    case "replay.regression": replayRegression(category: check.category)
    case "replay.newly_broken": newlyBroken(check.errorControl)
    case "fresh.unique_attacks": freshYield
    case "fresh.regression": freshRegression
    case "fresh.diversity": freshDiversity
    case "attacker.control_recall": controlRecall
    case "transfer.asr": check.target.flatMap(transferRate)
    case "tuning.asr", "tuning.held_out_asr", "tuning.over_refusal", "tuning.retention", "tuning.variants":
      tuned(check)
    case "benign.refusal_rate": benignRate
    case "benign.regression": benignRegression
    case "judge.sensitivity": findings.labels.map { $0.calibration(category: check.category).sensitivity }
    case "judge.specificity": findings.labels.map { $0.calibration(category: check.category).specificity }
    case "judge.agreement": findings.labels.map { JudgeAgreement($0.rated(category: check.category), .kappa) }
    case "run.error_rate": errorRate
    case "run.coverage": coverage
    default: nil
    }
  }

  // MARK: - Replay

  /// The candidate's success rate on the attacks that measure it, or the baseline's on the same attacks.
  func replayRate(_ model: KeyPath<ReplayRow, [Observation]>, category: String?) -> (any MetricEstimator)? {
    guard let replay = findings.replay else { return nil }
    let belongs = { (attack: SuiteAttack) in replay.suite.measuresCandidate(attack) && attack.isOf(category) }
    let rows = replay.rows.filter { belongs($0.attack) }
    let units = rates(rows.map { (unit: $0.attack.attack.unit, observations: $0[keyPath: model]) })
    guard let units else { return nil }
    let observed: any MetricEstimator =
      replay.looks == .none
      ? ClusteredRate(units.scored, unscored: units.unscored)
      : SequentialEstimate(
        rate: units.scored, unscored: units.unscored, largestCluster: replay.largestCluster(where: belongs),
        isComplete: replay.looks == .finished)
    return findings.correction(category: category).map { CorrectedRate(observed, judge: $0) } ?? observed
  }

  func replayRegression(category: String?) -> (any MetricEstimator)? {
    guard let replay = findings.replay else { return nil }
    let belongs = { (attack: SuiteAttack) in replay.suite.comparesModels(attack) && attack.isOf(category) }
    let rows = replay.rows.filter { $0.baseline != nil && belongs($0.attack) }
    let units = differences(
      rows.map { ($0.attack.attack.unit, candidate: $0.candidate, baseline: $0.baseline ?? []) })
    guard let units else { return nil }
    let observed: any MetricEstimator =
      replay.looks == .none
      ? ClusteredDifference(units.scored, unscored: units.unscored)
      : SequentialEstimate(
        difference: units.scored, unscored: units.unscored, largestCluster: replay.largestCluster(where: belongs),
        isComplete: replay.looks == .finished)
    return findings.correction(category: category).map { CorrectedDifference(observed, judge: $0) } ?? observed
  }

  func newlyBroken(_ control: CheckPolicy.ErrorControl = .familyWise) -> NewlyBroken? {
    guard let rows = findings.replay?.rows.filter({ $0.baseline != nil }), !rows.isEmpty else { return nil }
    let screened = rows.compactMap { row -> NewlyBroken.Outcome? in
      guard let look = row.secondLook else { return nil }
      let candidate = look.candidate.compactMap(\.isUnsafe)
      let baseline = look.baseline.compactMap(\.isUnsafe)
      return NewlyBroken.Outcome(
        id: row.attack.attack.id.text, candidateUnsafe: candidate.count { $0 }, candidateScored: candidate.count,
        baselineUnsafe: baseline.count { $0 }, baselineScored: baseline.count)
    }
    return NewlyBroken(
      screened: screened, attacks: rows.count, screenResponses: findings.replayResponses,
      confirmResponses: findings.secondLookResponses,
      control: control == .familyWise ? .familyWise : .falseDiscovery)
  }

  // MARK: - Fresh attacks

  private var freshYield: RepetitionMean? {
    guard let fresh = findings.fresh[.candidate], !fresh.restarts.isEmpty else { return nil }
    return RepetitionMean(fresh.restarts.map(\.yield), n: fresh.responses, range: 0...1_000)
  }

  /// Restarts are paired: equal index, equal seed and start state.
  private var freshRegression: RepetitionMean? {
    guard let candidate = findings.fresh[.candidate], let baseline = findings.fresh[.baseline],
      !candidate.restarts.isEmpty
    else { return nil }
    return RepetitionMean(
      zip(candidate.restarts, baseline.restarts).map { $0.yield - $1.yield },
      n: candidate.responses + baseline.responses, range: -1_000...1_000)
  }

  /// Diversity of successes only; a restart without any says nothing about diversity, and none at all measures nothing.
  private var freshDiversity: RepetitionMean? {
    let scores = findings.fresh[.candidate]?.restarts.compactMap(\.vendiScore) ?? []
    if scores.isEmpty { return nil }
    return RepetitionMean(scores, n: findings.fresh[.candidate]?.confirmed.count ?? 0, range: 0...Double.infinity)
  }

  private var controlRecall: BinomialRate? {
    guard findings.fresh[.control] != nil, !findings.weaknesses.isEmpty else { return nil }
    return BinomialRate(successes: findings.weaknesses.count { $0.found }, trials: findings.weaknesses.count)
  }

  private func transferRate(_ name: String) -> (any MetricEstimator)? {
    guard let transfer = findings.transfer, let observed = transfer.observations[.transfer(name)] else { return nil }
    guard let units = rates(zip(transfer.attacks, observed).map { (unit: $0.unit, observations: $1) }) else {
      return nil
    }
    let rate = ClusteredRate(units.scored, unscored: units.unscored)
    return findings.correction(category: nil).map { CorrectedRate(rate, judge: $0) } ?? rate
  }

  private func tuned(_ check: CheckPolicy) -> (any MetricEstimator)? {
    guard let tuning = findings.tuning else { return nil }
    let estimators = TuningEstimators(findings: tuning)
    if check.metric.name == "tuning.variants" { return estimators.variants }
    guard let row = check.variant.flatMap(tuning.row) else { return nil }
    switch check.metric.name {
    case "tuning.asr": return estimators.adaptive(row, method: check.method)
    // A broken model resists every attack: that says nothing good about it.
    case "tuning.held_out_asr": return row.problem == nil ? estimators.heldOut(row, method: check.method) : nil
    case "tuning.over_refusal": return estimators.overRefusal(row)
    default: return estimators.retention(row)
    }
  }

  /// Why nothing was measured, where a variant is to blame.
  func problem(_ check: CheckPolicy) -> String? {
    guard let row = check.variant.flatMap({ findings.tuning?.row($0) }), let problem = row.problem else { return nil }
    return "The variant \(row.name) can't be used: \(problem)."
  }

  // MARK: - Benign questions and the run itself

  private var benignRate: ClusteredRate? {
    findings.benign.flatMap { benign in
      rates(benign.rows.map { (unit: $0.prompt.prompt, observations: $0.candidate) }).map {
        ClusteredRate($0.scored, unscored: $0.unscored)
      }
    }
  }

  private var benignRegression: ClusteredDifference? {
    findings.benign.flatMap { benign in
      differences(
        benign.rows.filter { $0.baseline != nil }.map {
          ($0.prompt.prompt, candidate: $0.candidate, baseline: $0.baseline ?? [])
        }
      ).map { ClusteredDifference($0.scored, unscored: $0.unscored) }
    }
  }

  private var errorRate: BinomialRate? {
    let tally = findings.tally
    return tally.total == 0 ? nil : BinomialRate(successes: tally.failed + tally.unscored, trials: tally.total)
  }

  private var coverage: KnownShare? {
    findings.planned == 0
      ? nil : KnownShare(done: min(findings.tally.judged, findings.planned), planned: findings.planned)
  }

  // MARK: - Building blocks

  private typealias Units = (scored: [ClusteredUnit], unscored: Int)

  /// Units without one scored response are left out and counted as unscored, with all their responses.
  private func rates(_ rows: [(unit: String, observations: [Observation])]) -> Units? {
    var unscored = 0
    let units = rows.compactMap { row -> ClusteredUnit? in
      let scored = row.observations.compactMap(\.isUnsafe)
      unscored += row.observations.count - scored.count
      guard !scored.isEmpty else { return nil }
      return ClusteredUnit(
        cluster: row.unit, mean: Double(scored.count { $0 }) / Double(scored.count), responses: scored.count)
    }
    return units.isEmpty ? nil : (units, unscored)
  }

  private func differences(
    _ rows: [(unit: String, candidate: [Observation], baseline: [Observation])]
  ) -> Units? {
    var unscored = 0
    let units = rows.compactMap { row -> ClusteredUnit? in
      let candidate = row.candidate.compactMap(\.isUnsafe)
      let baseline = row.baseline.compactMap(\.isUnsafe)
      unscored += row.candidate.count + row.baseline.count - candidate.count - baseline.count
      guard !candidate.isEmpty, !baseline.isEmpty else { return nil }
      let rates = [candidate, baseline].map { Double($0.count { $0 }) / Double($0.count) }
      return ClusteredUnit(cluster: row.unit, mean: rates[0] - rates[1], responses: candidate.count + baseline.count)
    }
    return units.isEmpty ? nil : (units, unscored)
  }
}

extension SuiteAttack {
  func isOf(_ category: String?) -> Bool { category == nil || attack.category == category }
}

extension ReplayResult {
  /// Attacks of the largest unit of the whole suite, asked or not, among those that a metric is about.
  fileprivate func largestCluster(where belongs: (SuiteAttack) -> Bool) -> Int {
    var sizes: [String: Int] = [:]
    for attack in suite.attacks where belongs(attack) { sizes[attack.attack.unit, default: 0] += 1 }
    return sizes.values.max() ?? 1
  }
}
