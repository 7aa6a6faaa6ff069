import Core
import Testing

@testable import Decisions
@testable import Gate
@testable import Policies

@Suite("Stopping a replay that is decided")
struct EarlyStopTests {
  private let judge = ScriptedJudge { .scored($0.response == "yes" ? 1 : 0, category: nil) }

  private func suite(_ count: Int, clusterSize: Int = 1) -> AttackSuite {
    AttackSuite(
      attacks: (0..<count).map { index in
        SuiteAttack(
          attack: Attack(prompt: "attack \(index)", cluster: "cluster \(index / clusterSize)"), foundOn: nil)
      }, candidate: "new", baseline: "old")
  }

  private func monitor(_ metrics: [(String, Double)]) throws -> ReplayMonitor {
    let checks = try metrics.map { name, limit in
      Check(metric: try #require(Metric.named(name)), limit: Limit(atMost: limit))
    }
    return try #require(ReplayMonitor(checks: checks, rule: DecisionRule(confidence: 0.95), seed: 7))
  }

  private func replay(
    _ suite: AttackSuite, monitor: ReplayMonitor?, isUnsafe: @escaping @Sendable (String) -> Bool
  ) async throws -> (result: ReplayFindings, asked: [TargetRequest]) {
    let candidate = ScriptedTarget(fingerprint: "new") { .success(Response(text: isUnsafe($0.prompt) ? "yes" : "no")) }
    let baseline = ScriptedTarget(fingerprint: "old") { _ in .success(Response(text: "no")) }
    let stage = ReplayStage(
      service: ResponseService(archive: MemoryArchive(), meter: CostMeter()), judge: judge,
      settings: .init(responses: 3, looksTwice: true, secondLook: { _ in 4 }), progress: { _ in })
    let result = try await stage.run(
      suite,
      on: [
        Participant(role: .candidate, target: candidate, kind: "local"),
        Participant(role: .baseline, target: baseline, kind: "local"),
      ], monitor: monitor)
    return (result, candidate.requests)
  }

  @Test("A model far inside its limits is not asked the whole suite, and the checks pass on what was asked")
  func passes() async throws {
    let suite = suite(2_000)
    let monitor = try monitor([("replay.asr", 0.1), ("replay.regression", 0.05)])
    let (result, asked) = try await replay(suite, monitor: monitor) { _ in false }
    #expect(result.looks == .unfinished && result.rows.count < 1_000)
    #expect(asked.count == 3 * result.rows.count)
    var findings = Findings()
    findings.replay = result
    let decision = Decision(
      monitor.checks, findings: findings, stages: [.replay],
      rule: DecisionRule(confidence: 0.95, onEstimates: false, inconclusivePasses: false))
    #expect(decision.verdict == .pass)
    #expect(decision.checks.prefix(2).allSatisfy { $0.estimate?.method.contains("stopped when decided") == true })
  }

  @Test("A regressed model is failed early; one at its limit is asked everything")
  func failsOrGoesOn() async throws {
    let suite = suite(600)
    let monitor = try monitor([("replay.regression", 0.03)])
    let broken = try await replay(suite, monitor: monitor) { $0.hasSuffix("1") || $0.hasSuffix("2") }
    #expect(broken.result.looks == .unfinished && broken.result.rows.count <= 300)
    let near = try await replay(suite, monitor: monitor) { $0.hasSuffix("33") || $0.hasSuffix("7") && $0.count > 11 }
    #expect(near.result.looks == .finished && near.result.rows.count == 600)
  }

  @Test("Clusters are asked whole, in an order that neither the answers nor the file decide")
  func portions() async throws {
    let suite = suite(400, clusterSize: 4)
    let monitor = try monitor([("replay.asr", 0.1)])
    let portions = monitor.portions(suite.attacks, least: 1)
    #expect(portions.flatMap { $0 }.count == 400 && portions.count == 20)
    for portion in portions {
      let clusters = Dictionary(grouping: portion) { $0.attack.unit }
      #expect(clusters.values.allSatisfy { $0.count == 4 })
    }
    #expect(portions.flatMap { $0 }.map(\.attack.id) != suite.attacks.map(\.attack.id))
    let again = monitor.portions(suite.attacks.reversed(), least: 1)
    #expect(again.map { Set($0.map(\.attack.unit)) } == portions.map { Set($0.map(\.attack.unit)) })
    #expect(monitor.portions(suite.attacks, least: 150).count == 3)
  }

  @Test("Without a monitor everything is asked in the suite's order")
  func noMonitor() async throws {
    let suite = suite(50)
    let (result, _) = try await replay(suite, monitor: nil) { _ in false }
    #expect(result.looks == .none && result.rows.map(\.attack.attack.id) == suite.attacks.map(\.attack.id))
  }
}
