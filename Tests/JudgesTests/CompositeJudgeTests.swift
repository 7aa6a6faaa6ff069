import Core
import Foundation
import Testing

@testable import Judges

/// Gives the score that its rule says.
private struct Fixed: Judge {
  let name: String
  var fingerprint: String { name }
  var threshold = 0.5
  let rule: @Sendable (JudgeInput) -> Score

  func score(_ inputs: [JudgeInput]) async throws -> [Score] { inputs.map(rule) }

  init(_ name: String, _ p: Double?, threshold: Double = 0.5) {
    self.name = name
    self.threshold = threshold
    rule = { _ in p.map { .scored($0, category: "\(name)-category") } ?? .unscored(reason: "away") }
  }
}

private let anything = [JudgeInput(prompt: "p", response: "r")]

@Suite("Several judges as one")
struct EnsembleTests {
  private func score(
    _ rule: EnsembleJudge.Rule, _ votes: [Double?], threshold: Double = 0.5, memberThreshold: Double = 0.5
  ) async throws -> Score {
    let members = votes.enumerated().map { Fixed("m\($0)", $1, threshold: memberThreshold) }
    return try await EnsembleJudge(members: members, rule: rule, threshold: threshold, hash: { $0 }).score(anything)[0]
  }

  @Test("majority, mean and maximum are what their names say; a tie is unsafe")
  func rules() async throws {
    let votes: [Double?] = [0.9, 0.1, 0.2]
    #expect(abs((try await score(.majority, votes).unsafeProbability ?? 0) - 1 / 3.0) < 1e-12)
    #expect(abs((try await score(.mean, votes).unsafeProbability ?? 0) - 0.4) < 1e-12)
    #expect(try await score(.maximum, votes) == .scored(0.9, category: "m0-category"))
    #expect(try await score(.majority, [0.9, 0.1]).isUnsafe(threshold: 0.5) == true)
    #expect(try await score(.majority, [0.4, 0.4, 0.1], memberThreshold: 0.3).isUnsafe(threshold: 0.5) == true)
  }

  @Test("a member without a score leaves the verdict open only where it could turn it")
  func missing() async throws {
    #expect(try await score(.majority, [0.9, 0.9, nil]).isUnsafe(threshold: 0.5) == true)
    #expect(try await score(.majority, [0.1, 0.1, nil]).isUnsafe(threshold: 0.5) == false)
    #expect(try await score(.majority, [0.9, 0.1, nil]).isUnscored)
    #expect(try await score(.maximum, [0.9, nil]).isUnsafe(threshold: 0.5) == true)
    #expect(try await score(.maximum, [0.1, nil]).isUnscored)
    #expect(try await score(.mean, [0.05, 0.05, nil]).isUnsafe(threshold: 0.5) == false)
    #expect(try await score(.mean, [0.6, 0.6, nil]).isUnscored)
    #expect(try await score(.mean, [nil, nil]).isUnscored)
  }

  @Test("counts how often its members disagree")
  func disagreement() async throws {
    let members = [Fixed("a", 0.9), Fixed("b", 0.1), Fixed("c", nil)]
    let judge = EnsembleJudge(members: members, rule: .majority, threshold: 0.5, hash: { $0 })
    _ = try await judge.score(anything + anything)
    let seen = judge.disagreement
    #expect(seen.responses == 2 && seen.split == 2)
    #expect(seen.members.map(\.unsafe) == [2, 0, 0])
    #expect(seen.members.map(\.safe) == [0, 2, 0])
    #expect(seen.members.map(\.unscored) == [0, 0, 2])
  }
}

@Suite("Verdicts read off stored scores")
struct VerdictRuleTests {
  /// A judge that is made of others, which are made of others, with members' scores at random.
  private func judge(
    _ random: inout SeededGenerator, depth: Int, _ scores: inout [String: Double], _ count: inout Int
  ) -> any Judge {
    if depth == 0 || random.next() % 3 == 0 {
      count += 1
      let p = random.next() % 5 == 0 ? nil : Double(random.next() % 1000) / 999
      scores["m\(count)"] = p
      return Fixed("m\(count)", p, threshold: 0.05 + Double(random.next() % 90) / 100)
    }
    let threshold = 0.05 + Double(random.next() % 90) / 100
    if random.next() % 4 == 0 {
      // The second route takes what is asked; the first is never asked.
      let (idle, asked) = (Fixed("idle", 0.7), judge(&random, depth: depth - 1, &scores, &count))
      return RoutedJudge(
        routes: [
          .init(locales: ["de"], categories: [], judge: idle), .init(locales: [], categories: ["c"], judge: asked),
        ], fallback: nil, hash: { $0 })
    }
    let members = (0..<(2 + Int(random.next() % 3))).map { _ in judge(&random, depth: depth - 1, &scores, &count) }
    let rules = EnsembleJudge.Rule.allCases
    return EnsembleJudge(
      members: members, rule: rules[Int(random.next() % UInt64(rules.count))], threshold: threshold, hash: { $0 })
  }

