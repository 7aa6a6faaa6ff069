import Core
import Synchronization
import Tensors

/// A safetensors file, memory-mapped: opening reads the header only, and a tensor costs its own conversion.
public struct SafetensorsFile: Sendable {
  /// The file, as it was named.
  public let path: String
  /// Every tensor of the file by name; its bytes are known to lie inside the file and to fit its shape.
  package let tensors: [String: TensorInfo]
  /// The header's `__metadata__`.
  let metadata: [String: String]
  private let file: MappedFile

  /// Opens a file and checks its whole header.
  /// - Throws: `SluiceError` (exit 64) that names the file and what is wrong with it.
  public init(path: String) throws {
    file = try MappedFile(path: path)
    guard file.count >= 8 else {
      throw SluiceError.badInput(
        "\(file.count) bytes are too few for a safetensors file", file: path,
        remedy: "The file is cut off: copy or export it again.")
    }
    let field = try file.withBytes(0..<8) { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    let length = try SafetensorsHeader.length(field: field, fileSize: file.count, path: path)
    let json = try file.withBytes(8..<(8 + length)) { Array($0) }
    let header = try SafetensorsHeader(json: json, fileSize: file.count, path: path)
    self.path = path
    tensors = header.tensors
    metadata = header.metadata
  }

  /// A tensor's elements as float32, row-major; F32, F16 and BF16 are read, the latter two exactly.
  /// - Throws: `SluiceError` where there is no such tensor or it is of another type.
  public func floats(_ name: String) throws -> [Float] {
    let size = tensors[name]?.count ?? 0
    return try [Float](unsafeUninitializedCapacity: size) { buffer, count in
      try read(name, into: UnsafeMutableBufferPointer(rebasing: buffer[0..<size]))
      count = size
    }
  }

  /// Fills `values` with a tensor's elements as float32, row-major.
  /// - Parameter values: as many as the tensor has.
  /// - Throws: `SluiceError` where there is no such tensor or it is of another type.
  func read(_ name: String, into values: UnsafeMutableBufferPointer<Float>) throws {
    guard let info = tensors[name] else { throw SluiceError.badInput("no tensor \(brief(name))", file: path) }
    guard values.count == info.count else {
      throw InternalError("tensor \(name) has \(info.count) elements, not \(values.count)")
    }
    try file.withBytes(info.byteRange) { bytes in
      switch info.dtype {
      case .f32:
        // Copied byte by byte: the format promises no alignment.
        UnsafeMutableRawBufferPointer(values).copyMemory(from: bytes)
        #if _endian(big)
          for index in values.indices { values[index] = Float(bitPattern: values[index].bitPattern.byteSwapped) }
        #endif
      case .f16: convert(bytes, to: values, HalfPrecision.float(half:))
      case .bf16: convert(bytes, to: values, HalfPrecision.float(brain:))
      default:
        throw SluiceError.badInput(
          "tensor \(brief(name)) is \(info.dtype.rawValue); weights are read from F32, F16 or BF16", file: path,
          remedy: "Export the checkpoint in one of these types.")
      }
    }
  }

  /// A tensor [O,I] in the precision in which it is stored; nil for a type that isn't read, or where a number isn't finite.
  /// - Throws: `SluiceError` where there is no such tensor.
  func stored(_ name: String, in memory: MatrixMemory, crew: Crew?) throws -> StoredMatrix? {
    guard let info = tensors[name] else { throw SluiceError.badInput("no tensor \(brief(name))", file: path) }
    let kind: (format: StoredFormat, bytes: Int, areFinite: (_ numbers: UnsafeRawPointer, _ count: Int) -> Bool)
    switch info.dtype {
    case .f32: kind = (.float32, 4, HalfPrecision.areFinite(floats:count:))
    case .f16: kind = (.half, 2, { HalfPrecision.areFinite($0, count: $1, exponent: HalfPrecision.halfExponent) })
    case .bf16: kind = (.brain, 2, { HalfPrecision.areFinite($0, count: $1, exponent: HalfPrecision.brainExponent) })
    default: return nil
    }
    guard info.shape.count == 2 else { throw InternalError("tensor \(name) \(info.shape) isn't a matrix") }
    let isBroken = Atomic(false)
    let matrix = try file.withBytes(info.byteRange) { bytes -> StoredMatrix? in
      guard let base = bytes.baseAddress else { return nil }
      let rowBytes = info.shape[1] * kind.bytes
      let start = info.byteRange.lowerBound
      return StoredMatrix(
        kind.format, inputs: info.shape[1], outputs: info.shape[0], in: memory, crew: crew,
        done: { file.release(start + $0.lowerBound * rowBytes..<start + $0.upperBound * rowBytes) }
      ) { output in
        let source = base + output * rowBytes
        if !kind.areFinite(source, info.shape[1]) { isBroken.store(true, ordering: .relaxed) }
        return source
      }
    }
    file.release(info.byteRange)
    return isBroken.load(ordering: .relaxed) ? nil : matrix
  }

  @inline(__always)
  private func convert(
    _ bytes: UnsafeRawBufferPointer, to values: UnsafeMutableBufferPointer<Float>, _ float: (UInt16) -> Float
  ) {
    for index in values.indices {
      values[index] = float(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)))
    }
  }
}
