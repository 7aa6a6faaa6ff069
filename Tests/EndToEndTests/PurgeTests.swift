import Foundation
import Testing

@Suite("Purging")
struct PurgeTests {
  private static let path = "evidence/ledger.sqlite"

  private func workspace(extra: String = "") async throws -> Workspace {
    var policy = TinyPolicy()
    policy.baseline = nil
    policy.checks = ["{metric: replay.asr, at_most: 0.9}"]
    let workspace = try Workspace.tiny(policy)
    let text = policy.text.replacing("ledger: {path: \(Self.path)}", with: "ledger: {path: \(Self.path)\(extra)}")
    try workspace.write(text.replacing("report: {", with: "report: {reveal: true, "), to: "policy.yaml")
    let run = try await workspace.run("run", "policy.yaml")
    #expect(run.code == 0, "\(run.errors)")
    return workspace
  }

  /// Every text of the ledger that is long enough not to be found by chance.
  private func texts(_ workspace: Workspace) throws -> [String] {
    try LedgerDatabase(path: workspace.folder.appendingPathComponent(Self.path).path)
      .rows("SELECT text FROM texts WHERE length(text) > 12").map { $0[0] }
  }

  /// Those of `texts` that some file beside the ledger holds.
  private func found(_ texts: [String], _ workspace: Workspace) throws -> [String] {
    let folder = workspace.folder.appendingPathComponent("evidence")
    let bytes = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .map { try Data(contentsOf: $0) }
    return texts.filter { text in bytes.contains { $0.range(of: Data(text.utf8)) != nil } }
  }

  private func purge(_ workspace: Workspace, _ arguments: String...) async throws -> Binary.Outcome {
    try await Binary.run(["ledger", "purge", Self.path] + arguments, in: workspace.folder)
  }

  private func counts(_ workspace: Workspace) async throws -> [String: Int] {
    let outcome = try await workspace.run("ledger", "show", Self.path, "--json")
    let contents = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
    return contents?["counts"] as? [String: Int] ?? [:]
  }

