import Core
import FakeServer
import Synchronization
import Targets
import Testing

@Suite("A provider's filter", .timeLimit(.minutes(1)))
struct BlockTests {
  @Test(
    "that stops a prompt is an outcome of its own, whatever status and form it comes in, and is not asked again",
    arguments: [
      // Azure OpenAI, with the inner error and without the outer code.
      (400, #"{"error":{"message":"filtered","code":"content_filter","innererror":{"code":"X"}}}"#),
      (400, #"{"error":{"message":"no","code":"400","innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#),
      (
        400,
        #"{"error":{"message":"no","innererror":{"content_filter_result":{"jailbreak":{"filtered":true,"detected":true}}}}}"#
      ),
      (400, #"{"error":{"message":"triggering the content management policy","type":null}}"#),
      // LiteLLM, OpenAI, Alibaba, DeepSeek, Moonshot, Volcengine.
      (400, #"{"error":{"message":"litellm.ContentPolicyViolationError: x","type":null,"code":"400"}}"#),
      (400, #"{"error":{"message":"x","code":"content_policy_violation"}}"#),
      (
        400,
        #"{"error":{"message":"Invalid prompt: flagged as potentially violating our usage policy","code":"invalid_prompt"}}"#
      ),
      (400, #"{"code":"DataInspectionFailed","message":"Input data may contain inappropriate content."}"#),
      (400, #"{"error":{"message":"x","code":"data_inspection_failed","type":"data_inspection_failed"}}"#),
      (400, #"{"error":{"message":"Content Exists Risk","type":"invalid_request_error"}}"#),
      (400, #"{"error":{"message":"x","type":"content_filter"}}"#),
      (400, #"{"error":{"code":"SensitiveContentDetected","message":"x"}}"#),
      // With 403: xAI, OpenRouter's moderation. With 422 and 446: gateways. With 500: a wrapped error.
      (403, #"{"code":"The caller has no permission","error":"Content violates usage guidelines. Failed check"}"#),
      (403, #"{"error":{"code":403,"message":"flagged","metadata":{"reasons":["violence"],"flagged_input":"…"}}}"#),
      (422, #"{"error":{"message":"x","type":"guardrail_intervened"}}"#),
      (446, #"{"error":{"message":"x","code":"prompt_blocked"}}"#),
      (500, #"{"error":{"message":"x","code":"content_filter"}}"#),
      (
        400,
        #"{"error":{"code":400,"message":"Provider returned error","metadata":{"raw":"{\"error\":{\"code\":\"content_filter\"}}"}}}"#
      ),
      (400, #"{"detail":{"error":{"code":"content_filter","message":"x"}}}"#),
      (400, #"[{"error":{"message":"x","status":"PROHIBITED_CONTENT"}}]"#),
      // With a success status.
      (200, #"{"error":{"message":"x","code":"content_filter"}}"#),
      (200, #"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}}"#),
      (200, #"{"choices":[],"prompt_filter_results":[{"content_filter_results":{"hate":{"filtered":true}}}]}"#),
    ] as [(Int, String)])
  func prompts(status: Int, body: String) async throws {
    try await FakeServer.run(answering: { _, _ in .json(body, status: status) }) { server in
      let response = try await target(on: server).ask("an attack that is long enough").get()
      #expect(response.isBlocked && response.text.isEmpty)
      #expect(response.finishReason == "content_filter")
      #expect(server.requests.count == 1)
    }
  }

  @Test(
    "that stops a response leaves what came before",
    arguments: [
      "content_filter", "content-filter", "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "refusal",
      "guardrail_intervened", "content_filtered", "ERROR_TOXIC", "sensitive",
    ])
  func responses(reason: String) async throws {
    for member in ["finish_reason", "native_finish_reason"] {
      let choice = #"{"message":{"content":"Well, "},"\#(member)":"\#(reason)"}"#
      try await FakeServer.run(answering: { _, _ in .json(#"{"choices":[\#(choice)]}"#) }) { server in
        let response = try await target(on: server).ask().get()
        #expect(response.isBlocked && response.text == "Well, ")
      }
    }
  }

  @Test("whose remarks let a text through has not blocked it")
  func remarks() async throws {
    let body = #"""
      {"choices":[{"message":{"content":"fine"},"finish_reason":"stop","content_filter_results":{"hate":\#
      {"filtered":true}}}],"prompt_filter_results":[{"content_filter_results":{"jailbreak":{"filtered":true}}}]}
      """#
    try await FakeServer.run(answering: { _, _ in .json(body) }) { server in
      let response = try await target(on: server).ask().get()
      #expect(!response.isBlocked && response.text == "fine" && response.finishReason == "stop")
    }
  }

  @Test(
    "is not to be found in ordinary refusals of a request",
    arguments: [
      (400, #"{"error":{"message":"maximum context length is 4096 tokens","code":"context_length_exceeded"}}"#),
      (400, #"{"error":{"message":"invalid character in the prompt","type":"invalid_request_error"}}"#),
      (400, #"{"error":{"message":"could not parse content_filter of the request"}}"#),
      (422, #"{"detail":[{"type":"string_too_long","loc":["body","messages"],"msg":"safety"}]}"#),
      (401, #"{"error":{"message":"no key","code":"content_filter"}}"#),
      (404, #"{"error":{"message":"content management policy","code":"content_filter"}}"#),
      (429, #"{"error":{"message":"slow down","code":"content_filter"}}"#),
      (403, #"{"error":{"message":"you may not use this model","code":"forbidden"}}"#),
      (500, #"{"error":{"message":"the content management policy service is down"}}"#),
    ] as [(Int, String)])
  func ordinary(status: Int, body: String) async throws {
    try await FakeServer.run(answering: { _, _ in .json(body, status: status) }) { server in
      let outcome = try await target(on: server) { $0.retries = 0 }.ask("an attack that is long enough")
      #expect(outcome.failure != nil)
    }
  }

  @Test("is not put into a server's mouth by an attack that the message repeats")
  func echoed() async throws {
    let attack = "Explain the content management policy of this company"
    try await FakeServer.run(answering: { _, _ in .error(400, "cannot tokenize '\(attack)'") }) { server in
      let failure = try await target(on: server).ask(attack).failure
      #expect(failure?.kind == .rejected)
    }
  }

  @Test("is quoted in one sentence, without the attack that it repeats and whatever came first")
  func quoted() async throws {
    let attack = "an attack that is long enough"
    let messages = ["Zone 2 filtered it.", "'\(attack)' is filtered.", "Area 1 filtered it."]
    for order in [messages, messages.reversed()] {
      let count = Mutex(0)
      try await FakeServer.run(answering: { _, _ in
        let message = count.withLock { count in
          defer { count += 1 }
          return order[count]
        }
        return .json(#"{"error":{"message":"\#(message)","code":"content_filter"}}"#, status: 400)
      }) { server in
        let target = try target(on: server)
        #expect(target.notices.isEmpty)
        for _ in order { #expect(try await target.ask(attack).get().isBlocked) }
        #expect(
          target.notices == ["A provider's filter stopped responses of test-model and said: Area 1 filtered it."])
      }
    }
  }

  @Test("that stops even a greeting fails the probe, which says so")
  func probe() async throws {
    try await FakeServer.run(answering: { _, _ in .chat("", finishReason: "content_filter") }) { server in
      let failure = await #expect(throws: ResponseFailure.self) { try await target(on: server).probe() }
      #expect(failure?.message.contains("filter") == true)
    }
  }

  @Test(
    "and the token limit are told apart, whatever the server calls the limit",
    arguments: [
      "length", "max_tokens", "MAX_TOKENS", "model_length", "max_output_tokens", "model_context_window_exceeded",
    ])
  func cut(reason: String) async throws {
    try await FakeServer.run(answering: { _, _ in .chat("half an", finishReason: reason) }) { server in
      let response = try await target(on: server).ask().get()
      #expect(response.isCut && !response.isBlocked && response.finishReason == "length")
    }
  }

  @Test("a response that the server broke off is no response", arguments: ["error", "abort", "cancelled"])
  func brokenOff(reason: String) async throws {
    try await FakeServer.run(answering: { _, _ in .chat("half an", finishReason: reason) }) { server in
      let failure = try await target(on: server).ask().failure
      #expect(failure?.kind == .malformed)
    }
  }
}
