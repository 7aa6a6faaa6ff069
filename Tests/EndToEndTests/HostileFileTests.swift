import Foundation
import Testing

/// The binary looks at hostile checkpoints with little memory to take: what a file claims is checked before it is believed.
@Suite("Hostile files, in 400 MB of address space")
struct HostileFileTests {
  private func inspect(_ workspace: Workspace, _ checkpoint: String) async throws -> Binary.Outcome {
    try await Binary.startConfined(["model", "inspect", checkpoint], in: workspace.folder).outcome(atMost: 30)
  }

  private func workspace() throws -> Workspace {
    let workspace = try Workspace()
    try workspace.copy("fixtures/lab/attacker", to: "model")
    return workspace
  }

  private func expectUsage(_ outcome: Binary.Outcome, _ words: String) {
    #expect(outcome.code == 64 && !outcome.wasKilled, "\(words): \(outcome.code) \(outcome.errors)")
    #expect(outcome.errors.hasPrefix("sluice: error: "), "\(outcome.errors)")
    #expect(outcome.errors.contains(words), "\(outcome.errors)")
  }

  @Test("A sound checkpoint passes within the limit")
  func control() async throws {
    let outcome = try await inspect(workspace(), "model")
    #expect(outcome.code == 0, "\(outcome.errors)")
  }

  @Test("A safetensors header of 20 MB, or one that claims a tensor of a petabyte")
  func headers() async throws {
    let workspace = try workspace()
    for (header, words) in [
      (String(repeating: "[", count: 20_000_000), "nested deeper"),
      (#"{"a":{"dtype":"F32","shape":[281474976710656],"data_offsets":[0,1125899906842624]}}"#, "cut off"),
      ("{" + (0..<100_000).map { "\"\($0)\":{}" }.joined(separator: ","), "model.safetensors"),
    ] {
      let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
      try workspace.write(length + Array(header.utf8), to: "model/model.safetensors")
      expectUsage(try await inspect(workspace, "model"), words)
    }
  }

  @Test("A configuration of a model that nobody could hold")
  func configuration() async throws {
    let workspace = try workspace()
    let text = String(decoding: try workspace.read("model/config.json"), as: UTF8.self)
    for (from, to) in [
      ("\"n_embd\" : 128", "\"n_embd\" : 65536"), ("\"n_layer\" : 4", "\"n_layer\" : 512"),
      ("\"n_layer\" : 4", "\"n_layer\" : 1000000000"), ("\"vocab_size\" : 1024", "\"vocab_size\" : 2000000"),
      ("\"n_inner\" : 512", "\"n_inner\" : 2000000"), ("\"n_positions\" : 64", "\"n_positions\" : 2000000"),
    ] {
      let changed = text.replacingOccurrences(of: from, with: to)
      #expect(changed != text)
      try workspace.write(changed, to: "model/config.json")
      expectUsage(try await inspect(workspace, "model"), "model")
    }
  }

  @Test("A tokenizer with ids beyond any vocabulary, or of more tokens than the model has")
  func tokenizer() async throws {
    let workspace = try workspace()
    let text = String(decoding: try workspace.read("model/tokenizer.json"), as: UTF8.self)
    for (id, words) in [("2000000000", "tokenizer.json"), ("1900", "tokens, the model only")] {
      let changed = text.replacingOccurrences(of: "\"vocab\":{", with: "\"vocab\":{\"zzzzzz\":\(id),")
      #expect(changed != text)
      try workspace.write(changed, to: "model/tokenizer.json")
      expectUsage(try await inspect(workspace, "model"), words)
    }
  }

  @Test("A GGUF file that claims counts, texts and tensors which it hasn't got")
  func gguf() async throws {
    let workspace = try workspace()
    func number(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
    let head = Array("GGUF".utf8) + [3, 0, 0, 0]
    let zeros = [UInt8](repeating: 0, count: 4_000)
    for bytes in [
      head + number(1 << 40) + number(0) + zeros, head + number(0) + number(99_999) + zeros,
      head + number(0) + number(1) + number(1 << 40) + zeros,
      // One entry 'a' that is an array of 2^33 strings, of 2^33 floats.
      head + number(0) + number(1) + number(1) + [0x61, 9, 0, 0, 0, 8, 0, 0, 0] + number(1 << 33) + zeros,
      head + number(0) + number(1) + number(1) + [0x61, 9, 0, 0, 0, 6, 0, 0, 0] + number(1 << 33) + zeros,
      // A tensor 'a' of 2^39 floats.
      head + number(1) + number(0) + number(1) + [0x61, 1, 0, 0, 0] + number(1 << 39) + [0, 0, 0, 0] + number(0)
        + zeros,
    ] {
      try workspace.write(bytes, to: "model.gguf")
      expectUsage(try await inspect(workspace, "model.gguf"), "model.gguf")
    }
  }

  @Test("An adapter of a rank that its factors don't have")
  func adapter() async throws {
    let workspace = try workspace()
    let made = try await workspace.run(
      "attacker", "prepare", "model", "--prompts", Binary.root.appendingPathComponent("fixtures/lab/seeds.jsonl").path,
      "--into", "adapter", "--lora", "--epochs", "1", "--quiet")
    #expect(made.code == 0, "\(made.errors)")
    let sound = try await inspect(workspace, "adapter")
    #expect(sound.code == 0, "\(sound.errors)")
    let text = String(decoding: try workspace.read("adapter/adapter_config.json"), as: UTF8.self)
    for (to, words) in [("4096", "shape"), ("1000000", "r is 1000000")] {
      let changed = text.replacingOccurrences(of: "\"r\" : 16", with: "\"r\" : \(to)")
      #expect(changed != text)
      try workspace.write(changed, to: "adapter/adapter_config.json")
      expectUsage(try await inspect(workspace, "adapter"), words)
    }
  }

  @Test("Files that aren't there, are folders, or never end")
  func places() async throws {
    let workspace = try workspace()
    for path in ["nowhere", "nowhere.gguf", "/dev/zero", "model/config.json", "."] {
      let outcome = try await inspect(workspace, path)
      #expect(outcome.code == 64 && !outcome.wasKilled, "\(path): \(outcome.errors)")
    }
  }

  @Test("Sixty damaged copies of a checkpoint's files are described or refused, by the binary too")
  func damaged() async throws {
    let workspace = try workspace()
    let files = ["model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json"]
    // A linear congruential sequence (Knuth's MMIX constants): the same damage at every run.
    var state: UInt64 = 12
    func draw(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    var refused = 0
    for round in 0..<60 {
      let file = "model/" + files[round % files.count]
      let original = [UInt8](try workspace.read(file))
      var bytes = original
      for _ in 0..<3 { bytes[draw(min(bytes.count, 4_000))] ^= 1 << UInt8(draw(8)) }
      if draw(4) == 0 { bytes = Array(bytes.prefix(draw(bytes.count))) }
      try workspace.write(bytes, to: file)
      let outcome = try await inspect(workspace, "model")
      #expect([0, 64].contains(outcome.code) && !outcome.wasKilled, "round \(round): \(outcome.errors)")
      if outcome.code == 64 { refused += 1 }
      try workspace.write(original, to: file)
    }
    #expect(refused > 20)
  }
}
