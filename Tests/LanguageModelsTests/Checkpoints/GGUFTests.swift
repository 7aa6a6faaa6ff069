import Core
import Testing

@testable import LanguageModels

/// A GGUF header, written by hand so that each part can be wrong.
private struct GGUFBytes {
  var bytes = Array("GGUF".utf8)

  init(version: UInt32 = 3, tensors: UInt64 = 0, entries: UInt64 = 0) {
    append(version)
    append(tensors)
    append(entries)
  }

  mutating func append(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }

  mutating func append(_ text: String) {
    append(UInt64(text.utf8.count))
    bytes += Array(text.utf8)
  }

  /// - Parameter type: 0 is F32, 12 is Q4_K.
  mutating func tensor(_ name: String, shape: [UInt64], type: UInt32 = 0, offset: UInt64 = 0) {
    append(name)
    append(UInt32(shape.count))
    for size in shape { append(size) }
    append(type)
    append(offset)
  }

  /// Zeros up to the alignment, then so many.
  func padded(data: Int) -> [UInt8] {
    bytes + [UInt8](repeating: 0, count: (32 - bytes.count % 32) % 32 + data)
  }
}

@Suite("GGUF files")
struct GGUFTests {
  static let models = ["qwen2", "qwen3", "phi3-longrope", "smollm3", "gemma2", "gemma3"]

  private func path(_ name: String) -> String { ModelGolden.path(name + ".gguf") }

  @Test("hold the weights of the Hugging Face folder that they were made from", arguments: models)
  func weights(name: String) throws {
    let model = try CausalLanguageModel.load(folder: path(name))
    #expect(model.weights.values == (try ModelGolden(name).weights.values))
    #expect(model.endTokens == [name == "gemma3" ? 1 : 2])
    #expect(model.tokenizer.decode(model.tokenizer.encode("the cat sat")) == "the cat sat")
    let description = try CheckpointDescription.load(path(name))
    #expect(description.parameters == model.weights.layout.count && description.format == "gguf")
  }

