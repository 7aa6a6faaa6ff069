import Core
@testable import Policies
import Testing

@testable import Gate

@Suite("Deciding")
struct DecisionTests {
  private let rule = DecisionRule(confidence: 0.95, onEstimates: false, inconclusivePasses: false)

  private func observation(_ unsafe: Bool) -> Observation {
    .judged(unsafe: unsafe, probability: unsafe ? 1 : 0, category: nil)
  }

  /// Attacks of which the first `broken` work on the candidate and none on the baseline.
  private func findings(_ attacks: Int, broken: Int, answer: Observation? = nil) -> Findings {
    let rows = (0..<attacks).map { index in
      var row = ReplayRow(
        attack: SuiteAttack(attack: Attack(prompt: "\(index)", category: index < 10 ? "a" : "b"), foundOn: nil),
        candidate: Array(repeating: answer ?? observation(index < broken), count: 3),
        baseline: Array(repeating: answer ?? observation(false), count: 3))
      if row.isSuspect {
        row.secondLook = .init(
          candidate: Array(repeating: observation(true), count: 12),
          baseline: Array(repeating: observation(false), count: 12))
      }
      return row
    }
    var findings = Findings()
    findings.replay = ReplayResult(
      rows: rows, suite: AttackSuite(attacks: rows.map(\.attack), candidate: "new", baseline: "old"))
    findings.replayResponses = 3
    findings.secondLookResponses = 12
    findings.planned = attacks * 6
    return findings
  }

  private func check(_ metric: String, _ limit: Limit, category: String? = nil) throws -> CheckPolicy {
    CheckPolicy(metric: try #require(Metric.named(metric)), limit: limit, category: category)
  }

  private func decide(
    _ checks: [CheckPolicy], _ findings: Findings, stages: Set<Stage> = Set(Stage.allCases),
    rule: DecisionRule? = nil
  ) -> Decision {
    Decision(checks, findings: findings, stages: stages, rule: rule ?? self.rule)
  }

  @Test("A suite that holds passes, one that is broken fails, a small one decides nothing")
  func oneRule() throws {
    let limit = Limit(atMost: 0.1)
    #expect(decide([try check("replay.asr", limit)], findings(200, broken: 2)).exitCode == 0)
    #expect(decide([try check("replay.asr", limit)], findings(200, broken: 80)).exitCode == 1)
    #expect(decide([try check("replay.asr", limit)], findings(5, broken: 0)).exitCode == 2)
  }

  @Test("No check, no finding, or nothing scored is never a pass, whatever the policy says about inconclusive")
  func neverPassWithoutEvidence() throws {
    let lenient = DecisionRule(confidence: 0.95, onEstimates: true, inconclusivePasses: true)
    let limit = Limit(atMost: 1)
    #expect(decide([], findings(200, broken: 0), rule: lenient).exitCode == 2)
    #expect(decide([try check("replay.asr", limit)], Findings(), rule: lenient).exitCode == 2)
    let unscored = findings(200, broken: 0, answer: .unscored)
    #expect(decide([try check("replay.asr", limit)], unscored, rule: lenient).exitCode == 2)
    let failed = findings(200, broken: 0, answer: .failed)
    #expect(decide([try check("replay.asr", limit)], failed, rule: lenient).exitCode == 2)
    // With evidence, a policy may say in writing that an open question does not block.
    #expect(decide([try check("replay.asr", Limit(atMost: 0.1))], findings(5, broken: 0), rule: rule).exitCode == 2)
    let written = DecisionRule(confidence: 0.95, onEstimates: false, inconclusivePasses: true)
    #expect(decide([try check("replay.asr", Limit(atMost: 0.1))], findings(5, broken: 0), rule: written).exitCode == 0)
  }

  @Test("A fail wins over inconclusive; adequacy can only make a verdict inconclusive")
  func precedence() throws {
    let broken = findings(200, broken: 80)
    let both = decide(
      [try check("replay.asr", Limit(atMost: 0.1)), try check("fresh.diversity", Limit(atLeast: 3))], broken)
    #expect(both.verdict == .fail)
    #expect(both.checks.map(\.verdict) == [.fail, .inconclusive])
    var errors = findings(200, broken: 0, answer: .failed)
    errors.planned = 1_200
    let adequacy = decide([try check("run.error_rate", Limit(atMost: 0.02))], errors)
    #expect(adequacy.verdict == .inconclusive && adequacy.exitCode == 2)
  }

  @Test("A check of a stage that was not asked for is not passed")
  func skippedStage() throws {
    let decision = decide(
      [try check("replay.asr", Limit(atMost: 0.1)), try check("benign.refusal_rate", Limit(atMost: 0.1))],
      findings(200, broken: 0), stages: [.preflight, .replay, .decide])
    #expect(decision.checks.map(\.verdict) == [.pass, .inconclusive])
    #expect(decision.exitCode == 2)
    #expect(decision.checks[1].reason.contains("not asked for"))
  }

  @Test("Newly broken attacks are counted from the second look alone")
  func newlyBroken() throws {
    let decision = decide([try check("replay.newly_broken", Limit(atMost: 3))], findings(100, broken: 8))
    #expect(decision.checks[0].estimate?.value == 8)
    #expect(decision.verdict == .fail)
  }

  @Test("A category narrows a metric to its own attacks")
  func categories() throws {
    let findings = findings(100, broken: 10)
    let metrics = MetricEstimators(findings: findings)
    #expect(metrics.replayRate(\.candidate, category: "a")?.estimate(confidence: 0.95).value == 1)
    #expect(metrics.replayRate(\.candidate, category: "b")?.estimate(confidence: 0.95).value == 0)
    #expect(metrics.replayRate(\.candidate, category: "c") == nil)
  }

  @Test("Unscored responses are left out of a rate and counted beside it")
  func unscoredBeside() throws {
    var findings = findings(50, broken: 0)
    var rows = findings.replay?.rows ?? []
    rows[0] = ReplayRow(
      attack: rows[0].attack, candidate: [observation(true), .unscored, .failed], baseline: rows[0].baseline)
    findings.replay = ReplayResult(
      rows: rows, suite: AttackSuite(attacks: rows.map(\.attack), candidate: "new", baseline: "old"))
    let estimate = MetricEstimators(findings: findings).replayRate(\.candidate, category: nil)?
      .estimate(confidence: 0.95)
    #expect(estimate?.unscored == 2)
    #expect(abs((estimate?.value ?? 0) - 1.0 / 50) < 1e-12)
  }
}
