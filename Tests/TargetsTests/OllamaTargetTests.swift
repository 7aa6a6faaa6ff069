import Core
import FakeServer
import Testing

@testable import Targets

@Suite("Ollama", .timeLimit(.minutes(1)))
struct OllamaTargetTests {
  private func ask(
    _ reply: FakeReply, _ dialogue: OllamaDialogue = OllamaDialogue(), path: String = "",
    settings: SamplingSettings = SamplingSettings()
  ) async throws -> (ResponseOutcome, FakeRequest?) {
    try await FakeServer.run(answering: { _, _ in reply }) { server in
      let target = try served(dialogue, on: server.url + path, model: "clinic", settings: settings) { $0.retries = 0 }
      return (try await target.ask(), server.requests.first)
    }
  }

  @Test("The request is the native protocol's, with all that is set among its options")
  func request() async throws {
    let settings = SamplingSettings(temperature: 0.5, topP: 0.9, maxTokens: 33, system: "be kind")
    for path in ["", "/", "/api", "/api/chat"] {
      let (_, sent) = try await ask(
        try .recorded("ollama-text"),
        OllamaDialogue(context: 8192, thinks: false, options: Array(#"{"top_k":4}"#.utf8)), path: path,
        settings: settings)
      let request = try #require(sent)
      #expect(request.path == "/api/chat", "\(path)")
      let json = request.json
      #expect(json["stream"]?.bool == false && json["think"]?.bool == false && json["model"]?.string == "clinic")
      #expect(json["messages"]?.array?.compactMap { $0["role"]?.string } == ["system", "user"])
      let options = json["options"]
      #expect(options?["num_predict"]?.integer == 33 && options?["num_ctx"]?.integer == 8192)
      #expect(options?["temperature"]?.double == 0.5 && options?["top_p"]?.double == 0.9)
      #expect(options?["seed"]?.integer != nil && options?["top_k"]?.integer == 4)
    }
    let (_, plain) = try await ask(try .recorded("ollama-text"))
    #expect(plain?.json["think"] == nil && plain?.json["options"]?["num_ctx"] == nil)
  }

  @Test("Reasoning stays apart, the token limit is told, and a stream that nobody asked for is put together")
  func replies() async throws {
    let text = try await ask(try .recorded("ollama-text")).0.get()
    #expect(
      text.text == "Hello." && text.finishReason == "stop" && text.promptTokens == 11 && text.completionTokens == 7)
    let thinking = try await ask(try .recorded("ollama-thinking")).0.get()
    #expect(thinking.text == "Hello." && thinking.isCut)
    let stream = """
      {"message":{"role":"assistant","content":"Hel"},"done":false}
      {"message":{"role":"assistant","content":"lo"},"done":false}
      {"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","eval_count":3}

      """
    let joined = try await ask(.json(stream)).0.get()
    #expect(joined.text == "Hello" && joined.completionTokens == 3)
    let only = #"{"message":{"content":"","thinking":"hm"},"done":true,"done_reason":"stop"}"#
    #expect(try await ask(.json(only)).0.get().whyUnanswered == "nothing but reasoning")
  }

  @Test(
    "What is no answer has failed",
    arguments: [
      (#"{"message":{"content":"x"},"done":false}"#, "cut short"), (#"{"done":true}"#, "no 'message'"),
      (#"{"message":{"content":null},"done":true}"#, "null"), (#"{"message":"x","done":true}"#, "no 'message'"),
      (#"{"message":{"content":""},"done":true,"done_reason":"load"}"#, "answered nothing"),
      (#"{"error":"the runner has ended"}"#, "the runner has ended"),
      ("{\"message\":{\"content\":\"x\"},\"done\":false}\n{\"error\":\"out of memory\"}", "out of memory"),
    ])
  func failures(body: String, says: String) async throws {
    let failure = try #require(try await ask(.json(body)).0.failure)
    #expect(failure.message.contains(says), "\(failure)")
    let gone = try await ask(.json(#"{"error":"model 'clinic' not found"}"#, status: 404)).0.failure
    #expect(gone?.kind == .notServed && gone?.message.contains("model 'clinic' not found") == true)
  }

  @Test("The digest that the server tells is the model's revision; a policy's own counts before it")
  func identity() async throws {
    let tags = try FakeReply.recorded("ollama-tags")
    try await FakeServer.run(answering: { request, _ in request.path == "/api/tags" ? tags : .error(404) }) { server in
      let target = try served(OllamaDialogue(), on: server.url, model: "clinic")
      #expect(!target.identifiesBytes && target.fingerprint == "ollama|\(server.url)/api/chat|clinic")
      let thoughtful = try served(OllamaDialogue(context: 9, thinks: true), on: server.url, model: "clinic")
      #expect(thoughtful.fingerprint == target.fingerprint + "|context 9|think on")
      let signs = try await target.signs()
      let digest = "9f438cb9cd581fc025612d27f7c1a6669ff83a8bb0ed86c94fcf4c5440555697"
      #expect(signs.others["digest"] == digest && signs.others["quantization_level"] == "Q4_0")
      #expect(target.identifiesBytes && target.declaredRevision == digest)
      let declared = try served(OllamaDialogue(), on: server.url, model: "clinic") { $0.revision = "r1" }
      _ = try await declared.signs()
      #expect(declared.declaredRevision == "r1")
      let absent = try served(OllamaDialogue(), on: server.url, model: "unknown")
      #expect(try await absent.signs().isEmpty && !absent.identifiesBytes)
    }
  }
}
