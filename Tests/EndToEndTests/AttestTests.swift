import Core
import Foundation
import Testing

@Suite("Attestations")
struct AttestTests {
  private static let ledger = ["--ledger", "evidence/ledger.sqlite"]

  private func workspace(
    _ candidate: String = "assistant-1.1", limit: String = "0.9", more checks: [String] = [], extra: String = "",
    folders: Bool = false
  ) async throws -> Workspace {
    var policy = TinyPolicy()
    policy.candidate = TinyPolicy.lab(candidate)
    policy.baseline = nil
    policy.checks = ["{metric: replay.asr, at_most: \(limit)}", "{metric: run.coverage, at_least: 0.9}"] + checks
    policy.extra = extra
    if folders { policy.baseline = "{kind: local, checkpoint: base}" }
    let workspace = try Workspace.tiny(policy)
    if folders {
      // Copies of their own, so that they can change.
      try workspace.copy("fixtures/lab/assistant-1.0", to: "base")
      try workspace.copy("fixtures/lab/judge", to: "judge")
      try workspace.write(policy.text.replacing("checkpoint: lab/judge", with: "checkpoint: judge"), to: "policy.yaml")
    }
    let run = try await workspace.run("run", "policy.yaml")
    #expect(run.code < 64, "\(run.errors)")
    try await call(workspace, 0, ["attest", "keygen", "--out", "gate.key"])
    return workspace
  }

  @discardableResult
  private func call(_ workspace: Workspace, _ code: Int32, _ arguments: [String]) async throws -> Binary.Outcome {
    let outcome = try await Binary.run(arguments, in: workspace.folder)
    #expect(outcome.code == code, "\(arguments): \(outcome.output)\(outcome.errors)")
    return outcome
  }

  private func sign(_ workspace: Workspace, to out: String = "verdict.json") async throws {
    try await call(workspace, 0, ["attest", "sign", "last", "--key", "gate.key", "--out", out] + Self.ledger)
  }

  private func verify(
    _ workspace: Workspace, file: String = "verdict.json", key: String = "gate.key.pub",
    subject: String = "lab/assistant-1.1", policy: String = "policy.yaml", maxAge: String? = nil
  ) async throws -> Binary.Outcome {
    try await Binary.run(
      ["attest", "verify", file, "--key", key, "--subject", subject, "--policy", policy]
        + (maxAge.map { ["--max-age", $0] } ?? []), in: workspace.folder)
  }

  @Test("A signed pass is accepted for its model under its policy, and for nothing else")
  func roundTrip() async throws {
    let workspace = try await workspace()
    try await sign(workspace)
    let good = try await verify(workspace)
    #expect(good.code == 0 && good.output.contains("pass of lab/assistant-1.1 sha256:"), "\(good.output)\(good.errors)")
    let digest = try #require((try workspace.report()["policy"] as? [String: Any])?["digest"] as? String)
    #expect(try await verify(workspace, policy: digest).code == 0)

    let another = try await verify(workspace, subject: "lab/assistant-1.0")
    #expect(another.code == 1 && another.output.contains("It is about lab/assistant-1.1"))
    #expect(try await verify(workspace, policy: String(repeating: "0", count: 64)).code == 1)
    try await call(workspace, 0, ["attest", "keygen", "--out", "other.key"])
    let stranger = try await verify(workspace, key: "other.key.pub")
    #expect(stranger.code == 1 && stranger.output.contains("not signed by a trusted key"))
    let old = try await verify(workspace, maxAge: "1ms")
    #expect(old.code == 1 && old.output.contains("more than is allowed"))

    let text = String(decoding: try workspace.read("policy.yaml"), as: UTF8.self)
    try workspace.write(text.replacing("at_most: 0.9", with: "at_most: 0.99"), to: "looser.yaml")
    let looser = try await verify(workspace, policy: "looser.yaml")
    #expect(looser.code == 1 && looser.output.contains("under another policy"))
    try workspace.write("# a comment changes nothing that is decided\n" + text, to: "commented.yaml")
    #expect(try await verify(workspace, policy: "commented.yaml").code == 0)
    let seeds = String(decoding: try workspace.read("seeds.jsonl"), as: UTF8.self)
    try workspace.write(seeds + #"{"prompt": "one more"}"# + "\n", to: "seeds.jsonl")
    let suite = try await verify(workspace)
    #expect(suite.code == 1 && suite.output.contains("suite.seeds (seeds.jsonl) is not what it was"))
  }

  @Test("A model or judge whose folder changed since is found, and what isn't here is not asked for")
  func changedFolders() async throws {
    let workspace = try await workspace(folders: true)
    try await sign(workspace)
    #expect(try await verify(workspace).code == 0)
    for (folder, use) in [("base", "targets.baseline"), ("judge", "judges.reward")] {
      try workspace.write("a new file", to: "\(folder)/more.txt")
      let changed = try await verify(workspace)
      #expect(
        changed.code == 1 && changed.output.contains("\(use) (\(folder)) is not what it was"),
        "\(changed.output)\(changed.errors)")
      try FileManager.default.removeItem(at: workspace.folder.appendingPathComponent("\(folder)/more.txt"))
      #expect(try await verify(workspace).code == 0)
    }
    try FileManager.default.removeItem(at: workspace.folder.appendingPathComponent("base"))
    #expect(try await verify(workspace).code == 0)
  }

