import Core
import Evidence
import Foundation
import Suites
import Synchronization
import Testing

@testable import Decisions
@testable import Gate

@Suite("Shards of a run")
struct ShardTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("shards-\(UUID().uuidString)")

  private func ledger(_ name: String) throws -> Ledger {
    try Ledger(path: folder.appendingPathComponent("\(name).sqlite").path)
  }

  /// Works for every `period`th prompt; fails for every ninth where `fails`.
  private func target(_ fingerprint: String, period: Int, fails: Bool = false) -> ScriptedTarget {
    ScriptedTarget(fingerprint: fingerprint) { request in
      let hash = StableHash.fnv1a(request.prompt.utf8)
      if fails, hash % 9 == 0 { return .failure(ResponseFailure(kind: .rejected, message: "no")) }
      return .success(Response(text: hash % UInt64(period) == 0 ? "yes" : "no", completionTokens: 1))
    }
  }

  private func plan(_ candidate: ScriptedTarget, _ baseline: ScriptedTarget) throws -> RunPlan {
    let judge = ScriptedJudge { .scored($0.response == "yes" ? 1 : 0, category: "x") }
    var rule = DecisionRule(confidence: 0.95)
    rule.validity.attackerAwake = false
    let suite = (0..<40).map {
      Attack(prompt: "known attack number \($0) of many", category: "x", cluster: $0 < 20 ? "c\($0 / 3)" : nil)
    }
    let checks = ["replay.asr", "replay.regression", "replay.newly_broken", "fresh.regression"]
    return try RunPlan(
      identity: .init(name: "test", path: "test.yaml", hash: "0", seed: 1, confidence: 0.95),
      stages: Set(Stage.allCases), candidate: Participant(role: .candidate, target: candidate, kind: "local"),
      baseline: Participant(role: .baseline, target: baseline, kind: "local"), control: nil, transfer: [],
      rewardJudge: judge, confirmJudge: judge, refusalJudge: judge, planted: [], blocksAreRefusals: true,
      embedder: WordingEmbedder(), suite: suite,
      replay: .init(responses: 2, looksTwice: true, secondLook: { 4 + $0 }), stopsEarly: false,
      benign: (["known attack number 3 of many"] + (0..<7).map { "harmless \($0)" }).map { BenignQuestion(prompt: $0) },
      benignResponses: 2,
      search: .init(attacker: CountingAttacker(), restarts: 3, warmStart: true, budget: 600), similarity: 0.7,
      confirmation: .majority(of: 3), weaknesses: [],
      checks: checks.map { Check(metric: try #require(Metric.named($0)), limit: Limit(atMost: 0.99)) }, rule: rule,
      wallClock: nil, reveal: false, notices: [], weakenings: [])
  }

  private let identity = RunIdentity(policyName: "test", policyText: "test", seed: 1, overrides: [], stages: [])
  private let nothing = MergedShards(targets: [], proofs: [], notices: [])

  /// Numbers, checks and costs: what a report says, times aside.
  private func result(_ execution: RunExecution, earlier: [Role: TargetCost] = [:]) async throws -> String {
    let record = try await execution.execute()
    let builder = SummaryBuilder(
      context: SummaryContext(execution.plan), run: "run",
      evidence: .init(ledger: "", sealed: false, headHash: ""))
    var cost = execution.service.meter.rows(after: earlier)
    for place in cost.indices { cost[place].seconds = 0 }
    var summary = builder.decided(record.findings, stages: record.stages, cost: cost, notices: record.notices)
    for place in summary.stages.indices { summary.stages[place].seconds = 0 }
    return try jsonText(summary).replacing(execution.run, with: "run")
  }

  private func whole(_ candidate: ScriptedTarget, _ baseline: ScriptedTarget) async throws -> String {
    let ledger = try ledger("whole")
    let run = try ledger.beginRun(identity, now: 1)
    return try await result(
      RunExecution(plan: try plan(candidate, baseline), ledger: ledger, run: run, number: 1, progress: { _ in }))
  }

  /// Runs all shards, leaving out `dropped`, and copies them into one ledger.
  private func merged(
    _ count: Int, _ plan: RunPlan, dropping dropped: Int? = nil
  ) async throws -> (ledger: Ledger, run: String) {
    let into = try ledger("into-\(count)-\(dropped ?? 0)")
    let run = try into.beginRun(identity, now: 1)
    let deal = ShardDeal(plan)
    for shard in Shard.all(count) where shard.index != dropped {
      let own = try ledger("\(shard.index)-of-\(count)-\(dropped ?? 0)")
      let part = try own.beginRun(identity, now: 2)
      let execution = RunExecution(plan: plan, ledger: own, run: part, number: 1, progress: { _ in })
      _ = try await execution.execute(ShardWork(deal, of: shard, plan: plan))
      try into.copy(
        ShardCopying(shard: shard, source: part, run: run, head: try own.headHash(), searches: [:]), from: own, now: 3)
    }
    return (into, run)
  }

  private func costs(_ ledger: Ledger, _ run: String, _ plan: RunPlan) throws -> [Role: TargetCost] {
    let costs = try ledger.costs(of: run)
    return plan.participants.reduce(into: [:]) { all, participant in
      all[participant.role] = costs.first { $0.target == participant.target.fingerprint }
    }
  }

  @Test(
    "any number of shards gives the single run's findings and costs, and none of what they asked is asked again",
    arguments: [1, 2, 7, 40])
  func equalsWhole(count: Int) async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let single = (target("new", period: 3, fails: true), target("old", period: 4))
    let expected = try await whole(single.0, single.1)
    let shards = (target("new", period: 3, fails: true), target("old", period: 4))
    let (ledger, run) = try await merged(count, try plan(shards.0, shards.1))
    let (candidate, baseline) = (target("new", period: 3, fails: true), target("old", period: 4))
    let plan = try plan(candidate, baseline)
    let proved = Mutex(0)
    let execution = RunExecution(
      plan: plan, ledger: ledger, run: run, number: 1, merged: nothing, prove: { proved.withLock { $0 += 1 } },
      progress: { _ in })
    #expect(try await result(execution, earlier: costs(ledger, run, plan)) == expected)
    // What the number of all suspects decides is asked by the merge: second looks alone, once the models were proved.
    #expect(!candidate.requests.isEmpty && proved.withLock { $0 } == 1)
    #expect((candidate.requests + baseline.requests).allSatisfy { (1_000..<2_000).contains($0.sampleIndex) })
    // No response was paid for twice: in all, as many were asked as by the single run.
    let asked = [shards.0, candidate].flatMap(\.requests)
    #expect(Set(asked) == Set(single.0.requests) && asked.count == single.0.requests.count)
  }

  @Test("where the policy states the second look, shards do it and the merge asks nothing at all")
  func statedSecondLook() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    func stated(_ plan: RunPlan) -> RunPlan {
      var plan = plan
      plan.replay = .init(responses: 2, looksTwice: true, statesSecondLook: true, secondLook: { _ in 9 })
      return plan
    }
    let single = try ledger("single")
    let expected = try await result(
      RunExecution(
        plan: stated(try plan(target("new", period: 3), target("old", period: 4))), ledger: single,
        run: try single.beginRun(identity, now: 1), number: 1, progress: { _ in }))
    let (ledger, run) = try await merged(3, stated(try plan(target("new", period: 3), target("old", period: 4))))
    let (candidate, baseline) = (target("new", period: 3), target("old", period: 4))
    let plan = stated(try plan(candidate, baseline))
    let execution = RunExecution(
      plan: plan, ledger: ledger, run: run, number: 1, merged: nothing, prove: { Issue.record("nothing is to ask") },
      progress: { _ in })
    #expect(try await result(execution, earlier: costs(ledger, run, plan)) == expected)
    #expect(candidate.requests.isEmpty && baseline.requests.isEmpty)
  }

  @Test("a run whose shards lack anything comes to no verdict, whichever shard it is", arguments: 1...5)
  func lacking(shard: Int) async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let (candidate, baseline) = (target("new", period: 3), target("old", period: 4))
    let (ledger, run) = try await merged(5, try plan(candidate, baseline), dropping: shard)
    let fresh = target("new", period: 3)
    let execution = RunExecution(
      plan: try plan(fresh, target("old", period: 4)), ledger: ledger, run: run, number: 1, merged: nothing,
      progress: { _ in })
    let error = await #expect(throws: SluiceError.self) { try await execution.execute() }
    #expect(error?.exitCode == .unavailable && error?.message.contains("the shards") == true)
    #expect(fresh.requests.allSatisfy { (1_000..<2_000).contains($0.sampleIndex) })
  }

  @Test("every attack, question and search is in exactly one shard, and the deal is the same whatever servers say")
  func deal() throws {
    var plan = try plan(target("new", period: 3), target("old", period: 4))
    plan.control = Participant(role: .control, target: target("new", period: 3), kind: "local")
    let deal = ShardDeal(plan)
    for count in [1, 2, 3, 7, 50] {
      let units = Shard.all(count).flatMap(deal.units)
      #expect(units.flatMap(\.attacks).sorted() == Array(plan.suite.indices))
      #expect(units.flatMap(\.questions).sorted() == Array(plan.benign.indices))
      #expect(Set(units.flatMap(\.searches)).count == units.flatMap(\.searches).count)
      #expect(units.flatMap(\.searches).count == 3 * plan.searched.count)
      let costs = Shard.all(count).map { deal.units(of: $0).reduce(0) { $0 + $1.cost } }
      let largest = deal.units.map(\.cost).max() ?? 0
      #expect((costs.max() ?? 0) - (costs.min() ?? 0) <= largest)
    }
    // One cluster is one unit, a question in an attack's words goes with it, and a model in two parts is searched by one shard.
    for unit in deal.units where !unit.attacks.isEmpty {
      #expect(Set(unit.attacks.map { deal.attacks[$0].unit }).count == 1)
    }
    #expect(deal.units.contains { $0.questions == [0] && $0.attacks.contains(3) })
    #expect(deal.units.count { $0.searches.count == 2 } == 3)
    var seen = plan
    for role in [Role.candidate, .baseline] {
      guard var known = plan.participants.first(where: { $0.role == role }) else { continue }
      known.signs = ServerSigns(systemFingerprints: ["fp"])
      seen.replace(known)
    }
    #expect(ShardDeal(seen).digest == deal.digest)
    var other = plan
    other.suite.removeLast()
    #expect(ShardDeal(other).digest != deal.digest)
  }

  @Test("what judges said of planted transcripts is what all shards agree on")
  func proofs() {
    #expect(ProofText.text([true, false, nil]) == "us-")
    #expect(ProofText.common(["us-u", "us-s", "usuu"]) == [true, false, nil, nil])
    #expect(ProofText.common(["us", "u"]) == [true, nil] && ProofText.common([]) == [])
  }
}
