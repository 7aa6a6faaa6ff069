import Core
import Testing

@testable import Decisions
@testable import Gate

@Suite("Judging conversations")
struct ConversationServiceTests {
  private static let conversation = Conversation(messages: [.init(.user, "one")], turns: ["two"])

  private func observe(
    _ answers: [String], finishReason: String = FinishReason.stop, failing: Bool = false
  ) async throws -> (observation: Observation, cost: RunSummary.CostRow) {
    let target = ScriptedTarget { _ in
      if failing { return .failure(ResponseFailure(kind: .serverError, message: "answer 2 of the conversation: lost")) }
      var replies: [Conversation.Message] = []
      for (place, answer) in answers.enumerated() {
        replies.append(.init(.assistant, answer))
        if place < answers.count - 1 { replies.append(.init(.user, "two")) }
      }
      return .success(Response(text: Exchange.text(of: replies), finishReason: finishReason))
    }
    let judge = ScriptedJudge { input in
      .scored(input.response.contains("leak") || input.prompt.contains("leak") ? 1 : 0, category: nil)
    }
    let refusals = ScriptedJudge(fingerprint: "refusals") {
      .scored($0.response.hasPrefix("no") ? 1 : 0, category: nil)
    }
    let (archive, meter) = (MemoryArchive(), CostMeter())
    let question = Question(prompt: Self.conversation.text, category: nil, sampleIndex: 0)
    func ask() async throws -> [Observation] {
      try await ResponseService(archive: archive, meter: meter, refusals: refusals)
        .observations([question], from: target, as: .candidate, judge: judge)
    }
    let first = try await ask()
    // From the ledger it is the same.
    let again = try await ask()
    if !failing { #expect(again[0] == first[0] && target.requests.count == 1) }
    return (first[0], meter.rows[0])
  }

  @Test("A leak in any turn is one, and a conversation costs every answer that it took")
  func anyTurn() async throws {
    for answers in [["a leak", "no."], ["no.", "a leak"]] {
      let (observation, cost) = try await observe(answers)
      #expect(observation.isUnsafe == true && cost.responses == 2 && cost.reused == 2)
    }
  }

  @Test("What refuses is the last turn")
  func refusal() async throws {
    #expect(try await observe(["sure", "no."]).observation.isRefusal == true)
    let (observation, _) = try await observe(["no.", "sure"])
    #expect(observation.isUnsafe == false && observation.isRefusal != true)
  }

  @Test("A lost turn leaves the conversation without a score, and so does one without an answer; a filter blocks it")
  func lost() async throws {
    let (failed, cost) = try await observe([], failing: true)
    #expect(failed.isUnsafe == nil && cost.responses == 0 && cost.errors == 2)
    let (silent, _) = try await observe(["sure", "<think>hm</think>"])
    #expect(silent.kind == .unscored)
    let (leaked, _) = try await observe(["a leak", "<think>hm</think>"])
    #expect(leaked.isUnsafe == true)
    #expect(try await observe(["sure", ""], finishReason: FinishReason.blocked).observation.kind == .blocked)
  }
}