  @Test("After a purge no file holds a text; counts and chain stay, and it is in the log")
  func gone() async throws {
    let workspace = try await workspace()
    let (texts, before) = (try texts(workspace), try await counts(workspace))
    #expect(try texts.count > 50 && found(texts, workspace) == texts)
    let run = try #require(try workspace.report()["run"] as? String)
    let outcome = try await purge(workspace, "--run", run, "--reason", "request 4711")
    #expect(
      outcome.code == 0 && outcome.output.contains("texts of 1 runs purged"), "\(outcome.output)\(outcome.errors)")
    #expect(try found(texts, workspace) == [])
    let after = try await counts(workspace)
    for table in ["responses", "judgments", "texts", "runs", "checks"] {
      #expect(after[table] == before[table], "\(table)")
    }
    let verified = try await workspace.run("ledger", "verify", Self.path, "--report", "out/junit.xml")
    #expect(verified.code == 0, "\(verified.output)")
    let log = try await workspace.run("ledger", "log", Self.path)
    #expect(log.output.contains("  purged  ") && log.output.contains("request 4711"))
    #expect(try await workspace.run("report", "last", "--ledger", Self.path).code == 0)
    // What is gone is asked anew, and never taken for an empty answer.
    let again = try await workspace.run("run", "policy.yaml")
    #expect(again.code == 0, "\(again.errors)")
    #expect(try await workspace.responses() == 2 * (before["responses"] ?? 0))
    #expect(try await workspace.run("ledger", "verify", Self.path).code == 0)
  }

  @Test("One attack goes with every response to it, and the others stay")
  func attack() async throws {
    let workspace = try await workspace()
    let before = try texts(workspace)
    let list = try await workspace.run("attacks", "list", "last", "--ledger", Self.path)
    let id = try #require(list.output.split(separator: " ").first.map(String.init))
    let revealed = try await workspace.run("reveal", id, "--reason", "r", "--ledger", Self.path, "--json")
    let prompt = try #require(
      (try JSONSerialization.jsonObject(with: Data(revealed.output.utf8)) as? [String: Any])?["prompt"] as? String)
    #expect(try await purge(workspace, "--attack", id).code == 0)
    let after = try texts(workspace)
    #expect(before.contains(prompt) && !after.contains(prompt) && after.count > before.count / 2)
    #expect(try found([prompt], workspace) == [])
    #expect(try await workspace.run("reveal", id, "--reason", "r", "--ledger", Self.path).code == 64)
    #expect(try await workspace.run("ledger", "verify", Self.path).code == 0)
  }

  @Test("Only runs that ended long enough ago are purged, by hand or by the policy at a run's end")
  func retention() async throws {
    let workspace = try await workspace(extra: ", retention: 1ms")
    let texts = try texts(workspace)
    let young = try await purge(workspace, "--older-than", "30d")
    #expect(young.code == 0 && young.output.contains(": 0 texts of 0 runs purged"), "\(young.output)\(young.errors)")
    #expect(try found(texts, workspace) == texts)
    // Other seeds of the candidate's samples: nothing of the first run is used again.
    let second = try await workspace.run("run", "policy.yaml", "--set", "targets.candidate.temperature=0.9")
    #expect(second.code == 0 && second.errors.contains("older than ledger.retention"), "\(second.errors)")
    #expect(try await workspace.run("ledger", "verify", Self.path).code == 0)
    let log = try await workspace.run("ledger", "log", Self.path)
    #expect(log.output.contains("ledger.retention of policy tiny"))
  }

  @Test(
    "What a run took from an older one stays when that one is purged, by the policy or by hand, until it goes itself")
  func reused() async throws {
    let workspace = try await workspace(extra: ", retention: 1ms")
    let first = try #require(try workspace.report()["run"] as? String)
    let (texts, responses) = (try texts(workspace), try await workspace.responses())
    let second = try await workspace.run("run", "policy.yaml")
    #expect(second.code == 0, "\(second.errors)")
    #expect(try await workspace.responses() == responses)
    #expect(try found(texts, workspace) == texts)
    func shown(_ run: String) async throws -> Binary.Outcome {
      try await workspace.run("export", "--run", run, "--format", "chat", "--revealed", "--ledger", Self.path)
    }
    let run = try #require(try workspace.report()["run"] as? String)
    let export = try await shown(run)
    #expect(export.output.split(separator: "\n").count > 50, "\(export.errors)")
    #expect(try await purge(workspace, "--run", first).output.contains(": 0 texts of 1 runs"))
    #expect(try await shown(run).output == export.output)
    #expect(try await purge(workspace, "--run", run).code == 0)
    #expect(try found(texts, workspace) == [])
    #expect(try await shown(run).output == "")
    #expect(try await workspace.run("ledger", "verify", Self.path).code == 0)
  }

  @Test("Killed at any moment, a purge loses nothing that it isn't to take, and the next one finishes it")
  func killed() async throws {
    let original = try await workspace()
    let run = try #require(try original.report()["run"] as? String)
    let texts = try texts(original)
    for delay in stride(from: 2, through: 60, by: 6) {
      let workspace = try Workspace()
      try FileManager.default.copyItem(
        at: original.folder.appendingPathComponent("evidence"), to: workspace.folder.appendingPathComponent("evidence"))
      let process = try workspace.start("ledger", "purge", Self.path, "--run", run)
      try await Task.sleep(for: .milliseconds(delay))
      kill(process.pid, SIGKILL)
      _ = try await process.outcome(atMost: 60)
      #expect(try await workspace.run("ledger", "verify", Self.path).code == 0, "after \(delay) ms")
      #expect(try await purge(workspace, "--run", run).code == 0)
      #expect(try found(texts, workspace) == [], "after \(delay) ms")
      #expect(try await workspace.run("ledger", "verify", Self.path).code == 0)
    }
  }

  @Test("What to purge has to be said, once, and has to be there: 64")
  func mistakes() async throws {
    let workspace = try await workspace()
    for arguments in [
      [], ["--run", "20200101-000000-aaaa"], ["--attack", "ffff000011112222"], ["--older-than", "soon"],
      ["--older-than", "1d", "--run", "x"], ["--attack", ""], ["--run", ""],
    ] {
      let outcome = try await Binary.run(["ledger", "purge", Self.path] + arguments, in: workspace.folder)
      #expect(outcome.code == 64, "\(arguments): \(outcome.output)")
    }
  }
}
