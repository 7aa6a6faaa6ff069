import Core
import Foundation
import Testing

@testable import LanguageModels

@Suite("A hostile checkpoint folder is an error of use")
struct HostileCheckpointTests {
  private static let architectures = [
    "gpt2", "bert", "roberta", "llama", "qwen2", "gemma3", "xlm-roberta", "deberta", "modernbert",
  ]

  private func bytes(_ name: String) throws -> [UInt8] { try CheckpointFixtures.bytes(ModelGolden.path(name)) }

  /// Changes a text in one to three places.
  private func mutated(_ original: [UInt8], using random: inout SeededGenerator) -> [UInt8] {
    var bytes = original
    let pieces = ["9", "-", "0", "1e9", "99999999", ".", "\"", "{", "}", "[", "]", ",", "null", "true", "\u{0}", "e"]
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let position = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 1: bytes.remove(at: position)
      case 2:
        let digits = bytes.indices.filter { (0x30...0x39).contains(bytes[$0]) }
        if let digit = digits.randomElement(using: &random) {
          bytes[digit] = UInt8.random(in: 0x30...0x39, using: &random)
        }
      default: bytes.insert(contentsOf: Array((pieces.randomElement(using: &random) ?? "").utf8), at: position)
      }
    }
    return bytes
  }

  /// Whether `body` succeeded; errors must be of use.
  private func succeeds(_ body: () throws -> Void) throws -> Bool {
    do {
      try body()
      return true
    } catch let error as SluiceError {
      #expect(error.exitCode == .usage, "\(error)")
      return false
    }
  }

  @Test("where config.json is cut off or changed in 400 ways", arguments: architectures)
  func configuration(name: String) throws {
    let folder = try CheckpointFolder()
    try folder.write(bytes(name + "/model.safetensors"), as: "model.safetensors")
    let original = try bytes(name + "/config.json")
    let source = try CheckpointWeights.open(folder: folder.path)
    func load(_ bytes: [UInt8]) throws -> Bool {
      try folder.write(bytes, as: "config.json")
      return try succeeds {
        let configuration = try CheckpointConfiguration(folder: folder.path)
        var architecture = try Architecture(configuration)
        try architecture.untieIfNeeded(configuration, source)
        let weights = try CheckpointMapping.load(architecture, from: source)
        if !architecture.family.isEncoder, architecture.context > 8 { _ = logits([5, 6, 7], weights) }
      }
    }
    #expect(try load(original))
    for length in stride(from: 0, to: original.count - 2, by: 13) { #expect(try !load(Array(original[..<length]))) }
    var random = SeededGenerator(seed: 17, stream: name)
    var refused = 0
    for _ in 0..<400 where try !load(mutated(original, using: &random)) { refused += 1 }
    #expect(refused > 100)
  }

  @Test(
    "where sizes are enormous: refused by the first tensor's shape, before memory is taken", arguments: architectures)
  func enormous(name: String) throws {
    let folder = try CheckpointFolder()
    try folder.write(bytes(name + "/model.safetensors"), as: "model.safetensors")
    let original = try #require(
      JSONSerialization.jsonObject(with: Data(bytes(name + "/config.json"))) as? [String: Any])
    for key in original.keys where original[key] is Int {
      for value in [2_000_000, 65_536, 512, 0, -1, Int.max, Int.min] {
        var changed = original
        changed[key] = value
        try folder.write([UInt8](try JSONSerialization.data(withJSONObject: changed)), as: "config.json")
        _ = try succeeds {
          let architecture = try Architecture(CheckpointConfiguration(folder: folder.path))
          _ = try CheckpointMapping.load(architecture, from: CheckpointWeights.open(folder: folder.path))
        }
      }
    }
  }

  @Test("where a shard's index is changed in 400 ways, or shards overlap")
  func index() throws {
    let folder = try CheckpointFolder()
    let shards = (1...3).map { "model-0000\($0)-of-00003.safetensors" }
    for name in shards { try folder.write(bytes("gpt2-bare-sharded/" + name), as: name) }
    let original = try bytes("gpt2-bare-sharded/model.safetensors.index.json")
    var random = SeededGenerator(seed: 19)
    var refused = 0
    for _ in 0..<400 {
      try folder.write(mutated(original, using: &random), as: "model.safetensors.index.json")
      let isRead = try succeeds {
        let weights = try CheckpointWeights.open(folder: folder.path)
        for name in weights.names { _ = try weights.tensor(name, shape: #require(weights.shape(of: name))) }
      }
      if !isRead { refused += 1 }
    }
    #expect(refused > 200)
    // A shard in which one tensor lies on another.
    try folder.write(original, as: "model.safetensors.index.json")
    #expect(try succeeds { _ = try CheckpointWeights.open(folder: folder.path) })
    _ = try folder.safetensors(
      header:
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
      dataBytes: 12, as: shards[1])
    #expect(try !succeeds { _ = try CheckpointWeights.open(folder: folder.path) })
  }

  @Test("where an adapter's configuration or weights are changed in 400 ways each", arguments: ["gpt2", "gemma3"])
  func adapter(base: String) throws {
    let folder = try CheckpointFolder()
    let layout = try ModelGolden(base).weights.layout
    let names = ["adapter_config.json", "adapter_model.safetensors"]
    let originals = try names.map { try bytes("\(base)-adapter/\($0)") }
    var random = SeededGenerator(seed: 23, stream: base)
    for (changed, name) in names.enumerated() {
      var refused = 0
      for (name, bytes) in zip(names, originals) { try folder.write(bytes, as: name) }
      #expect(try succeeds { _ = try LoRAAdapter.load(folder: folder.path, layout: layout) })
      for length in stride(from: 0, to: originals[changed].count - 2, by: 101) {
        try folder.write(Array(originals[changed][..<length]), as: name)
        #expect(try !succeeds { _ = try LoRAAdapter.load(folder: folder.path, layout: layout) })
      }
      for _ in 0..<400 {
        try folder.write(mutated(originals[changed], using: &random), as: name)
        if try !succeeds({ _ = try LoRAAdapter.load(folder: folder.path, layout: layout) }) { refused += 1 }
      }
      #expect(refused > 80, "\(name): \(refused)")
    }
  }

  @Test("where an adapter's base is missing, or is an adapter, or a rank is enormous")
  func adapterBase() throws {
    let folder = try CheckpointFolder()
    try folder.write(bytes("gpt2-adapter/adapter_model.safetensors"), as: "adapter_model.safetensors")
    for (base, words) in [
      ("/no/such/place", "isn't here"), (folder.path, "is an adapter itself"), ("", "isn't here"),
    ] {
      try folder.write(
        #"{"peft_type":"LORA","r":3,"lora_alpha":6,"base_model_name_or_path":"\#(base)"}"#, as: "adapter_config.json")
      let error = #expect(throws: SluiceError.self) {
        try CausalLanguageModel.load(folder: folder.path)
      }
      #expect(error?.exitCode == .usage && error?.message.contains(words) == true, "\(error?.message ?? "none")")
    }
    let layout = try ModelGolden("gpt2").weights.layout
    for rank in [4096, 4097, -1, Int.max] {
      try folder.write(#"{"peft_type":"LORA","r":\#(rank),"lora_alpha":6}"#, as: "adapter_config.json")
      #expect(try !succeeds { _ = try LoRAAdapter.load(folder: folder.path, layout: layout) })
    }
  }

  @Test("where weights are integers or no numbers", arguments: [("I32", "is I32"), ("F64", "is F64"), ("F32", "nan")])
  func types(dtype: String, words: String) throws {
    let folder = try CheckpointFolder()
    let golden = try ModelGolden("gpt2")
    let values = dtype == "F32" ? Float.nan : 0
    var header = "{"
    var offset = 0
    for (index, slot) in golden.weights.layout.slots.enumerated() {
      let size = slot.count * (dtype == "F64" ? 8 : 4)
      header += index > 0 ? "," : ""
      header +=
        #""\#(slot.name)":{"dtype":"\#(dtype)","shape":\#(slot.shape),"data_offsets":[\#(offset),\#(offset + size)]}"#
      offset += size
    }
    header += "}"
    let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
    let pattern = withUnsafeBytes(of: values.bitPattern.littleEndian) { Array($0) }
    let data = (0..<offset).map { pattern[$0 % 4] }
    try folder.write(length + Array(header.utf8) + data, as: "model.safetensors")
    let error = #expect(throws: SluiceError.self) {
      try CheckpointMapping.load(golden.weights.architecture, from: CheckpointWeights.open(folder: folder.path))
    }
    #expect(error?.exitCode == .usage && error?.message.contains(words) == true, "\(error?.message ?? "none")")
  }
}
