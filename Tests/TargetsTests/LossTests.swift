import Core
import FakeServer
import Targets
import Testing

@Suite("A server that has died in some way", .timeLimit(.minutes(1)))
struct LossTests {
  private static let page = "<!DOCTYPE html><html><body>It works!</body></html>"
  private static let whole = Array(#"{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}"#.utf8)

  @Test("is recognisable as lost, and soon no longer asked, whatever its proxy makes of it")
  func everyWay() async throws {
    let deaths: [(String, FakeReply)] = [
      ("404", .error(404)), ("410", .error(410)), ("405", .error(405)), ("502", .error(502)),
      ("redirect", .error(302, headers: ["Location: http://127.0.0.1:1/login"])), ("reset", .reset),
      ("hang-up", .hangUp), ("page", .json(Self.page)), ("page with 404", .json(Self.page, status: 404)),
      ("firewall", .json(Self.page, status: 403)), ("page with 400", .json(Self.page, status: 400)),
      ("garbage", .json("\u{1}\u{2}\u{3}")), ("empty", .json("")), ("other JSON", .json(#"{"ok":true}"#)),
      ("half a body", .halfBody(Self.whole)), ("error in 200", .json(#"{"error":{"message":"gone"}}"#)),
      ("half a stream", .json("data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n")),
      ("quota", .json(#"{"error":{"code":"insufficient_quota"}}"#, status: 429)),
      ("no such model", .json(#"{"error":{"code":"model_not_found","message":"x"}}"#, status: 400)),
    ]
    for (name, reply) in deaths {
      try await FakeServer.run(answering: { _, index in index < 10 ? .chat("fine") : reply }) { server in
        let target = try target(on: server) {
          $0.concurrency = 2
          $0.retries = 1
          $0.failuresBeforeGivingUp = 4
        }
        let outcomes = try await target.respond(to: requests(200))
        let failures = outcomes.compactMap(\.failure)
        #expect(failures.count == 190, "\(name)")
        #expect(failures.allSatisfy { $0.meansUnavailable }, "\(name)")
        // Four requests and those in flight beside them, each with one more try and, from libcurl, perhaps another.
        #expect(server.requests.count <= 10 + (4 + 2) * 4, "\(name)")
        await #expect(throws: ResponseFailure.self, "\(name)") { try await target.probe() }
      }
    }
  }

  @Test("is not given up for requests that are refused for reasons of their own, nor saved by them")
  func rejections() async throws {
    try await FakeServer.run(answering: { _, _ in .error(400, "too long") }) { server in
      let target = try target(on: server) { $0.failuresBeforeGivingUp = 2 }
      let outcomes = try await target.respond(to: requests(50))
      #expect(outcomes.allSatisfy { $0.failure?.meansUnavailable == false })
      #expect(server.requests.count == 50)
    }
    // Garbage and refusals in turn, and never an answer.
    try await FakeServer.run(answering: { _, index in index % 2 == 0 ? .error(400, "too long") : .json("garbage") }) {
      let target = try target(on: $0) {
        $0.failuresBeforeGivingUp = 4
        $0.concurrency = 1
        $0.retries = 0
      }
      let outcomes = try await target.respond(to: requests(50))
      #expect(outcomes.last?.failure?.message.contains("not sent") == true)
      #expect($0.requests.count == 8)
    }
  }

  @Test("and sends a byte now and then, never silent for as long as the stall limit, is cut off when the time is up")
  func dripping() async throws {
    let drip = FakeReply.drip(Array(repeating: 32, count: 1000), seconds: 0.2)
    try await FakeServer.run(answering: { _, _ in drip }) { server in
      let target = try target(on: server) {
        $0.timeout = .seconds(1)
        $0.stallTimeout = .seconds(1)
        $0.retries = 0
      }
      let failure = try #require(try await target.ask().failure)
      #expect(failure.kind == .malformed && failure.meansUnavailable)
      #expect(server.requests.count == 1)
    }
  }
}
