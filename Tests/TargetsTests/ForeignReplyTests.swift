import Core
import FakeServer
import Testing

@testable import Targets

@Suite("A reply that keeps to the protocol badly", .timeLimit(.minutes(1)))
struct ForeignReplyTests {
  private func response(_ body: String, headers: [String] = [], api: OpenAIAPI = .chat) async throws -> ResponseOutcome
  {
    let reply = FakeReply.whole(status: 200, headers: headers, body: Array(body.utf8))
    return try await FakeServer.run(answering: { _, _ in reply }) { server in
      try await target(on: server, api: api) { $0.retries = 0 }.ask()
    }
  }

  @Test("is read all the same where a character was cut, a number isn't finite or a count is absurd")
  func slips() async throws {
    let body =
      #"\#u{feff}{"choices":[{"message":{"content":"code 42 \ud83d"},"finish_reason":"stop","logprobs":{"content":"#
      + #"[{"token":"a","logprob":-Infinity,"top_logprobs":[{"token":"b","logprob":NaN}]}]}}],"#
      + #""usage":{"prompt_tokens":1e300,"completion_tokens":99999999999999999999999}}"#
    let response = try await response(body).get()
    #expect(response.text == "code 42 \u{fffd}")
    #expect(response.promptTokens == 1_000_000_000 && response.completionTokens == 1_000_000_000)
  }

  private static func chunk(_ delta: String, finish: String = "null") -> String {
    #"data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":\#(delta),"finish_reason":\#(finish)}]}"#
  }

