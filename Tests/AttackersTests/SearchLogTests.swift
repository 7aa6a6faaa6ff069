import Core
import Foundation
import Testing

@testable import Attackers

/// Gives each prompt the chances listed for it, one after the other.
private actor ListedOracle: AttackOracle {
  private var chances: [String: [Double]]
  private(set) var asked: [String] = []

  init(_ chances: [String: [Double]]) { self.chances = chances }

  func observe(_ prompts: [String], samples: Int) async throws -> [AttackObservation] {
    prompts.map { prompt in
      let own = (0..<samples).map { _ in
        asked.append(prompt)
        return chances[prompt]?.isEmpty == false ? chances[prompt]?.removeFirst() ?? 0.01 : 0.01
      }
      return AttackObservation(
        logUnsafe: own.reduce(0) { $0 + log($1) } / Double(own.count), responses: samples)
    }
  }
}

@Suite("What a search may spend")
struct SearchLogTests {
  private func experience(_ prompt: String, _ c: Double) -> Experience {
    Experience(tokens: [1, 2, 3], prompt: prompt, logUnsafe: c, reference: [-1])
  }

  @Test("claims reserve what their confirmation will cost, and the search ends there")
  func reservation() async throws {
    let oracle = ListedOracle([:])
    var log = SearchLog(
      oracle: oracle, budget: SearchBudget(responses: 20, confirmation: 2.25), settings: AttackerSettings())
    try await log.observe(["a", "b", "c", "d"])
    #expect(log.spent == 4 && log.left == 16)
    for prompt in ["a", "b", "c", "d"] { log.claim(experience(prompt, 0), method: "m", step: 0, isNew: true) }
    #expect(log.committed == 4 + 9 && log.left == 7)
    try await log.observe((0..<50).map { "p\($0)" })
    #expect(log.spent == 11 && !log.canAsk)
    #expect(await oracle.asked.count == 11)
  }

  @Test("confirming during the search stays within the budget, and what it took counts instead of what was kept for it")
  func confirmations() async throws {
    var log = SearchLog(
      oracle: ListedOracle([:]), budget: SearchBudget(responses: 20, confirmation: 2.25, mostConfirmation: 3),
      settings: AttackerSettings())
    try await log.observe(["a", "b", "c", "d", "e"])
    for prompt in ["a", "b", "c"] { log.claim(experience(prompt, 0), method: "m", step: 0, isNew: true) }
    #expect(log.committed == 5 + 7)
    #expect(log.reserveConfirmation(["a", "b"]) == ["a", "b"])
    // Two at their worst, and one as expected.
    #expect(log.committed == 5 + 6 + 3)
    log.settle(
      claims: ["a", "b"],
      [
        ClaimVerdict(finding: .confirmed, unsafe: 2, responses: 2),
        ClaimVerdict(finding: .refuted, unsafe: 1, responses: 3),
      ])
    #expect(log.committed == 5 + 5 + 3 && log.claimed.map(\.confirmation) == [2, 3, nil])
    try await log.observe(["f", "g", "h", "i", "j", "k"])
    #expect(log.spent == 11)
    // Four are left, which is one claim at its worst.
    for prompt in ["d", "e"] { log.claim(experience(prompt, 0), method: "m", step: 0, isNew: true) }
    #expect(log.reserveConfirmation(["c", "d", "e"]) == ["c"])
    log.release(claims: 1)
    #expect(log.claimed.last?.confirmation == nil)
    var free = SearchLog(
      oracle: ListedOracle([:]), budget: SearchBudget(responses: 20, confirmation: 0), settings: AttackerSettings())
    free.claim(experience("a", 0), method: "m", step: 0, isNew: true)
    #expect(free.reserveConfirmation(["a"]).isEmpty, "nobody pays for it")
  }

