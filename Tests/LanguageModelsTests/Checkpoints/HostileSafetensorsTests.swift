import Core
import Testing

@testable import LanguageModels

@Suite("A hostile safetensors file is an error of use that says what is wrong")
struct HostileSafetensorsTests {
  /// Header, bytes of data, and what the message must say.
  static let headers: [(String, Int, String)] = [
    ("", 0, "the JSON ends too early"),
    ("[]", 0, "an array, not an object"),
    ("{", 0, "isn't JSON"),
    ("{} x", 0, "text after the end"),
    (String(repeating: "[", count: 100_000), 0, "nested deeper"),
    (#"{"a":"# + String(repeating: "[", count: 50_000), 0, "nested deeper"),
    ("{\"\u{0}\":1}", 0, "control character"),
    (#"{"a":1}"#, 0, "tensor 'a' is described by a number"),
    (#"{"a":{}}"#, 0, "has no dtype"),
    (#"{"a":{"dtype":"F32"}}"#, 0, "has no shape"),
    (#"{"a":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}"#, 4, "unknown dtype 'F99'"),
    (#"{"a":{"dtype":32,"shape":[1],"data_offsets":[0,4]}}"#, 4, "has no dtype"),
    (#"{"a":{"dtype":"F32","shape":[1]}}"#, 4, "no data_offsets"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#, 4, "no data_offsets"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"extra":1}}"#, 4, "unknown key 'extra'"),
    (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4, "a dimension that is no size"),
    (#"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#, 4, "a dimension that is no size"),
    (#"{"a":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}"#, 4, "a dimension that is no size"),
    (#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#, 4, "too large for any file"),
    (#"{"a":{"dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}"#, 0, "too large for any file"),
    (#"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}"#, 4, "a dimension that is no size"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4, "run backwards"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#, 4, "run backwards"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4, "the file is cut off"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[9223372036854775803,9223372036854775807]}}"#, 4, "cut off"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4, "needs 8 bytes and has 4"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8, "4 bytes before tensor 'a' belong to none"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 8, "4 bytes at the end belong to no tensor"),
    (#"{}"#, 3, "3 bytes at the end"),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      8, "tensor 'b' overlaps another"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
      4, "the key 'a' is there twice"
    ),
    (
      #"{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4, "the key 'dtype' is there twice"
    ),
    (#"{"__metadata__":[]}"#, 0, "__metadata__ isn't an object"),
    (#"{"__metadata__":{"a":1}}"#, 0, "__metadata__ 'a' isn't a string"),
  ]

  @Test("in its header", arguments: headers)
  func header(header: String, dataBytes: Int, message: String) throws {
    let folder = try CheckpointFolder()
    let path = try folder.safetensors(header: header, dataBytes: dataBytes)
    let error = #expect(throws: SluiceError.self) { try SafetensorsFile(path: path) }
    #expect(error?.exitCode == .usage)
    #expect(error?.location?.file == path)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "none")")
    #expect(error?.remedy != nil)
  }

  @Test(
    "in its length field",
    arguments: [
      ([], "0 bytes are too few"), ([1, 0, 0, 0, 0, 0, 0], "7 bytes are too few"),
      ([2, 0, 0, 0, 0, 0, 0, 0, 0x7b], "the file has 9: it is cut off"),
      ([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7b, 0x7d], "at most 100000000 are accepted"),
      ([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x7b, 0x7d], "at most 100000000 are accepted"),
      ([0, 0xe1, 0xf5, 0x05, 0, 0, 0, 0, 0x7b, 0x7d], "it is cut off"),
    ] as [([UInt8], String)])
  func lengthField(bytes: [UInt8], message: String) throws {
    let folder = try CheckpointFolder()
    let path = try folder.write(bytes, as: "model.safetensors")
    let error = #expect(throws: SluiceError.self) { try SafetensorsFile(path: path) }
    #expect(error?.exitCode == .usage)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "none")")
  }

  @Test("where there is no file, or a folder")
  func noFile() throws {
    let folder = try CheckpointFolder()
    for path in [folder.path + "/absent", folder.path] {
      let error = #expect(throws: SluiceError.self) { try SafetensorsFile(path: path) }
      #expect(error?.exitCode == .usage)
    }
  }

  @Test("names from the file can't bring control characters into a message")
  func controlCharacters() throws {
    let folder = try CheckpointFolder()
    let path = try folder.safetensors(header: #"{"\u001b[2J":1}"#, dataBytes: 0)
    let error = #expect(throws: SluiceError.self) { try SafetensorsFile(path: path) }
    #expect(error?.message == "tensor '?[2J' is described by a number, not an object")
  }

  @Test("every truncation and 1,500 random mutations either read completely or are refused")
  func mutations() throws {
    let folder = try CheckpointFolder()
    let original = try CheckpointFixtures.bytes(CheckpointFixtures.path("f16.safetensors"))
    var random = SeededGenerator(seed: 11)
    var refused = 0
    func tryReading(_ bytes: [UInt8]) throws {
      let path = try folder.write(bytes, as: "model.safetensors")
      do {
        let file = try SafetensorsFile(path: path)
        for name in file.tensors.keys { _ = try file.floats(name) }
      } catch let error as SluiceError {
        #expect(error.exitCode == .usage)
        refused += 1
      }
    }
    for length in original.indices { try tryReading(Array(original[..<length])) }
    #expect(refused == original.count)
    let headerEnd = 8 + Int(original[0]) + Int(original[1]) << 8
    for _ in 0..<1500 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        // Mostly in the header, where a change means something.
        let position = Int.random(in: 0..<(Bool.random(using: &random) ? headerEnd : bytes.count), using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[position] = UInt8.random(in: 0...255, using: &random)
        case 2: bytes.remove(at: position)
        default: bytes.insert(Array("0123456789[]{},:\"-".utf8).randomElement(using: &random) ?? 0, at: position)
        }
      }
      try tryReading(bytes)
    }
    // Flips inside the data or a name are no damage that a header could show.
    #expect(refused > original.count + 500)
  }
}
