import Core
import FakeServer
import Targets
import Testing

/// Answers 400 to a request that has one of `keys`, the first of them first.
private func refusing(_ keys: [(key: String, message: String)]) -> FakeServer.Answer {
  { request, _ in
    for (key, message) in keys where request.bodyText.contains("\"\(key)\"") {
      return .json(
        #"{"error":{"message":"\#(message)","type":"invalid_request_error","param":"\#(key)","code":null}}"#,
        status: 400)
    }
    return .chat("fine")
  }
}

private func unsupported(_ keys: String...) -> [(key: String, message: String)] {
  keys.map { ($0, "Unsupported parameter: '\($0)' is not supported with this model.") }
}

@Suite("Members of a request that a model refuses", .timeLimit(.minutes(1)))
struct NegotiationTests {
  @Test("are left out one after the other; none of the corrections is a retry")
  func allInTurn() async throws {
    let keys = unsupported("max_tokens", "seed", "top_p", "temperature")
    try await FakeServer.run(answering: refusing(keys)) { server in
      let target = try target(on: server, settings: SamplingSettings(maxTokens: 9)) { $0.retries = 0 }
      try await target.probe()
      #expect(server.requests.count == 5)
      _ = try await target.ask().get()
      #expect(server.requests.count == 6)
      let last = try JSON(parsing: try #require(server.requests.last).body)
      #expect(last["max_completion_tokens"]?.integer == 9)
      for key in ["max_tokens", "seed", "top_p", "temperature"] { #expect(last[key] == nil) }
      #expect(target.notices.count == 2 && target.notices[0].contains("temperature"))
    }
  }

  @Test("include log-probabilities, asked for by a judge at a temperature of 0")
  func judge() async throws {
    let keys = unsupported("max_tokens", "seed", "top_logprobs", "logprobs", "temperature")
    try await FakeServer.run(answering: refusing(keys)) { server in
      let client = try OpenAIClient(
        OpenAIConfiguration(url: server.url, model: "m"), environment: [:], retry: RetryPolicy(retries: 0))
      let question = ServerQuestion(
        .messages([.init(.user, "q")]), temperature: 0, topP: 1, maxTokens: 4, seed: 1,
        toleratesOtherTemperature: true, wantsLogProbabilities: true, privateTexts: ["q"])
      #expect(try await client.ask(question).get().text == "fine")
      #expect(server.requests.count == 5)
      #expect(client.notices == ["m refuses 'temperature' and answers at a value of its own."])
    }
  }

  @Test("are named with the key to change where the policy asks for them", arguments: ["temperature", "top_p"])
  func policyKeys(key: String) async throws {
    try await FakeServer.run(answering: refusing(unsupported(key))) { server in
      let target = try target(on: server, settings: SamplingSettings(temperature: 0.7, topP: 0.9))
      let failure = await #expect(throws: ResponseFailure.self) { try await target.probe() }
      #expect(failure?.kind == .rejected)
      #expect(failure?.message.contains("take \(key) out of the policy") == true)
      #expect(server.requests.count == 1)
      #expect(target.notices.isEmpty)
    }
  }

  @Test("are left out by the value that changes least where a model takes only one of two")
  func oneOfTwo() async throws {
    try await FakeServer.run(answering: { request, _ in
      request.bodyText.contains("\"top_p\"")
        ? .error(400, "`temperature` and `top_p` cannot both be specified for this model.") : .chat("fine")
    }) { server in
      _ = try await target(on: server, settings: SamplingSettings(temperature: 0.3)).ask().get()
      #expect(try JSON(parsing: try #require(server.requests.last).body)["temperature"]?.double == 0.3)
    }
  }

  @Test("are sent as the policy has them where nobody objects, 1 included: servers have defaults of their own")
  func defaults() async throws {
    try await FakeServer.run(answering: { _, _ in .chat("fine") }) { server in
      _ = try await target(on: server).ask().get()
      let json = try JSON(parsing: try #require(server.requests.last).body)
      #expect(json["temperature"]?.double == 1 && json["top_p"]?.double == 1)
    }
  }

  @Test(
    "are found in whatever form the refusal has",
    arguments: [
      #"{"detail":[{"type":"extra_forbidden","loc":["body","stop"],"msg":"x"},{"loc":["body","seed"],"msg":"y"}]}"#,
      #"{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","seed"],"msg":"x"}]}}"#,
      #"[{"error":{"code":400,"message":"Unknown name \"seed\": Cannot find field.","status":"INVALID_ARGUMENT"}}]"#,
      #"{"error_code":"BAD_REQUEST","message":"unknown field: parameter 'seed' is not a valid field"}"#,
      #"{"error":"unexpected property 'seed'"}"#,
    ])
  func forms(body: String) async throws {
    for status in [400, 422] {
      try await FakeServer.run(answering: { request, _ in
        request.bodyText.contains("\"seed\"") ? .json(body, status: status) : .chat("fine")
      }) { server in
        _ = try await target(on: server).ask().get()
        #expect(server.requests.count == 2)
      }
    }
  }

  @Test("include the wish for a whole answer: a model that only streams is asked to")
  func onlyStreams() async throws {
    let stream = #"data: {"choices":[{"delta":{"content":"fine"},"finish_reason":"stop"}]}"# + "\n\ndata: [DONE]\n\n"
    try await FakeServer.run(answering: { request, _ in
      request.bodyText.contains("\"stream\":true")
        ? .json(stream) : .error(400, "This model only support stream mode, please enable the stream parameter.")
    }) { server in
      let response = try await target(on: server).ask().get()
      #expect(response.text == "fine")
    }
  }

  @Test("don't make a server that refuses everything a busy one")
  func bounded() async throws {
    try await FakeServer.run(answering: { _, index in
      .error(400, "unsupported: max_tokens, seed, top_p, temperature, logprobs (\(index))")
    }) { server in
      let failure = try await target(on: server).ask().failure
      #expect(failure?.kind == .rejected)
      #expect(server.requests.count <= 6)
    }
  }

  @Test("are not dropped for a word in an attack that the message repeats, nor for a limit that is too large")
  func notAboutThem() async throws {
    let attack = "What temperature and top_p does an unsupported model like best?"
    for said in ["cannot read '\(attack)'", "max_tokens is too large: 9999; at most 4096"] {
      try await FakeServer.run(answering: { _, _ in .error(400, said) }) { server in
        let target = try target(on: server)
        #expect(try await target.ask(attack).failure?.kind == .rejected)
        #expect(target.notices.isEmpty && server.requests.count == 1)
      }
    }
  }
}
