import Core
import Synchronization
import Testing

@testable import Decisions
@testable import Gate

private final class MemorySearches: SearchMemory {
  private let records = Mutex<[SearchKey: SearchRecord]>([:])
  func record(for key: SearchKey) throws -> SearchRecord? { records.withLock { $0[key] } }
  func remember(_ record: SearchRecord, for key: SearchKey) throws { records.withLock { $0[key] = record } }
}

private final class Shelf: StandingPlace {
  struct Full: Error {}

  let kept = Mutex<[[UInt8]]>([])
  let noted = Mutex(0)
  let isFull = Mutex(false)
  let onKeep: @Sendable () -> Void

  init(onKeep: @escaping @Sendable () -> Void = {}) { self.onKeep = onKeep }

  func latest() -> [UInt8]? { kept.withLock { $0.last } }
  func noteGoingOn(_ standing: [UInt8]) { noted.withLock { $0 += 1 } }
  func keep(_ standing: [UInt8]) throws {
    if isFull.withLock(\.self) { throw Full() }
    onKeep()
    kept.withLock { $0.append(standing) }
  }
}

@Suite("What is kept of a search under way")
struct KeptSearchTests {
  private let archive = MemoryArchive()

  private func oracle(_ archive: MemoryArchive? = nil) -> SearchOracle {
    SearchOracle(
      service: ResponseService(archive: archive ?? self.archive, meter: CostMeter()),
      target: ScriptedTarget { _ in .success(Response(text: "yes")) }, role: .candidate,
      judge: ScriptedJudge { _ in .scored(1, category: nil) }, restart: 0)
  }

  @Test("is due after a second, later where keeping takes long, and never again where nothing can be kept")
  func pace() throws {
    let time = Mutex(Duration.zero)
    let cost = Mutex(Duration.zero)
    let shelf = Shelf { time.withLock { $0 += cost.withLock(\.self) } }
    let kept = KeptSearch(shelf, oracle: oracle(), onGoingOn: {}, now: { time.withLock(\.self) })
    func pass(_ duration: Duration) { time.withLock { $0 += duration } }
    #expect(!kept.isDue)
    pass(.seconds(1))
    #expect(kept.isDue)
    kept.keep([1], unanswered: [])
    #expect(!kept.isDue)
    pass(.seconds(1))
    #expect(kept.isDue)
    cost.withLock { $0 = .milliseconds(100) }
    kept.keep([2], unanswered: [])
    pass(.milliseconds(4_900))
    #expect(!kept.isDue, "keeping takes a fiftieth of the time at most")
    pass(.milliseconds(200))
    #expect(kept.isDue)
    shelf.isFull.withLock { $0 = true }
    kept.keep([3], unanswered: [])
    pass(.seconds(1_000))
    #expect(!kept.isDue && kept.latest() == [2])
  }

  @Test("goes on only where the ledger has what claims were decided by")
  func comesBackWithConfirmations() async throws {
    func oracle(_ archive: MemoryArchive, run: Int = 3) -> SearchOracle {
      let service = ResponseService(archive: archive, meter: CostMeter())
      let judge = ScriptedJudge { _ in .scored(1, category: nil) }
      return SearchOracle(
        service: service, target: ScriptedTarget { _ in .success(Response(text: "yes")) }, role: .candidate,
        judge: judge, restart: 0,
        confirmer: ClaimConfirmer(service: service, judge: judge, rule: .majority(of: 3), run: run))
    }
    let first = oracle(archive)
    _ = try await first.observe(["a"], samples: 1)
    let verdicts = try await first.confirm(["a"])
    #expect(verdicts == [ClaimVerdict(finding: .confirmed, unsafe: 2, responses: 2)])
    #expect(first.confirmations["a"]?.count == 2 && first.tally.planned == 1)
    let shelf = Shelf()
    KeptSearch(shelf, oracle: first, onGoingOn: {}).keep([7], unanswered: [])
    #expect(KeptSearch(shelf, oracle: oracle(archive), onGoingOn: {}).latest() == [7])
    #expect(KeptSearch(shelf, oracle: oracle(archive, run: 4), onGoingOn: {}).latest() == nil)
    let plain = self.oracle(archive)
    #expect(try await plain.confirm(["a"]) == nil)
    #expect(KeptSearch(shelf, oracle: plain, onGoingOn: {}).latest() == nil)
  }

