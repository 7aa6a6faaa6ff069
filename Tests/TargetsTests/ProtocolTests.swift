import Core
import FakeServer
import Targets
import Testing

@Suite("The OpenAI-compatible protocol", .timeLimit(.minutes(1)))
struct ProtocolTests {
  @Test("sends a chat with the system prompt, the wrapped attack and the sampling settings")
  func chatRequest() async throws {
    try await FakeServer.run(answering: { _, _ in .chat("hi") }) { server in
      let settings = SamplingSettings(
        temperature: 0.5, topP: 0.9, maxTokens: 33, system: "Be \"kind\".", template: "Q: {prompt} A:")
      _ = try await target(on: server, settings: settings).ask("say {system}\u{7}é").get()
      let request = try #require(server.requests.first)
      #expect(request.method == "POST")
      #expect(request.path == "/v1/chat/completions")
      #expect(request.header("content-type") == "application/json")
      let json = try JSON(parsing: request.body)
      #expect(json["model"]?.string == "test-model")
      #expect(json["messages"]?.array?.map { $0["role"]?.string } == ["system", "user"])
      #expect(
        json["messages"]?.array?.map { $0["content"]?.string } == ["Be \"kind\".", "Q: say {system}\u{7}é A:"])
      #expect(json["temperature"]?.double == 0.5)
      #expect(json["top_p"]?.double == 0.9)
      #expect(json["max_tokens"]?.integer == 33)
      #expect(json["stream"]?.bool == false)
    }
  }

  @Test("sends a plain completion with system prompt and template in one text")
  func completionRequest() async throws {
    try await FakeServer.run(answering: { _, _ in .completion(" fine") }) { server in
      let settings = SamplingSettings(system: "Rules.", template: "{system}\nQ: {prompt}\nA:")
      let response = try await target(on: server, api: .completions, settings: settings).ask("why?").get()
      #expect(response.text == " fine")
      #expect(response.finishReason == "length")
      #expect(response.promptTokens == 5)
      let request = try #require(server.requests.first)
      #expect(request.path == "/v1/completions")
      #expect(try JSON(parsing: request.body)["prompt"]?.string == "Rules.\nQ: why?\nA:")
    }
  }

  @Test("reads text, usage, finish reason and system fingerprints")
  func reply() async throws {
    let answers = ["fp_b", "fp_a", "fp_b"]
    try await FakeServer.run(answering: { _, index in
      .chat("hé \"there\"\n", finishReason: "length", systemFingerprint: answers[index % answers.count])
    }) { server in
      let target = try target(on: server)
      for _ in 0..<3 {
        let response = try await target.ask().get()
        #expect(response.text == "hé \"there\"\n")
        #expect(response.finishReason == "length")
        #expect(response.promptTokens == 11)
        #expect(response.completionTokens == 7)
        #expect(response.latency > 0)
      }
      #expect(try await target.signs().systemFingerprints == ["fp_a", "fp_b"])
      #expect(target.fingerprint == "openai|\(server.url)/v1/chat/completions|test-model")
    }
  }

  @Test(
    "takes a refusal for the text, and a tool call, a filtered answer or an absent usage for what they are",
    arguments: [
      (#"{"message":{"content":null,"refusal":"I can't."},"finish_reason":"stop"}"#, "I can't.", "refusal"),
      (#"{"message":{"content":"","refusal":"I can't."},"finish_reason":"stop"}"#, "I can't.", "refusal"),
      (#"{"message":{"content":"Well.","refusal":"I can't."},"finish_reason":"stop"}"#, "Well.\n\nI can't.", "stop"),
      (#"{"message":{"content":"Well.","refusal":""},"finish_reason":"stop"}"#, "Well.", "stop"),
      (#"{"message":{"content":null,"tool_calls":[{"id":"1"}]},"finish_reason":"tool_calls"}"#, "", "tool_calls"),
      (#"{"message":{"content":null,"tool_calls":[{"id":"1"}]}}"#, "", "unknown"),
      (#"{"message":{"role":"assistant"},"finish_reason":"content_filter"}"#, "", "content_filter"),
      (#"{"message":{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}}"#, "ab", "unknown"),
      (#"{"message":{"content":""},"finish_reason":"stop"}"#, "", "stop"),
    ])
  func unusualMessages(choice: String, text: String, reason: String) async throws {
    try await FakeServer.run(answering: { _, _ in .json(#"{"choices":[\#(choice)]}"#) }) { server in
      let response = try await target(on: server).ask().get()
      #expect(response.text == text)
      #expect(response.finishReason == reason)
      #expect(response.promptTokens == 0)
      #expect(server.requests.count == 1)
    }
  }

  @Test(
    "refuses a reply that can mean two things",
    arguments: [
      (
        #"{"choices":[{"message":{"content":"a"}}],"choices":[{"message":{"content":"b"}}]}"#,
        "a key twice in one object"
      ),
      (#"{"choices":[{"message":{"content":"a","content":"b"}}]}"#, "a key twice in one object"),
      (#"{"choices":[{"message":{"content":"a"}},{"message":{"content":"b"}}]}"#, "2 choices, and one was asked for"),
      (
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\",\"content\":\"b\"}}]}\n\ndata: [DONE]\n\n",
        "a key twice in one object"
      ),
      (
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}},{\"index\":1,\"delta\":{\"content\":\"b\"}}]}\n\ndata: [DONE]\n\n",
        "several choices, and one was asked for"
      ),
    ])
  func ambiguous(body: String, words: String) async throws {
    try await FakeServer.run(answering: { _, _ in .json(body) }) { server in
      let target = try target(on: server)
      do {
        _ = try await target.ask().get()
        Issue.record("taken for an answer")
      } catch let failure as ResponseFailure {
        #expect(failure.message.contains(words), "\(failure.message)")
      }
    }
  }

  @Test("An answer of another model than the one that was asked for is told, once for each name")
  func otherModel() async throws {
    func notices(asked: String, named: [String?]) async throws -> [String] {
      try await FakeServer.run(answering: { _, index in
        .json(
          #"{"choices":[{"message":{"content":"hi"}}]"#
            + (named[index % named.count].map { #","model":"\#($0)""# } ?? "") + "}")
      }) { server in
        let client = try OpenAIClient(OpenAIConfiguration(url: server.url, model: asked), environment: [:])
        for _ in 0..<(2 * named.count) {
          _ = try await client.ask(
            ServerQuestion(
              .messages([.init(.user, "q")]), temperature: 0, topP: 1, maxTokens: 4, seed: 1, privateTexts: [])
          ).get()
        }
        return client.notices
      }
    }
    #expect(try await notices(asked: "gpt-4o", named: [nil, "", "gpt-4o-2024-08-06", "gpt-4o"]).isEmpty)
    #expect(
      try await notices(asked: "gpt-4o", named: ["gpt-4o-mini", "gpt-4o"]) == [
        "gpt-4o was asked for, and the server says that gpt-4o-mini answered: another model may be behind the address."
      ])
    #expect(try await notices(asked: "m", named: ["b", "a"]).count == 2)
    #expect(try await notices(asked: "m", named: (0..<40).map { "n\($0)" }).count == 4)
  }

  @Test("reads the first tokens' log-probabilities in both shapes, and asks for fewer where the server refuses")
  func logProbabilities() async throws {
    let chat = #"""
      {"choices":[{"message":{"content":"unsafe"},"logprobs":{"content":[{"token":"un","logprob":-0.1,"top_logprobs":\#
      [{"token":"safe","logprob":-2.5},{"token":"un","logprob":-0.1}]},{"token":"safe","logprob":0}]}}]}
      """#
    let older = #"""
      {"choices":[{"text":" safe","logprobs":{"tokens":[" safe"],"token_logprobs":[-0.2],"top_logprobs":\#
      [{" safe":-0.2," unsafe":-1.8,"odd":3}]}}]}
      """#
    for (api, body, first) in [
      (OpenAIAPI.chat, chat, ["un -0.1", "safe -2.5"]), (.completions, older, [" safe -0.2", " unsafe -1.8"]),
    ] {
      try await FakeServer.run(answering: { request, _ in
        request.bodyText.contains("logprobs\":20") ? .error(400, "top_logprobs must be at most 5") : .json(body)
      }) { server in
        let client = try OpenAIClient(
          OpenAIConfiguration(url: server.url, model: "m", api: api), environment: [:],
          retry: RetryPolicy(base: .milliseconds(1)))
        let reply = try await client.ask(
          ServerQuestion(
            api == .chat ? .messages([.init(.user, "q")]) : .text("q"), temperature: 0, topP: 1, maxTokens: 4, seed: 1,
            wantsLogProbabilities: true, privateTexts: [])
        ).get()
        #expect(reply.tokens.first?.alternatives.map { "\($0.text) \($0.logProbability)" } == first)
        #expect(server.requests.count == (api == .chat ? 2 : 1))
      }
    }
  }

  @Test("asks for another draw for each sample, and for the same one when asked again")
  func seeds() async throws {
    try await FakeServer.run(answering: { _, _ in .chat("hi") }) { server in
      let target = try target(on: server)
      for sample in [0, 1, 2, 0] { _ = try await target.ask("p", sample: sample).get() }
      let seeds = try server.requests.map { try #require(try JSON(parsing: $0.body)["seed"]?.integer) }
      #expect(Set(seeds).count == 3)
      #expect(seeds[0] == seeds[3])
      #expect(seeds.allSatisfy { 0 <= $0 && $0 <= Int(Int32.max) })
    }
  }

  @Test("does without a parameter that the server doesn't know, and remembers")
  func dialects() async throws {
    try await FakeServer.run(answering: { request, _ in
      if request.bodyText.contains("\"seed\"") { return .error(422, "Extra inputs are not permitted: seed") }
      if request.bodyText.contains("\"max_tokens\"") {
        return .error(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
      }
      return .chat("fine")
    }) { server in
      let target = try target(on: server, settings: SamplingSettings(maxTokens: 9))
      let response = try await target.ask().get()
      #expect(response.text == "fine")
      let asked = server.requests.count
      #expect(asked == 3)
      let outcomes = try await target.respond(to: requests(20))
      #expect(outcomes.allSatisfy { $0.failure == nil })
      #expect(server.requests.count == asked + 20)
      let last = try JSON(parsing: try #require(server.requests.last).body)
      #expect(last["max_completion_tokens"]?.integer == 9)
    }
  }

  @Test("does without such a parameter also when many requests meet the refusal at once")
  func dialectsConcurrently() async throws {
    try await FakeServer.run(answering: { request, _ in
      .after(seconds: 0.02, request.bodyText.contains("\"seed\"") ? .error(400, "unknown field: seed") : .chat("fine"))
    }) { server in
      let outcomes = try await target(on: server).respond(to: requests(32))
      #expect(outcomes.allSatisfy { $0.failure == nil })
    }
  }

  @Test("probes with one small request")
  func probe() async throws {
    try await FakeServer.run(answering: { _, _ in .chat("hi") }) { server in
      try await target(on: server).probe()
      #expect(server.requests.count == 1)
      let json = try JSON(parsing: try #require(server.requests.first).body)
      #expect(json["max_tokens"]?.integer ?? 99 <= 16)
    }
  }

  @Test("unpacks a compressed answer")
  func compression() async throws {
    // `gzip` of a chat completion that says "packed", made once with Python's gzip module (mtime 0).
    try await FakeServer.run(answering: { _, _ in
      .whole(status: 200, headers: ["Content-Encoding: gzip"], body: gzippedCompletion)
    }) { server in
      let response = try await target(on: server).ask().get()
      #expect(response.text == "packed")
      #expect(server.requests.first?.header("accept-encoding")?.contains("gzip") == true)
    }
  }
}

private let gzippedCompletion: [UInt8] = [
  0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x0d, 0xc9, 0x41, 0x0a, 0x80, 0x30, 0x0c, 0x04,
  0xc0, 0xbf, 0xec, 0xd9, 0x17, 0xf4, 0x2b, 0x22, 0x52, 0xe2, 0x6a, 0x8b, 0x98, 0x14, 0x93, 0x5b, 0xe8, 0xdf,
  0x75, 0xae, 0x93, 0x90, 0x66, 0x5d, 0xe8, 0x28, 0x6b, 0xe2, 0xa1, 0x7b, 0xbd, 0x88, 0x92, 0x10, 0xd3, 0xa0,
  0x06, 0x0a, 0x46, 0x95, 0x9b, 0x07, 0xe6, 0x82, 0xb3, 0x6b, 0xf7, 0xb6, 0xbf, 0xac, 0x6e, 0xfa, 0x8f, 0x87,
  0x0d, 0xcc, 0x6d, 0x7e, 0x7f, 0x2e, 0x14, 0x07, 0x45, 0x00, 0x00, 0x00,
]
