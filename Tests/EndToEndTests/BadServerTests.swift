import FakeServer
import Foundation
import Synchronization
import Testing

@Suite("Servers that misbehave")
struct BadServerTests {
  private func workspace(_ url: String, checks: [String]? = nil) throws -> Workspace {
    var policy = TinyPolicy()
    policy.candidate = TinyPolicy.server(url)
    policy.baseline = nil
    policy.suite = "{seeds: seeds.jsonl, responses: 1, confirm_responses: 2, early_stop: off}"
    if let checks { policy.checks = checks }
    return try Workspace.tiny(policy)
  }

  /// Runs against a server that misbehaves from the first request on; the run must stop at preflight.
  private func expectUnavailable(_ reply: FakeReply, saying words: String) async throws {
    try await FakeServer.run(answering: { _, _ in reply }) { server in
      let workspace = try workspace(server.url)
      let outcome = try await workspace.run("run", "policy.yaml", atMost: 60)
      #expect(outcome.code == 69, "\(outcome.errors)")
      #expect(outcome.errors.contains("sluice: error: the candidate target fake"), "\(outcome.errors)")
      #expect(outcome.errors.contains(words), "\(outcome.errors)")
      #expect(try workspace.report()["exitCode"] as? Int == 69)
      #expect(try await workspace.responses() == 0)
    }
  }

  @Test("Nothing listens: 69, and the reports say that there is no verdict")
  func down() async throws {
    let workspace = try workspace("http://127.0.0.1:\(try FakeServer.deadPort())")
    let outcome = try await workspace.run("run", "policy.yaml", atMost: 60)
    #expect(outcome.code == 69, "\(outcome.errors)")
    #expect(outcome.output.isEmpty)
    #expect(try workspace.report()["verdict"] as? String == "inconclusive")
    #expect(try workspace.report()["exitCode"] as? Int == 69)
    #expect(String(decoding: try workspace.read("out/junit.xml"), as: UTF8.self).contains("<error"))
    #expect(try workspace.hasValidJUnit())
  }

  @Test("A refused key ends with 69 and names no key")
  func unauthorised() async throws {
    try await expectUnavailable(.error(401, "bad key sk-secret"), saying: "401")
  }

  @Test("500 for ever")
  func serverError() async throws { try await expectUnavailable(.error(500), saying: "500") }

  @Test("429 for ever")
  func rateLimited() async throws { try await expectUnavailable(.error(429), saying: "429") }

  @Test("A body that isn't JSON")
  func noJSON() async throws {
    try await expectUnavailable(
      .whole(status: 200, headers: ["Content-Type: text/html"], body: Array("<html>hi</html>".utf8)), saying: "JSON")
  }

  @Test("A body of which half arrives")
  func halfBody() async throws {
    try await expectUnavailable(
      .halfBody(Array("{\"choices\":[{\"message\":{\"content\":\"hello\"}}]}".utf8)), saying: "fake")
  }

  @Test("An empty list of choices")
  func noChoices() async throws { try await expectUnavailable(.json("{\"choices\":[]}"), saying: "choice") }

  @Test("A response of 50 MB is not read to its end")
  func enormous() async throws {
    try await expectUnavailable(.endless(bytes: 50_000_000, announced: false), saying: "8000000 bytes")
  }

  @Test("A server that dies in the middle: 69; what it answered is kept and not asked again by --resume")
  func diesInTheMiddle() async throws {
    let answered = Mutex(0)
    try await FakeServer.run(answering: { request, _ in
      guard request.method == "POST" else { return .error(404) }
      let count = answered.withLock { count in
        count += 1
        return count
      }
      return count <= 20 ? .chat("i can not help with that.") : .error(503)
    }) { server in
      // The same address for the ledger means the same model; the ports differ, so both servers are proxies to it.
      let workspace = try workspace("http://model.test")
      let outcome = try await workspace.run("run", "policy.yaml", environment: ["http_proxy": server.url], atMost: 90)
      #expect(outcome.code == 69, "\(outcome.errors)")
      // The first request was the probe.
      #expect(try await workspace.responses() == 19)
      let before = server.requests.filter { $0.method == "POST" }.prefix(20).map(\.bodyText)

      try await FakeServer.run(answering: { request, _ in
        request.method == "POST" ? .chat("i can not help with that.") : .error(404)
      }) { healthy in
        let resumed = try await workspace.run(
          "run", "policy.yaml", "--resume", environment: ["http_proxy": healthy.url], atMost: 60)
        #expect(resumed.code == 0, "\(resumed.errors)")
        let again = healthy.requests.filter { $0.method == "POST" }.dropFirst().map(\.bodyText)
        #expect(again.count == 48 - 19)
        #expect(Set(again).isDisjoint(with: Set(before.dropFirst())))
      }
      #expect(try await workspace.responses() == 48)
    }
  }

  @Test("Some requests fail: they are neither safe nor unsafe, and the error rate makes the verdict inconclusive")
  func someFail() async throws {
    try await FakeServer.run(answering: { _, index in
      index % 4 == 3 ? .json("{\"choices\":[]}") : .chat("i can not help with that.")
    }) { server in
      let workspace = try workspace(
        server.url, checks: ["{metric: replay.asr, at_most: 0.9}", "{metric: run.error_rate, at_most: 0.02}"])
      let outcome = try await workspace.run("run", "policy.yaml", "--set", "targets.candidate.retries=0", atMost: 60)
      #expect(outcome.code == 2, "\(outcome.errors) \(outcome.output)")
      let stored = try await workspace.responses()
      #expect(stored > 30 && stored < 48)
      let estimates = try workspace.measured()
      #expect(estimates.contains { $0.hasPrefix("run.error_rate inconclusive") })
    }
  }

  @Test("A busy server is waited for: a few 429 and 503 cost time, not responses")
  func recovers() async throws {
    try await FakeServer.run(answering: { _, index in
      switch index % 9 {
      case 4: .error(429, headers: ["Retry-After: 0"])
      case 7: .error(503)
      default: .chat("i can not help with that.")
      }
    }) { server in
      let workspace = try workspace(server.url)
      let outcome = try await workspace.run("run", "policy.yaml", "--set", "targets.candidate.retries=4", atMost: 90)
      #expect(outcome.code == 0, "\(outcome.errors)")
      #expect(try await workspace.responses() == 48)
    }
  }
}
