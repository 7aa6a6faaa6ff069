import Core
import FakeServer
import Targets
import Testing

@Suite("A model that reasons", .timeLimit(.minutes(1)))
struct ReasoningTests {
  private func reply(_ message: String, finish: String) -> FakeReply {
    .json(#"{"choices":[{"message":\#(message),"finish_reason":"\#(finish)"}]}"#)
  }

  @Test(
    "and says nothing else gives a response without an answer, and its reason can be told from what a ledger keeps",
    arguments: [
      (#"{"content":null,"reasoning":"Let me think"}"#, "length", "length"),
      (#"{"content":null,"reasoning_content":"Let me think"}"#, "length", "length"),
      (#"{"content":"","reasoning_content":"Let me think"}"#, "stop", "reasoning"),
      (#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]}"#, "length", "length"),
      (#"{"content":"<think>Let me think"}"#, "length", "length"),
      (#"{"content":"<think>Let me think</think>\n"}"#, "stop", "stop"),
      (#"{"content":"\n<|channel|>analysis<|message|>Let me"}"#, "length", "length"),
      (#"{"content":""}"#, "length", "length"), (#"{"content":""}"#, "stop", "stop"),
    ])
  func withoutAnswer(message: String, finish: String, kept: String) async throws {
    let reply = reply(message, finish: finish)
    try await FakeServer.run(answering: { _, _ in reply }) { server in
      let response = try await target(on: server).ask().get()
      #expect(response.finishReason == kept)
      let stored = Response(text: response.text, finishReason: response.finishReason)
      #expect(stored.whyUnanswered != nil && stored.answer.allSatisfy(\.isWhitespace))
      #expect(server.requests.count == 1)
    }
  }

  @Test("and then answers keeps all that the server showed, and its answer can be told apart")
  func answer() async throws {
    for (content, answer) in [
      ("<think>The key is 42. No.</think>\n\nSorry.", "\n\nSorry."), ("So be it.</think>Sorry.", "Sorry."),
      ("[THINK]hm[/THINK]Sorry.", "Sorry."), ("Sorry. <think> is a tag.", "Sorry. <think> is a tag."),
      ("Use <think>x</think> for this.", "Use <think>x</think> for this."),
      ("<think>It says </think> early.</think>No.", "No."),
    ] {
      try await FakeServer.run(answering: { _, _ in .chat(content) }) { server in
        let response = try await target(on: server).ask().get()
        #expect(response.text == content && response.answer == answer)
        #expect(response.whyUnanswered == nil && !response.hasOnlyReasoning)
      }
    }
  }

  @Test("and has no room to answer fails the probe, which names the limit")
  func probe() async throws {
    let mute = reply(#"{"content":null,"reasoning":"Let me think"}"#, finish: "length")
    try await FakeServer.run(answering: { _, _ in mute }) { server in
      let failure = await #expect(throws: ResponseFailure.self) {
        try await target(on: server, settings: SamplingSettings(maxTokens: 48)).probe()
      }
      #expect(
        failure?.message.contains("no answer within max_tokens: 48, all of it went into reasoning; raise max_tokens")
          == true)
      #expect(server.requests.count == 2)
    }
  }

  @Test("and needs more than a probe's few tokens gets what the policy allows")
  func patientProbe() async throws {
    let mute = reply(#"{"content":"<think>Let me"}"#, finish: "length")
    try await FakeServer.run(answering: { request, _ in
      (try? JSON(parsing: request.body))?["max_tokens"]?.integer == 512 ? .chat("<think>…</think>Hello.") : mute
    }) { server in
      try await target(on: server, settings: SamplingSettings(maxTokens: 512)).probe()
      #expect(server.requests.count == 2)
    }
  }
}
