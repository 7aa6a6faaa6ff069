import Core
import FakeServer
import Targets
import Testing

@Suite("A server in trouble", .timeLimit(.minutes(1)))
struct ServerFailureTests {
  @Test("that answers 401 is not asked again, and the message says which variable held the key")
  func unauthorised() async throws {
    try await FakeServer.run(answering: { _, _ in .error(401, "invalid key") }) { server in
      let target = try target(on: server, environment: ["MY_KEY": "k-123456"]) { $0.apiKeyVariable = "MY_KEY" }
      let failure = try await target.ask().failure
      #expect(failure?.kind == .unauthorised)
      #expect(failure?.message.contains("MY_KEY") == true)
      #expect(failure?.message.contains("invalid key") == true)
      #expect(server.requests.count == 1)
    }
  }

  @Test("is not asked again where asking again can't help", arguments: [400, 403, 404, 413, 422, 302])
  func permanent(status: Int) async throws {
    try await FakeServer.run(answering: { _, _ in .error(status) }) { server in
      let failure = try await target(on: server).ask().failure
      let kinds: [Int: ResponseFailure.Kind] = [403: .unauthorised, 404: .notServed, 302: .notServed]
      #expect(failure?.kind == kinds[status] ?? .rejected)
      #expect(failure?.message.contains("\(status)") == true)
      #expect(server.requests.count == 1)
    }
  }

  @Test("that recovers is asked until it answers", arguments: [408, 409, 425, 429, 500, 502, 503])
  func recovers(status: Int) async throws {
    try await FakeServer.run(answering: { _, index in index < 3 ? .error(status) : .chat("fine") }) { server in
      let response = try await target(on: server).ask().get()
      #expect(response.text == "fine")
      #expect(server.requests.count == 4)
    }
  }

  @Test(
    "that never recovers is given up after all retries, with the right kind",
    arguments: [
      (500, ResponseFailure.Kind.serverError), (429, .rateLimited), (408, .unreachable), (409, .rejected),
    ])
  func neverRecovers(status: Int, kind: ResponseFailure.Kind) async throws {
    try await FakeServer.run(answering: { _, _ in .error(status, "still bad") }) { server in
      let failure = try await target(on: server) { $0.retries = 4 }.ask().failure
      #expect(failure?.kind == kind)
      #expect(failure?.message.contains("still bad") == true)
      #expect(failure?.message.contains("5 tries") == true)
      #expect(server.requests.count == 5)
    }
  }

