import Foundation
import Testing

@Suite("Sealed ledgers")
struct SealingTests {
  private static let path = "evidence/ledger.sqlite"

  private func policy(_ ledger: String) -> String {
    var policy = TinyPolicy()
    policy.candidate = TinyPolicy.lab("assistant-1.2")
    policy.baseline = nil
    policy.checks = ["{metric: replay.asr, at_most: 0.9}"]
    return policy.text.replacing("ledger: {path: \(Self.path)}", with: "ledger: {path: \(Self.path)\(ledger)}")
      .replacing("report: {", with: "report: {reveal: true, ")
  }

  private func workspace(_ ledger: String = ", sealing: on, key: {file: ledger.key}") async throws -> Workspace {
    let workspace = try Workspace.tiny()
    try key(workspace, "ledger.key", digit: "a")
    try workspace.write(policy(ledger), to: "policy.yaml")
    let run = try await workspace.run("run", "policy.yaml")
    #expect(run.code == 0, "\(run.errors)")
    return workspace
  }

  private func key(_ workspace: Workspace, _ name: String, digit: String, mode: Int = 0o600) throws {
    let path = try workspace.write(String(repeating: digit + "7", count: 32) + "\n", to: name)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
  }

  private func bytes(_ workspace: Workspace) throws -> [Data] {
    let folder = workspace.folder.appendingPathComponent("evidence")
    return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .map { try Data(contentsOf: $0) }
  }

  /// Prompts and responses of the last run, as somebody sees them who has the key.
  private func texts(_ workspace: Workspace) async throws -> [String] {
    let export = try await workspace.run("export", "--format", "jsonl", "--revealed", "--ledger", Self.path)
    #expect(export.code == 0, "\(export.errors)")
    let lines = try export.output.split(separator: "\n").map {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }
    return lines.flatMap { [$0?["prompt"] as? String ?? "", $0?["response"] as? String ?? ""] }.filter { $0.count > 12 }
  }

  private func found(_ texts: [String], _ workspace: Workspace) throws -> Int {
    let files = try bytes(workspace)
    return texts.count { text in files.contains { $0.range(of: Data(text.utf8)) != nil } }
  }

  @Test(
    "A sealed run reads as any other to who has the key, and its ledger holds no text; the next run takes all from it")
  func sealedRun() async throws {
    let workspace = try await workspace()
    let texts = try await texts(workspace)
    #expect(texts.count > 100)
    #expect(try found(texts, workspace) == 0)
    let policyText = String(decoding: try workspace.read("policy.yaml"), as: UTF8.self)
    #expect(try found([policyText], workspace) == 0)
    #expect((try workspace.report()["evidence"] as? [String: Any])?["sealed"] as? Bool == true)
    let before = try await workspace.responses()
    #expect(try await workspace.run("run", "policy.yaml").code == 0)
    #expect(try await workspace.responses() == before)
    for command in [
      ["report", "last", "--ledger", Self.path], ["history", "--ledger", Self.path], ["ledger", "verify", Self.path],
      ["ledger", "verify", Self.path, "--report", "out/report.json"], ["ledger", "show", Self.path],
      ["attacks", "list", "last", "--ledger", Self.path],
    ] {
      let outcome = try await Binary.run(command, in: workspace.folder)
      #expect(outcome.code == 0, "\(command): \(outcome.output)\(outcome.errors)")
    }
  }

  @Test("Keys in variables and passphrases seal as files do; the ledger remembers where its key was")
  func otherKeys() async throws {
    let environment = [
      "LEDGER_KEY": String(repeating: "b3", count: 32), "LEDGER_WORDS": "correct horse battery staple",
    ]
    for name in ["env: LEDGER_KEY", "passphrase_env: LEDGER_WORDS"] {
      let workspace = try Workspace.tiny()
      try workspace.write(policy(", sealing: on, key: {\(name)}"), to: "policy.yaml")
      let run = try await workspace.run("run", "policy.yaml", environment: environment)
      #expect(run.code == 0, "\(run.errors)")
      #expect(try await workspace.run("ledger", "show", Self.path, environment: environment).code == 0)
      let without = try await workspace.run("ledger", "show", Self.path)
      #expect(without.code == 64 && without.errors.contains("LEDGER_"), "\(without.errors)")
      var wrong = environment
      wrong["LEDGER_KEY"] = String(repeating: "b4", count: 32)
      wrong["LEDGER_WORDS"] = "correct horse battery stable"
      #expect(try await workspace.run("ledger", "show", Self.path, environment: wrong).code == 77)
      let weak = try await workspace.run(
        "ledger", "rekey", Self.path, "--passphrase-env", "WORDS",
        environment: environment.merging(["WORDS": "short"]) { $1 })
      #expect(weak.code == 64 && weak.errors.contains("shorter than"), "\(weak.errors)")
    }
  }