  @Test("compute what the Hugging Face folder does", arguments: models)
  func logits(name: String) throws {
    let golden = try ModelGolden(name)
    let weights = try CausalLanguageModel.load(folder: path(name)).weights
    var architecture = weights.architecture
    // No key of the format states it: it follows from the sizes, which these folders don't keep to.
    if name.hasPrefix("gemma") {
      #expect(architecture.attentionScale == 1 / Float(architecture.headSize).squareRoot())
      architecture.attentionScale = golden.architecture.attentionScale
    }
    let same = Weights(layout: ParameterLayout(architecture), values: weights.values)
    for (index, tokens) in golden.sequences.enumerated() {
      let ours = LanguageModelsTests.logits(tokens, same)
      for (a, b) in zip(ours, try golden.tensor("logits.\(index)")) { #expect(abs(a - b) < 1e-3) }
    }
  }

  @Test("of other architectures are refused by name")
  func otherArchitecture() throws {
    var bytes = try CheckpointFixtures.bytes(path("qwen3"))
    let name = try #require(bytes.firstRange(of: Array("general.architecture".utf8))).upperBound + 12
    bytes[name + 4] = UInt8(ascii: "9")
    let folder = try CheckpointFolder()
    let file = try folder.write(bytes, as: "model.gguf")
    let error = #expect(throws: SluiceError.self) { try CausalLanguageModel.load(folder: file) }
    #expect(error?.message == "the architecture 'qwen9' is not supported")
    #expect(error?.remedy?.contains("gemma2, gemma3, llama, phi3, qwen2, qwen3, smollm3") == true)
  }

  private func message(_ bytes: [UInt8]) throws -> String? {
    let folder = try CheckpointFolder()
    let file = try folder.write(bytes, as: "model.gguf")
    do {
      _ = try GGUFFile(path: file)
      return nil
    } catch let error as SluiceError {
      #expect(error.exitCode == .usage && error.location?.file == file && error.remedy != nil)
      return error.message
    }
  }

  private func expect(_ bytes: [UInt8], _ words: String) throws {
    let text = try message(bytes)
    #expect(text?.contains(words) == true, "\(text ?? "it was read"), not \(words)")
  }

  @Test("are refused where the header claims what the file hasn't got")
  func counts() throws {
    try expect(Array("GGML".utf8) + GGUFBytes().bytes.dropFirst(4), "doesn't start with GGUF")
    try expect(GGUFBytes(version: 1).bytes, "version 1 is not 2 or 3")
    try expect(GGUFBytes(tensors: .max).bytes, "tensors")
    try expect(GGUFBytes(tensors: 99_999).bytes, "99999 tensors")
    try expect(GGUFBytes(entries: 1 << 62).bytes, "metadata entries")
    try expect(Array(GGUFBytes().bytes.prefix(10)), "cut off")
    for length in [UInt64.max, 1 << 40, 1 << 20] {
      var long = GGUFBytes(entries: 1)
      long.append(length)
      try expect(long.padded(data: 64), "bytes of text")
      for (type, what) in [(8, "strings"), (6, "numbers"), (4, "integers"), (12, "elements")] as [(UInt32, String)] {
        var array = GGUFBytes(entries: 1)
        array.append("a")
        array.append(UInt32(9))
        array.append(type)
        array.append(length)
        try expect(array.padded(data: 64), what)
      }
    }
    var nested = GGUFBytes(entries: 1)
    nested.append("a")
    for _ in 0..<10_000 { nested.append(UInt32(9)) }
    try expect(nested.padded(data: 64), "an array of the type 9")
    var kind = GGUFBytes(entries: 1)
    kind.append("a")
    kind.append(UInt32(99))
    try expect(kind.padded(data: 64), "unknown type 99")
    var twice = GGUFBytes(entries: 2)
    for _ in 0..<2 {
      twice.append("a")
      twice.append(UInt32(4))
      twice.append(UInt32(7))
    }
    try expect(twice.padded(data: 64), "'a' is there twice")
  }

  @Test("are refused where tensors don't lie in the file, each in a place of its own")
  func tensors() throws {
    func file(_ tensors: [(name: String, shape: [UInt64], type: UInt32, offset: UInt64)], data: Int) -> [UInt8] {
      var bytes = GGUFBytes(tensors: UInt64(tensors.count))
      for tensor in tensors {
        bytes.tensor(tensor.name, shape: tensor.shape, type: tensor.type, offset: tensor.offset)
      }
      return bytes.padded(data: data)
    }
    #expect(try message(file([("a", [8], 0, 0), ("b", [8], 0, 32)], data: 64)) == nil)
    try expect(file([("a", [8], 0, 0), ("b", [8], 0, 0)], data: 64), "overlaps another")
    try expect(file([("a", [16], 0, 0), ("b", [8], 0, 32)], data: 64), "overlaps another")
    try expect(file([("a", [8], 0, 0), ("a", [8], 0, 32)], data: 64), "is there twice")
    try expect(file([("a", [8], 0, 8)], data: 64), "isn't aligned")
    try expect(file([("a", [17], 0, 0)], data: 64), "cut off")
    try expect(file([("a", [8], 0, 1 << 62)], data: 64), "cut off")
    try expect(file([("a", [8], 0, UInt64.max - 31)], data: 64), "isn't aligned")
    try expect(file([("a", [0], 0, 0)], data: 64), "impossible shape")
    try expect(file([("a", [1 << 32, 1 << 32], 0, 0)], data: 64), "impossible shape")
    try expect(file([("a", [.max, .max, .max, .max], 0, 0)], data: 64), "impossible shape")
    try expect(file([("a", [1, 1, 1, 1, 1], 0, 0)], data: 64), "5 dimensions")
    try expect(file([("a", [100], 12, 0)], data: 64), "no whole blocks of Q4_K")
  }

  @Test("of a type that isn't read, or with a NaN, are refused by the tensor's name")
  func types() throws {
    var unknown = GGUFBytes(tensors: 1)
    unknown.tensor("odd", shape: [8], type: 77)
    let folder = try CheckpointFolder()
    let odd = try GGUFFile(path: folder.write(unknown.padded(data: 32), as: "model.gguf"))
    var values = [Float](repeating: 0, count: 8)
    let type = #expect(throws: SluiceError.self) {
      try values.withUnsafeMutableBufferPointer { try odd.read("odd", into: $0) }
    }
    #expect(type?.message.contains("'odd' is of type 77") == true && type?.remedy != nil)

    var bytes = try CheckpointFixtures.bytes(path("qwen2"))
    // The last tensor's last value is before at most 31 bytes of padding.
    let nan: [UInt8] = [0x00, 0x00, 0xc0, 0x7f]
    for start in stride(from: bytes.count - 64, to: bytes.count, by: 4) {
      bytes.replaceSubrange(start..<start + 4, with: nan)
    }
    let broken = try folder.write(bytes, as: "nan.gguf")
    let error = #expect(throws: SluiceError.self) { try CausalLanguageModel.load(folder: broken) }
    #expect(
      error?.exitCode == .usage && error?.message.contains("nan at element") == true, "\(error?.message ?? "none")")
  }

  @Test("with another vocabulary than their tokenizer's are refused")
  func vocabulary() throws {
    var bytes = try CheckpointFixtures.bytes(path("qwen2"))
    // The embedding gets a row less: behind its name are the number of dimensions and the inner one.
    let key = Array("token_embd.weight".utf8)
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: key) }) + key.count + 12
    #expect(bytes[place] == 61)
    bytes[place] = 60
    let folder = try CheckpointFolder()
    let file = try folder.write(bytes, as: "model.gguf")
    let error = #expect(throws: SluiceError.self) { try CausalLanguageModel.load(folder: file) }
    #expect(error?.exitCode == .usage)
    #expect(error?.message == "the tokenizer has 61 tokens, the model only 60")
  }

  @Test("cut off anywhere, or with any of 1,500 random changes, are read or refused", arguments: models)
  func mutations(name: String) throws {
    let original = try CheckpointFixtures.bytes(path(name))
    let folder = try CheckpointFolder()
    var random = SeededGenerator(seed: 31, stream: name)
    var refused = 0
    func load(_ bytes: [UInt8]) throws {
      let file = try folder.write(bytes, as: "model.gguf")
      do {
        let description = try CheckpointDescription.load(file)
        let model = try CausalLanguageModel.load(folder: file)
        #expect(description.parameters == model.weights.layout.count)
        if description.context > 16 { _ = try model.score("the cat") }
      } catch let error as SluiceError {
        #expect(error.exitCode == .usage)
        refused += 1
      }
    }
    let cuts = stride(from: 0, to: original.count, by: 61)
    // Padding at the very end may be missing.
    for length in cuts where length < original.count - 32 { try load(Array(original[..<length])) }
    #expect(refused >= original.count / 61 - 1)
    refused = 0
    for _ in 0..<1500 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        // The header takes the first few thousand bytes.
        let position = Int.random(
          in: 0..<(Int.random(in: 0..<4, using: &random) > 0 ? 4_000 : bytes.count), using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0, 1: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: bytes[position] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
        case 3: bytes.remove(at: position)
        default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: position)
        }
      }
      try load(bytes)
    }
    #expect(refused > 700)
  }
}
