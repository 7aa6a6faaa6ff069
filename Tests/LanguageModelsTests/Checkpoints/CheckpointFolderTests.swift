import Core
import Foundation
import Testing

@testable import LanguageModels

@Suite("A checkpoint folder's weights")
struct CheckpointWeightsTests {
  @Test("come from one file, with the shape that is asked for")
  func oneFile() throws {
    let folder = try CheckpointFolder()
    try SafetensorsWriter.write(
      tensors: [("b", [2], [3, 4]), ("a", [2, 1], [1, 2])], dtype: .f32, to: folder.path + "/model.safetensors")
    let weights = try CheckpointWeights.open(folder: folder.path)
    #expect(weights.names == ["a", "b"])
    #expect(weights.shape(of: "a") == [2, 1])
    #expect(try weights.tensor("a", shape: [2, 1]) == [1, 2])
    let shape = #expect(throws: SluiceError.self) { try weights.tensor("a", shape: [2]) }
    #expect(shape?.message == "tensor 'a' has shape [2, 1]; the configuration makes it [2]")
    let absent = #expect(throws: SluiceError.self) { try weights.tensor("c", shape: [2]) }
    #expect(absent?.message == "the checkpoint has no tensor 'c'")
    #expect(absent?.exitCode == .usage)
  }

  @Test("come from the shards that the index names")
  func shards() throws {
    let folder = try CheckpointFolder()
    try SafetensorsWriter.write(tensors: [("a", [1], [1])], dtype: .f16, to: folder.path + "/one.safetensors")
    try SafetensorsWriter.write(tensors: [("b", [1], [2])], dtype: .bf16, to: folder.path + "/two.safetensors")
    try folder.write(
      #"{"metadata":{"total_size":4},"weight_map":{"a":"one.safetensors","b":"two.safetensors"}}"#,
      as: "model.safetensors.index.json")
    let weights = try CheckpointWeights.open(folder: folder.path)
    #expect(weights.names == ["a", "b"])
    #expect(try weights.tensor("a", shape: [1]) + weights.tensor("b", shape: [1]) == [1, 2])
  }

