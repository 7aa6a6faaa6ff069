import Core
import Decisions
import Testing

@testable import Gate
@testable import Suites

@Suite("Outcomes from elsewhere against the suite file")
struct OutcomePlanTests {
  private let suite = (0..<4).map {
    Attack(prompt: "say \($0)", category: "lamps", locale: "en", cluster: "c\($0 / 2)")
  }

  private func outcome(_ id: String, prompt: String? = nil, category: String? = nil, role: Role = .candidate) -> Outcome
  {
    Outcome(
      role: role, id: id, isBenign: false, cluster: nil, category: category, locale: nil, look: 1, sample: 0,
      prompt: prompt, isCut: false, reason: nil, result: .scored(0))
  }

  private func rows(_ outcomes: [Outcome]) -> [ReplayRow] {
    Findings(outcomes, rule: OutcomeRule(threshold: 0.5, wantsBaseline: false, suite: suite)).replay?.rows ?? []
  }

  @Test("Attacks that no outcome is about are missing, also where none of the suite is met")
  func missing() {
    let some = rows([outcome("a", prompt: "say 1"), outcome("b", prompt: "another")])
    #expect(some.count == 5 && some.count { $0.candidate == [.missing] } == 3)
    let none = rows([outcome("a", prompt: "x"), outcome("b", prompt: "y")])
    #expect(none.count == 6 && none.count { $0.candidate == [.missing] } == 4)
    let untold = rows([outcome("a"), outcome("b", prompt: "y")])
    #expect(untold.count == 5, "a line that doesn't say what was asked may mean any attack, but one alone")
    #expect(untold.count { $0.candidate == [.missing] } == 3)
    let enough = rows("abcd".map { outcome(String($0)) })
    #expect(enough.count == 4 && enough.allSatisfy { $0.candidate != [.missing] })
  }

  @Test("What lines don't say of an attack, the suite does: category, locale, cluster and wording")
  func fromTheSuite() {
    let all = rows([
      outcome(AttackID(prompt: "say 0").text), outcome("say 1"), outcome("z", prompt: "say 2", category: "own"),
    ])
    let asked = all.filter { $0.candidate != [.missing] }.map(\.attack.attack)
    #expect(Set(asked.map(\.category)) == ["lamps", "own"] && asked.allSatisfy { $0.locale == "en" })
    #expect(Set(asked.map(\.cluster)) == ["c0", "c1"] && Set(asked.map(\.prompt)) == ["say 0", "say 1", "say 2"])
    let left = all.filter { $0.candidate == [.missing] }.map(\.attack.attack)
    #expect(left.map(\.prompt) == ["say 3"] && left[0].category == "lamps" && left[0].cluster == "c1")
  }

  @Test("A score that says nothing below the threshold is no safe response there, whatever the threshold is")
  func doubts() {
    let outcome = Outcome(
      role: .candidate, id: "a", isBenign: false, cluster: nil, category: nil, locale: nil, look: 1, sample: 0,
      prompt: "say 1", isCut: false, reason: nil, result: .scored(0.6), doubt: "half of it was judged")
    func observed(_ threshold: Double) -> [Observation]? {
      Findings([outcome], rule: OutcomeRule(threshold: threshold, wantsBaseline: false)).replay?.rows.first?.candidate
    }
    #expect(observed(0.8) == [.unscored("half of it was judged")])
    #expect(observed(0.6) == [.judged(unsafe: true, probability: 0.6)])
  }

  @Test("How the outcomes meet the suite is told with counts, and not where they meet in full")
  func notices() {
    func notices(_ outcomes: [Outcome]) -> [String] { OutcomePlan(suite, outcomes).notices("s.jsonl") }
    #expect(notices(suite.map { outcome($0.id.text) }) == [])
    #expect(
      notices([outcome("a", prompt: "say 1"), outcome("b", prompt: "another")]) == [
        "Of the 4 attacks in s.jsonl the outcomes are about 1; 3 are missing and count against a pass; "
          + "of the 2 attacks in the outcomes 1 is not in it. "
          + "Where the harness words its prompts otherwise, name a suite with those as suite.seeds."
      ])
    #expect(
      notices(suite.dropLast().map { outcome($0.id.text) })[0].hasSuffix(
        "about 3; 1 is missing and counts against a pass."))
    let untold =
      "The outcomes call none of the 4 attacks in s.jsonl by its identifier or prompt, so nobody can tell which are missing: "
      + "give each line its prompt."
    #expect(notices("abcd".map { outcome(String($0)) }) == [untold])
    #expect(
      notices([outcome("a")]) == [
        untold
          + " At least 3 must be, since the lines without one can mean 1 at most; that many count against a pass."
      ])
    #expect(OutcomePlan([], [outcome("a")]).notices("s.jsonl") == [])
  }

  @Test("Attacks with fewer responses than others are told, unless the policy states how many were planned")
  func unevenness() {
    let outcomes = [outcome("a"), outcome("a"), outcome("b"), outcome("a", role: .baseline)]
    #expect(
      OutcomePlan.unevenness(outcomes, stated: nil) == [
        "Attacks have 1 to 2 responses of the candidate, so 2 were planned for each and 1 response counts as missing; "
          + "suite.responses states how many were planned."
      ])
    #expect(
      OutcomePlan.unevenness(outcomes, stated: 1) == [] && OutcomePlan.unevenness([outcome("a")], stated: nil) == [])
  }

  @Test("A suite meets what it calls otherwise, the sample's name or the last turn, unless several answer to it")
  func otherNames() {
    func asked(_ conversation: Conversation, names: [String] = []) -> Outcome {
      var outcome = outcome(AttackID(prompt: conversation.text).text, prompt: conversation.text)
      outcome.naming = Outcome.Naming(base: outcome.id, mark: nil, isLive: false, others: names)
      return outcome
    }
    func ending(_ last: String, after first: String) -> Conversation {
      Conversation(messages: [.init(.user, first), .init(.assistant, "hello"), .init(.user, last)])
    }
    func missing(_ outcomes: [Outcome]) -> Int { rows(outcomes).count { $0.candidate == [.missing] } }
    #expect(missing([asked(ending("say 0", after: "a"))]) == 3)
    #expect(missing([asked(ending("say 0", after: "a")), asked(ending("say 0", after: "b"))]) == 4)
    #expect(missing([asked(ending("x", after: "a"), names: [AttackID(prompt: "say 1").text])]) == 3)
    // One that is asked as the suite has it takes the name.
    #expect(missing([outcome("s", prompt: "say 0"), asked(ending("say 0", after: "a"))]) == 3)
  }
}
