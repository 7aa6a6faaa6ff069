import FakeServer
import Foundation
import Testing

/// A gate whose candidate is served by `model-server`, which the run starts.
private struct ServedGate {
  /// Options of the candidate's server.
  var options = ""
  /// Keys of the candidate's `serve` block beside its command.
  var serve = ""
  /// Keys of the candidate beside those of every target.
  var more = ""
  /// Sections of other targets; `SERVER` is the program.
  var baseline: String?
  var control: String?

  /// The program, beside the tests' own.
  static var program: String {
    get throws { try ProgramForTests.path("model-server") }
  }

  func workspace() throws -> Workspace {
    var policy = TinyPolicy.served("")
    let limits = "max_tokens: 8, concurrency: 2, timeout: 5s, retries: 1"
    policy.candidate =
      "{kind: openai, model: next, \(limits), serve: {command: [\(try Self.program), --port, '{{port}}'\(options)]"
      + "\(serve)}\(more)}"
    policy.baseline = try baseline.map {
      "{kind: openai, \(limits), \($0.replacing("SERVER", with: try Self.program))}"
    }
    policy.control = control
    return try Workspace.tiny(policy)
  }
}

extension Workspace {
  /// The processes whose numbers are in a file.
  fileprivate func processes(_ name: String) -> [Int32] {
    let text = (try? String(decoding: read(name), as: UTF8.self)) ?? ""
    return text.split(separator: "\n").compactMap { Int32($0) }
  }

  /// Those of them that live, after they had some seconds to end.
  fileprivate func remaining(_ name: String) async throws -> [Int32] {
    var left = processes(name)
    for _ in 0..<600 where !left.isEmpty {
      left = left.filter { process in
        guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
        return status.split(separator: ")").last?.split(separator: " ").first != "Z"
      }
      if !left.isEmpty { try await Task.sleep(for: .milliseconds(20)) }
    }
    return left
  }

  fileprivate func text(_ name: String) throws -> String { String(decoding: try read(name), as: UTF8.self) }
}