  @Test("A wrong, readable, short or missing key: 77 or 64, and not a byte is changed")
  func wrongKeys() async throws {
    let workspace = try await workspace()
    let before = try bytes(workspace).map(\.count).sorted()
    let content = try workspace.read(Self.path)
    try key(workspace, "wrong.key", digit: "c")
    try key(workspace, "open.key", digit: "a", mode: 0o640)
    try workspace.write("a7a7", to: "short.key")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o600], ofItemAtPath: workspace.folder.appendingPathComponent("short.key").path)
    for (name, code) in [("wrong.key", 77), ("open.key", 77), ("short.key", 64), ("no.key", 64)] as [(String, Int32)] {
      for command in [["ledger", "unseal"], ["ledger", "rekey"]] {
        let options =
          command[1] == "unseal" ? ["--key-file", name] : ["--old-key-file", name, "--key-file", "ledger.key"]
        let outcome = try await Binary.run(command + [Self.path] + options, in: workspace.folder)
        #expect(outcome.code == code, "\(command) \(name): \(outcome.errors)")
      }
      try workspace.write(policy(", sealing: on, key: {file: \(name)}"), to: "other.yaml")
      let run = try await workspace.run("run", "other.yaml")
      #expect(run.code == code, "\(name): \(run.errors)")
    }
    #expect(try workspace.read(Self.path) == content)
    #expect(try bytes(workspace).map(\.count).sorted() == before)
    #expect(try await workspace.run("ledger", "verify", Self.path).code == 0)
    let plain = try Workspace()
    #expect(try await plain.run("ledger", "seal", "none.sqlite", "--key-file", "k").code == 64)
    #expect(try await workspace.run("ledger", "seal", Self.path, "--key-file", "ledger.key").code == 64)
    #expect(
      try await workspace.run("ledger", "rekey", Self.path, "--key-file", "ledger.key", "--key-env", "K").code == 64)
  }

  @Test(
    "Tuning keeps no training file beside a sealed ledger; a tuner that reads one is refused before anything is asked: 64"
  )
  func tuning() async throws {
    func policy(_ tuner: String) -> String {
      var policy = TinyPolicy()
      policy.candidate = TinyPolicy.lab("assistant-1.0")
      policy.baseline = nil
      policy.attacker = TinyPolicy.search
      policy.suite = "{seeds: seeds.jsonl, responses: 2, benign: lab/benign.jsonl}"
      policy.checks = ["{metric: tuning.over_refusal, variant: sft, at_most: 0.3}"]
      policy.extra = """
        tuning:
          methods: [sft]
          combined: off
          tuner: \(tuner)
          refusals: own
          responses: 150
          restarts: 2
          proposals: 20
          quiz: lab/quiz.jsonl
          benign: lab/benign-training.jsonl
        """
      return policy.text.replacing(
        "ledger: {path: \(Self.path)}", with: "ledger: {path: \(Self.path), sealing: on, key: {file: ledger.key}}")
    }
    let workspace = try Workspace.tiny()
    try key(workspace, "ledger.key", digit: "a")
    try workspace.write(policy("{kind: command, command: [/bin/true, '{data}']}"), to: "policy.yaml")
    let refused = try await workspace.run("run", "policy.yaml")
    #expect(refused.code == 64 && refused.errors.contains("in the clear"), "\(refused.errors)")
    #expect(try await workspace.responses() == 0)
    try workspace.write(
      policy("{kind: local, rank: 8, alpha: 8, learning_rate: 0.002, epochs: 1}"), to: "policy.yaml")
    let run = try await workspace.run("run", "policy.yaml", "--stages", "tune,decide", atMost: 300)
    #expect(run.code < 64, "\(run.errors)")
    let names = workspace.files().map(\.lastPathComponent)
    #expect(names.contains("model.safetensors") && !names.contains("training.jsonl"))
  }

  @Test("Killed at any moment, seal, rekey and unseal lose nothing, and the same command goes on")
  func killed() async throws {
    let original = try await workspace("")
    let texts = try await texts(original)
    #expect(try found(texts, original) == texts.count)
    var interrupted = 0
    for delay in stride(from: 4, through: 64, by: 6) {
      let workspace = try Workspace()
      try FileManager.default.copyItem(
        at: original.folder.appendingPathComponent("evidence"), to: workspace.folder.appendingPathComponent("evidence"))
      try key(workspace, "ledger.key", digit: "a")
      try key(workspace, "next.key", digit: "d")
      for (command, repeated) in [
        (["seal", Self.path, "--key-file", "ledger.key"], ["seal", Self.path]),
        (["rekey", Self.path, "--key-file", "next.key"], ["rekey", Self.path, "--key-file", "next.key"]),
        (["unseal", Self.path], ["unseal", Self.path]),
      ] {
        let process = try Binary.start(["ledger"] + command, in: workspace.folder)
        try await Task.sleep(for: .milliseconds(delay))
        kill(process.pid, SIGKILL)
        if try await process.outcome(atMost: 60).wasKilled { interrupted += 1 }
        // Where nothing had begun, the key has to be named again.
        var again = try await Binary.run(["ledger"] + repeated, in: workspace.folder)
        if again.code == 64 { again = try await Binary.run(["ledger"] + command, in: workspace.folder) }
        #expect(
          again.code == 0 || again.errors.contains("already") || again.errors.contains("isn't sealed"),
          "\(command): \(again.errors)")
        let verified = try await workspace.run("ledger", "verify", Self.path)
        #expect(verified.code == 0, "\(command) after \(delay) ms: \(verified.output)\(verified.errors)")
        #expect(try await self.texts(workspace) == texts, "\(command) after \(delay) ms")
        #expect(
          try found(texts, workspace) == (command[0] == "unseal" ? texts.count : 0), "\(command) after \(delay) ms")
      }
    }
    #expect(interrupted > 0)
  }
}
