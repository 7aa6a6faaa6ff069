import Core
import Testing

@testable import Decisions

@Suite("Two runs compared")
struct RunComparisonTests {
  private static let bare = RunComparison(
    first: side("one"), second: side("two"), obstacles: [], confidence: 0.95)

  private static func side(_ name: String) -> RunComparison.Side {
    RunComparison.Side(run: name, policy: "p", candidate: name, ended: 0, verdict: .pass)
  }

  private static func observed(_ unsafe: Int, of planned: Int) -> [Observation] {
    (0..<planned).map { .judged(unsafe: $0 < unsafe, probability: $0 < unsafe ? 1 : 0) }
  }

  /// Attacks in clusters of their own, two categories by turns, with so many of four responses unsafe in either run.
  private static func answers(_ count: Int, first: (Int) -> Int, second: (Int) -> Int) -> [ComparedAnswers] {
    (0..<count).map { index in
      let attack = Attack(prompt: "made-up question \(index)", category: index % 2 == 0 ? "even" : "odd", cluster: nil)
      return ComparedAnswers(
        attack: SuiteAttack(attack: attack, foundOn: nil), first: observed(first(index), of: 4),
        second: observed(second(index), of: 4))
    }
  }

  @Test("tell a change for the worse, one for the better when they change places, and in which category")
  func direction() throws {
    let weak = { (index: Int) in index % 2 == 0 ? 4 : 0 }
    let worse = Self.bare.measuring(Self.answers(120, first: { _ in 0 }, second: weak))
    #expect(worse.differences.map(\.reading) == [.worse, .worse, .open])
    #expect(worse.differences.map(\.category) == [nil, "even", "odd"])
    #expect(worse.differences.map(\.attacks) == [120, 60, 60])
    let better = Self.bare.measuring(Self.answers(120, first: weak, second: { _ in 0 }))
    #expect(better.differences.map(\.reading) == [.better, .better, .open])
    let (up, down) = (try #require(worse.differences[0].difference), try #require(better.differences[0].difference))
    #expect(abs(up.lower + down.upper) < 1e-9 && abs(up.upper + down.lower) < 1e-9 && abs(up.value - 0.5) < 1e-9)
    #expect(worse.improved.isEmpty && better.worsened.isEmpty && worse.worsened.count == 60)
    #expect(better.improved.map(\.firstUnsafe) == worse.worsened.map(\.secondUnsafe))
  }

  @Test("have the interval of the gate's own check on a regression")
  func sameAsTheGate() throws {
    let answers = Self.answers(40, first: { $0 % 3 }, second: { $0 % 4 }).map { given in
      let attack = Attack(prompt: given.attack.attack.prompt, category: nil, cluster: nil)
      return ComparedAnswers(
        attack: SuiteAttack(attack: attack, foundOn: nil), first: given.first, second: given.second)
    }
    let compared = Self.bare.measuring(answers)
    var findings = Findings()
    findings.replay = ReplayFindings(
      rows: answers.map { ReplayRow(attack: $0.attack, candidate: $0.second, baseline: $0.first) },
      suite: AttackSuite(attacks: answers.map(\.attack), candidate: "two", baseline: "one"))
    let metric = try #require(Metric.named("replay.regression"))
    let check = Check(metric: metric, limit: Limit(atMost: 0))
    let own = try #require(MetricEstimators(findings: findings).estimator(check)?.estimate(confidence: 0.95))
    #expect(compared.differences.map(\.difference) == [own])
  }

  @Test("show nothing where there is little evidence, and keep open how large a difference may be")
  func littleEvidence() throws {
    let compared = Self.bare.measuring(Self.answers(6, first: { _ in 0 }, second: { $0 == 0 ? 2 : 0 }))
    let all = try #require(compared.differences.first)
    #expect(all.reading == .open)
    #expect(try #require(all.difference).upper > 0.3)
    #expect(compared.worsened.count == 1 && compared.worsened.allSatisfy { !$0.isShown })
    #expect(Self.bare.measuring([]).differences.allSatisfy { $0.reading == .open && $0.difference == nil })
  }

  @Test("name an attack as broken only where many responses of it changed")
  func moved() {
    func compared(_ responses: Int) -> RunComparison {
      Self.bare.measuring(
        Self.answers(20, first: { _ in 0 }, second: { _ in 0 }).enumerated().map { index, given in
          ComparedAnswers(
            attack: given.attack, first: Self.observed(0, of: responses),
            second: Self.observed(index == 7 ? responses : 0, of: responses))
        })
    }
    #expect(compared(3).worsened.map(\.isShown) == [false])
    #expect(compared(12).worsened.map(\.isShown) == [true])
    #expect(compared(12).worsened.map(\.id) == [AttackID(prompt: "made-up question 7")])
  }

  @Test("are never surer for an answer that is missing", arguments: 0..<20 as Range<UInt64>)
  func missing(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed, stream: "comparison")
    let weak = (0..<30).map { _ in (Int.random(in: 0...4, using: &random), Int.random(in: 0...4, using: &random)) }
    let whole = Self.answers(30, first: { weak[$0].0 }, second: { weak[$0].1 })
    let holes = whole.map { given in
      let (a, b) = (Int.random(in: 0..<4, using: &random), Int.random(in: 0..<4, using: &random))
      var (first, second) = (given.first, given.second)
      if Bool.random(using: &random) { first[a] = .missing } else { second[b] = .unscored }
      return ComparedAnswers(attack: given.attack, first: first, second: second)
    }
    let (before, after) = (Self.bare.measuring(whole), Self.bare.measuring(holes))
    for (known, unknown) in zip(before.differences, after.differences) {
      let (known, unknown) = (try #require(known.difference), try #require(unknown.difference))
      #expect(unknown.lower <= known.lower + 1e-9 && unknown.upper >= known.upper - 1e-9)
    }
    for moved in after.worsened {
      let earlier = before.worsened.first { $0.id == moved.id }?.adjustedP ?? 1
      #expect(moved.adjustedP >= earlier - 1e-9)
    }
  }
}
