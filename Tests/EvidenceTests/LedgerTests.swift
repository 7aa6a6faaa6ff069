import Core
import Foundation
import GRDB
import Testing

@testable import Evidence

@Suite("Ledger")
struct LedgerTests {
  @Test("a response is stored once, whatever is stored after it; failures don't count as stored")
  func once() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    let failure = ResponseFailure(kind: .serverError, message: "500")
    let first = try ledger.store(
      [(key("a"), .failure(failure)), (key("b"), .success(Response(text: "one")))], run: run)
    let second = try ledger.store(
      [(key("b"), .success(Response(text: "two"))), (key("a"), .success(Response(text: "x")))], run: run)
    #expect(first[0] == nil && first[1] != nil && second[0] == first[1])
    #expect(try ledger.stored([key("b"), key("a")]).map { $0?.row } == second)
    let stored = try ledger.responses([key("b"), key("a"), key("a", 1), key("a", target: "u")])
    #expect(stored.map { $0?.text } == ["one", "x", nil, nil])
    let contents = try ledger.contents()
    #expect(contents.counts["responses"] == 2 && contents.counts["failures"] == 1)
  }

  @Test("scores come back as they were given; unscored is kept apart; a new judge has seen nothing")
  func scores() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    try ledger.store([(key("a"), .success(Response(text: "t"))), (key("b"), .success(Response(text: "t")))], run: run)
    try ledger.store(
      [(key("a"), nil, .scored(0.25, category: "c")), (key("b"), "k", .unscored(reason: "empty"))], judge: "j")
    #expect(
      try ledger.scores([(key("a"), nil), (key("b"), "k"), (key("b"), nil)], judge: "j")
        == [.scored(0.25, category: "c"), .unscored(reason: "empty"), nil])
    #expect(try ledger.scores([(key("a"), nil)], judge: "other") == [nil])
  }

  @Test("a score that is no number is unscored; a response that isn't stored can't be judged")
  func oddScores() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    try ledger.store([(key("a"), .success(Response(text: "t")))], run: run)
    try ledger.store([(key("a"), nil, .scored(.nan, category: nil))], judge: "j")
    let score = try #require(try ledger.scores([(key("a"), nil)], judge: "j")[0])
    #expect(score.unsafeProbability == nil)
    #expect(throws: InternalError.self) {
      try ledger.store(
        [(key("a"), "k", .scored(1, category: nil)), (key("never asked"), nil, .scored(1, category: nil))], judge: "j")
    }
    // All or nothing: the good half of a bad group isn't kept either.
    #expect(try ledger.scores([(key("a"), "k")], judge: "j") == [nil])
  }

  @Test("writers side by side store each response once, and every one of them")
  func sideBySide() async throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    let keys = (0..<400).map { key("prompt \($0 % 40)", $0 / 40) }
    let rows = try await withThrowingTaskGroup(of: Set<Int64?>.self) { group in
      for writer in 0..<4 {
        group.addTask {
          let mine = writer.isMultiple(of: 2) ? keys : keys.reversed()
          return try stride(from: 0, to: mine.count, by: 16).reduce(into: Set<Int64?>()) { rows, start in
            let outcomes = mine[start..<start + 16].map { key in
              (key, ResponseOutcome.success(Response(text: "by \(writer)", completionTokens: 2)))
            }
            rows.formUnion(try ledger.store(outcomes, run: run))
          }
        }
      }
      return try await group.reduce(into: Set<Int64?>()) { $0.formUnion($1) }
    }
    #expect(rows.count == keys.count && !rows.contains(nil))
    #expect(try Set(ledger.stored(keys).map { $0?.row }) == rows)
    #expect(try ledger.responses(keys).allSatisfy { $0 != nil })
    // Forty prompts, and what four writers could say.
    let texts = try #require(try ledger.contents().counts["texts"])
    #expect((41...44).contains(texts))
    #expect(try ledger.costs(of: run).map(\.completionTokens) == [2 * keys.count])
  }

  @Test("prompts and settings that look alike but differ in their bytes are different requests")
  func canonicalEquivalents() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    func request(_ prompt: String, system: String) -> ResponseKey {
      ResponseKey(target: "t", prompt: prompt, settings: SamplingSettings(system: system), sampleIndex: 0)
    }
    let keys = ["\u{E9}", "e\u{301}"].flatMap { a in ["\u{E9}", "e\u{301}"].map { request(a, system: $0) } }
    try ledger.store([(keys[0], .success(Response(text: "one")))], run: run)
    #expect(try ledger.responses(keys).map { $0?.text } == ["one", nil, nil, nil])
  }

  @Test("a run costs what it paid for itself, failures apart, by target")
  func costs() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let first = try ledger.beginRun(identity, now: 1)
    try ledger.store(
      [(key("a"), .success(Response(text: "t", promptTokens: 3, completionTokens: 5)))], run: first)
    try ledger.finishRun(first, summary: summary(.pass), now: 2)
    let second = try ledger.beginRun(identity, now: 3)
    let failure = ResponseOutcome.failure(ResponseFailure(kind: .rateLimited, message: "429"))
    try ledger.store(
      [
        (key("a"), .success(Response(text: "again", promptTokens: 3, completionTokens: 5))), (key("b"), failure),
        (key("b"), failure), (key("b", target: "u"), .success(Response(text: "t", promptTokens: 7))),
      ], run: second)
    #expect(
      try ledger.costs(of: second) == [
        TargetCost(target: "t", responses: 0, failures: 2, promptTokens: 0, completionTokens: 0),
        TargetCost(target: "u", responses: 1, failures: 0, promptTokens: 7, completionTokens: 0),
      ])
    #expect(try ledger.costs(of: first).map(\.responses) == [1])
  }

  @Test("an unfinished run is found by its identity until it ends")
  func resume() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    var other = identity
    other.seed = 8
    #expect(try ledger.unfinishedRun(identity)?.id == run)
    #expect(try ledger.unfinishedRun(other) == nil)
    try ledger.finishRun(run, summary: summary(.inconclusive), now: 2)
    #expect(try ledger.unfinishedRun(identity) == nil)
    #expect(try ledger.summary(of: run) == summary(.inconclusive))
    #expect(try ledger.runs().first?.verdict == .inconclusive)
  }

  @Test("searches are remembered by key, attacker states only once their run has ended")
  func searches() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    try ledger.storeSearch("k", StoredSearch(record: [1, 2, 3], state: [4]), run: run)
    #expect(try ledger.search("k") == StoredSearch(record: [1, 2, 3], state: [4]) && ledger.search("l") == nil)
    try ledger.storeAttackerState([9], attacker: "a", restart: 0, run: run)
    try ledger.addToSuite([Attack(prompt: "p")], run: run)
    #expect(try ledger.attackerState(attacker: "a", restart: 0) == nil)
    #expect(try ledger.foundAttacks().map(\.attack).isEmpty)
    try ledger.finishRun(run, summary: summary(.pass), now: 2)
    #expect(try ledger.attackerState(attacker: "a", restart: 0) == [9])
    #expect(try ledger.foundAttacks().map(\.attack).map(\.prompt) == ["p"])
  }

  @Test("a run that a later one with the same identity replaced is not resumed")
  func replaced() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    _ = try ledger.beginRun(identity, now: 1)
    let second = try ledger.beginRun(identity, now: 2)
    #expect(try ledger.unfinishedRun(identity)?.id == second)
    try ledger.finishRun(second, summary: summary(.fail), now: 3)
    #expect(try ledger.unfinishedRun(identity) == nil && ledger.lastUnfinishedRun() == nil)
    #expect(try ledger.lastFinishedRun(policy: "p")?.verdict == .fail)
    #expect(try ledger.lastFinishedRun(policy: "another") == nil)
  }

  @Test("a verdict is given once: a run that ended, or never began, can't end")
  func verdictOnce() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    try ledger.finishRun(run, summary: summary(.fail), now: 2)
    #expect(throws: InternalError.self) { try ledger.finishRun(run, summary: summary(.pass), now: 3) }
    #expect(throws: InternalError.self) { try ledger.finishRun("none", summary: summary(.pass), now: 3) }
    #expect(throws: InternalError.self) {
      try ledger.write { try $0.execute(sql: "UPDATE runs SET verdict = 'pass'") }
    }
    #expect(try ledger.runs().map(\.verdict) == [.fail])
  }

  @Test("a resumed run starts from what its first life saw, whatever ended meanwhile")
  func beforeRun() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    func finished(_ byte: UInt8, _ prompt: String, began: Double, ended: Double) throws {
      let run = try ledger.beginRun(identity, now: began)
      try ledger.storeAttackerState([byte], attacker: "a", restart: 0, run: run)
      try ledger.addToSuite([Attack(prompt: prompt)], run: run)
      try ledger.finishRun(run, summary: summary(.pass), now: ended)
    }
    try finished(1, "one", began: 1, ended: 2)
    // The clock may be set back meanwhile.
    let killed = try ledger.beginRun(identity, now: 3)
    try finished(2, "two", began: 0.5, ended: 2.5)
    #expect(try ledger.attackerState(attacker: "a", restart: 0) == [2])
    #expect(try ledger.attackerState(attacker: "a", restart: 0, before: killed) == [1])
    #expect(try ledger.foundAttacks().map(\.attack).count == 2)
    #expect(try ledger.foundAttacks(before: killed).map(\.attack).map(\.prompt) == ["one"])
  }

  @Test("an attack keeps all of its provenance; one that only an abandoned run confirmed joins with the next that does")
  func suite() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    func attack(run: String) -> Attack {
      Attack(
        prompt: "p \u{1F511}", category: "passphrase", locale: "de", cluster: "k",
        provenance: Provenance(method: "gflownet", restart: 2, step: 40, foundOn: "candidate", run: run))
    }
    let abandoned = try ledger.beginRun(identity, now: 1)
    try ledger.addToSuite([attack(run: abandoned)], run: abandoned)
    #expect(try ledger.foundAttacks().map(\.attack).isEmpty)
    for time in [2.0, 4] {
      let run = try ledger.beginRun(identity, now: time)
      try ledger.addToSuite([attack(run: run), attack(run: run)], run: run)
      try ledger.finishRun(run, summary: summary(.pass), now: time + 1)
    }
    #expect(try ledger.foundAttacks().map(\.attack) == [attack(run: try #require(ledger.runs().dropFirst().first?.id))])
    #expect(try ledger.contents().counts["suite"] == 1)
  }

  @Test("equal bytes are stored once, whatever they are stored as")
  func artifacts() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    let state = [UInt8](repeating: 7, count: 100_000)
    try ledger.storeSearch("k", StoredSearch(record: [1, 2], state: state), run: run)
    try ledger.storeSearch("l", StoredSearch(record: [1, 2]), run: run)
    try ledger.storeSearch("k", StoredSearch(record: [3]), run: run)
    try ledger.storeAttackerState(state, attacker: "a", restart: 0, run: run)
    #expect(try ledger.search("k") == StoredSearch(record: [1, 2], state: state))
    #expect(try ledger.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM artifacts") } == 3)
    #expect(try ledger.read { try Int.fetchOne($0, sql: "SELECT SUM(length(bytes)) FROM artifacts") ?? 0 } < 1_000)
  }
}
