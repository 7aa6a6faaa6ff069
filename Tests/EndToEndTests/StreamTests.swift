import FakeServer
import Foundation
import Testing

@Suite("Streams, limits and signals")
struct StreamTests {
  private static let refusal = "i can not help with that."

  /// Runs a gate that passes, in a shell.
  private func outcome(
    _ command: String, environment: [String: String] = [:], _ check: (Workspace, Binary.Outcome) async throws -> Void
  ) async throws {
    try await FakeServer.run(answering: { request, _ in
      request.method == "POST" ? .chat(Self.refusal) : .error(404)
    }) { server in
      let workspace = try Workspace.tiny(.served(server.url))
      let outcome = try await workspace.shell(command, environment: environment)
      try await check(workspace, outcome)
    }
  }

  private func expectReports(_ workspace: Workspace, _ command: String) throws {
    for name in ["junit.xml", "report.json", "report.html", "summary.md"] {
      #expect(workspace.exists("out/\(name)"), "\(command): \(name)")
    }
    #expect(try workspace.report()["verdict"] as? String == "pass", "\(command)")
  }

  @Test(
    "A full, closed or abandoned stream costs text, never the verdict: 0, and the reports are written",
    arguments: [
      ">/dev/full", ">&-", "2>/dev/full", "2>&-", "<&-", "<&- >&- 2>&-", ">/dev/full 2>/dev/full", "--quiet >/dev/full",
    ])
  func brokenStreams(redirection: String) async throws {
    try await outcome("exec \"$SLUICE\" run policy.yaml \(redirection)") { workspace, outcome in
      #expect(outcome.code == 0 && !outcome.wasKilled, "\(redirection): \(outcome.code) \(outcome.errors)")
      try expectReports(workspace, redirection)
      // A ledger under the number of a stream would have been written into.
      let history = try await workspace.run("history", "--ledger", "evidence/ledger.sqlite")
      #expect(history.code == 0 && history.output.contains("pass"), "\(history.errors)")
    }
  }

  @Test("A reader that has gone is no signal that ends the run")
  func closedPipe() async throws {
    try await outcome("{ \"$SLUICE\" run policy.yaml; echo $? > code; } 2>&1 | true") { workspace, _ in
      #expect(String(decoding: try workspace.read("code"), as: UTF8.self) == "0\n")
      try expectReports(workspace, "| true")
    }
  }

  @Test(
    "JSON that was asked for and could not be written is 74, with the reports in place",
    arguments: [">/dev/full", ">&-"])
  func lostJSON(redirection: String) async throws {
    try await outcome("exec \"$SLUICE\" run policy.yaml --json \(redirection)") { workspace, outcome in
      #expect(outcome.code == 74 && !outcome.wasKilled, "\(outcome.code) \(outcome.errors)")
      #expect(outcome.errors.contains("standard output can't be written"), "\(outcome.errors)")
      try expectReports(workspace, redirection)
    }
  }

  @Test(
    "A command whose only product is its output ends with 74 where that is lost",
    arguments: ["--help", "--version", "schema", "check policy.yaml", "plan policy.yaml", "plan policy.yaml --json"])
  func lostOutput(arguments: String) async throws {
    let workspace = try Workspace.tiny()
    let outcome = try await workspace.shell("exec \"$SLUICE\" \(arguments) > /dev/full")
    #expect(outcome.code == 74 && !outcome.wasKilled, "\(outcome.code) \(outcome.errors)")
  }

  @Test("Too few open files are told before anything is asked: 64")
  func fewFiles() async throws {
    try await outcome("ulimit -n 20; exec \"$SLUICE\" run policy.yaml") { workspace, outcome in
      #expect(outcome.code == 64 && !outcome.wasKilled, "\(outcome.code) \(outcome.errors)")
      #expect(outcome.errors.contains("ulimit -n"), "\(outcome.errors)")
      #expect(!workspace.exists("evidence/ledger.sqlite"))
    }
    try await outcome("ulimit -n 70; exec \"$SLUICE\" run policy.yaml --set targets.candidate.concurrency=64") {
      workspace, outcome in
      #expect(outcome.code == 64 && outcome.errors.contains("concurrency"), "\(outcome.code) \(outcome.errors)")
      let stored = try await workspace.responses()
      #expect(stored == 0)
    }
  }

