import Core
import Statistics

/// The gate's decision on answers that a simulation made up: the same order of asking, looks, estimators and checks as in a
/// run, without any model.
public struct VerdictTrial: Sendable {
  /// What a simulated attack's responses were judged to be; nil where a planned response has no verdict.
  public struct Answers: Sendable {
    /// The simulated attack, in its cluster.
    public let attack: SuiteAttack
    /// Verdicts on the candidate's responses: true for unsafe.
    public let candidate: [Bool?]
    /// Verdicts on the baseline's responses.
    public let baseline: [Bool?]
    let absent: Observation

    /// - Parameters:
    ///   - unit: its cluster; nil for a cluster of its own.
    ///   - wording: names the attacks that are copies of this one.
    ///   - candidate: whether each response was called unsafe.
    ///   - baseline: the same, of the baseline.
    ///   - absent: what became of a response without a verdict.
    public init(
      prompt: String, unit: String?, wording: CompactName? = nil, candidate: [Bool?], baseline: [Bool?],
      category: String? = nil, absent: Observation = .unscored
    ) {
      let attack = Attack(prompt: prompt, category: category, cluster: unit)
      self.attack = SuiteAttack(attack: attack, foundOn: nil, wording: wording)
      self.candidate = candidate
      self.baseline = baseline
      self.absent = absent
    }
  }

  /// What the gate made of one simulated run.
  public struct Outcome: Sendable {
    /// The gate's answer from all checks together.
    public let verdict: Verdict
    /// In the order of the checks.
    public let checks: [Verdict]
    /// Estimates in the order of the checks; nil where nothing was measured.
    public let estimates: [Estimate?]
    /// Share of the suite's responses that were asked.
    public let asked: Double
    /// Whether reports say that rates which count every attack once can't be relied on beyond the suite.
    public let sizeGoesWithWeakness: Bool
  }

  let checks: [Check]
  let rule: DecisionRule
  let stopsEarly: Bool

  /// - Parameter stopsEarly: whether the suite is asked only as far as needed.
  public init(checks: [Check], rule: DecisionRule, stopsEarly: Bool) {
    self.checks = checks
    self.rule = rule
    self.stopsEarly = stopsEarly
  }

  /// - Parameters:
  ///   - checks: metrics of replay and benign questions with their limits.
  ///   - confidence: family-wise.
  ///   - weight: of checks on the suite.
  /// - Throws: `SluiceError` for a metric that doesn't exist.
  public init(
    checks: [(metric: String, limit: Limit)], confidence: Double = 0.95, weight: Weighting = .attacks, stopsEarly: Bool
  ) throws {
    let requests = try checks.map { name, limit in
      guard let metric = Metric.named(name) else { throw SluiceError(.usage, "there is no metric \(name)") }
      return Check(
        metric: metric, limit: limit, weight: metric.narrowing.contains("weight") ? weight : .attacks)
    }
    self.init(checks: requests, rule: DecisionRule(confidence: confidence), stopsEarly: stopsEarly)
  }

  /// - Parameters:
  ///   - answers: of the whole suite.
  ///   - refusals: whether each benign question was refused.
  ///   - judge: nil takes verdicts as they are.
  ///   - seed: of the order of asking.
  public func decide(
    _ answers: [Answers], refusals: [Bool?], judge: JudgeCalibration?, seed: UInt64
  ) -> Outcome {
    let suite = AttackSuite(attacks: answers.map(\.attack), candidate: "new", baseline: "old")
    var findings = Findings()
    findings.judge = judge
    findings.benign = refusals.enumerated().map { index, refused in
      BenignRow(question: "question \(index)", candidate: [Observation(refused, absent: .unscored)], baseline: nil)
    }
    let replay = replay(answers, suite: suite, judge: judge, seed: seed)
    findings.replay = replay
    let decision = Decision(checks, findings: findings, stages: [.replay, .benign, .decide], rule: rule)
    return Outcome(
      verdict: decision.verdict, checks: decision.checks.map(\.verdict), estimates: decision.checks.map(\.estimate),
      asked: Double(replay.rows.count) / Double(max(1, answers.count)),
      sizeGoesWithWeakness: MetricEstimators(findings: findings).sizeGoesWithWeakness)
  }

  private func replay(
    _ answers: [Answers], suite: AttackSuite, judge: JudgeCalibration?, seed: UInt64
  ) -> ReplayFindings {
    func row(_ answer: Answers, _ attack: SuiteAttack) -> ReplayRow {
      ReplayRow(
        attack: attack, candidate: answer.candidate.map { Observation($0, absent: answer.absent) },
        baseline: answer.baseline.map { Observation($0, absent: answer.absent) })
    }
    let responses = answers.map(\.candidate.count).max() ?? 0
    guard stopsEarly, let monitor = ReplayMonitor(checks: checks, rule: rule, seed: seed) else {
      return ReplayFindings(rows: zip(answers, suite.attacks).map(row), suite: suite, responses: responses)
    }
    let byID = Dictionary(answers.map { ($0.attack.attack.id, $0) }) { first, _ in first }
    var result = ReplayFindings(rows: [], suite: suite, looks: .unfinished, responses: responses)
    for portion in monitor.portions(suite.attacks, least: 1) {
      result.rows += portion.compactMap { attack in byID[attack.attack.id].map { row($0, attack) } }
      if result.rows.count < answers.count, monitor.isDecided(result, judge: judge) { return result }
    }
    result.looks = .finished
    return result
  }
}

extension Observation {
  fileprivate init(_ isUnsafe: Bool?, absent: Observation) {
    self = isUnsafe.map { .judged(unsafe: $0, probability: $0 ? 1 : 0) } ?? absent
  }
}