  @Test("is put together where it was streamed unasked", arguments: ["\n\n", "\r\n\r\n", "\n"])
  func streamed(lineEnd: String) async throws {
    let body = [
      ": a comment", Self.chunk(#"{"role":"assistant","content":""}"#), Self.chunk(#"{"content":"the "}"#),
      Self.chunk(#"{"content":"code"}"#), Self.chunk("{}", finish: "\"length\""),
      #"data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2},"system_fingerprint":"fp"}"#,
      "data: [DONE]", "",
    ].joined(separator: lineEnd)
    let response = try await response(body, headers: ["Content-Type: text/event-stream"]).get()
    #expect(response.text == "the code" && response.isCut)
    #expect(response.promptTokens == 9 && response.completionTokens == 2)
  }

  @Test("is put together where it was streamed as lines of JSON, as plain completion, or with reasoning")
  func otherStreams() async throws {
    let lines = [
      #"{"choices":[{"delta":{"content":"the "}}]}"#,
      #"{"choices":[{"delta":{"content":"code"},"finish_reason":"stop"}]}"#,
    ]
    #expect(try await response(lines.joined(separator: "\n")).get().text == "the code")
    let plain = [#"data: {"choices":[{"text":"the "}]}"#, #"data: {"choices":[{"text":"code"}]}"#, "data: [DONE]"]
    #expect(try await response(plain.joined(separator: "\n\n"), api: .completions).get().text == "the code")
    let thoughts = [Self.chunk(#"{"reasoning_content":"hm"}"#), Self.chunk("{}", finish: "\"stop\"")]
    #expect(try await response(thoughts.joined(separator: "\n\n")).get().finishReason == FinishReason.reasoning)
  }

  @Test("is no answer where its stream ends early")
  func cutStream() async throws {
    for tail in ["", "data: {\"choices\":[{\"delta\":{\"conte", ": ping"] {
      let body = [Self.chunk(#"{"content":"the code"}"#), tail].joined(separator: "\n\n")
      let failure = try await response(body).failure
      #expect(failure?.kind == .malformed)
      #expect(failure?.message.contains("streams although stream is false") == true)
    }
  }

  @Test("is whole or no answer, wherever its body ends")
  func everyPrefix() {
    let stream = [
      Self.chunk(#"{"role":"assistant"}"#), Self.chunk(#"{"content":"the "}"#), Self.chunk(#"{"content":"code é"}"#),
      Self.chunk("{}", finish: "\"stop\""), "data: [DONE]", "",
    ]
    let lines = stream.dropLast(2).map { String($0.dropFirst("data: ".count)) }
    let plain = #"{"choices":[{"message":{"content":"the code é"},"finish_reason":"stop"}],"usage":{}}"#
    for body in [stream.joined(separator: "\n\n"), lines.joined(separator: "\n"), plain] {
      let bytes = Array(body.utf8)
      var whole = 0
      for length in 0...bytes.count {
        guard let reply = try? ServerReply(parsing: Array(bytes.prefix(length)), api: .chat, latency: 0) else {
          continue
        }
        #expect(reply.text == "the code é" && reply.finishReason == "stop")
        whole += 1
      }
      #expect(whole > 0 && whole < 30)
    }
  }

  @Test("ends in an answer or an error, whatever bytes it is made of")
  func damaged() {
    let seeds = [
      Self.chunk(#"{"content":"a"}"#, finish: "\"stop\"") + "\n\ndata: [DONE]\n\n",
      #"{"choices":[{"message":{"content":"a","reasoning":"b"},"finish_reason":"length","logprobs":{"content":[]}}]}"#,
      #"{"error":{"message":"a","code":"content_filter","innererror":{"content_filter_result":{"x":{"filtered":true}}}}}"#,
    ]
    var random = SeededGenerator(seed: 11)
    for round in 0..<900 {
      var bytes = Array(seeds[round % seeds.count].utf8)
      for _ in 0...Int(random.next() % 4) {
        let place = Int(random.next() % UInt64(bytes.count))
        switch random.next() % 3 {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes.remove(at: place)
        default: bytes.insert(bytes[Int(random.next() % UInt64(bytes.count))], at: place)
        }
      }
      // Nothing to compare with: what counts is that it returns, and that a reply is never without a reason to end.
      let reply = try? ServerReply(parsing: bytes, api: .chat, latency: 0)
      #expect(reply?.finishReason.isEmpty != true)
      #expect(ServerReport(bytes).text?.isEmpty != true)
    }
  }

  @Test("says why where an error comes with a success status, and the error counts as with its own status")
  func errorInside() async throws {
    let cases: [(String, ResponseFailure.Kind, Int)] = [
      (#"{"error":{"message":"asleep, ring the bell","code":502}}"#, .serverError, 3),
      (#"{"error":{"message":"asleep, ring the bell","code":"429"}}"#, .rateLimited, 3),
      (#"{"error":{"message":"asleep, ring the bell","type":"rate_limit_error"}}"#, .rateLimited, 3),
      (#"{"error":"asleep, ring the bell"}"#, .malformed, 3),
      (#"{"object":"error","message":"asleep, ring the bell"}"#, .malformed, 3),
      (
        #"{"choices":[{"finish_reason":"error","error":{"message":"asleep, ring the bell","code":502}}]}"#,
        .serverError, 3
      ),
      (
        #"{"error":{"message":"asleep, ring the bell"},"choices":[{"message":{"content":""},"finish_reason":"stop"}]}"#,
        .malformed, 3
      ),
      (#"{"error":{"message":"asleep, ring the bell","code":400}}"#, .rejected, 1),
      (#"{"error":{"message":"asleep, ring the bell","code":401}}"#, .unauthorised, 1),
      ("data: {\"error\":{\"message\":\"asleep, ring the bell\",\"code\":503}}\n\n", .serverError, 3),
    ]
    for (body, kind, tries) in cases {
      try await FakeServer.run(answering: { _, _ in .json(body) }) { server in
        let failure = try await target(on: server) { $0.retries = 2 }.ask().failure
        #expect(failure?.kind == kind, "\(body)")
        #expect(failure?.message.contains("asleep, ring the bell") == true)
        #expect(server.requests.count == tries, "\(body)")
      }
    }
  }

  @Test(
    "is an answer where its error is nothing",
    arguments: ["null", "\"\"", "{}", "false", "{\"code\":0,\"message\":\"ok\"}"])
  func noError(error: String) async throws {
    let body = #"{"error":\#(error),"choices":[{"message":{"content":"fine"},"finish_reason":"stop"}]}"#
    let response = try await response(body).get()
    #expect(response.text == "fine")
  }

  @Test("that is an error by one word paces all requests as status 429 does")
  func pacesLike429() async throws {
    let time = QuickTime()
    let limit = FakeReply.json(#"{"error":{"message":"slow","code":429}}"#, headers: ["Retry-After: 20"])
    try await FakeServer.run(answering: { _, index in index == 0 ? limit : .chat("fine") }) { server in
      let response = try await target(on: server, clock: time.clock).ask().get()
      #expect(response.text == "fine")
      #expect(time.clock.now() >= .seconds(20))
    }
  }
}
