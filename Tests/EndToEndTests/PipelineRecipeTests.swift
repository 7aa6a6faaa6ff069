import Foundation
import Testing

/// `.ci/recipes/run`, which every recipe for a pipeline calls.
@Suite("The script of the pipeline recipes", .serialized)
struct PipelineRecipeTests {
  /// Starts the script with the built program as `sluice`.
  private func start(_ arguments: String, in workspace: Workspace) throws -> RunningBinary {
    let script = Binary.root.appendingPathComponent(".ci/recipes/run").path
    return try Binary.shell(
      "mkdir -p bin; ln -sf \"$SLUICE\" bin/sluice; PATH=\"$PWD/bin:$PATH\" exec '\(script)' \(arguments)",
      in: workspace.folder, environment: ["SLUICE_LEDGER_FOLDER": "evidence"])
  }

  private func call(_ arguments: String, in workspace: Workspace) async throws -> Binary.Outcome {
    try await start(arguments, in: workspace).outcome(atMost: 120)
  }

  private func runs(in workspace: Workspace) throws -> Int {
    let ledger = LedgerDatabase(path: workspace.folder.appendingPathComponent("evidence/ledger.sqlite").path)
    return try ledger.rows("SELECT id FROM runs").count
  }

  @Test("A ledger that a cache restored for everybody to read is private again, and used")
  func privacy() async throws {
    let workspace = try Workspace.tiny()
    #expect(try await call("policy.yaml", in: workspace).code == 0)
    let modes = ["evidence": 0o755, "evidence/ledger.sqlite": 0o644]
    for (name, mode) in modes {
      try FileManager.default.setAttributes(
        [.posixPermissions: mode], ofItemAtPath: workspace.folder.appendingPathComponent(name).path)
    }
    #expect(try await workspace.run("run", "policy.yaml").code == 77)
    #expect(try await call("policy.yaml", in: workspace).code == 0)
    for (name, mode) in modes {
      let path = workspace.folder.appendingPathComponent(name).path
      let now = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      #expect(now == mode & 0o700)
    }
  }

  @Test("The exit code is sluice's own, and its meaning is told: fail, usage, unavailable")
  func codes() async throws {
    var failing = TinyPolicy()
    failing.checks = ["{metric: replay.asr, at_most: 0.1}", "{metric: run.coverage, at_least: 0.9}"]
    failing.candidate = TinyPolicy.lab("assistant-leaky")
    let fail = try await call("policy.yaml", in: Workspace.tiny(failing))
    #expect(fail.code == 1 && fail.errors.contains("1 (exit code)"), "\(fail.errors)")

    let workspace = try Workspace.tiny()
    let usage = try await call("policy.yaml --no-such-option", in: workspace)
    #expect(usage.code == 64 && usage.errors.contains("64 (exit code)"), "\(usage.errors)")
    #expect(!workspace.exists("evidence/unfinished"))

    let away = try Workspace.tiny(.served("http://127.0.0.1:1/v1"))
    let unavailable = try await call("policy.yaml", in: away)
    #expect(unavailable.code == 69 && unavailable.errors.contains("69 (exit code)"), "\(unavailable.errors)")
    #expect(away.exists("evidence/unfinished"))
  }

  @Test("A run that a signal to the script ended goes on in the next job")
  func resumption() async throws {
    var policy = TinyPolicy()
    policy.attacker = "{checkpoint: lab/attacker, restarts: 2, mle: off}"
    policy.budget = 800
    let workspace = try Workspace.tiny(policy)
    let running = try start("policy.yaml", in: workspace)
    let deadline = ContinuousClock.now + .seconds(120)
    while try await workspace.responses() < 20, ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(20))
    }
    running.send(SIGTERM)
    let stopped = try await running.outcome(atMost: 60)
    #expect(stopped.code == 75 && !stopped.wasKilled, "\(stopped.errors)")
    #expect(workspace.exists("evidence/unfinished"))
    let finished = try await call("policy.yaml", in: workspace)
    #expect([0, 2].contains(finished.code), "\(finished.errors)")
    #expect(!workspace.exists("evidence/unfinished"))
    #expect(try runs(in: workspace) == 1)
  }

  @Test("Where the policy has changed since, the unfinished run is left and a new one begun")
  func changed() async throws {
    let workspace = try Workspace.tiny()
    try workspace.write("", to: "evidence/unfinished")
    let outcome = try await call("policy.yaml", in: workspace)
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(!workspace.exists("evidence/unfinished"))
    #expect(try runs(in: workspace) == 1)
  }
}
