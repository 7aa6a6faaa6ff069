import FakeServer
import Foundation
import Synchronization
import Testing

@Suite("Time is bounded")
struct BoundedTimeTests {
  private func policy(_ url: String, wallClock: String? = nil) -> TinyPolicy {
    var policy = TinyPolicy()
    policy.candidate = TinyPolicy.server(url)
    policy.baseline = nil
    policy.wallClock = wallClock
    policy.suite = "{seeds: seeds.jsonl, responses: 1, early_stop: off}"
    policy.checks = ["{metric: replay.asr, at_most: 0.9}"]
    return policy
  }

  /// Questions only; servers are asked for their list of models as well, and the first question is the probe.
  private static func answering(
    _ answer: @escaping @Sendable (_ question: Int) -> FakeReply
  ) -> FakeServer.Answer {
    let asked = Mutex(0)
    return { request, _ in
      guard request.method == "POST" else { return .error(404) }
      let number = asked.withLock { asked in
        defer { asked += 1 }
        return asked
      }
      return number == 0 ? .chat("hello") : answer(number)
    }
  }

  @Test("The wall clock holds whatever a server does with a question", arguments: ["drip", "silence", "stall"])
  func wallClock(_ fault: String) async throws {
    let body = Array(#"{"choices":[{"message":{"content":"hello"},"finish_reason":"stop"}]}"#.utf8)
    try await FakeServer.run(
      answering: Self.answering { _ in
        switch fault {
        case "drip": .drip(body, seconds: 0.5)
        case "stall": .stall(body, seconds: 60)
        default: .after(seconds: 60, .hangUp)
        }
      }
    ) { server in
      let place = try Workspace.tiny(policy(server.url, wallClock: "1s"))
      let outcome = try await place.run(
        "run", "policy.yaml", "--set", "targets.candidate.timeout=90s", atMost: 30)
      #expect(outcome.code == 75 && outcome.errors.contains("wall clock (1 s) is spent"), "\(outcome.errors)")
      #expect(try place.report()["exitCode"] as? Int == 75)
    }
  }

  @Test("The wall clock holds before the first question is answered, and what is waited for is told")
  func preflight() async throws {
    try await FakeServer.run(answering: { _, _ in .after(seconds: 60, .hangUp) }) { server in
      let place = try Workspace.tiny(policy(server.url, wallClock: "6s"))
      let outcome = try await place.run(
        "run", "policy.yaml", "--set", "targets.candidate.timeout=90s", atMost: 40)
      #expect(outcome.code == 75 && outcome.errors.contains("wall clock"), "\(outcome.errors)")
      #expect(outcome.errors.contains("waiting for the candidate target fake to answer"), "\(outcome.errors)")
    }
  }

  @Test("A text of 46 letters stalls no judge, however many patterns it exhausts")
  func patterns() async throws {
    let text = String(repeating: "a", count: 45) + "!"
    try await FakeServer.run(answering: { _, _ in .chat(text) }) { server in
      let place = try Workspace.tiny(policy(server.url))
      let rules = (0..<60).map {
        "  - {category: c\($0), pattern: '(a+)+b{\($0)}$', examples: {unsafe: [a\(String(repeating: "b", count: $0))]}}"
      }
      try place.write("version: 1\nunsafe:\n" + rules.joined(separator: "\n") + "\n", to: "rules.yaml")
      try place.write(
        policy(server.url).text.replacingOccurrences(of: "lab/rules.yaml", with: "rules.yaml"), to: "policy.yaml")
      let outcome = try await place.run("run", "policy.yaml", atMost: 60)
      #expect(outcome.code == 2, "\(outcome.errors)")
      #expect(outcome.output.contains("took too long"), "\(outcome.output)")
    }
  }

  @Test("A pause that a server asks for is told with its end, and one that asks for hours gets a minute at most")
  func retryAfter() async throws {
    try await FakeServer.run(
      answering: Self.answering { number in
        number == 1 ? .error(429, headers: ["Retry-After: 2"]) : .chat("i can not help with that.")
      }
    ) { server in
      let place = try Workspace.tiny(policy(server.url))
      let outcome = try await place.run("run", "policy.yaml", atMost: 40)
      #expect(outcome.code == 0, "\(outcome.errors)")
      #expect(outcome.errors.contains("waiting 2 s for this server, as it asks, until "), "\(outcome.errors)")
    }
    try await FakeServer.run(answering: { _, _ in .error(429, headers: ["Retry-After: 99999999999"]) }) { server in
      let place = try Workspace.tiny(policy(server.url, wallClock: "1s"))
      let outcome = try await place.run("run", "policy.yaml", atMost: 30)
      #expect(outcome.code == 75, "\(outcome.errors)")
      #expect(
        outcome.errors.contains("waiting 60 s for this server, which asks for 99999999999 s"), "\(outcome.errors)")
    }
  }

