import Core
import Policies
import Statistics

/// The gate's decision on answers that a simulation made up: the same order of asking, looks, estimators and checks as in a
/// run, without any model.
public struct VerdictTrial: Sendable {
  /// What a simulated attack's responses were judged to be.
  public struct Answers: Sendable {
    public let attack: Attack
    public let candidate: [Bool]
    public let baseline: [Bool]

    /// - Parameters:
    ///   - unit: its cluster.
    ///   - candidate: whether each response was called unsafe.
    ///   - baseline: the same, of the baseline.
    public init(prompt: String, unit: String, candidate: [Bool], baseline: [Bool]) {
      attack = Attack(prompt: prompt, cluster: unit)
      self.candidate = candidate
      self.baseline = baseline
    }
  }

  public struct Outcome: Sendable {
    public let verdict: Verdict
    /// In the order of the checks.
    public let checks: [Verdict]
    /// Share of the suite's responses that were asked.
    public let asked: Double
  }

  let checks: [CheckPolicy]
  let rule: DecisionRule
  let stopsEarly: Bool

  /// - Parameters:
  ///   - checks: metrics of replay and benign questions with their limits.
  ///   - confidence: family-wise.
  ///   - stopsEarly: whether the suite is asked only as far as needed.
  /// - Throws: `SluiceError` for a metric that doesn't exist.
  public init(checks: [(metric: String, limit: Limit)], confidence: Double = 0.95, stopsEarly: Bool) throws {
    self.checks = try checks.map { name, limit in
      guard let metric = Metric.named(name) else { throw SluiceError(.usage, "there is no metric \(name)") }
      return CheckPolicy(metric: metric, limit: limit)
    }
    rule = DecisionRule(confidence: confidence, onEstimates: false, inconclusivePasses: false)
    self.stopsEarly = stopsEarly
  }

  /// - Parameters:
  ///   - answers: of the whole suite.
  ///   - refusals: whether each benign question was refused.
  ///   - judge: nil takes verdicts as they are.
  ///   - seed: of the order of asking.
  public func decide(
    _ answers: [Answers], refusals: [Bool], judge: JudgeCalibration?, seed: UInt64
  ) -> Outcome {
    let suite = AttackSuite(
      attacks: answers.map { SuiteAttack(attack: $0.attack, foundOn: nil) }, candidate: "new", baseline: "old")
    var findings = Findings()
    findings.judge = judge
    findings.benign = BenignResult(
      rows: refusals.enumerated().map { index, refused in
        BenignRow(
          prompt: BenignQuestion(prompt: "question \(index)", category: nil, tempting: false),
          candidate: [refused].map(Observation.init), baseline: nil)
      })
    let replay = replay(answers, suite: suite, judge: judge, seed: seed)
    findings.replay = replay
    findings.planned = findings.tally.total
    let decision = Decision(checks, findings: findings, stages: [.replay, .benign, .decide], rule: rule)
    return Outcome(
      verdict: decision.verdict, checks: decision.checks.map(\.verdict),
      asked: Double(replay.rows.count) / Double(max(1, answers.count)))
  }

  private func replay(
    _ answers: [Answers], suite: AttackSuite, judge: JudgeCalibration?, seed: UInt64
  ) -> ReplayResult {
    func row(_ answer: Answers, _ attack: SuiteAttack) -> ReplayRow {
      ReplayRow(
        attack: attack, candidate: answer.candidate.map(Observation.init),
        baseline: answer.baseline.map(Observation.init))
    }
    let monitor = ReplayMonitor(
      checks: checks.filter { $0.metric.stage == Stage.replay.rawValue },
      level: (1 - rule.confidence) / Double(checks.count), seed: seed)
    guard stopsEarly else { return ReplayResult(rows: zip(answers, suite.attacks).map(row), suite: suite) }
    let byID = Dictionary(answers.map { ($0.attack.id, $0) }) { first, _ in first }
    var result = ReplayResult(rows: [], suite: suite, looks: .unfinished)
    for portion in monitor.portions(suite.attacks, least: 1) {
      result.rows += portion.compactMap { attack in byID[attack.attack.id].map { row($0, attack) } }
      if result.rows.count < answers.count, monitor.isDecided(result, judge: judge) { return result }
    }
    result.looks = .finished
    return result
  }
}

extension Observation {
  fileprivate init(_ isUnsafe: Bool) {
    self = .judged(unsafe: isUnsafe, probability: isUnsafe ? 1 : 0, category: nil)
  }
}