  @Test(
    "are refused where the index doesn't fit the shards or leads out of the folder",
    arguments: [
      (#"{"weight_map":{"a":"../model.safetensors"}}"#, "isn't the name of a safetensors file in this folder"),
      (#"{"weight_map":{"a":"/etc/passwd"}}"#, "isn't the name of a safetensors file in this folder"),
      (#"{"weight_map":{"a":"absent.safetensors"}}"#, "the file isn't there"),
      (#"{"weight_map":{"z":"one.safetensors"}}"#, "tensor 'z' isn't in one.safetensors"),
      (#"{"weight_map":{"a":1}}"#, "weight_map.a must be a string, not a number"),
      (#"{"weight_map":[]}"#, "weight_map must be an object, not an array"),
      (#"{}"#, "the key weight_map is missing"), (#"{"weight_map":"#, "the JSON ends too early"),
      ("7", "found a number"),
    ])
  func badIndex(index: String, message: String) throws {
    let folder = try CheckpointFolder()
    try SafetensorsWriter.write(tensors: [("a", [1], [1])], dtype: .f16, to: folder.path + "/one.safetensors")
    try folder.write(index, as: "model.safetensors.index.json")
    let error = #expect(throws: SluiceError.self) { try CheckpointWeights.open(folder: folder.path) }
    #expect(error?.exitCode == .usage)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "none")")
  }

  @Test("are refused where they aren't finite", arguments: [UInt16(0x7c00), 0xfc00, 0x7e01])
  func notFinite(bits: UInt16) throws {
    let folder = try CheckpointFolder()
    let header = #"{"w":{"dtype":"F16","shape":[3],"data_offsets":[0,6]}}"#
    let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
    let data = [0x3c00, bits, 0x3c00].flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    try folder.write(length + Array(header.utf8) + data, as: "model.safetensors")
    let weights = try CheckpointWeights.open(folder: folder.path)
    let error = #expect(throws: SluiceError.self) { try weights.tensor("w", shape: [3]) }
    #expect(error?.message.hasSuffix("at element 1") == true)
    #expect(error?.exitCode == .usage)
  }

  @Test("that are pickled are refused with the way to convert them")
  func pickled() throws {
    let folder = try CheckpointFolder()
    try folder.write("not looked at", as: "pytorch_model.bin")
    let error = #expect(throws: SluiceError.self) { try CheckpointWeights.open(folder: folder.path) }
    #expect(error?.remedy?.contains("safe_serialization") == true)
  }
}

@Suite("A checkpoint's config.json")
struct CheckpointConfigurationTests {
  func configuration(_ text: String) throws -> CheckpointConfiguration {
    let folder = try CheckpointFolder()
    return try CheckpointConfiguration(path: try folder.write(text, as: "config.json"))
  }

  @Test("gives typed values, and null counts as absent")
  func values() throws {
    let read = try configuration(
      #"{"n_embd":128,"eps":1e-5,"rate":1,"name":"gpt2","tied":true,"none":null,"archs":["A"],"inner":{"n":2},"#
        + #""id2label":{"1":"unsafe","0":"safe"}}"#)
    #expect(try read.int("n_embd", in: 1...4096) == 128)
    #expect(try read.int("none", default: 7) == 7)
    #expect(try read.optionalInt("absent") == nil)
    #expect(try read.double("eps", in: 0...1) == 1e-5)
    #expect(try read.double("rate") == 1)
    #expect(try read.string("name") == "gpt2")
    #expect(try read.bool("tied", default: false))
    #expect(try read.stringList("archs") == ["A"])
    #expect(try read.object("inner")?.int("n") == 2)
    #expect(try read.labels() == ["safe", "unsafe"])
    #expect(!read.has("none"))
  }

  @Test(
    "names the key in every error",
    arguments: [
      ("absent", "the key absent is missing"), ("text", "text must be an integer, not a string"),
      ("fraction", "fraction must be an integer, not a number"), ("huge", "huge is 4097; it must be from 1 to 4096"),
      ("negative", "negative is -1; it must be from 1 to 4096"),
      ("enormous", "enormous must be an integer, not a number"),
    ])
  func errors(key: String, message: String) throws {
    let read = try configuration(
      #"{"text":"128","fraction":1.5,"huge":4097,"negative":-1,"enormous":123456789012345678901234567890}"#)
    let error = #expect(throws: SluiceError.self) { try read.int(key, in: 1...4096) }
    #expect(error?.message == message)
    #expect(error?.exitCode == .usage)
  }

  @Test("names the way to a key inside an object")
  func nested() throws {
    let inner = try #require(try configuration(#"{"text_config":{"n":"x"}}"#).object("text_config"))
    let error = #expect(throws: SluiceError.self) { try inner.int("n") }
    #expect(error?.message == "text_config.n must be an integer, not a string")
  }

  @Test("points at the line and column of bad JSON")
  func syntax() throws {
    let error = #expect(throws: SluiceError.self) { try configuration("{\n  \"a\": 1,\n  \"b\": x\n}") }
    #expect(error?.location?.line == 3)
    #expect(error?.location?.column == 8)
  }

  @Test(
    "labels must be numbered without gaps", arguments: [#"{"0":"a","2":"b"}"#, #"{"x":"a"}"#, #"{"0":"a","00":"b"}"#])
  func labels(map: String) throws {
    let read = try configuration(#"{"id2label":\#(map)}"#)
    #expect(throws: SluiceError.self) { try read.labels() }
  }

  @Test("a missing folder is an error of use with a remedy")
  func missing() {
    let error = #expect(throws: SluiceError.self) { try CheckpointConfiguration(folder: "/no/such/folder") }
    #expect(error?.exitCode == .usage)
    #expect(error?.remedy != nil)
  }
}