  @Test("what is under way is paid for, and no prompt is asked twice")
  func underWay() {
    var log = SearchLog(
      oracle: ListedOracle([:]), budget: SearchBudget(responses: 10, confirmation: 0), settings: AttackerSettings())
    let first = log.reserve(["a", "b", "a"])
    #expect(first == ["a", "b"] && log.left == 8)
    #expect(log.reserve(["b", "c"]) == ["c"])
    #expect(log.reserve((0..<20).map { "p\($0)" }, until: 5).count == 2)
    log.settle(first, first.map { _ in AttackObservation(logUnsafe: -1, responses: 1) })
    #expect(log.spent == 2 && log.committed == 5)
  }

  @Test("more responses are asked only while the mean leaves it open, and all of them count")
  func adaptiveCounts() async throws {
    var settings = AttackerSettings()
    settings.responsesAtMost = 3
    let oracle = ListedOracle(["sure": [0.99], "never": [0.02], "torn": [0.5, 0.6, 0.4], "soon": [0.5, 0.05]])
    let observations = try await ask(oracle, ["sure", "never", "torn", "soon"], settings)
    #expect(observations.map(\.responses) == [1, 1, 3, 2])
    #expect(abs((observations[2].logUnsafe ?? 0) - (log(0.5) + log(0.6) + log(0.4)) / 3) < 1e-12)
    var log = SearchLog(oracle: oracle, budget: SearchBudget(responses: 8, confirmation: 0), settings: settings)
    try await log.observe(["x", "y", "z"])
    // Each could have taken three, so only two fitted.
    #expect(log.spent == 2 && log.known.count == 2)
  }

  @Test("an observation that nobody scored adds no evidence, only cost")
  func unscored() {
    let joined = AttackObservation(logUnsafe: nil, responses: 1).joined(with: .init(logUnsafe: -2, responses: 1))
    #expect(joined == AttackObservation(logUnsafe: -2, responses: 2))
    #expect(
      AttackObservation(logUnsafe: nil, responses: 1).joined(with: .init(logUnsafe: nil, responses: 2)).logUnsafe == nil
    )
  }
}

@Suite("The screen")
struct ProposalScreenTests {
  private func unit(_ angle: Double) -> [Float] { [Float(cos(angle)), Float(sin(angle))] }

  private let all = { (picks: [Int]) in [Bool](repeating: true, count: picks.count) }

  private func settings(exploration: Double) -> AttackerSettings {
    var settings = AttackerSettings()
    settings.screenExploration = exploration
    return settings
  }

  @Test("what resembles failures is passed over for what resembles successes")
  func prefersSuccess() async {
    var screen = ProposalScreen(settings: settings(exploration: 0))
    screen.learn((0..<20).map { unit(0.01 * Double($0)) }, worked: [Bool](repeating: false, count: 20))
    screen.learn([unit(1.5)], worked: [true])
    var generator = SeededGenerator(seed: 1)
    #expect(await screen.choose([unit(0.05), unit(0.1), unit(1.45)], count: 1, using: &generator, accepts: all) == [2])
  }

  @Test("another copy of what is claimed already counts less than a new kind")
  func prefersNovelty() async {
    var screen = ProposalScreen(settings: settings(exploration: 0))
    screen.learn((0..<30).map { unit(0.005 * Double($0)) }, worked: [Bool](repeating: true, count: 30))
    screen.learn([unit(2)], worked: [false])
    var generator = SeededGenerator(seed: 1)
    #expect(await screen.choose([unit(0.05), unit(1.2), unit(0.1)], count: 1, using: &generator, accepts: all) == [1])
  }

