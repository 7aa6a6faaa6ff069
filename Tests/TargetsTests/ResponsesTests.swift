import Core
import FakeServer
import Testing

@testable import Targets

@Suite("OpenAI's newer protocol", .timeLimit(.minutes(1)))
struct ResponsesTests {
  private func ask(
    _ reply: FakeReply, path: String = "/v1", settings: SamplingSettings = SamplingSettings()
  ) async throws -> (ResponseOutcome, FakeRequest?) {
    try await FakeServer.run(answering: { _, _ in reply }) { server in
      let target = try served(OpenAIDialogue(api: .responses), on: server.url + path, settings: settings) {
        $0.retries = 0
      }
      return (try await target.ask(), server.requests.first)
    }
  }

  private func body(_ output: String, status: String = "completed", more: String = "") -> FakeReply {
    .json(#"{"object":"response","status":"\#(status)","output":[\#(output)]\#(more)}"#)
  }

  private static let message =
    #"{"type":"message","role":"assistant","content":[{"type":"output_text","text":"hello"}]}"#

  @Test("The request names the limit as the protocol does, sends no seed, and leaves nothing on the server")
  func request() async throws {
    let settings = SamplingSettings(temperature: 0.5, topP: 0.9, maxTokens: 33, system: "be kind")
    for path in ["", "/v1", "/v1/responses", "/v1/"] {
      let (_, sent) = try await ask(try .recorded("openai-response"), path: path, settings: settings)
      let request = try #require(sent)
      #expect(request.path == "/v1/responses", "\(path)")
      let json = request.json
      #expect(json["input"]?.array?.compactMap { $0["role"]?.string } == ["system", "user"])
      #expect(json["max_output_tokens"]?.integer == 33 && json["store"]?.bool == false)
      #expect(json["temperature"]?.double == 0.5 && json["top_p"]?.double == 0.9)
      #expect(json.members?.contains { ["seed", "max_tokens", "messages", "stream"].contains($0.key) } == false)
    }
  }

  @Test("Parts are joined, reasoning stays apart, and tokens are counted")
  func whole() async throws {
    let response = try await ask(try .recorded("openai-response")).0.get()
    #expect(response.text == "We open at nine." && response.finishReason == "stop")
    #expect(response.promptTokens == 12 && response.completionTokens == 20)
    let reply = try ServerReply(parsingResponse: try #require(Self.bytes(.recorded("openai-response"))), latency: 0)
    #expect(reply.hasReasoning && reply.tokens.count == 1 && reply.tokens[0].alternatives.map(\.text) == ["We", "I"])
  }

  private static func bytes(_ reply: FakeReply) -> [UInt8]? {
    if case .whole(_, _, let body) = reply { body } else { nil }
  }

  @Test("The limit, a filter, a refusal in its own part, and reasoning alone are told apart")
  func finishes() async throws {
    let cut = body(Self.message, status: "incomplete", more: #","incomplete_details":{"reason":"max_output_tokens"}"#)
    #expect(try await ask(cut).0.get().isCut)
    let filtered = body("", status: "incomplete", more: #","incomplete_details":{"reason":"content_filter"}"#)
    #expect(try await ask(filtered).0.get().finishReason == FinishReason.blocked)
    let refused = body(#"{"type":"message","content":[{"type":"refusal","refusal":"I won't."}]}"#)
    #expect(try await ask(refused).0.get().text == "I won't.")
    let thoughts = body(#"{"type":"reasoning","summary":[]}"#)
    #expect(try await ask(thoughts).0.get().whyUnanswered == "nothing but reasoning")
    #expect(try await ask(body(#"{"type":"function_call","name":"f","arguments":"{}"}"#)).0.get().text == "")
  }

  @Test(
    "What is no answer has failed",
    arguments: [
      (#"{"status":"completed","output":[]}"#, "no message"), (#"{"status":"completed"}"#, "no 'output'"),
      (#"{"status":"in_progress","output":[]}"#, "in_progress"),
      (#"{"status":"incomplete","output":[]}"#, "incomplete"),
      (
        #"{"status":"failed","error":{"code":"server_error","message":"the engine fell over"},"output":[]}"#,
        "fell over"
      ),
      (#"{"choices":[{"message":{"content":"hi"}}]}"#, "no 'output'"), ("[]", "not a JSON object"),
      ("event: response.created\ndata: {\"type\":\"response.created\"}\n\n", "cut short"),
    ])
  func failures(text: String, says: String) async throws {
    let failure = try #require(try await ask(.json(text)).0.failure)
    #expect(failure.message.contains(says), "\(failure)")
  }

  @Test("A stream that nobody asked for is read from the event that ends it")
  func stream() async throws {
    let whole = #"{"status":"completed","output":[\#(Self.message)],"usage":{"output_tokens":2}}"#
    let text = """
      event: response.created
      data: {"type":"response.created","response":{"status":"in_progress","output":[]}}

      event: response.output_text.delta
      data: {"type":"response.output_text.delta","delta":"hello"}

      event: response.completed
      data: {"type":"response.completed","response":\(whole)}


      """
    let response = try await ask(.json(text)).0.get()
    #expect(response.text == "hello" && response.completionTokens == 2)
  }

  @Test("A refused temperature is left out where the policy's own value is the default")
  func negotiation() async throws {
    try await FakeServer.run(answering: { request, _ in
      request.json["temperature"] == nil
        ? body(Self.message)
        : .json(
          #"{"error":{"message":"Unsupported parameter: 'temperature' is not supported with this model.","type":"invalid_request_error","param":"temperature","code":"unsupported_parameter"}}"#,
          status: 400)
    }) { server in
      let target = try served(OpenAIDialogue(api: .responses), on: server.url) { $0.retries = 0 }
      #expect(try await target.ask().get().text == "hello" && server.requests.count == 2)
    }
  }
}
