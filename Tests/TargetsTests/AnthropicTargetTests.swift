import Core
import FakeServer
import Testing

@testable import Targets

@Suite("Anthropic's Messages API", .timeLimit(.minutes(1)))
struct AnthropicTargetTests {
  private func ask(
    _ reply: FakeReply, settings: SamplingSettings = SamplingSettings(maxTokens: 33)
  ) async throws -> (ResponseOutcome, [FakeRequest]) {
    try await FakeServer.run(answering: { _, _ in reply }) { server in
      let target = try served(
        AnthropicDialogue(), on: server.url, settings: settings, environment: ["K": "sk-ant-12345678"]
      ) {
        $0.apiKeyVariable = "K"
        $0.retries = 0
      }
      return (try await target.ask(), server.requests)
    }
  }

  @Test("The request is the protocol's: key and version in headers, the system prompt apart, and no seed")
  func request() async throws {
    let settings = SamplingSettings(
      temperature: 0.5, topP: 0.9, maxTokens: 33, system: "be kind", template: "<{prompt}>")
    let (_, sent) = try await ask(try .recorded("anthropic-text"), settings: settings)
    let request = try #require(sent.first)
    #expect(request.method == "POST" && request.path == "/v1/messages")
    #expect(request.header("x-api-key") == "sk-ant-12345678" && request.header("authorization") == nil)
    #expect(request.header("anthropic-version") == "2023-06-01")
    let json = request.json
    #expect(json["model"]?.string == "test-model" && json["max_tokens"]?.integer == 33)
    #expect(json["system"]?.string == "be kind" && json["temperature"]?.double == 0.5)
    #expect(json["messages"]?.serialized() == #"[{"role":"user","content":"<prompt>"}]"#)
    #expect(json["top_p"]?.double == 0.9 && json["seed"] == nil && json["stream"]?.bool == false)
  }

  @Test("Parts make one text, thoughts stay apart, and each way to end has its word")
  func replies() async throws {
    let cases: [(name: String, text: String, reason: String, tokens: Int)] = [
      ("anthropic-text", "Hello, how can I help?", "stop", 7), ("anthropic-thinking", "Hello.", "stop", 20),
      ("anthropic-refusal", "", FinishReason.refused, 1), ("anthropic-cut", "Once upon", FinishReason.cut, 2),
      ("anthropic-tool", "I look it up.", "tool_use", 9),
    ]
    for (name, text, reason, tokens) in cases {
      let response = try await ask(try .recorded(name)).0.get()
      #expect(response.text == text && response.finishReason == reason, "\(name): \(response)")
      #expect(response.promptTokens == 11 && response.completionTokens == tokens, "\(name)")
      #expect(response.whyUnanswered == nil, "\(name)")
    }
    let thoughts = #"{"content":[{"type":"thinking","thinking":"hm"}],"stop_reason":"end_turn"}"#
    #expect(try await ask(.json(thoughts)).0.get().whyUnanswered == "nothing but reasoning")
  }

  @Test(
    "What is no answer has failed, with the server's words where it has any",
    arguments: [
      (#"{"type":"message","stop_reason":"end_turn"}"#, "no 'content'"),
      (#"{"content":{"text":"x"},"stop_reason":"end_turn"}"#, "an object, not a list"),
      (#"{"content":[{"type":"text","text":null}],"stop_reason":"end_turn"}"#, "null"),
      (#"{"content":[{"type":"text","text":"half"}],"stop_reason":null}"#, "no 'stop_reason'"), ("[]", "an array"),
      (#"{"type":"error","error":{"type":"api_error","message":"out of order"}}"#, "out of order"),
    ])
  func failures(body: String, says: String) async throws {
    let failure = try #require(try await ask(.json(body)).0.failure)
    #expect(failure.message.contains(says), "\(failure)")
  }

  @Test("An overloaded server is asked again, and a refused pair of settings is sent as one")
  func patience() async throws {
    let (busy, text) = (
      try FakeReply.recorded("anthropic-overloaded", status: 529), try FakeReply.recorded("anthropic-text")
    )
    try await FakeServer.run(answering: { _, index in index == 0 ? busy : text }) { server in
      let target = try served(AnthropicDialogue(), on: server.url)
      #expect(try await target.ask().get().text.hasPrefix("Hello") && server.requests.count == 2)
    }
    let both = "`temperature` and `top_p` cannot both be specified for this model. Please use only one."
    try await FakeServer.run(answering: { request, _ in request.json["top_p"] == nil ? text : .error(400, both) }) {
      server in
      let target = try served(AnthropicDialogue(), on: server.url + "/v1/messages") { $0.retries = 0 }
      for outcome in try await target.respond(to: requests(2)) { #expect(try outcome.get().text.hasPrefix("Hello")) }
      #expect(server.requests.last?.json["temperature"]?.double == 1)
      #expect(target.notices == ["test-model refuses 'top_p' and answers at a value of its own."])
    }
    let failure = try await ask(try .recorded("anthropic-overloaded", status: 529)).0.failure
    #expect(failure?.kind == .serverError && failure?.message.contains("Overloaded") == true)
  }

  @Test("What an alias stands for is a sign of the model, and no revision")
  func signs() async throws {
    let entry = try FakeReply.recorded("anthropic-model")
    try await FakeServer.run(answering: { request, _ in
      request.path == "/v1/models/test-model" ? entry : .error(404)
    }) { server in
      let target = try served(AnthropicDialogue(), on: server.url)
      let signs = try await target.signs()
      #expect(signs.others["id"] == "claude-test-1-20260101" && signs.others["created_at"] != nil)
      #expect(
        target.fingerprint == "anthropic|\(server.url)/v1/messages|test-model|2023-06-01" && !target.identifiesBytes)
    }
  }
}