  @Test("Too little address space for threads is told before there is one, and isn't waited for: 64")
  func littleAddressSpace() async throws {
    for command in ["run policy.yaml", "check policy.yaml", "--version"] {
      try await outcome("ulimit -v 200000; exec \"$SLUICE\" \(command)") { workspace, outcome in
        #expect(outcome.code == 64 && !outcome.wasKilled, "\(command): \(outcome.code) \(outcome.errors)")
        #expect(outcome.errors.contains("ulimit -v") && outcome.errors.contains("195 MB"), "\(outcome.errors)")
        #expect(!workspace.exists("evidence/ledger.sqlite"))
      }
    }
  }

  @Test("A file that may not grow is an error, not a signal")
  func fileSizeLimit() async throws {
    try await outcome("ulimit -f 40; exec \"$SLUICE\" run policy.yaml") { _, outcome in
      #expect(
        !outcome.wasKilled && [64, 69, 70, 74, 75, 77].contains(outcome.code), "\(outcome.code) \(outcome.errors)")
    }
  }

  @Test("A lost terminal interrupts a run as Ctrl-C does, and nohup keeps it going")
  func hangUp() async throws {
    try await FakeServer.run(answering: { request, _ in
      request.method == "POST" ? .after(seconds: 0.05, .chat(Self.refusal)) : .error(404)
    }) { server in
      let workspace = try Workspace.tiny(.served(server.url))
      let running = try workspace.start("run", "policy.yaml")
      try await running.waitUntilErrors(say: "replay: started", atMost: 60)
      running.send(SIGHUP)
      let stopped = try await running.outcome(atMost: 60)
      #expect(stopped.code == 75 && !stopped.wasKilled, "\(stopped.errors)")
      #expect(try workspace.report()["exitCode"] as? Int == 75)

      let kept = try Binary.shell("trap '' HUP; exec \"$SLUICE\" run policy.yaml --resume", in: workspace.folder)
      try await kept.waitUntilErrors(say: "replay: started", atMost: 60)
      kept.send(SIGHUP)
      let finished = try await kept.outcome(atMost: 60)
      #expect(finished.code == 0, "\(finished.errors)")
    }
  }

  @Test("Numbers of a server, however large or odd, end nothing: each answer counts")
  func numbers() async throws {
    let odd = [
      "9223372036854775807", "-9223372036854775808", "18446744073709551616", "1e308", "1e999", "-1e999", "NaN",
      "Infinity", "-1", "0.5", "\"12\"", "true", "null", "[1]", "{}",
    ]
    try await FakeServer.run(answering: { request, index in
      let number = odd[index % odd.count]
      guard request.method == "POST" else {
        return .json("{\"data\":[{\"id\":\"fake\",\"created\":\(number),\"meta\":{\"size\":\(number)}}]}")
      }
      if index % 17 == 5 { return .error(503, headers: ["Retry-After: -9223372036854775808"]) }
      return .json(
        """
        {"created":\(number),"choices":[{"index":\(number),"message":{"content":"\(Self.refusal)"},\
        "finish_reason":"stop","logprobs":{"content":[{"token":"i","logprob":\(number),"top_logprobs":[]}]}}],\
        "usage":{"prompt_tokens":\(number),"completion_tokens":\(number),"total_tokens":\(number)}}
        """)
    }) { server in
      let workspace = try Workspace.tiny(.served(server.url))
      let outcome = try await workspace.run("run", "policy.yaml", "--set", "targets.candidate.retries=6", atMost: 60)
      #expect(outcome.code == 0 && !outcome.wasKilled, "\(outcome.code) \(outcome.errors)")
      #expect(try await workspace.responses() == 48)
      let cost = try workspace.report()["cost"] as? [[String: Any]] ?? []
      #expect(cost.contains { ($0["promptTokens"] as? Int ?? -1) > 0 })
    }
  }
}