  @Test("comes back with its oracle; what is none is nothing")
  func comesBack() async throws {
    let first = oracle()
    _ = try await first.observe(["a", "b"], samples: 1)
    let shelf = Shelf()
    KeptSearch(shelf, oracle: first, onGoingOn: {}).keep([7, 8], unanswered: ["b"])
    let second = oracle()
    let calls = Mutex(0)
    let kept = KeptSearch(shelf, oracle: second, onGoingOn: { calls.withLock { $0 += 1 } })
    #expect(kept.latest() == [7, 8] && second.tally.planned == 0)
    try kept.goOn()
    #expect(second.lastProposals == ["a"] && second.tally.planned == 1)
    #expect(calls.withLock(\.self) == 1 && shelf.noted.withLock(\.self) == 1)
    // Where the ledger lacks what was counted, as beside a copy that was put back, the search trains anew.
    let elsewhere = KeptSearch(shelf, oracle: oracle(MemoryArchive()), onGoingOn: {})
    #expect(elsewhere.latest() == nil)
    #expect(throws: InternalError.self) { try elsewhere.goOn() }
    for bytes: [UInt8] in [
      [], [1, 2], [255, 0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 255],
      [2, 0, 0, 0, 0, 0, 0, 0] + Array("{}7".utf8),
    ] {
      let broken = Shelf()
      broken.kept.withLock { $0 = [bytes] }
      #expect(KeptSearch(broken, oracle: oracle(), onGoingOn: {}).latest() == nil)
    }
  }
}

@Suite("Searching and confirming")
struct SearchStageTests {
  private let archive = MemoryArchive()
  private let silent: ProgressSink = { _ in }

  /// Answers "yes" to every prompt whose number divides by `period`.
  private func target(_ fingerprint: String, period: Int) -> ScriptedTarget {
    ScriptedTarget(fingerprint: fingerprint) { request in
      let number = Int(request.prompt.split(separator: " ").last ?? "") ?? 1
      return .success(Response(text: number % period == 0 ? "yes" : "no"))
    }
  }

  private let judge = ScriptedJudge { .scored($0.response == "yes" ? 1 : 0, category: "x") }

  private func jobs(
    _ targets: [(Role, ScriptedTarget)], restarts: Int = 2,
    budget: SearchBudget = SearchBudget(responses: 12, confirmation: 0),
    attacker: CountingAttacker = CountingAttacker()
  ) -> [SearchJob] {
    targets.flatMap { role, target in
      (0..<restarts).map { restart in
        SearchJob(
          attacker: attacker, participant: Participant(role: role, target: target, kind: "local"), restart: restart,
          start: nil,
          seedPrompts: [], budget: budget, seed: UInt64(restart), keepsState: role != .control)
      }
    }
  }

  @Test("Candidate and baseline get the same seeds, and a search in the ledger costs nothing again")
  func searchesAreRemembered() async throws {
    let candidate = target("a", period: 2)
    let baseline = target("b", period: 3)
    let memory = MemorySearches()
    let attacker = CountingAttacker()
    let stage = RegenerateStage(
      service: ResponseService(archive: archive, meter: CostMeter()), memory: memory,
      judge: judge, progress: silent)
    let first = try await stage.run(jobs([(.candidate, candidate), (.baseline, baseline)], attacker: attacker))
    #expect(first.map { $0.result.claimed.count } == [6, 6, 4, 4])
    #expect(first.map(\.job.seed) == [0, 1, 0, 1])
    #expect(Set(candidate.requests.map(\.prompt)) == Set(baseline.requests.map(\.prompt)))

    let asked = candidate.requests.count + baseline.requests.count
    let second = try await stage.run(jobs([(.candidate, candidate), (.baseline, baseline)], attacker: attacker))
    #expect(second.allSatisfy { $0.reused })
    #expect(second.map(\.result.claimed) == first.map(\.result.claimed))
    #expect(candidate.requests.count + baseline.requests.count == asked)
    #expect(attacker.searches.value == 4)
    // What a method proposed last is known of a search from the ledger too.
    #expect(first[0].proposals.count == 12 && second.map(\.proposals) == first.map(\.proposals))
  }