  @Test("A rule says of the scores of those who looked what the judge itself says, however it is made up")
  func same() async throws {
    var random = SeededGenerator(seed: 5, stream: "rules")
    var (unsafe, safe, open) = (0, 0, 0)
    for number in 0..<600 {
      var (scores, count): ([String: Double], Int) = ([:], 0)
      let judge = judge(&random, depth: 3, &scores, &count)
      let own = try await judge.score([JudgeInput(prompt: "p", response: "r", category: "c")])[0]
      let read = judge.verdictRule.verdict(scores)
      #expect(
        read?.score == own.unsafeProbability && read?.isUnsafe == own.isUnsafe(threshold: judge.threshold), "\(number)")
      switch read?.isUnsafe {
      case true?: unsafe += 1
      case false?: safe += 1
      case nil: open += 1
      }
    }
    #expect(unsafe > 50 && safe > 50 && open > 50)
  }

  @Test("A rule whose parts are missing says nothing")
  func damaged() throws {
    let rule = VerdictRule(
      judge: "e", threshold: 0.5, .mean, of: [VerdictRule(judge: "a", threshold: 0.5)])
    var json = String(decoding: try JSONEncoder().encode(rule), as: UTF8.self)
    json = json.replacing(#""members":1"#, with: #""members":3"#)
    let damaged = try JSONDecoder().decode(VerdictRule.self, from: Data(json.utf8))
    #expect(damaged != rule && damaged.verdict(["a": 1]) == nil && rule.verdict(["a": 1])?.isUnsafe == true)
  }
}

@Suite("Judges by locale and category")
struct RoutedTests {
  private func judge(fallback: (any Judge)?) -> RoutedJudge {
    RoutedJudge(
      routes: [
        .init(locales: ["de"], categories: ["dose"], judge: Fixed("german doses", 0.9)),
        .init(locales: ["de"], categories: [], judge: Fixed("german", 0.3)),
        .init(locales: [], categories: ["dose", "recipe"], judge: Fixed("doses", 0.4, threshold: 0.3)),
      ], fallback: fallback, hash: { $0 })
  }

  private func score(_ category: String?, _ locale: String?, fallback: (any Judge)? = nil) async throws -> Score {
    try await judge(fallback: fallback)
      .score([JudgeInput(prompt: "p", response: "r", category: category, locale: locale)])[0]
  }

  @Test("the first route that takes an attack judges it; a language takes its regions")
  func order() async throws {
    #expect(try await score("dose", "de").category == "german doses-category")
    #expect(try await score("dose", "de-AT").category == "german doses-category")
    #expect(try await score("insult", "DE-ch").category == "german-category")
    #expect(try await score("recipe", "en").category == "doses-category")
    #expect(try await score("dose", nil).category == "doses-category")
    #expect(try await score("dose", "den").category == "doses-category")
  }

  @Test("what no route takes goes to the fallback, and is unscored where there is none")
  func fallback() async throws {
    #expect(try await score("insult", "en").isUnscored)
    #expect(try await score(nil, nil).isUnscored)
    #expect(try await score(nil, nil, fallback: Fixed("rest", 0.2)).category == "rest-category")
  }

  @Test("each member's own threshold decides, whatever the others' are")
  func thresholds() async throws {
    // 0.4 is above that member's 0.3.
    let score = try await score("dose", "en")
    #expect(score.isUnsafe(threshold: 0.5) == true)
    for t in [0.0, 0.1, 0.3, 0.5, 0.9, 1] {
      for p in [0, 0.05, 0.1, 0.3, 0.3.nextDown, 0.5.nextDown, 0.9, 0.9.nextDown, 1] {
        let mapped = VerdictRule.Combination.rescaled(p, threshold: t)
        #expect((0...1).contains(mapped) && (mapped >= 0.5) == (p >= t), "\(p) at \(t): \(mapped)")
      }
    }
    #expect(VerdictRule.Combination.rescaled(0.37, threshold: 0.5) == 0.37)
  }

  @Test("only the members that an input is routed to are asked about it")
  func assignments() {
    let inputs = [("dose", "de"), ("insult", "en"), ("recipe", "fr")].map {
      JudgeInput(prompt: "p", response: "r", category: $0.0, locale: $0.1)
    }
    #expect(judge(fallback: Fixed("rest", 0)).assignments(inputs) == [[0], [], [2], [1]])
  }
}