  @Test("what was known before leads it as far as it still holds, and what a claim turned out to be counts")
  func learnsFromWhatWasKnown() async {
    let pool = [unit(0.1), unit(1.4)]
    func first(_ screen: ProposalScreen) async -> [Int] {
      var generator = SeededGenerator(seed: 1)
      return await screen.choose(pool, count: 1, using: &generator, accepts: all)
    }
    var known = ProposalScreen(settings: settings(exploration: 0))
    known.recall([unit(-0.1), unit(-0.2), unit(1.45)], worked: [false, false, false])
    #expect(await first(known) == [1], "two failures beside the first, one beside the second")
    #expect(known.knownCount == 3)
    // A copy of a known success is worth less than what lies beside a failure; once known successes fail, it is none.
    var stale = ProposalScreen(settings: settings(exploration: 0))
    stale.recall([unit(0.1)], worked: [true])
    stale.learn([unit(1.4 + acos(1 + 0.09 * log(0.6)))], worked: [false])
    #expect(await first(stale) == [1])
    stale.trust = 0
    #expect(await first(stale) == [0])
    var decided = ProposalScreen(settings: settings(exploration: 0))
    let rows = decided.learn([unit(0.05), unit(1.35)], worked: [true, true])
    #expect(rows == 0..<2)
    decided.decide(1, works: false)
    #expect(await first(decided) == [0] && decided.worked == [true, false])
    let again = ProposalScreen(
      settings: settings(exploration: 0), rows: decided.rows, worked: decided.worked, knownCount: 0)
    #expect(await first(again) == [0])
  }

  @Test("a share of the choices ignores the screen")
  func explores() async {
    var screen = ProposalScreen(settings: settings(exploration: 0.5))
    screen.learn((0..<20).map { unit(0.01 * Double($0)) }, worked: [Bool](repeating: false, count: 20))
    screen.learn([unit(1.5)], worked: [true])
    var generator = SeededGenerator(seed: 2)
    let pool = [unit(0.05), unit(1.45)]
    var surprises = 0
    for _ in 0..<400 {
      if await screen.choose(pool, count: 1, using: &generator, accepts: all) == [0] { surprises += 1 }
    }
    // Half of the choices are random, half of those fall on the poor one.
    #expect((70...130).contains(surprises))
  }
  @Test("what may not be chosen makes room for the next best, and about few of the rest is asked at all")
  func asksAboutFew() async {
    var screen = ProposalScreen(settings: settings(exploration: 0))
    screen.learn([unit(0)], worked: [true])
    let pool = (0..<100).map { unit(0.015 * Double($0)) }
    var generator = SeededGenerator(seed: 3)
    var asked: [Int] = []
    let chosen = await screen.choose(pool, count: 4, using: &generator) { picks in
      asked += picks
      return picks.map { !$0.isMultiple(of: 2) }
    }
    #expect(chosen.count == 4 && chosen.allSatisfy { !$0.isMultiple(of: 2) })
    #expect(Set(asked).count == asked.count && asked.count <= 16)
    #expect(await screen.choose(pool, count: 4, using: &generator) { $0.map { _ in false } }.isEmpty)
  }

  @Test("a share of the choices stays blind where most may not be chosen")
  func exploresWhatIsAccepted() async {
    var screen = ProposalScreen(settings: settings(exploration: 0.5))
    screen.learn([unit(1.5)], worked: [true])
    screen.learn((0..<20).map { unit(0.01 * Double($0)) }, worked: [Bool](repeating: false, count: 20))
    // One good, one poor, and many poor ones that may not be chosen.
    let pool = [unit(0.05), unit(1.45)] + (0..<30).map { unit(0.1 + 0.001 * Double($0)) }
    var generator = SeededGenerator(seed: 4)
    var surprises = 0
    for _ in 0..<400 {
      let chosen = await screen.choose(pool, count: 1, using: &generator) { picks in picks.map { $0 < 2 } }
      if chosen == [0] { surprises += 1 }
    }
    #expect((70...130).contains(surprises))
  }
  @Test("where nothing may be chosen, blind picks ask about many at once")
  func asksInGroups() async {
    let screen = ProposalScreen(settings: settings(exploration: 1))
    var generator = SeededGenerator(seed: 5)
    var questions: [Int] = []
    let chosen = await screen.choose((0..<400).map { unit(0.003 * Double($0)) }, count: 4, using: &generator) { picks in
      questions.append(picks.count)
      return picks.map { _ in false }
    }
    #expect(chosen.isEmpty)
    #expect(questions.reduce(0, +) == 400 && questions.count <= 50)
  }
}
