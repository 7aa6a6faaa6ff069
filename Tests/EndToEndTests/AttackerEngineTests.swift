import FakeServer
import Foundation
import Testing

/// A gate whose attacker runs in a worker.
private struct WorkerGate {
  /// Options of the worker behind its checkpoint.
  var options = ""
  /// Keys of the engine beside its command.
  var more = ""

  /// The worker for tests, beside the tests' own program.
  static var program: String {
    get throws { try ProgramForTests.path("attacker-worker") }
  }

  /// A policy whose search is short.
  static func policy(_ attacker: String) -> TinyPolicy {
    var policy = TinyPolicy()
    policy.attacker = "{\(attacker), restarts: 2, batch: 16, screen_pool: 4}"
    policy.baseline = nil
    policy.budget = 160
    return policy
  }

  func workspace() throws -> Workspace {
    try Workspace.tiny(
      Self.policy(
        "engine: {kind: command, command: [\(try Self.program), lab/attacker\(options)]\(more)}"))
  }
}

extension Workspace {
  /// The processes whose numbers are in a file that live, after they had some seconds to end.
  fileprivate func remaining(_ name: String) async throws -> [Int32] {
    let text = (try? String(decoding: read(name), as: UTF8.self)) ?? ""
    var left = text.split(separator: "\n").compactMap { Int32($0) }
    for _ in 0..<600 where !left.isEmpty {
      left = left.filter { process in
        guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
        return status.split(separator: ")").last?.split(separator: " ").first != "Z"
      }
      if !left.isEmpty { try await Task.sleep(for: .milliseconds(20)) }
    }
    return left
  }

  /// What the report says of fresh attacks, as text.
  fileprivate func fresh() throws -> String {
    let fresh = try #require(try report()["fresh"])
    return String(decoding: try JSONSerialization.data(withJSONObject: fresh, options: .sortedKeys), as: UTF8.self)
  }
}

@Suite("An attacker on another engine")
struct AttackerEngineTests {
  @Test("finds what the same model finds in this process, and the report names the worker's checkpoint")
  func sameFinds() async throws {
    let here = try Workspace.tiny(WorkerGate.policy("checkpoint: lab/attacker"))
    let there = try Workspace.tiny(
      WorkerGate.policy(
        "engine: {kind: command, command: [\(try Binary.path()), attacker, serve, lab/attacker]}"))
    let (one, two) = (try await here.run("run", "policy.yaml"), try await there.run("run", "policy.yaml"))
    #expect(one.code == two.code && [0, 1, 2].contains(one.code), "\(one.errors) \(two.errors)")
    #expect(try here.fresh() == there.fresh())
    #expect(try here.fresh().contains("confirmed"))
    let report = String(decoding: try there.read("out/report.json"), as: UTF8.self)
    #expect(report.contains("attacker.engine"))
  }

  @Test("A worker that dies in a search ends the run with 69; the run goes on, and no response is asked twice")
  func death() async throws {
    let workspace = try WorkerGate(options: ", --fault, dies, --after, '40', --once, died").workspace()
    let ended = try await workspace.run("run", "policy.yaml")
    #expect(ended.code == 69 && ended.errors.contains("it ended with exit code 3: out of memory"), "\(ended.errors)")
    #expect(ended.errors.contains("sluice run --resume"))
    let asked = try await workspace.responses()
    #expect(asked > 0)
    let verified = try await workspace.run("ledger", "verify", "evidence/ledger.sqlite")
    #expect(verified.code == 0, "\(verified.output) \(verified.errors)")
    let resumed = try await workspace.run("run", "policy.yaml", "--resume")
    #expect([0, 1, 2].contains(resumed.code), "\(resumed.errors)")
    let whole = try WorkerGate(options: ", --fault, dies, --after, '40', --once, lab").workspace()
    #expect(try await whole.run("run", "policy.yaml").code == resumed.code)
    #expect(try workspace.fresh() == whole.fresh())
    #expect(try await workspace.responses() == whole.responses())
  }

  @Test("A worker that says nothing ends the run with 69 after its time")
  func silence() async throws {
    let workspace = try WorkerGate(options: ", --fault, silent", more: ", timeout: 1s").workspace()
    let outcome = try await workspace.run("run", "policy.yaml")
    #expect(outcome.code == 69 && outcome.errors.contains("within 1 s"), "\(outcome.errors)")
    // Before anything was paid for.
    #expect(try await workspace.responses() == 0)
  }

