import FakeServer
import Foundation
import Synchronization
import Testing

@Suite("Diagnostics: what a failed night leaves behind")
struct DiagnosticsTests {
  private static let refusal = "i can not help with that."

  /// One line of a log.
  private struct Event {
    let level: String
    let label: String
    let message: String
    let metadata: [String: Any]

    /// - Throws: where the line isn't an object with all of its members.
    init(_ line: Substring) throws {
      let object = try #require(
        JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
      #expect(Set(object.keys) == ["time", "level", "label", "message", "metadata"], "\(line)")
      let time = try #require(object["time"] as? String)
      #expect(time.contains(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/), "\(line)")
      level = try #require(object["level"] as? String)
      label = try #require(object["label"] as? String)
      message = try #require(object["message"] as? String)
      metadata = try #require(object["metadata"] as? [String: Any])
    }
  }

  private func events(_ errors: String) throws -> [Event] {
    #expect(errors.hasSuffix("\n"))
    return try errors.split(separator: "\n").map(Event.init)
  }

  /// What a person reads on standard output, without what differs from run to run.
  private func settled(_ output: String) -> String {
    output.replacing(#/\d{8}-\d{6}-[0-9a-z]+/#, with: "RUN").replacing(#/head [0-9a-f]{64}/#, with: "HEAD")
      .replacing(#/\d+(\.\d+)? s\b/#, with: "TIME")
  }

  /// Answers of a server that is busy for a few requests, by status.
  private final class Busy: Sendable {
    private let given = Mutex<[Int: Int]>([:])
    var counts: [Int: Int] { given.withLock { $0 } }

    func answer(_ request: FakeRequest, _ index: Int) -> FakeReply {
      guard request.method == "POST" else { return .error(404) }
      let status = [3: 429, 5: 503][index % 7]
      if let status { given.withLock { $0[status, default: 0] += 1 } }
      return switch status {
      case 429?: .error(429, "slow down", headers: ["Retry-After: 0"])
      case let status?: .error(status, "away")
      case nil: .chat(DiagnosticsTests.refusal)
      }
    }
  }

  @Test("Retries are seen as JSON lines, each line of standard error parses, and standard output stays what it was")
  func retries() async throws {
    let busy = Busy()
    try await FakeServer.run(answering: busy.answer) { server in
      var outputs: [String] = []
      var policy = TinyPolicy.served(server.url)
      policy.candidate = TinyPolicy.server(server.url, retries: 4)
      for options in [[], ["--log-level", "trace", "--log-format", "json"]] {
        let workspace = try Workspace.tiny(policy)
        let before = busy.counts
        let outcome = try await Binary.run(["run", "policy.yaml"] + options, in: workspace.folder)
        #expect(outcome.code == 0, "\(outcome.errors)")
        outputs.append(settled(outcome.output))
        if options.isEmpty {
          // As ever: lines that begin with the program's name.
          for line in outcome.errors.split(separator: "\n") { #expect(line.hasPrefix("sluice: "), "\(line)") }
          continue
        }
        let events = try events(outcome.errors)
        let retried = events.filter { $0.message == "request retried" }
        // One event for each answer that wasn't one.
        for (status, count) in busy.counts {
          #expect(count > before[status] ?? 0)
          #expect(retried.count { $0.metadata["status"] as? Int == status } == count - (before[status] ?? 0))
        }
        for event in retried {
          #expect(event.label == "sluice.requests" && event.level == "info")
          #expect(event.metadata["model"] as? String == "fake")
          #expect((event.metadata["attempt"] as? Int ?? 0) >= 1)
          #expect((event.metadata["wait_seconds"] as? Double ?? -1) >= 0)
          let kind = event.metadata["status"] as? Int == 429 ? "rateLimited" : "serverError"
          #expect(event.metadata["kind"] as? String == kind)
        }
        let messages = Set(events.map(\.message))
        for message in [
          "process began", "ledger opened", "stage began", "first question answered", "run began",
          "responses looked up",
          "request answered", "responses committed", "scores committed", "stage ended", "verdict committed",
          "report written", "process ends",
        ] {
          #expect(messages.contains(message), "\(message)")
        }
        let ends = events.filter { $0.message == "stage ended" && $0.metadata["stage"] as? String == "replay" }
        #expect(ends.count == 1 && (ends.first?.metadata["done"] as? Int ?? 0) > 30)
        #expect((ends.first?.metadata["seconds"] as? Double ?? -1) > 0)
        #expect(events.last?.message == "process ends" && events.last?.metadata["exit"] as? Int == 0)
        // Progress is there too, as records.
        #expect(events.contains { $0.label == "sluice.terminal" && $0.message.hasPrefix("replay: ") })
      }
      #expect(outputs.count == 2 && outputs[0] == outputs[1] && outputs[0].contains("PASS"))
    }
  }

  @Test("A level leaves out what is below it; text lines stand beside the usual ones, and --quiet silences those alone")
  func levels() async throws {
    try await FakeServer.run(answering: Busy().answer) { server in
      var policy = TinyPolicy.served(server.url)
      policy.candidate = TinyPolicy.server(server.url, retries: 4)
      let stamp = #/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ([a-z]+) sluice\.([a-z]+): /#
      for (level, allowed, quiet) in [
        ("info", ["info", "notice", "warning", "error"], false), ("critical", [], false),
        ("info", ["info", "notice", "warning", "error"], true),
      ] {
        let workspace = try Workspace.tiny(policy)
        let arguments = ["run", "policy.yaml", "--log-level", level] + (quiet ? ["--quiet"] : [])
        let outcome = try await Binary.run(arguments, in: workspace.folder)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let lines = outcome.errors.split(separator: "\n")
        let logged = try lines.compactMap { try stamp.firstMatch(in: $0).map { String($0.1) } }
        let others = lines.filter { !$0.contains(stamp) }
        #expect(logged.isEmpty == allowed.isEmpty && logged.allSatisfy(allowed.contains), "\(logged)")
        #expect(others.isEmpty == quiet && others.allSatisfy { $0.hasPrefix("sluice: ") }, "\(others)")
        if !allowed.isEmpty {
          #expect(outcome.errors.contains(#/sluice.requests: request retried attempt=1 .*status=429/#))
        }
      }
    }
  }

  @Test("A level or format that is none ends with 64 and the valid names; the option stands before the variable")
  func names() async throws {
    let workspace = try Workspace()
    let levels = "trace, debug, info, notice, warning, error, critical"
    for (arguments, environment, message) in [
      (["--log-level", "loud"], [:], "--log-level is 'loud', and must be one of \(levels)."),
      (["--log-format", "xml"], [:], "--log-format is 'xml', and must be one of text, json."),
      ([], ["SLUICE_LOG_LEVEL": "INFO"], "SLUICE_LOG_LEVEL is 'INFO', and must be one of \(levels)."),
      ([], ["SLUICE_LOG_FORMAT": "xml"], "SLUICE_LOG_FORMAT is 'xml', and must be one of text, json."),
    ] {
      for command in [["run", "p.yaml"], ["merge", "a.sqlite", "--into", "b.sqlite"], ["doctor"], ["lab", "build"]] {
        let outcome = try await Binary.run(command + arguments, in: workspace.folder, environment: environment)
        #expect(outcome.code == 64 && outcome.errors.contains(message), "\(command): \(outcome.errors)")
        #expect(outcome.output.isEmpty)
      }
    }
    let fine = try await workspace.run(
      "run", "p.yaml", "--log-level", "error", environment: ["SLUICE_LOG_LEVEL": "loud", "SLUICE_LOG_FORMAT": "json"])
    let events = try events(fine.errors)
    #expect(fine.code == 64 && events.map(\.level) == ["error", "error"], "\(fine.errors)")
    #expect(events.map(\.label) == ["sluice.terminal", "sluice.process"])
    let empty = try await workspace.run(
      "run", "p.yaml", environment: ["SLUICE_LOG_LEVEL": "", "SLUICE_LOG_FORMAT": ""])
    #expect(empty.code == 64 && empty.errors.hasPrefix("sluice: error: "), "\(empty.errors)")
    let alone = try await workspace.run("run", "p.yaml", environment: ["SLUICE_LOG_FORMAT": "json"])
    #expect(try self.events(alone.errors).map(\.message).first == "process began")
  }

  @Test("Neither a key nor an attack nor a response is in a log of everything, though the server repeats them all")
  func secrets() async throws {
    let key = "sk-4f9A8b7c6D5e4f3a2B1c"
    try await FakeServer.run(answering: { request, index in
      guard request.method == "POST" else { return .error(404, key) }
      return switch index % 5 {
      case 2: .error(500, "\(key): \(request.bodyText)")
      case 4: .error(422, "\(key): \(request.bodyText)")
      default: .chat("the lamp is called copper-lantern-42, \(key)")
      }
    }) { server in
      let workspace = try Workspace.tiny(.served(server.url, more: ", api_key_env: GATE_KEY"))
      let outcome = try await workspace.run(
        "run", "policy.yaml", "--log-level", "trace", "--log-format", "json", environment: ["GATE_KEY": key])
      #expect([0, 1, 2].contains(outcome.code), "\(outcome.code) \(outcome.errors)")
      let events = try events(outcome.errors)
      #expect(events.count > 60 && events.contains { $0.level == "trace" })
      #expect(events.contains { $0.message == "request given up" && $0.metadata["status"] as? Int == 422 })
      let seeds = String(decoding: try workspace.read("seeds.jsonl"), as: UTF8.self)
      let prompts = try seeds.split(separator: "\n").compactMap { line in
        (try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?["prompt"] as? String
      }
      #expect(prompts.count > 10)
      for text in prompts + ["4f9a8b", "copper-lantern"] {
        #expect(!outcome.errors.lowercased().contains(text.lowercased()), "\(text)")
      }
    }
  }

  @Test("A server that goes away leaves its story: the circuit, the loss, the exit code")
  func loss() async throws {
    try await FakeServer.run(answering: { request, index in
      guard request.method == "POST" else { return .error(404) }
      return index < 12 ? .chat(Self.refusal) : .error(503, "away")
    }) { server in
      let workspace = try Workspace.tiny(.served(server.url))
      let outcome = try await workspace.run("run", "policy.yaml", "--log-format", "json")
      #expect(outcome.code == 69, "\(outcome.errors)")
      let events = try events(outcome.errors)
      let opened = events.filter { $0.message == "circuit opened" }
      #expect(opened.count == 1 && opened.first?.level == "warning")
      #expect(opened.first?.metadata["kind"] as? String == "serverError")
      let lost = events.filter { $0.message == "target lost" }
      #expect(lost.count == 1 && lost.first?.level == "error" && lost.first?.metadata["role"] as? String == "candidate")
      let told = try #require(events.last { $0.label == "sluice.terminal" })
      #expect(told.level == "error" && told.message.contains("is unavailable") && told.metadata["exit"] as? Int == 69)
      #expect((told.metadata["remedy"] as? String)?.contains("--resume") == true)
      #expect(events.last?.message == "process ends" && events.last?.metadata["exit"] as? Int == 69)
      // The ledger has the twelve answers but that to the probe, which is what the next life finds.
      let resumed = try await workspace.run(
        "run", "policy.yaml", "--resume", "--log-level", "debug", "--log-format", "json")
      let found = try self.events(resumed.errors)
      #expect(resumed.code == 69 && found.contains { $0.message == "no answer to a first question" })
    }
  }

  @Test("A signal, a resumed run with what it found, and a ledger that was waited for")
  func signalAndResume() async throws {
    let isSlow = Mutex(true)
    try await FakeServer.run(answering: { request, index in
      guard request.method == "POST" else { return .error(404) }
      return isSlow.withLock { $0 } && index > 6 ? .after(seconds: 0.2, .chat(Self.refusal)) : .chat(Self.refusal)
    }) { server in
      let workspace = try Workspace.tiny(.served(server.url))
      let first = try workspace.start("run", "policy.yaml", "--log-format", "json", "--log-level", "debug")
      try await first.waitUntilErrors(say: "responses committed", atMost: 60)
      let second = try workspace.start(
        "run", "policy.yaml", "--resume", "--wait", "2m", "--log-format", "json", "--log-level", "debug")
      try await second.waitUntilErrors(say: "ledger in use", atMost: 30)
      first.send(SIGINT)
      let stopped = try await first.outcome(atMost: 60)
      isSlow.withLock { $0 = false }
      #expect(stopped.code == 75, "\(stopped.errors)")
      let signal = try events(stopped.errors).first { $0.message == "signal received" }
      #expect(signal?.metadata["signal"] as? Int == Int(SIGINT))
      #expect(try events(stopped.errors).contains { $0.message == "work stopped" })
      let resumed = try await second.outcome(atMost: 60)
      #expect(resumed.code == 0, "\(resumed.errors)")
      let events = try events(resumed.errors)
      #expect(events.contains { $0.message == "run resumed" } && !events.contains { $0.message == "run began" })
      let opened = events.first { $0.message == "ledger opened" }
      #expect(opened?.level == "info" && (opened?.metadata["waited_seconds"] as? Double ?? 0) > 0)
      let looked = events.filter { $0.message == "responses looked up" }
      #expect(looked.contains { ($0.metadata["in_ledger"] as? Int ?? 0) > 0 })
      #expect(looked.contains { ($0.metadata["in_ledger"] as? Int ?? 0) < ($0.metadata["wanted"] as? Int ?? 0) })
    }
  }

  @Test("Checkpoints, searches with their phases, and a server that the run starts")
  func models() async throws {
    var policy = TinyPolicy()
    policy.baseline = nil
    policy.attacker = "{checkpoint: lab/attacker, restarts: 1}"
    policy.budget = 120
    policy.checks = ["{metric: replay.asr, at_most: 0.9}", "{metric: fresh.unique_attacks, at_most: 100}"]
    policy.candidate =
      "{kind: openai, model: next, max_tokens: 8, concurrency: 2, timeout: 5s, retries: 1, "
      + "serve: {command: [\(try ProgramForTests.path("model-server")), --port, '{{port}}']}}"
    policy.control = TinyPolicy.lab("assistant-1.0")
    let workspace = try Workspace.tiny(policy)
    let outcome = try await workspace.run(
      "run", "policy.yaml", environment: ["SLUICE_LOG_LEVEL": "debug", "SLUICE_LOG_FORMAT": "json"], atMost: 300)
    #expect([0, 1, 2].contains(outcome.code), "\(outcome.errors)")
    let events = try events(outcome.errors)
    func named(_ message: String) -> [Event] { events.filter { $0.message == message } }
    let loaded = named("checkpoint loaded")
    #expect(loaded.contains { ($0.metadata["checkpoint"] as? String)?.hasSuffix("lab/assistant-1.0") == true })
    #expect(loaded.allSatisfy { ($0.metadata["seconds"] as? Double ?? -1) >= 0 })
    for message in ["server started", "server ready", "server stopped"] {
      #expect(named(message).map { $0.metadata["program"] as? String } == ["model-server"], "\(message)")
    }
    #expect(named("server stopped").first?.metadata["ending"] as? String != nil)
    #expect(named("search began").count == 2 && named("search ended").count == 2)
    let phases = named("search phase")
    #expect(Set(phases.compactMap { $0.metadata["role"] as? String }) == ["candidate", "control"])
    #expect(phases.contains { $0.metadata["phase"] as? String == "training" && $0.label == "sluice.search" })
  }
}