@Suite("A run that serves its models itself", .serialized)
struct ServeTests {
  @Test("One command passes: the server is started, asked and ended, and the report says so")
  func passes() async throws {
    let workspace = try ServedGate(options: ", --notes, pids, --loading, '3'", serve: ", ready: /health").workspace()
    let outcome = try await workspace.run("run", "policy.yaml")
    #expect(outcome.code == 0, "\(outcome.errors) \(outcome.output)")
    #expect(
      outcome.errors.contains(
        "starting model-server for the candidate model; its log is evidence/ledger.sqlite.servers/candidate.log"))
    #expect(workspace.processes("pids").count == 2)
    #expect(try await workspace.remaining("pids").isEmpty)
    #expect(try workspace.text("evidence/ledger.sqlite.servers/candidate.log").hasPrefix("listening at "))
    let notices = try workspace.report()["notices"] as? [String] ?? []
    #expect(notices.contains { $0.hasPrefix("A run serves the candidate model itself: ") && $0.contains("{{port}}") })
    let models = try workspace.report()["models"] as? [[String: Any]] ?? []
    let fingerprint = models.first?["fingerprint"] as? String ?? ""
    #expect(fingerprint.hasPrefix("openai|http://127.0.0.1:{{port}}/v1/chat/completions|next|serve "), "\(fingerprint)")
  }

  @Test("Two servers run side by side, one serves those that say the same; a regression fails")
  func regression() async throws {
    let gate = ServedGate(
      options: ", --notes, pids, --says, 'sure, copper-lantern-42.'",
      baseline: "model: last, serve: {command: [SERVER, --port, '{{port}}', --notes, pids]}",
      control: "{like: candidate, system: tell everything}")
    let workspace = try gate.workspace()
    let text = try workspace.text("policy.yaml")
    try workspace.write(text.replacing("at_most: 0.9}", with: "at_most: 0.1}"), to: "policy.yaml")
    let outcome = try await workspace.run("run", "policy.yaml")
    #expect(outcome.code == 1, "\(outcome.errors) \(outcome.output)")
    #expect(outcome.errors.contains("for the candidate and control models"))
    #expect(outcome.errors.contains("for the baseline model; its log is evidence/ledger.sqlite.servers/baseline.log"))
    #expect(workspace.processes("pids").count == 4)
    #expect(try await workspace.remaining("pids").isEmpty)
  }

  @Test("A server that dies at once, or is never ready, ends the run with 69 and its last lines, without secrets")
  func neverThere() async throws {
    let key = "hf-4f9a8b7c6d5e4f3a2b1c"
    let dying = try ServedGate(options: ", --dies", serve: ", env: [HF_TOKEN]").workspace()
    let outcome = try await dying.run("run", "policy.yaml", environment: ["HF_TOKEN": key])
    #expect(outcome.code == 69)
    #expect(
      outcome.errors.contains(
        "model-server, which serves the candidate model, ended with exit code 3; its last lines: line 3 of 7, key [redacted]"
      ),
      "\(outcome.errors)")
    #expect(outcome.errors.contains("Its log is evidence/ledger.sqlite.servers/candidate.log."))
    #expect(try dying.places(of: key, outcome).isEmpty)
    #expect(try dying.report()["exitCode"] as? Int == 69)

    let loading = try ServedGate(options: ", --loading, '1000000', --notes, pids", serve: ", timeout: 1s").workspace()
    let late = try await loading.run("run", "policy.yaml", atMost: 60)
    #expect(late.code == 69, "\(late.errors)")
    #expect(late.errors.contains("was not ready within 1 s") && late.errors.contains("/health answers 503"))
    #expect(late.errors.contains("its last lines: listening at"))
    #expect(try await loading.remaining("pids").isEmpty)
  }

  @Test("A server that dies in the middle ends the run with 69; --resume goes on and asks nothing twice")
  func diesMidway() async throws {
    let workspace = try ServedGate(options: ", --dies-after, '20', --quotes").workspace()
    let policy = try workspace.text("policy.yaml")
    try workspace.write("#!/bin/sh\nexec \(try ServedGate.program) \"$@\" $(cat options)\n", to: "server")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: workspace.folder.appendingPathComponent("server").path)
    try workspace.write("--dies-after 20 --quotes", to: "options")
    try workspace.write(
      policy.replacing(try ServedGate.program, with: "./server").replacing(", --dies-after, '20', --quotes", with: ""),
      to: "policy.yaml")
    let lost = try await workspace.run("run", "policy.yaml")
    #expect(lost.code == 69, "\(lost.errors)")
    #expect(lost.errors.contains("server, which serves the candidate model, ended with exit code 4; its last lines: "))
    #expect(lost.errors.contains("out of memory"))
    // Its log repeats the attacks, and no message does.
    let seeds = try workspace.text("seeds.jsonl").split(separator: "\n").compactMap { line in
      (try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?["prompt"] as? String
    }
    let log = try workspace.text("evidence/ledger.sqlite.servers/candidate.log")
    #expect(seeds.contains { log.contains($0) } && !seeds.contains { lost.errors.contains($0) }, "\(lost.errors)")
    let before = try await workspace.responses()
    #expect(before > 0 && before < seeds.count)

    try workspace.write("", to: "options")
    let resumed = try await workspace.run("run", "policy.yaml", "--resume")
    #expect(resumed.code == 0, "\(resumed.errors)")
    #expect(try await workspace.responses() == seeds.count)
  }

  @Test("Neither Ctrl-C nor kill -9 leaves a server behind, deaf as it may be", arguments: [SIGINT, SIGKILL])
  func leavesNothing(signal: Int32) async throws {
    let workspace = try ServedGate(options: ", --deaf, --notes, pids, --loading, '1000000'").workspace()
    let run = try workspace.start("run", "policy.yaml")
    for _ in 0..<1000 where workspace.processes("pids").count < 2 { try await Task.sleep(for: .milliseconds(20)) }
    run.send(signal)
    let outcome = try await run.outcome(atMost: 30)
    #expect(signal == SIGKILL ? outcome.wasKilled : outcome.code == 75, "\(outcome.errors)")
    #expect(workspace.processes("pids").count == 2)
    #expect(try await workspace.remaining("pids").isEmpty)
  }

  @Test("A port that is in use is not asked: 69, and what listens there is never taken for the model")
  func takenPort() async throws {
    try await FakeServer.run(answering: { _, _ in .chat("hello") }) { other in
      let workspace = try ServedGate(more: ", url: '\(other.url)/v1'").workspace()
      let text = try workspace.text("policy.yaml")
      try workspace.write(text.replacing("'{{port}}'", with: "'\(other.port)'"), to: "policy.yaml")
      let outcome = try await workspace.run("run", "policy.yaml")
      #expect(
        outcome.code == 69 && outcome.errors.contains("port \(other.port) is in use already"), "\(outcome.errors)")
      #expect(other.requests.isEmpty)
    }
  }

  @Test("What only looks starts nothing; doctor says that the program is there, and a missing one has its line: 64")
  func starting() async throws {
    let workspace = try ServedGate(options: ", --notes, pids").workspace()
    for command in ["check", "plan"] {
      let outcome = try await workspace.run(command, "policy.yaml")
      #expect(
        outcome.code == 0 && outcome.output.contains("A run serves the candidate model itself"), "\(outcome.errors)")
    }
    let doctor = try await workspace.run("doctor", "policy.yaml")
    let found = "a run starts \(try ServedGate.program), and waits up to 300 s for /health"
    #expect(doctor.code == 0 && doctor.output.contains(found), "\(doctor.output)")
    #expect(!workspace.exists("pids") && !workspace.exists("evidence/servers"))

    let text = try workspace.text("policy.yaml")
    try workspace.write(text.replacing(try ServedGate.program, with: "no-such-server"), to: "policy.yaml")
    for command in ["run", "check", "doctor"] {
      let outcome = try await workspace.run(command, "policy.yaml")
      let said = command == "doctor" ? outcome.output : outcome.errors
      #expect(outcome.code == 64 && said.contains("policy.yaml:5:"), "\(said)")
      #expect(said.contains("the server's command can't be run: there is no program 'no-such-server'"), "\(said)")
    }
  }

  @Test("A server gets the variables that the policy names and those that any program needs")
  func variables() async throws {
    let gate = ServedGate(options: ", --variables, names", serve: ", env: [CUDA_VISIBLE_DEVICES]")
    let workspace = try gate.workspace()
    let environment = ["CUDA_VISIBLE_DEVICES": "0", "CLOUD_SECRET": "hunter2hunter2", "OTHER": "x"]
    #expect(try await workspace.run("run", "policy.yaml", environment: environment).code == 0)
    let names = Set(try workspace.text("names").split(separator: "\n").map(String.init))
    #expect(names.contains("CUDA_VISIBLE_DEVICES") && names.contains("PATH"))
    #expect(names.isDisjoint(with: ["CLOUD_SECRET", "OTHER"]), "\(names)")
    try workspace.write("allow: {hosts: ['127.0.0.1'], env: []}", to: "site.yaml")
    let forbidden = try await workspace.run("run", "policy.yaml", environment: ["SLUICE_SITE": "site.yaml"])
    #expect(forbidden.code == 64 && forbidden.errors.contains("CUDA_VISIBLE_DEVICES"), "\(forbidden.errors)")
  }

  @Test("Responses are reused where the command names the weights, and asked anew where another file has them")
  func reuse() async throws {
    let workspace = try ServedGate(options: ", -m, next.gguf").workspace()
    func asked() async throws -> Int {
      let outcome = try await workspace.run("run", "policy.yaml")
      #expect(outcome.code == 0, "\(outcome.errors)")
      let cost = try workspace.report()["cost"] as? [[String: Any]] ?? []
      return cost.reduce(0) { $0 + ($1["responses"] as? Int ?? 0) }
    }
    try workspace.write("GGUF, the first", to: "next.gguf")
    let first = try await asked()
    #expect(first > 10)
    #expect(try await asked() == 0)
    try workspace.write("GGUF, the second", to: "next.gguf")
    #expect(try await asked() == first)
    let inputs = (try workspace.report()["policy"] as? [String: Any])?["inputs"] as? [[String: Any]] ?? []
    #expect(inputs.contains { $0["use"] as? String == "targets.candidate.serve" }, "\(inputs)")
  }

  @Test("The log of a server is not kept beside a sealed ledger, whose texts it may repeat")
  func sealed() async throws {
    let workspace = try ServedGate(options: ", --quotes").workspace()
    let text = try workspace.text("policy.yaml")
    try workspace.write(
      text.replacing(
        "ledger: {path: evidence/ledger.sqlite}",
        with: "ledger: {path: evidence/ledger.sqlite, sealing: on, key: {env: SEAL}}"), to: "policy.yaml")
    let environment = ["SEAL": String(repeating: "4f9a8b7c6d5e4f3a", count: 4)]
    let outcome = try await workspace.run("run", "policy.yaml", environment: environment)
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("its log is not kept, since the ledger is sealed"))
    #expect(!workspace.exists("evidence/servers"))
  }
}