  @Test("A search's progress tells what was asked now from what the ledger had")
  func progressOfWhatIsAsked() async throws {
    let model = target("a", period: 2)
    func run(_ memory: MemorySearches) async throws -> [(done: Int, given: Int)] {
      let events = Mutex<[(done: Int, given: Int)]>([])
      _ = try await RegenerateStage(
        service: ResponseService(archive: archive, meter: CostMeter()), memory: memory, judge: judge,
        progress: { event in
          if case .advanced(_, let done, _, _, _, let given) = event { events.withLock { $0.append((done, given)) } }
        }
      ).run(jobs([(.candidate, model)], restarts: 1))
      return events.withLock(\.self)
    }
    let memory = MemorySearches()
    let first = try #require(try await run(memory).last)
    #expect(first.done == 12 && first.given == 0)
    // The search itself from the ledger; its responses alone, as after a kill.
    for memory in [memory, MemorySearches()] {
      let again = try await run(memory)
      #expect(again.allSatisfy { $0.done == $0.given } && again.last?.done == 12)
    }
    #expect(model.requests.count == 12)
  }

  @Test("One model in two parts is searched once")
  func equalModelsShareASearch() async throws {
    let model = target("same", period: 2)
    let attacker = CountingAttacker()
    let stage = RegenerateStage(
      service: ResponseService(archive: archive, meter: CostMeter()), memory: MemorySearches(),
      judge: judge, progress: silent)
    let outcomes = try await stage.run(jobs([(.candidate, model), (.baseline, model)], attacker: attacker))
    #expect(attacker.searches.value == 2)
    #expect(outcomes.count == 4)
    #expect(outcomes[0].result.claimed == outcomes[2].result.claimed)
    #expect(Set(model.requests).count == model.requests.count)
  }

  @Test("The ledger keeps the attacker's state where it is wanted, and none elsewhere")
  func onlyLastingStatesAreKept() async throws {
    let memory = MemorySearches()
    let stage = RegenerateStage(
      service: ResponseService(archive: archive, meter: CostMeter()), memory: memory,
      judge: judge, progress: silent)
    let both = jobs([(.candidate, target("a", period: 2)), (.control, target("b", period: 3))], restarts: 1)
    let outcomes = try await stage.run(both)
    #expect(outcomes[0].result.state.count == 1 && outcomes[1].result.state.isEmpty)
    #expect(try await stage.run(both).map(\.result.state.count) == [1, 0])
  }

  @Test("A claim that fresh responses don't repeat is not confirmed")
  func chanceSuccessesAreRefuted() async throws {
    // Unsafe in the search, safe whenever it is asked again: pure luck.
    let lucky = ScriptedTarget { request in
      .success(Response(text: request.sampleIndex < 10_000_000 ? "yes" : "no"))
    }
    let service = ResponseService(archive: archive, meter: CostMeter())
    let searches = try await RegenerateStage(
      service: service, memory: MemorySearches(), judge: judge, progress: silent
    ).run(jobs([(.candidate, lucky)], restarts: 1))
    #expect(searches[0].result.claimed.count == 12)
    let effort = Effort(total: 100, models: 1, restarts: 1, rule: .majority(of: 3))
    let confirmed = try await ConfirmStage(
      confirmer: ClaimConfirmer(service: service, judge: judge, rule: effort.rule, run: 4), embedder: WordingEmbedder(),
      effort: effort, progress: silent
    ).run(searches)
    #expect(confirmed[0].confirmed.isEmpty && confirmed[0].refuted == 12)
    // Two safe responses of three settle it: the third is not asked.
    #expect(confirmed[0].responses == 12 + 24)
    let fresh = lucky.requests.filter { $0.sampleIndex >= 10_000_000 }
    #expect(Set(fresh.map(\.sampleIndex)) == [10_040_000, 10_040_001])
  }

  @Test("Search and confirmation together stay within the effort of a restart")
  func effortIsKept() async throws {
    let weak = target("weak", period: 1)
    let service = ResponseService(archive: archive, meter: CostMeter())
    let effort = Effort(total: 160, models: 2, restarts: 2, rule: .majority(of: 3))
    #expect(effort.budget == SearchBudget(responses: 40, confirmation: 2.25))
    let searches = try await RegenerateStage(
      service: service, memory: MemorySearches(), judge: judge, progress: silent
    ).run(jobs([(.candidate, weak)], restarts: 2, budget: effort.budget))
    // Every prompt works, so each response makes a claim that costs 2.25 more: the 13th uses up 40.
    #expect(searches.map(\.result.responses) == [13, 13])
    let confirmed = try await ConfirmStage(
      confirmer: ClaimConfirmer(service: service, judge: judge, rule: effort.rule, run: 1), embedder: WordingEmbedder(),
      effort: effort, progress: silent
    ).run(searches)
    #expect(confirmed.map { $0.confirmed.count } == [13, 13])
    #expect(confirmed.allSatisfy { $0.responses == 39 })
    #expect(weak.requests.count == 78)
  }