  @Test("A run that its wall clock ended goes on with a longer one, and its costs are those of both lives")
  func longerClock() async throws {
    try await FakeServer.run(
      answering: Self.answering { _ in .after(seconds: 0.15, .chat("i can not help with that.")) }
    ) { server in
      let place = try Workspace.tiny(policy(server.url, wallClock: "1s"))
      #expect(try await place.run("run", "policy.yaml", atMost: 30).code == 75)
      let before = try await place.responses()
      #expect(before > 0 && before < 48)
      let other = try await place.run("run", "policy.yaml", "--resume", "--set", "validity.errors=0.1", atMost: 30)
      #expect(other.code == 64, "\(other.errors)")
      #expect(try place.report()["exitCode"] as? Int == 75, "a refused run touches no report")
      let resumed = try await place.run(
        "run", "policy.yaml", "--resume", "--set", "budget.wall_clock=5m", atMost: 60)
      #expect(resumed.code == 0, "\(resumed.errors)")
      let cost = try #require((try place.report()["cost"] as? [[String: Any]])?.first)
      #expect(cost["responses"] as? Int == 48 && cost["reused"] as? Int == 0, "\(cost)")
      #expect(cost["promptTokens"] as? Int == 48 * 11, "\(cost)")
      // A probe for each life, and every question once.
      #expect(server.requests.count { $0.method == "POST" } >= 48 + 2)
      #expect(try await place.responses() == 48)
    }
  }

  @Test("A response of megabytes is kept up to the limit, never within a character, and counted as cut")
  func longText() async throws {
    let text = "x" + String(repeating: "é", count: 400_000)
    try await FakeServer.run(answering: Self.answering { _ in .chat(text) }) { server in
      var lenient = policy(server.url)
      lenient.checks = ["{metric: replay.asr, at_most: 0.99}"]
      let place = try Workspace.tiny(lenient)
      try place.write("{\"prompt\":\"one\",\"category\":\"passphrase\"}\n", to: "seeds.jsonl")
      let outcome = try await place.run("run", "policy.yaml", "--set", "validity.errors=1", atMost: 60)
      #expect([0, 2].contains(outcome.code), "\(outcome.errors)")
      let rows = try #require(try place.report()["outcomes"] as? [[String: Any]])
      #expect(rows.contains { $0["cut"] as? Int == 1 }, "\(rows)")
      // Another limit makes another response; 1,000 bytes would end within an é.
      let shorter = try await place.run(
        "run", "policy.yaml", "--set", "targets.candidate.max_response_bytes=1000", atMost: 60)
      #expect([0, 2].contains(shorter.code), "\(shorter.errors)")
      #expect(try await place.responses() == 2)
      let export = try await place.run("labels", "export", "last", "--ledger", "evidence/ledger.sqlite")
      #expect(export.code == 0, "\(export.errors)")
      let line = try JSONSerialization.jsonObject(with: place.read("labels.jsonl")) as? [String: Any]
      #expect(line?["response"] as? String == "x" + String(repeating: "é", count: 499))
    }
  }
}
