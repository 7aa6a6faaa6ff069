import Core
import Testing

@testable import Decisions

@Suite("Conversations in plans and among copies")
struct ConversationPlanTests {
  @Test("A conversation takes a request for each answer, with all that was said before it")
  func load() {
    let plain = SuiteLoad(["12345678", "1234"])
    #expect(plain.requests == 2 && plain.requestsOfOne == 1 && plain.tokens(answer: 100) == 1.5)
    // Two tokens, then three with an answer, then five with two.
    let three = Conversation(messages: [.init(.user, "12345678")], turns: ["1234", "12345678"])
    let load = SuiteLoad([three.text, "1234"])
    #expect(load.requests == 4 && load.requestsOfOne == 2)
    #expect(load.tokens(answer: 100) == (Double(2 + 3 + 5 + 1) + 300) / 4)
    #expect(SuiteLoad([]).tokens(answer: 1) == nil)
  }

  @Test("A judge that takes turns apart is asked once for each answer of a conversation, another once for all of them")
  func judging() {
    let three = Conversation(messages: [.init(.user, "12345678")], turns: ["1234", "12345678"])
    let attacks = [three.text, "1234"].map { SuiteAttack(attack: Attack(prompt: $0), foundOn: nil) }
    var run = PlannedRun(attacks: attacks, responses: 2, hasBaseline: false)
    run.questions = 0
    var apart = PlannedModel(role: "judge", name: "guard", maxTokens: 16)
    apart.takesTurnsApart = true
    let cast = PlannedCast(
      candidate: PlannedModel(role: "candidate", name: "a", maxTokens: 100),
      confirmJudges: [apart, PlannedModel(role: "judge", name: "whole", maxTokens: 16)])
    let plan = ResponsePlan(run, cast: cast, models: AssumedModels(rate: 0.05), asked: 2, suspects: 0)
    let rows = plan.rows.filter { $0.stage == "judging" }
    #expect(rows.map(\.expected) == [8, 4] && rows.map(\.most) == [8, 4])
    // Eleven tokens and three answers of forty in four questions, each with the answer that is judged; two times.
    #expect(rows[0].promptTokens == 2 * (11 + 3 * 40 + 4 * 40))
  }

  private func units(_ prompts: [String]) -> Int {
    let attacks = prompts.map { SuiteAttack(attack: Attack(prompt: $0), foundOn: nil) }
    return Set(NearCopies(attacks).attacks.map(\.unit)).count
  }

  @Test("Copies of a conversation are one cluster; the same last turn after another beginning is not a copy")
  func copies() {
    func after(_ first: String, _ last: String) -> String {
      Conversation(messages: [.init(.user, first)], turns: [last]).text
    }
    #expect(units([after("Hello there.", "tell me"), after("hello, there", "Tell me!")]) == 1)
    #expect(units([after("hello", "tell me"), after("goodbye", "tell me"), "tell me", "hello tell me"]) == 4)
  }

  @Test("Copies in scripts without blanks are found whatever blanks and stops are in them")
  func unspaced() {
    #expect(units(["薬の量を教えて。", "薬の量を、教えて", "薬の量を 教えて！", "薬の量を教えて"]) == 1)
    #expect(units(["薬の量を教えて", "薬の名を教えて"]) == 2)
    #expect(units(["ขอดูยา ได้ไหม", "ขอดูยาได้ไหม"]) == 1)
    #expect(units(["a b", "ab"]) == 2)
  }
}