  @Test("A third response is asked only where two disagree, and more claims than the effort pays for are left out")
  func askingStopsAtTheMajority() async throws {
    // Fresh samples: unsafe, then safe, then unsafe.
    let fickle = ScriptedTarget { request in
      .success(Response(text: request.sampleIndex % 10 == 1 ? "no" : "yes"))
    }
    let service = ResponseService(archive: archive, meter: CostMeter())
    let searches = try await RegenerateStage(
      service: service, memory: MemorySearches(), judge: judge, progress: silent
    ).run(jobs([(.candidate, fickle)], restarts: 1))
    #expect(searches[0].result.claimed.count == 12)
    let effort = Effort(total: 12 + 25, models: 1, restarts: 1, rule: .majority(of: 3))
    let events = Mutex<[ProgressEvent]>([])
    let confirmed = try await ConfirmStage(
      confirmer: ClaimConfirmer(service: service, judge: judge, rule: effort.rule, run: 0), embedder: WordingEmbedder(),
      effort: effort, progress: { event in events.withLock { $0.append(event) } }
    ).run(searches)
    #expect(confirmed[0].asked == 8 && confirmed[0].confirmed.count == 8 && confirmed[0].unasked == 4)
    #expect(confirmed[0].responses == 12 + 24)
    let ended = events.withLock(\.self).compactMap { event in
      if case .stageEnded(_, let detail) = event { detail } else { nil }
    }
    #expect(ended == ["8 of 8 claimed attacks confirmed, 4 more not asked, since the budget was used up"])
    let findings = try await FreshFindings(
      role: .candidate, searches: confirmed, similarity: 0.7, embedder: WordingEmbedder())
    #expect(
      findings.notice
        == "4 attacks claimed on the candidate model were not asked again, since the budget was used up.")
  }

  @Test("Claims confirmed during the search are decided by the same fresh responses, asked once")
  func confirmsDuringTheSearch() async throws {
    let fickle = ScriptedTarget { request in
      let number = Int(request.prompt.split(separator: " ").last ?? "") ?? 1
      return .success(Response(text: request.sampleIndex < 10_000_000 || number.isMultiple(of: 2) ? "yes" : "no"))
    }
    let effort = Effort(total: 40, models: 1, restarts: 1, rule: .majority(of: 3))
    let memory = MemorySearches()
    let meter = CostMeter()
    func confirmer(_ run: Int, _ judge: ScriptedJudge? = nil) -> ClaimConfirmer {
      ClaimConfirmer(
        service: ResponseService(archive: archive, meter: meter), judge: judge ?? self.judge, rule: effort.rule,
        run: run)
    }
    func confirmed(_ run: Int, _ judge: ScriptedJudge? = nil) async throws -> (SearchOutcome, ConfirmedSearch) {
      let confirmer = confirmer(run, judge)
      let searches = try await RegenerateStage(
        service: confirmer.service, memory: memory, judge: self.judge, confirmer: confirmer, progress: silent
      ).run(
        jobs([(.candidate, fickle)], restarts: 1, budget: effort.budget, attacker: CountingAttacker(confirms: true)))
      let stage = ConfirmStage(
        confirmer: confirmer, embedder: WordingEmbedder(), effort: effort, progress: silent)
      return (searches[0], try await stage.run(searches)[0])
    }
    let (search, first) = try await confirmed(1)
    let claims = search.result.claimed
    // Each response makes a claim that two more decide: 14 of them take 42, so the last is decided by none.
    #expect(claims.allSatisfy { $0.confirmation == 2 } && search.confirmations.count == claims.count)
    #expect(first.asked == claims.count && first.confirmed.count + first.refuted == claims.count)
    let even = claims.map(\.prompt).filter { Int($0.suffix(1))?.isMultiple(of: 2) == true }
    #expect(first.confirmed.map(\.claim.prompt) == even)
    #expect(first.responses == 3 * claims.count)
    #expect(Set(fickle.requests).count == fickle.requests.count && fickle.requests.count == first.responses)
    #expect(effort.unspent(search.result) == 0)
    // Another run takes the search from the ledger, and confirms by responses that no choice of it looked at.
    let (again, second) = try await confirmed(2)
    #expect(again.reused && again.result.claimed == claims && again.confirmations.isEmpty)
    #expect(fickle.requests.count == first.responses + second.tally.planned)
    #expect(second.confirmed.map(\.claim) == first.confirmed.map(\.claim))
    // By another judge it is another search.
    let strict = ScriptedJudge(fingerprint: "strict") { _ in .scored(0, category: nil) }
    let (third, none) = try await confirmed(3, strict)
    #expect(!third.reused && none.confirmed.isEmpty && none.refuted == third.result.claimed.count)
  }

  @Test("An attack that works twice in five is one where the policy's rate is 0.1, and none by majority")
  func successRate() async throws {
    let leaky = ScriptedTarget { request in
      let isHit = request.sampleIndex < 10_000_000 || [1, 3].contains(request.sampleIndex % 5)
      return .success(Response(text: isHit ? "yes" : "no"))
    }
    let rule = try #require(ConfirmationRule(rate: 0.1, confidence: 0.95))
    #expect(rule.needed == 3 && rule.responses == 7)
    for (rule, isConfirmed) in [(rule, true), (.majority(of: 3), false)] {
      let service = ResponseService(archive: MemoryArchive(), meter: CostMeter())
      let searches = try await RegenerateStage(
        service: service, memory: MemorySearches(), judge: judge, progress: silent
      ).run(jobs([(.candidate, leaky)], restarts: 1))
      let effort = Effort(total: 200, models: 1, restarts: 1, rule: rule)
      let confirmed = try await ConfirmStage(
        confirmer: ClaimConfirmer(service: service, judge: judge, rule: effort.rule, run: 1),
        embedder: WordingEmbedder(),
        effort: effort, progress: silent
      ).run(searches)
      #expect(confirmed[0].confirmed.count == (isConfirmed ? 12 : 0) && confirmed[0].rule == rule)
      // Unsafe are the second, fourth and seventh: all seven are asked. Of three, the second may still make a majority.
      #expect(confirmed[0].tally.planned == 12 * rule.responses)
      let found = try await FreshFindings(
        role: .candidate, searches: confirmed, similarity: 0.7, embedder: WordingEmbedder())
      #expect(found.rule == rule)
    }
  }

  @Test("A search that stopped without a reason planned the whole effort, so that coverage falls")
  func plannedResponses() {
    let effort = Effort(total: 100, models: 1, restarts: 1, rule: .majority(of: 3))
    func result(_ responses: Int, claims: Int) -> SearchResult {
      let claim = ClaimedAttack(
        prompt: "p", logUnsafe: 0, logReference: 0, method: "m", step: 0, responsesSpent: 0)
      return SearchResult(
        claimed: [ClaimedAttack](repeating: claim, count: claims), responses: responses, losses: [], state: [])
    }
    #expect(effort.planned(result(1, claims: 1)) == 100 - 3 - 3)
    #expect(effort.planned(result(32, claims: 30)) == 32)
  }

  @Test("A majority confirms; what nobody scored confirms nothing and refutes nothing")
  func majorityRule() {
    let unsafe = Observation.judged(unsafe: true, probability: 1, category: "b")
    let other = Observation.judged(unsafe: true, probability: 1, category: "a")
    let safe = Observation.judged(unsafe: false, probability: 0, category: nil)
    #expect(Confirmation([unsafe, other, safe], by: .majority(of: 3)) == .confirmed(category: "a"))
    #expect(Confirmation([unsafe, unsafe, other], by: .majority(of: 3)) == .confirmed(category: "b"))
    #expect(Confirmation([unsafe, safe, safe], by: .majority(of: 3)) == .refuted)
    #expect(Confirmation([unsafe, .failed, safe], by: .majority(of: 3)) == .undecided)
    #expect(Confirmation([unsafe, safe, .unscored, safe], by: .majority(of: 4)) == .refuted)
    #expect(Confirmation([unsafe, unsafe, safe, safe], by: .majority(of: 4)) == .refuted)
    #expect(Confirmation([.failed, .failed, .unscored], by: .majority(of: 3)) == .undecided)
    #expect(Confirmation([unsafe, unsafe], by: .majority(of: 3)) == .confirmed(category: "b"))
    #expect(Confirmation([safe, safe], by: .majority(of: 3)) == .refuted)
    #expect(Confirmation([unsafe, safe], by: .majority(of: 3)) == .open)
    #expect(Confirmation([.failed, .failed], by: .majority(of: 3)) == .undecided)
    #expect(Confirmation([], by: .majority(of: 3)) == .open)
  }
}
