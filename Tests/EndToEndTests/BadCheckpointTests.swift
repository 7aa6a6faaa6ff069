import Foundation
import Testing

@Suite("Checkpoints that can't be used")
struct BadCheckpointTests {
  /// Damages one file of a copy of the lab's candidate and runs it.
  private func run(damaging file: String, _ damage: (inout [UInt8]) throws -> Void) async throws -> Binary.Outcome {
    var policy = TinyPolicy()
    policy.candidate = "{kind: local, checkpoint: broken}"
    let workspace = try Workspace.tiny(policy)
    try workspace.copy("fixtures/lab/assistant-1.1", to: "broken")
    var bytes = [UInt8](try workspace.read("broken/\(file)"))
    try damage(&bytes)
    try workspace.write(bytes, to: "broken/\(file)")
    return try await workspace.run("run", "policy.yaml", atMost: 30)
  }

  private func expectUsage(_ outcome: Binary.Outcome, naming words: String...) {
    #expect(outcome.code == 64 && !outcome.wasKilled, "\(outcome.errors)")
    #expect(outcome.errors.hasPrefix("sluice: error: "), "\(outcome.errors)")
    for word in words { #expect(outcome.errors.contains(word), "\(outcome.errors)") }
  }

  @Test("Truncated weights", arguments: [0, 4, 100, 1_000, 500_000])
  func truncated(to count: Int) async throws {
    expectUsage(
      try await run(damaging: "model.safetensors") { $0 = Array($0.prefix(count)) }, naming: "model.safetensors")
  }

  @Test("A header that claims to be larger than the file", arguments: [UInt64(1) << 40, .max, 200_000_000])
  func oversizedHeader(_ size: UInt64) async throws {
    expectUsage(
      try await run(damaging: "model.safetensors") { bytes in
        withUnsafeBytes(of: size.littleEndian) { bytes.replaceSubrange(0..<8, with: $0) }
      }, naming: "model.safetensors")
  }

  @Test("A tensor of the wrong shape")
  func wrongShape() async throws {
    expectUsage(
      try await run(damaging: "config.json") { bytes in
        var config = try #require(
          JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any], "the lab's config is JSON")
        let key = try #require(["n_embd", "hidden_size"].first { config[$0] != nil })
        config[key] = (config[key] as? Int ?? 0) * 2
        bytes = [UInt8](try JSONSerialization.data(withJSONObject: config))
      }, naming: "broken")
  }

  @Test("A header that isn't JSON")
  func headerNoJSON() async throws {
    expectUsage(
      try await run(damaging: "model.safetensors") { bytes in
        for index in 8..<64 { bytes[index] = UInt8(ascii: "x") }
      }, naming: "model.safetensors")
  }

  @Test("A malformed tokenizer", arguments: ["", "{", "[]", "{\"model\":{\"type\":\"BPE\"}}", "\u{FEFF}nonsense"])
  func tokenizer(_ text: String) async throws {
    expectUsage(try await run(damaging: "tokenizer.json") { $0 = Array(text.utf8) }, naming: "tokenizer.json")
  }

  @Test("A judge or an embedder that isn't one")
  func wrongKind() async throws {
    let workspace = try Workspace.tiny()
    let judge = try await workspace.run("run", "policy.yaml", "--set", "judges.reward.checkpoint=lab/assistant-1.1")
    expectUsage(judge, naming: "assistant-1.1")
    try workspace.write("version: 1\nunsafe: []\n", to: "rules.yaml")
    let rules = try await workspace.run("run", "policy.yaml", "--set", "judges.confirm.file=rules.yaml")
    expectUsage(rules, naming: "rules.yaml:")
  }
}
