import Core
import FakeServer
import Foundation
import Synchronization
import Testing

@testable import Targets

@Suite("Requests that wait in the transport", .timeLimit(.minutes(1)))
struct PlacesTests {
  private func request(_ server: FakeServer, _ text: String) -> HTTPRequest {
    HTTPRequest(url: server.url, body: Array(#"{"messages":[{"content":"\#(text)"}]}"#.utf8))
  }

  @Test("leave as soon as an answer has come, before anybody has read it")
  func handOver() async throws {
    try await FakeServer.run(answering: { _, _ in .chat("hi") }) { server in
      let transport = try CurlTransport(mostAtOnce: 1)
      let count = 40
      // Each answer is held back from its asker until the last request has reached the server.
      let answers = try await withThrowingTaskGroup(of: Int.self) { group in
        for number in 0..<count {
          group.addTask {
            let place = RequestPlace()
            defer { transport.leave(place) }
            let response = try await transport.send(request(server, "\(number)"), from: place) { true }
            while server.requests.count < count { try await Task.sleep(for: .milliseconds(1)) }
            return response.status
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(answers.count == count && answers.allSatisfy { $0 == 200 })
      #expect(server.peakInFlight == 1)
    }
  }

  @Test("don't leave in the place of one that has failed and will try again, until it leaves it")
  func keptPlace() async throws {
    try await FakeServer.run(answering: { _, index in index == 0 ? .error(500) : .chat("hi") }) { server in
      let transport = try CurlTransport(mostAtOnce: 1)
      let place = RequestPlace()
      let failed = try await transport.send(request(server, "first"), from: place) { true }
      #expect(failed.status == 500)
      let other = Task {
        let own = RequestPlace()
        defer { transport.leave(own) }
        return try await transport.send(request(server, "other"), from: own) { true }.status
      }
      try await Task.sleep(for: .milliseconds(100))
      #expect(server.requests.count == 1)
      // Another try of the first goes ahead of what waits.
      #expect(try await transport.send(request(server, "again"), from: place) { true }.status == 200)
      transport.leave(place)
      #expect(try await other.value == 200)
      #expect(server.requests.map(echo) == ["first", "again", "other"])
    }
  }

  @Test("don't leave in the place of an unread answer while the one who asked wants to read it first")
  func readFirst() async throws {
    try await FakeServer.run(answering: { _, _ in .chat("hi") }) { server in
      let transport = try CurlTransport(mostAtOnce: 1)
      let place = RequestPlace { true }
      #expect(try await transport.send(request(server, "first"), from: place) { true }.status == 200)
      let other = Task { try await transport.send(request(server, "other")).status }
      try await Task.sleep(for: .milliseconds(100))
      #expect(server.requests.count == 1)
      transport.leave(place)
      #expect(try await other.value == 200)
    }
  }

  @Test("are asked when their turn comes whether they may still leave, and stay where they may not")
  func keptBack() async throws {
    try await FakeServer.run(answering: { _, _ in .after(seconds: 0.1, .chat("hi")) }) { server in
      let transport = try CurlTransport(mostAtOnce: 1)
      let isOpen = Mutex(true)
      async let first = transport.send(request(server, "first"))
      while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
      let second = Task {
        try await transport.send(request(server, "second"), from: RequestPlace()) { isOpen.withLock { $0 } }
      }
      isOpen.withLock { $0 = false }
      await #expect(throws: RequestKeptBack.self) { try await second.value }
      #expect(try await first.status == 200 && server.requests.count == 1)
      // Nobody took a place with it.
      #expect(try await transport.send(request(server, "third")).status == 200)
    }
  }

  @Test("are let go of at once where their task is cancelled")
  func cancelled() async throws {
    try await FakeServer.run(answering: { _, index in index == 0 ? .after(seconds: 30, .chat("late")) : .chat("hi") }) {
      server in
      let transport = try CurlTransport(mostAtOnce: 1)
      let first = Task { try await transport.send(request(server, "first")) }
      while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
      let second = Task { try await transport.send(request(server, "second")) }
      try await Task.sleep(for: .milliseconds(20))
      second.cancel()
      await #expect(throws: CancellationError.self) { try await second.value }
      first.cancel()
      await #expect(throws: CancellationError.self) { try await first.value }
      #expect(try await transport.send(request(server, "third")).status == 200)
      #expect(server.requests.count == 2)
    }
  }

  @Test("don't reach a server that has been given up meanwhile")
  func givenUp() async throws {
    try await FakeServer.run(answering: { _, _ in .after(seconds: 0.01, .error(500)) }) { server in
      let target = try target(on: server) {
        $0.concurrency = 4
        $0.retries = 0
        $0.failuresBeforeGivingUp = 4
      }
      let outcomes = try await target.respond(to: requests(200))
      #expect(outcomes.allSatisfy { $0.failure != nil })
      // Those under way when the fourth failed may come on top, and one trial.
      #expect(server.requests.count <= 4 + 4 + 1)
    }
  }
}
