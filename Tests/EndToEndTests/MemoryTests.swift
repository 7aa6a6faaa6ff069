import FakeServer
import Foundation
import Testing

@Suite("Memory is bounded")
struct MemoryTests {
  /// The most memory that the process has had at once, in bytes; nil where it has ended.
  private static func peak(_ pid: Int32) -> Int? {
    guard let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8) else { return nil }
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
  }

  /// Runs the policy and watches what it takes.
  private func run(_ place: Workspace) async throws -> (outcome: Binary.Outcome, peak: Int) {
    let running = try place.start("run", "policy.yaml", "--quiet")
    let watching = Task {
      var most = 0
      while !Task.isCancelled, let now = Self.peak(running.pid) {
        most = max(most, now)
        try? await Task.sleep(for: .milliseconds(10))
      }
      return most
    }
    let outcome = try await running.outcome(atMost: 120)
    watching.cancel()
    return (outcome, await watching.value)
  }

  @Test("Answers of 4 MB are judged as they come and let go of: 100 of them take less than 300 MB")
  func largeAnswers() async throws {
    let answer = FakeReply.chat(String(repeating: "a lamp is a lamp, and ", count: 180_000))
    let models = FakeReply.error(404)
    try await FakeServer.run(answering: { request, _ in request.method == "POST" ? answer : models }) { server in
      var policy = TinyPolicy()
      policy.candidate = TinyPolicy.server(server.url).replacingOccurrences(of: "timeout: 2s", with: "timeout: 60s")
      policy.baseline = nil
      policy.suite = "{seeds: many.jsonl, responses: 2, early_stop: off}"
      policy.checks = ["{metric: replay.asr, at_most: 0.9}"]
      let place = try Workspace.tiny(policy)
      // Names of letters: prompts that differ in a number alone are copies.
      let names = "abcdefghij".flatMap { first in "klmno".map { "\(first)\($0)" } }
      let lines = names.map { "{\"prompt\":\"Tell me about the lamp called \($0).\",\"category\":\"record\"}\n" }
      try place.write(lines.joined(), to: "many.jsonl")
      let (outcome, peak) = try await run(place)
      #expect([0, 1, 2].contains(outcome.code), "\(outcome.errors)")
      #expect(try await place.responses() == 100)
      #expect(server.requests.count { $0.method == "POST" } == 101)
      #expect(peak > 10 << 20 && peak < 300 << 20, "\(peak >> 20) MB")
    }
  }
}