  @Test("Neither a worker nor what it started outlives the run, even one that is killed", arguments: [false, true])
  func watchdog(_ isKilled: Bool) async throws {
    let workspace = try WorkerGate(
      options: ", --deaf, --notes, pids" + (isKilled ? ", --fault, silent, --after, '20'" : "")
    ).workspace()
    let run = try workspace.start("run", "policy.yaml")
    if isKilled {
      try await run.waitUntilErrors(say: "regenerate", atMost: 60)
      run.send(SIGKILL)
    }
    let outcome = try await run.outcome(atMost: 60)
    #expect(outcome.wasKilled == isKilled, "\(outcome.errors)")
    #expect(workspace.exists("pids"))
    #expect(try await workspace.remaining("pids").isEmpty)
  }

  @Test("Only the variables that the policy names reach the worker")
  func variables() async throws {
    let workspace = try WorkerGate(options: ", --variables, names", more: ", env: [HF_TOKEN, PATH]").workspace()
    let outcome = try await workspace.run(
      "run", "policy.yaml", environment: ["HF_TOKEN": "hf-4f9a8b7c6d5e4f3a2b1c", "OTHER_KEY": "x"])
    #expect([0, 1, 2].contains(outcome.code), "\(outcome.errors)")
    let names = String(decoding: try workspace.read("names"), as: UTF8.self).split(separator: "\n")
    #expect(Set(names) == ["HF_TOKEN", "PATH"])
  }

  @Test("What can't be is the policy's mistake: 64, with its place")
  func mistakes() async throws {
    for (attacker, says) in [
      ("checkpoint: lab/attacker, engine: {kind: command, command: [cat]}", "has a checkpoint and an engine"),
      ("engine: {kind: command, command: [./nobody]}", "there is no program './nobody'"),
      ("engine: {kind: command}", "command"), ("engine: {kind: cloud, command: [cat]}", "attacker.engine.kind"),
      ("method: sft", "checkpoint"),
    ] {
      let workspace = try Workspace.tiny(WorkerGate.policy(attacker))
      let outcome = try await workspace.run("run", "policy.yaml")
      #expect(outcome.code == 64 && outcome.errors.contains(says), "\(outcome.errors)")
    }
  }

  @Test("A program that is no worker is unavailable before anything is asked: 69")
  func stranger() async throws {
    let workspace = try Workspace.tiny(
      WorkerGate.policy("engine: {kind: command, command: [sh, -c, 'echo this is no worker at all, but a shell']}"))
    let outcome = try await workspace.run("run", "policy.yaml")
    #expect(outcome.code == 69 && outcome.errors.contains("no frame"), "\(outcome.errors)")
    #expect(try await workspace.responses() == 0)
  }

  @Test("The conformance test passes for Sluice as a worker, with 0, and fails for another, with 1")
  func conformance() async throws {
    let workspace = try Workspace.tiny()
    let sluice = try Binary.path()
    let good = try await workspace.run(
      "attacker", "conform", "--like", "lab/attacker", "--", sluice, "attacker", "serve", "lab/attacker")
    #expect(good.code == 0 && !good.output.contains("FAIL"), "\(good.output) \(good.errors)")
    #expect(good.output.split(separator: "\n").count == 10)
    let bad = try await workspace.run(
      "attacker", "conform", "--json", "--", try WorkerGate.program, "lab/attacker", "--fault", "still")
    #expect(bad.code == 1)
    let findings = try #require(JSONSerialization.jsonObject(with: Data(bad.output.utf8)) as? [[String: Any]])
    #expect(findings.contains { ($0["failure"] as? String)?.contains("four steps towards four sequences") == true })
    let lost = try await workspace.run(
      "attacker", "conform", "--", try WorkerGate.program, "lab/attacker", "--fault", "dies")
    #expect(lost.code == 69 && lost.errors.contains("out of memory"), "\(lost.errors)")
    let none = try await workspace.run("attacker", "conform")
    #expect(none.code == 64)
  }

  @Test("What is no frame on standard input is refused in words: 64; the end of input is the end")
  func byHand() async throws {
    let workspace = try Workspace.tiny()
    let outcome = try await workspace.shell("echo this is no frame | \"$SLUICE\" attacker serve lab/attacker")
    #expect(outcome.code == 64 && outcome.errors.contains("no frame begins here"), "\(outcome.errors)")
    #expect(try await workspace.shell("\"$SLUICE\" attacker serve lab/attacker < /dev/null").code == 0)
    #expect(try await workspace.shell("\"$SLUICE\" attacker serve lab/nobody < /dev/null").code == 64)
  }
}
