import Core

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writes safetensors files: equal tensors give equal bytes, whatever order they came in, and a reader sees the old
/// file or the new one, never half of either.
public enum SafetensorsWriter {
  /// The element types that are written.
  public enum DataType: String, Sendable {
    /// IEEE binary32.
    case f32 = "F32"
    /// IEEE binary16.
    case f16 = "F16"
    /// bfloat16: the upper half of a binary32.
    case bf16 = "BF16"

    var size: Int { self == .f32 ? 4 : 2 }

    /// The largest float32 that doesn't round to infinity.
    var largest: Float {
      switch self {
      case .f32: .greatestFiniteMagnitude
      case .f16: Float(65520).nextDown
      case .bf16: Float(bitPattern: 0x7f7f_7fff)
      }
    }
  }

  /// Writes `tensors` to `path` under a temporary name, then renames.
  /// - Parameters:
  ///   - tensors: name, shape (row-major) and elements; names are distinct.
  ///   - dtype: of every tensor; F16 and BF16 round to the nearest value, ties to even.
  ///   - metadata: strings for `__metadata__`; `format: pt` is what transformers expects to find there.
  /// - Throws: `InternalError` for tensors that no file can hold (a shape that isn't its elements', values that aren't
  ///   finite or leave the type's range); `SluiceError` where the file can't be written.
  public static func write(
    tensors: [(name: String, shape: [Int], values: [Float])], dtype: DataType, metadata: [String: String] = [:],
    to path: String
  ) throws {
    // By name, as bytes: the order that every run and every machine agrees on.
    let sorted = tensors.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    var members: [JSON.Member] = []
    if !metadata.isEmpty {
      let entries = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      members.append(JSON.Member("__metadata__", .object(entries.map { JSON.Member($0.key, .string($0.value)) })))
    }
    var offset = 0
    for (index, tensor) in sorted.enumerated() {
      guard index == 0 || sorted[index - 1].name != tensor.name, tensor.name != "__metadata__" else {
        throw InternalError("two tensors called \(tensor.name)")
      }
      guard tensor.shape.allSatisfy({ $0 >= 0 }), tensor.shape.reduce(1, *) == tensor.values.count else {
        throw InternalError("tensor \(tensor.name) of shape \(tensor.shape) has \(tensor.values.count) elements")
      }
      let end = offset + tensor.values.count * dtype.size
      members.append(
        JSON.Member(
          tensor.name,
          .object([
            JSON.Member("dtype", .string(dtype.rawValue)),
            JSON.Member("shape", .array(tensor.shape.map(JSON.integer))),
            JSON.Member("data_offsets", .array([.integer(offset), .integer(end)])),
          ])))
      offset = end
    }
    var header = JSON.object(members).serializedBytes()
    // Spaces up to a multiple of 8, so that the data is aligned for readers that map it.
    header += [UInt8](repeating: 0x20, count: (8 - header.count % 8) % 8)

    try AtomicFile.write(to: path) { file in
      try file.append(withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) })
      try file.append(header)
      for tensor in sorted { try file.append(try encode(tensor.values, as: dtype, name: tensor.name)) }
    }
  }

  private static func encode(_ values: [Float], as dtype: DataType, name: String) throws -> [UInt8] {
    guard values.allSatisfy({ $0.magnitude <= dtype.largest }) else {
      throw InternalError("tensor \(name) has values that \(dtype.rawValue) can't hold")
    }
    return [UInt8](unsafeUninitializedCapacity: values.count * dtype.size) { bytes, count in
      let bytes = UnsafeMutableRawBufferPointer(bytes)
      for (index, value) in values.enumerated() {
        switch dtype {
        case .f32:
          bytes.storeBytes(of: value.bitPattern.littleEndian, toByteOffset: 4 * index, as: UInt32.self)
        case .f16:
          bytes.storeBytes(of: HalfPrecision.half(value).littleEndian, toByteOffset: 2 * index, as: UInt16.self)
        case .bf16:
          bytes.storeBytes(of: HalfPrecision.brain(value).littleEndian, toByteOffset: 2 * index, as: UInt16.self)
        }
      }
      count = bytes.count
    }
  }
}
