import Core
import FakeServer
import Synchronization
import Targets
import Testing

@Suite("Many requests at once", .timeLimit(.minutes(2)))
struct TrafficTests {
  @Test("never exceed the concurrency, over several calls, and reach it", arguments: [1, 4])
  func concurrency(limit: Int) async throws {
    try await FakeServer.run(answering: { _, _ in .after(seconds: 0.01, .chat("hi")) }) { server in
      let target = try target(on: server) { $0.concurrency = limit }
      async let first = target.respond(to: requests(30))
      async let second = target.respond(to: requests(30))
      let outcomes = try await first + second
      #expect(outcomes.count == 60 && outcomes.allSatisfy { $0.failure == nil })
      #expect(server.requests.count == 60)
      #expect(server.peakInFlight == limit)
    }
  }

  @Test("reuse their connections")
  func keepAlive() async throws {
    try await FakeServer.run(answering: { _, _ in .chat("hi") }) { server in
      _ = try await target(on: server) { $0.concurrency = 4 }.respond(to: requests(100))
      #expect(server.requests.count == 100)
      #expect(server.connectionsOpened <= 8)
    }
  }

  @Test("reuse them however many are busy at once")
  func manyConnections() async throws {
    try await FakeServer.run(answering: { _, _ in .chat("hi") }) { server in
      let outcomes = try await target(on: server) { $0.concurrency = 48 }.respond(to: requests(1_500))
      #expect(outcomes.allSatisfy { $0.failure == nil })
      #expect(server.requests.count == 1_500)
      #expect(server.connectionsOpened <= 48)
    }
  }

  @Test("leave nothing behind for those that use their handles again: no stall watch, no body, no error")
  func handlesUsedAgain() async throws {
    try await FakeServer.run(answering: { request, index in
      switch index {
      case 0: .chat(String(repeating: "long ", count: 20_000))
      case 1: .halfBody(Array(#"{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}"#.utf8))
      // Longer than the stall limit before the first byte: a model that thinks.
      case 3: .after(seconds: 2.2, .chat("thought"))
      default: .chat(echo(request))
      }
    }) { server in
      let target = try target(on: server) {
        $0.concurrency = 1
        $0.retries = 1
        $0.stallTimeout = .seconds(1)
      }
      let outcomes = try await target.respond(to: requests(4))
      let texts = outcomes.map { try? $0.get().text }
      #expect(
        texts == [String(repeating: "long ", count: 20_000), "prompt number 1", "thought", "prompt number 3"],
        "\(outcomes.map { $0.failure?.message ?? "" })")
      let bodies = server.requests.map(echo)
      #expect(bodies == [0, 1, 1, 2, 3].map { "prompt number \($0)" })
    }
  }

  @Test("are each reported exactly once, with their own answers, whatever the server does")
  func chaos() async throws {
    let whole = Array(#"{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}"#.utf8)
    try await FakeServer.run(answering: { request, index in
      var random = SeededGenerator(seed: UInt64(index), stream: "chaos")
      switch random.next() % 12 {
      case 0: return .error(500)
      case 1: return .error(429)
      case 2: return .halfBody(whole)
      case 3: return .reset
      case 4: return .hangUp
      case 5: return .json("not JSON")
      case 6: return .json(#"{"choices":[]}"#)
      case 7: return .error(400)
      case 8: return .after(seconds: 0.02, .chat(echo(request)))
      default: return .chat(echo(request))
      }
    }) { server in
      let target = try target(on: server) {
        $0.concurrency = 16
        $0.retries = 3
      }
      let wanted = requests(500)
      let seen = Mutex([[ResponseOutcome]](repeating: [], count: wanted.count))
      try await target.respond(to: wanted) { index, outcome in seen.withLock { $0[index].append(outcome) } }
      let outcomes = seen.withLock { $0 }
      #expect(outcomes.allSatisfy { $0.count == 1 })
      for (request, outcome) in zip(wanted, outcomes.joined()) {
        if case .success(let response) = outcome { #expect(response.text == request.prompt) }
      }
      let answered = outcomes.joined().filter { $0.failure == nil }.count
      #expect(answered > 300 && answered < 500)
    }
  }

  @Test("stop promptly when the task is cancelled; what was reported stands")
  func cancellation() async throws {
    try await FakeServer.run(answering: { _, index in
      index < 5 ? .chat("hi") : .after(seconds: 30, .chat("late"))
    }) { server in
      let target = try target(on: server)
      let seen = Mutex<[ResponseOutcome]>([])
      let task = Task {
        try await target.respond(to: requests(40)) { _, outcome in seen.withLock { $0.append(outcome) } }
      }
      while server.requests.count < 13 { try await Task.sleep(for: .milliseconds(2)) }
      while seen.withLock({ $0.count }) < 5 { try await Task.sleep(for: .milliseconds(2)) }
      let start = ContinuousClock.now
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(ContinuousClock.now - start < .seconds(2))
      let outcomes = seen.withLock { $0 }
      #expect(outcomes.count == 5 && outcomes.allSatisfy { $0.failure == nil })
    }
  }

  @Test("stop promptly also in the middle of a long pause between tries")
  func cancelledBackOff() async throws {
    try await FakeServer.run(answering: { _, _ in .error(503, headers: ["Retry-After: 50"]) }) { server in
      let target = try target(on: server)
      let task = Task { try await target.respond(to: requests(20)) }
      while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
      let start = ContinuousClock.now
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(ContinuousClock.now - start < .seconds(2))
    }
  }

  @Test("of a task that was cancelled before it began reach no server")
  func cancelledBefore() async throws {
    try await FakeServer.run(answering: { _, _ in .chat("hi") }) { server in
      let target = try target(on: server)
      let task = Task {
        while !Task.isCancelled { await Task.yield() }
        return try await target.respond(to: requests(20))
      }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(server.requests.isEmpty)
    }
  }
}

/// The user's message of a chat request.
func echo(_ request: FakeRequest) -> String {
  (try? JSON(parsing: request.body))?["messages"]?.array?.last?["content"]?.string ?? "?"
}