  @Test(
    "with a spent account is not waited for, and the target is lost with the first such answer",
    arguments: [
      (429, #"{"error":{"message":"You exceeded your quota","code":"insufficient_quota"}}"#),
      (429, #"{"error":{"message":"pay up","type":"exceeded_current_quota_error"}}"#),
      (402, #"{"error":{"message":"Insufficient Balance","code":"invalid_request_error"}}"#),
      (403, #"{"error":{"message":"no credit","code":"insufficient_user_quota"}}"#),
      (400, #"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low"}}"#),
      (200, #"{"error":{"message":"You exceeded your quota","code":"insufficient_quota"}}"#),
    ])
  func quota(status: Int, body: String) async throws {
    try await FakeServer.run(answering: { _, _ in .json(body, status: status) }) { server in
      let failure = try #require(try await target(on: server).ask().failure)
      #expect(failure.kind == .quotaSpent && failure.isFinal)
      #expect(["quota", "pay up", "Balance", "credit"].contains { failure.message.contains($0) })
      #expect(server.requests.count == 1)
    }
  }

  @Test("that asks for patience in so many words is not one whose account is spent")
  func rateLimitIsNoQuota() async throws {
    let body = #"{"error":{"message":"Rate limit reached, quota resets in 2 s","code":"rate_limit_exceeded"}}"#
    try await FakeServer.run(answering: { _, index in index == 0 ? .json(body, status: 429) : .chat("fine") }) {
      let response = try await target(on: $0).ask().get()
      #expect(response.text == "fine")
    }
  }

  @Test(
    "whose answer isn't what the protocol promises is asked a few times, then the answer counts as malformed",
    arguments: [
      "this is no JSON", "", "[]", "{}", #"{"choices":[]}"#, #"{"choices":[{}]}"#, #"{"choices":{"0":1}}"#,
      #"{"choices":[{"message":{"content":5},"finish_reason":"stop"}]}"#, #"{"choices":[{"message":{}}]}"#,
      #"{"error":{"message":"overloaded"}}"#, #"{"choices":[{"message":"#,
      String(repeating: "[", count: 100_000),
    ])
  func malformed(body: String) async throws {
    try await FakeServer.run(answering: { _, _ in .json(body) }) { server in
      let failure = try await target(on: server).ask().failure
      #expect(failure?.kind == .malformed)
      #expect(server.requests.count == 3)
    }
  }

  @Test("that sends half a body and recovers loses nothing")
  func halfBodyOnce() async throws {
    let whole = Array(#"{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}"#.utf8)
    try await FakeServer.run(answering: { _, index in index == 0 ? .halfBody(whole) : .chat("fine") }) { server in
      let response = try await target(on: server).ask().get()
      #expect(response.text == "fine")
    }
  }

  @Test("that sends half a body for ever, resets or hangs up is given up after all retries")
  func broken() async throws {
    let replies: [(FakeReply, ResponseFailure.Kind)] = [
      (.halfBody(Array(repeating: 32, count: 100)), .malformed), (.reset, .unreachable), (.hangUp, .unreachable),
    ]
    for (reply, kind) in replies {
      try await FakeServer.run(answering: { _, _ in reply }) { server in
        let failure = try await target(on: server) { $0.retries = 2 }.ask().failure
        #expect(failure?.kind == kind)
        // A connection that dies before any answer may be tried once more by libcurl itself.
        #expect(server.requests.count >= 3)
      }
    }
  }

  @Test("that sends 50 MB is cut off early, whether or not it says so beforehand", arguments: [true, false])
  func enormous(announced: Bool) async throws {
    let reply = FakeReply.endless(bytes: 50 << 20, announced: announced)
    try await FakeServer.run(answering: { _, _ in reply }) { server in
      let start = ContinuousClock.now
      let failure = try await target(on: server).ask().failure
      #expect(failure?.kind == .malformed)
      #expect(failure?.message.contains("larger than 8388608 bytes") == true)
      #expect(server.requests.count == 1)
      #expect(ContinuousClock.now - start < .seconds(10))
    }
  }

  @Test("that isn't there is unreachable, and the message names its address")
  func down() async throws {
    let port = try FakeServer.deadPort()
    let target = try ServedTarget(
      OpenAIConfiguration(url: "http://127.0.0.1:\(port)", model: "m"), settings: SamplingSettings(), environment: [:],
      retry: RetryPolicy(retries: 2, base: .milliseconds(1)))
    let failure = try await target.ask().failure
    #expect(failure?.kind == .unreachable)
    #expect(failure?.message.contains("127.0.0.1") == true)
    await #expect(throws: ResponseFailure.self) { try await target.probe() }
  }

  @Test("that doesn't answer in time is unreachable")
  func silent() async throws {
    try await FakeServer.run(answering: { _, _ in .after(seconds: 30, .chat("late")) }) { server in
      let target = try target(on: server) {
        $0.timeout = .milliseconds(200)
        $0.retries = 1
      }
      let failure = try await target.ask().failure
      #expect(failure?.kind == .unreachable)
      #expect(server.requests.count == 2)
    }
  }

  @Test("that falls silent in the middle of a body is cut off long before the whole time is up")
  func stalled() async throws {
    let half = FakeReply.stall(Array(repeating: 32, count: 1000), seconds: 50)
    try await FakeServer.run(answering: { _, _ in half }) { server in
      let target = try target(on: server) {
        $0.timeout = .seconds(50)
        $0.stallTimeout = .seconds(1)
        $0.retries = 0
      }
      let start = ContinuousClock.now
      let failure = try await target.ask().failure
      #expect(failure?.kind == .malformed)
      #expect(ContinuousClock.now - start < .seconds(15))
    }
  }

  @Test("that thinks longer than the stall limit before its first byte is waited for")
  func slowStart() async throws {
    try await FakeServer.run(answering: { _, _ in .after(seconds: 2.5, .chat("fine")) }) { server in
      let target = try target(on: server) {
        $0.stallTimeout = .seconds(1)
        $0.retries = 0
      }
      let response = try await target.ask().get()
      #expect(response.text == "fine")
    }
  }

  @Test("that redirects elsewhere is not followed: the other host never sees the request or the key")
  func redirect() async throws {
    try await FakeServer.run(answering: { _, _ in .chat("stolen") }) { other in
      let location = "Location: \(other.url)/v1/chat/completions?token=t0ps3cret"
      try await FakeServer.run(answering: { _, _ in .error(307, headers: [location]) }) { server in
        let failure = try await target(on: server).ask().failure
        #expect(failure?.kind == .notServed)
        #expect(failure?.message.contains("127.0.0.1:\(other.port)") == true)
        #expect(failure?.message.contains("t0ps3cret") == false)
        #expect(other.requests.isEmpty)
      }
    }
  }
}
