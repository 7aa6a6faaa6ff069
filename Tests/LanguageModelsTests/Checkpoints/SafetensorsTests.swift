import Core
import Foundation
import Testing

@testable import LanguageModels

@Suite("Safetensors files")
struct SafetensorsTests {
  static let types = ["f32", "f16", "bf16"]

  @Test("are read as the reference library wrote them, bit for bit", arguments: types)
  func reading(type: String) throws {
    let file = try SafetensorsFile(path: CheckpointFixtures.path("\(type).safetensors"))
    let expected = try CheckpointFixtures.values(type)
    #expect(Set(file.tensors.keys) == Set(expected.keys))
    #expect(file.metadata == ["format": "pt"])
    for (name, tensor) in expected {
      #expect(file.tensors[name]?.shape == tensor.shape)
      #expect(try file.floats(name).map(\.bitPattern) == tensor.bits, "\(name)")
    }
  }

  @Test("are written as the reference library writes them, byte for byte, in any order of tensors", arguments: types)
  func writing(type: String) throws {
    let folder = try CheckpointFolder()
    let dtype = try #require(SafetensorsWriter.DataType(rawValue: type.uppercased()))
    let tensors = try CheckpointFixtures.values(type).map {
      (name: $0.key, shape: $0.value.shape, values: $0.value.values)
    }
    let reference = try CheckpointFixtures.bytes(CheckpointFixtures.path("\(type).safetensors"))
    for order in [tensors, tensors.reversed()] {
      let path = folder.path + "/model.safetensors"
      try SafetensorsWriter.write(tensors: order, dtype: dtype, metadata: ["format": "pt"], to: path)
      #expect(try CheckpointFixtures.bytes(path) == reference)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["model.safetensors"])
  }

  @Test("may hold tensors of other types, which are refused only when they are asked for")
  func otherTypes() throws {
    let file = try SafetensorsFile(path: CheckpointFixtures.path("mixed.safetensors"))
    #expect(file.metadata == ["format": "pt", "note": "line\nbreak \"quoted\" é"])
    #expect(file.tensors["positions"]?.dtype == .i64)
    #expect(file.tensors["mask"]?.dtype == .bool)
    #expect(try file.floats("weight") == [1, -2])
    let error = #expect(throws: SluiceError.self) { try file.floats("mask") }
    #expect(error?.message == "tensor 'mask' is BOOL; weights are read from F32, F16 or BF16")
    #expect(throws: SluiceError.self) { try file.floats("absent") }
  }

  @Test("need no alignment of their data")
  func unaligned() throws {
    let folder = try CheckpointFolder()
    // An odd number of bytes before the floats.
    let header = #"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}      "# + " "
    #expect((8 + header.utf8.count) % 2 == 1)
    let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
    let data = [Float(1.5), -3].flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian) { Array($0) } }
    let path = try folder.write(length + Array(header.utf8) + data, as: "model.safetensors")
    #expect(try SafetensorsFile(path: path).floats("w") == [1.5, -3])
  }

  @Test("that shrink after they were opened are an error, not a crash")
  func shortened() throws {
    let folder = try CheckpointFolder()
    let path = folder.path + "/model.safetensors"
    try SafetensorsWriter.write(
      tensors: [("w", [100_000], [Float](repeating: 1, count: 100_000))], dtype: .f32, to: path)
    let file = try SafetensorsFile(path: path)
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.truncate(atOffset: 4096)
    let error = #expect(throws: SluiceError.self) { try file.floats("w") }
    #expect(error?.message == "the file was shortened while it was read")
  }

  @Test("can't hold what their type can't, and an attempt leaves no file", arguments: [Float.nan, .infinity, 65520])
  func unrepresentable(value: Float) throws {
    let folder = try CheckpointFolder()
    #expect(throws: InternalError.self) {
      try SafetensorsWriter.write(tensors: [("w", [1], [value])], dtype: .f16, to: folder.path + "/w.safetensors")
    }
    #expect(throws: InternalError.self) {
      try SafetensorsWriter.write(tensors: [("w", [2], [1])], dtype: .f32, to: folder.path + "/w.safetensors")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  @Test("stay as they were where a new one can't be written")
  func failedWrite() throws {
    let folder = try CheckpointFolder()
    let path = folder.path + "/w.safetensors"
    try SafetensorsWriter.write(tensors: [("w", [1], [1])], dtype: .f32, to: path)
    #expect(throws: InternalError.self) {
      try SafetensorsWriter.write(tensors: [("w", [1], [.nan])], dtype: .f32, to: path)
    }
    #expect(try SafetensorsFile(path: path).floats("w") == [1])
    let error = #expect(throws: SluiceError.self) {
      try SafetensorsWriter.write(tensors: [("w", [1], [1])], dtype: .f32, to: folder.path + "/no/such/w.safetensors")
    }
    #expect(error?.exitCode == .usage)
  }
}

@Suite("16-bit floats")
struct HalfPrecisionTests {
  @Test("all 65,536 halves convert exactly and back")
  func halves() {
    for bits in UInt16.min...UInt16.max {
      let exponent = Int(bits >> 10 & 0x1f)
      let fraction = Float(bits & 0x3ff)
      let magnitude: Float =
        switch exponent {
        case 0: fraction * 0x1p-24
        case 31: fraction == 0 ? .infinity : .nan
        default: (1024 + fraction) * Float(sign: .plus, exponent: exponent - 25, significand: 1)
        }
      let value = HalfPrecision.float(half: bits)
      if magnitude.isNaN {
        #expect(value.isNaN)
        #expect(HalfPrecision.float(half: HalfPrecision.half(value)).isNaN)
      } else {
        #expect(value == (bits & 0x8000 == 0 ? magnitude : -magnitude))
        #expect(HalfPrecision.half(value) == bits)
        #expect(HalfPrecision.float(brain: HalfPrecision.brain(value)).isNaN == false)
      }
    }
  }

  @Test("rounding goes to the nearest half, ties to even")
  func rounding() {
    for bits: UInt16 in stride(from: 0, to: 0x7bff, by: 7) {
      let low = HalfPrecision.float(half: bits)
      let high = HalfPrecision.float(half: bits + 1)
      let middle = (low + high) / 2
      #expect(HalfPrecision.half(middle) == (bits & 1 == 0 ? bits : bits + 1))
      #expect(HalfPrecision.half(middle.nextDown) == bits)
      #expect(HalfPrecision.half(middle.nextUp) == bits + 1)
    }
    #expect(HalfPrecision.half(65519.99) == 0x7bff)
    #expect(HalfPrecision.half(65520) == 0x7c00)
    #expect(HalfPrecision.half(-.infinity) == 0xfc00)
    #expect(HalfPrecision.brain(Float(bitPattern: 0x3f80_8000)) == 0x3f80)
    #expect(HalfPrecision.brain(Float(bitPattern: 0x3f81_8000)) == 0x3f82)
    #expect(HalfPrecision.float(brain: HalfPrecision.brain(.nan)).isNaN)
  }
}
