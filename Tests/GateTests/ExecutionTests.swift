import Core
import Evidence
import Foundation
@testable import Policies
import Synchronization
import Testing

@testable import Decisions
@testable import Gate

@Suite("Executing a run")
struct ExecutionTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("gate-\(UUID().uuidString)")

  private func ledger(_ name: String = "ledger") throws -> Ledger {
    try Ledger(path: folder.appendingPathComponent("\(name).sqlite").path)
  }

  /// Unsafe for every `period`th word sum: some fixed share of prompts works on each model.
  private func target(_ fingerprint: String, period: Int, stopAfter: Int = .max) -> ScriptedTarget {
    let asked = Mutex(0)
    return ScriptedTarget(fingerprint: fingerprint) { request in
      let count = asked.withLock { asked in
        asked += 1
        return asked
      }
      if count > stopAfter { return .failure(ResponseFailure(kind: .unauthorised, message: "key withdrawn")) }
      let works = StableHash.fnv1a(request.prompt.utf8) % UInt64(period) == 0
      return .success(Response(text: works ? "yes" : "no", completionTokens: 1))
    }
  }

  private func plan(
    _ candidate: ScriptedTarget, _ baseline: ScriptedTarget, checks: [String] = Self.checks
  ) throws -> RunPlan {
    let judge = ScriptedJudge { .scored($0.response == "yes" ? 1 : 0, category: "x") }
    var rule = DecisionRule(confidence: 0.95)
    // There is no control here.
    rule.validity.attackerAwake = false
    return try RunPlan(
      identity: .init(name: "test", path: "test.yaml", hash: "0", seed: 1, confidence: 0.95),
      stages: Set(Stage.allCases), candidate: Participant(role: .candidate, target: candidate, kind: "local"),
      baseline: Participant(role: .baseline, target: baseline, kind: "local"), control: nil, transfer: [],
      rewardJudge: judge, confirmJudge: judge, refusalJudge: judge, planted: [], blocksAreRefusals: true,
      embedder: WordingEmbedder(),
      suite: (0..<40).map { Attack(prompt: "known attack number \($0) of many", category: "x") },
      replay: .init(responses: 2, looksTwice: false, secondLook: { _ in 4 }), stopsEarly: false, benign: [],
      benignResponses: 1,
      search: .init(attacker: CountingAttacker(), restarts: 2, warmStart: true, budget: 400), similarity: 0.7,
      confirmation: .majority(of: 3), weaknesses: [],
      checks: checks.map { name in
        Check(
          metric: try #require(Metric.named(name)), limit: Limit(atMost: name == "fresh.regression" ? 999 : 0.99))
      } + [Check(metric: try #require(Metric.named("run.coverage")), limit: Limit(atLeast: 0.9))], rule: rule,
      wallClock: nil, reveal: false, notices: [], weakenings: [])
  }

  private static let checks = ["replay.asr", "replay.regression", "fresh.regression"]

  private func identity(_ seed: UInt64 = 1) -> RunIdentity {
    RunIdentity(policyName: "test", policyText: "test", seed: seed, overrides: [], stages: [])
  }

  /// Executes and finishes a run; the newest one if `resuming`.
  @discardableResult
  private func execute(_ plan: RunPlan, _ ledger: Ledger, resuming: Bool = false) async throws -> RunSummary {
    let run: String
    if resuming {
      run = try #require(try ledger.unfinishedRun(identity())).id
    } else {
      run = try ledger.beginRun(identity(), now: Double(try ledger.runs().count))
    }
    let execution = RunExecution(
      plan: plan, ledger: ledger, run: run, number: try ledger.runs().count, progress: { _ in })
    let record = try await execution.execute()
    let builder = SummaryBuilder(
      context: SummaryContext(plan), run: run,
      evidence: .init(ledger: ledger.path, sealed: false, headHash: try ledger.headHash()))
    let summary = builder.decided(
      record.findings, stages: record.stages, cost: execution.service.meter.rows, notices: record.notices)
    try ledger.finishRun(run, summary: summary, now: 100)
    return summary
  }

  private func results(_ summary: RunSummary) -> [Estimate?] { summary.checks.map(\.estimate) }

  @Test("A run that broke off anywhere and is resumed ends like the uninterrupted one, and asks nothing twice")
  func resumedEqualsUninterrupted() async throws {
    let whole = try await execute(try plan(target("new", period: 5), target("old", period: 4)), ledger("whole"))
    #expect(whole.verdict == .pass)
    let total = whole.cost.reduce(0) { $0 + $1.responses }

    for stop in [0, 3, 79, 81, 130, 200] {
      let ledger = try ledger("broken-\(stop)")
      let dying = target("new", period: 5, stopAfter: stop)
      await #expect(throws: SluiceError.self) {
        try await execute(try plan(dying, target("old", period: 4)), ledger)
      }
      let (candidate, baseline) = (target("new", period: 5), target("old", period: 4))
      let resumed = try await execute(try plan(candidate, baseline), ledger, resuming: true)
      #expect(results(resumed) == results(whole))
      #expect(resumed.reasons == whole.reasons && resumed.fresh.map(\.restarts) == whole.fresh.map(\.restarts))
      #expect(try ledger.contents().counts["responses"] == total)
      let answeredBefore = Set(dying.requests.prefix(stop))
      #expect(answeredBefore.isDisjoint(with: candidate.requests))
    }
    try? FileManager.default.removeItem(at: folder)
  }

  @Test("What a run confirmed moves no rate on the suite file; found.* replays it, on models that it was not found on")
  func foundSuite() async throws {
    let ledger = try ledger()
    let first = try await execute(try plan(target("new", period: 5), target("old", period: 4)), ledger)
    let found = try ledger.foundAttacks().map(\.attack)
    #expect(!found.isEmpty)
    #expect(found.allSatisfy { $0.provenance.foundOn == "candidate" && $0.category == "x" })

    let (candidate, baseline) = (target("new", period: 5), target("old", period: 4))
    let again = try await execute(try plan(candidate, baseline), ledger)
    #expect(again.checks[0].estimate == first.checks[0].estimate)
    #expect(again.checks[1].estimate == first.checks[1].estimate)
    let seeds = Set((0..<40).map { "known attack number \($0) of many" })
    #expect(candidate.requests.allSatisfy { !seeds.contains($0.prompt) || $0.sampleIndex >= 100_000 })

    #expect(again.notices.contains { $0.contains("are not replayed: no check is on them") })

    let same = try await execute(
      try plan(target("new", period: 5), target("old", period: 4), checks: ["replay.asr", "found.asr"]), ledger)
    #expect(same.checks[1].estimate == nil)
    // The next release is measured on them: they were known before it was made. Its baseline is not, nor are the two compared.
    let next = try await execute(
      try plan(
        target("newer", period: 5), target("new", period: 5), checks: ["replay.asr", "found.asr", "found.regression"]),
      ledger)
    #expect(next.checks[0].estimate == first.checks[0].estimate)
    #expect((next.checks[1].estimate?.n ?? 0) >= 2 * found.count && next.checks[2].estimate == nil)
    try? FileManager.default.removeItem(at: folder)
  }

  @Test("A cancelled run stops and keeps what it has")
  func cancellation() async throws {
    let ledger = try ledger()
    let slow = ScriptedTarget(fingerprint: "slow") { _ in
      Thread.sleep(forTimeInterval: 0.002)
      return .success(Response(text: "no"))
    }
    let work = Task { try await execute(try plan(slow, slow), ledger) }
    try await Task.sleep(for: .milliseconds(60))
    let cancelled = ContinuousClock.now
    work.cancel()
    await #expect(throws: CancellationError.self) { try await work.value }
    #expect(ContinuousClock.now - cancelled < .seconds(1))
    #expect(try ledger.contents().counts["responses"] == slow.requests.count)
    #expect(try ledger.unfinishedRun(identity()) != nil)
    try? FileManager.default.removeItem(at: folder)
  }
}