  @Test("A fail is signed as what it is, and never accepted")
  func notAPass() async throws {
    let workspace = try await workspace("assistant-leaky", limit: "0.15")
    #expect(try workspace.report()["verdict"] as? String == "fail")
    try await sign(workspace)
    let outcome = try await verify(workspace, subject: "lab/assistant-leaky")
    #expect(outcome.code == 1 && outcome.output.contains("The verdict is fail, not pass."), "\(outcome.output)")
    #expect(try statement(workspace).contains(#""result":"FAILED""#))
  }

  private func statement(_ workspace: Workspace, _ file: String = "verdict.json") throws -> String {
    let envelope = try JSONSerialization.jsonObject(with: try workspace.read(file)) as? [String: Any]
    let payload = try #require((envelope?["payload"] as? String).flatMap { Data(base64Encoded: $0) })
    return String(decoding: payload, as: UTF8.self)
  }

  @Test("A pass with a waiver is attested with it, and counts as long as the waiver does")
  func waived() async throws {
    let workspace = try await workspace(
      "assistant-leaky", limit: "0.99", more: ["{metric: replay.asr, weight: clusters, at_most: 0.15}"],
      extra: "waivers: [{check: 'replay.asr[weight=clusters]', reason: known, owner: ada, until: 2999-12-31}]")
    #expect(try workspace.report()["verdict"] as? String == "pass")
    try await sign(workspace)
    let outcome = try await verify(workspace, subject: "lab/assistant-leaky")
    #expect(outcome.code == 0, "\(outcome.output)")
    #expect(outcome.output.contains("waived: replay.asr[weight=clusters] until 2999-12-31 by ada: known"))
    let statement = try statement(workspace)
    #expect(statement.contains(#""result":"WARNED""#) && statement.contains(#""owner":"ada""#))
  }

  @Test("A hundred changed bytes of an envelope: each is refused")
  func mutations() async throws {
    let workspace = try await workspace()
    try await sign(workspace)
    let bytes = [UInt8](try workspace.read("verdict.json"))
    var random = SeededGenerator(seed: 20, stream: "mutations")
    for number in 0..<100 {
      var mutated = bytes
      // All but the line break at the end, which is no part of it.
      let index = Int(random.next() % UInt64(bytes.count - 1))
      mutated[index] ^= 1 << UInt8(random.next() % 8)
      try workspace.write(mutated, to: "mutated.json")
      let outcome = try await verify(workspace, file: "mutated.json")
      #expect([1, 64].contains(outcome.code), "\(number): byte \(index): \(outcome.output)\(outcome.errors)")
    }
    let text = String(decoding: bytes, as: UTF8.self)
    try workspace.write(text.replacing(#""payloadType""#, with: #""payload":"e30=","payloadType""#), to: "twice.json")
    let twice = try await verify(workspace, file: "twice.json")
    #expect(twice.code == 64 && twice.errors.contains("twice.json:1"), "\(twice.errors)")
  }

  @Test("What an independent tool signed is accepted, see .ci/attest")
  func independent() async throws {
    let workspace = try Workspace()
    let folder = "Tests/EndToEndTests/Attestations/"
    for file in ["independent.json", "independent.pub", "independent.digest"] {
      try workspace.copy(folder + file, to: file)
    }
    let digest = String(decoding: try workspace.read("independent.digest"), as: UTF8.self).trimmingCharacters(
      in: .newlines)
    let subject = Binary.root.appendingPathComponent("fixtures/lab/assistant-1.1").path
    let outcome = try await verify(
      workspace, file: "independent.json", key: "independent.pub", subject: subject, policy: digest, maxAge: "36500d")
    #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
    let other = try await verify(
      workspace, file: "independent.json", key: "independent.pub", subject: "revision:1", policy: digest,
      maxAge: "36500d")
    #expect(other.code == 1)
  }

  @Test("Keys are private, never overwritten, and told apart: 64 and 77")
  func keys() async throws {
    let workspace = try await workspace()
    let path = workspace.folder.path + "/gate.key"
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    try await call(workspace, 64, ["attest", "keygen", "--out", "gate.key"])
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
    let sign = ["attest", "sign", "last", "--out", "v.json"] + Self.ledger
    let readable = try await call(workspace, 77, sign + ["--key", "gate.key"])
    #expect(readable.errors.contains("chmod 600"))
    try await call(workspace, 64, sign + ["--key", "gate.key.pub"])
    try await call(workspace, 64, sign + ["--key-env", "NOT_SET"])
    let text = String(decoding: try workspace.read("gate.key"), as: UTF8.self)
    let byVariable = try await Binary.run(
      sign + ["--key-env", "GATE_KEY"], in: workspace.folder, environment: ["GATE_KEY": text])
    #expect(byVariable.code == 0, "\(byVariable.errors)")
    #expect(try await verify(workspace, file: "v.json").code == 0)
    let swapped = try await verify(workspace, file: "v.json", key: "gate.key")
    #expect(swapped.code == 64 && swapped.errors.contains("It is a private key"))
    #expect(try await verify(workspace, file: "none.json").code == 64)
    let log = try await workspace.run("ledger", "log", "evidence/ledger.sqlite")
    #expect(log.output.contains("  attested  "))
  }
}
