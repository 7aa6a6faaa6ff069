import Core

/// What one tensor of a GGUF file is, and where.
struct GGUFTensor: Sendable {
  /// Row-major, as everywhere here; the file has it the other way round.
  let shape: [Int]
  /// nil for a type that isn't read; then `byteRange` is empty.
  let type: GGUFTensorType?
  let typeCode: UInt32
  let byteRange: Range<Int>
}

/// The header of a GGUF file, versions 2 and 3: metadata, then tensor infos, all little-endian, then the data.
///
/// It is hostile input: every count is held against the bytes that are left before anything is allocated for it, and a
/// tensor that made it into `tensors` lies inside the file and shares no byte with another.
/// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
struct GGUFHeader: Sendable {
  let metadata: [String: GGUFValue]
  let tensors: [String: GGUFTensor]

  private static let remedy = "The file is damaged or no GGUF file: copy or convert it again."
  /// Files have a few hundred of either.
  private static let mostEntries = 100_000

  init(_ file: MappedFile) throws {
    var reader = Reader(file: file)
    do {
      guard try reader.integer(UInt32.self) == 0x4655_4747 else { throw Fault("it doesn't start with GGUF") }
      let version = try reader.integer(UInt32.self)
      guard version == 2 || version == 3 else { throw Fault("version \(version) is not 2 or 3") }
      let tensorCount = try reader.count(atLeast: 24, most: Self.mostEntries, what: "tensors")
      let entryCount = try reader.count(atLeast: 13, most: Self.mostEntries, what: "metadata entries")
      var metadata: [String: GGUFValue] = [:]
      for _ in 0..<entryCount {
        let key = try reader.string()
        let value = try reader.value()
        guard metadata.updateValue(value, forKey: key) == nil else { throw Fault("\(brief(key)) is there twice") }
      }
      var alignment = 32
      if case .integer(let stated)? = metadata["general.alignment"] {
        guard stated >= 8, stated <= 65_536, stated & (stated - 1) == 0 else {
          throw Fault("an alignment of \(stated)")
        }
        alignment = stated
      }
      var infos: [(name: String, shape: [Int], type: UInt32, offset: Int)] = []
      for _ in 0..<tensorCount { infos.append(try reader.tensorInfo()) }
      let start = (reader.offset + alignment - 1) / alignment * alignment
      self.metadata = metadata
      tensors = try Self.place(infos, start: start, size: file.count, alignment: alignment)
    } catch let fault as Fault {
      throw SluiceError.badInput("not a readable GGUF file: \(fault.message)", file: file.path, remedy: Self.remedy)
    }
  }

  private static func place(
    _ infos: [(name: String, shape: [Int], type: UInt32, offset: Int)], start: Int, size: Int, alignment: Int
  ) throws -> [String: GGUFTensor] {
    var tensors: [String: GGUFTensor] = [:]
    for info in infos {
      func fault(_ message: String) -> Fault { Fault("tensor \(brief(info.name)) \(message)") }
      var elements = 1
      for size in info.shape {
        let product = elements.multipliedReportingOverflow(by: size)
        guard size > 0, !product.overflow, product.partialValue < 1 << 40 else {
          throw fault("has the impossible shape \(info.shape)")
        }
        elements = product.partialValue
      }
      guard info.offset % alignment == 0 else { throw fault("isn't aligned") }
      var range = start..<start
      let type = GGUFTensorType(rawValue: info.type)
      if let type {
        guard info.shape.last.map({ $0 % type.elements == 0 }) ?? true else {
          throw fault("has rows that are no whole blocks of \(type.name)")
        }
        let bytes = elements / type.elements * type.bytes
        guard start <= size, info.offset <= size - start, bytes <= size - start - info.offset else {
          throw fault("ends behind the end of the file: it is cut off")
        }
        range = start + info.offset..<start + info.offset + bytes
      }
      let tensor = GGUFTensor(shape: info.shape, type: type, typeCode: info.type, byteRange: range)
      guard tensors.updateValue(tensor, forKey: info.name) == nil else { throw fault("is there twice") }
    }
    var end = start
    let inFileOrder = tensors.filter { $0.value.type != nil }.sorted {
      ($0.value.byteRange.lowerBound, $0.key) < ($1.value.byteRange.lowerBound, $1.key)
    }
    for (name, tensor) in inFileOrder {
      guard tensor.byteRange.lowerBound >= end else { throw Fault("tensor \(brief(name)) overlaps another") }
      end = tensor.byteRange.upperBound
    }
    return tensors
  }

  fileprivate struct Fault: Error {
    let message: String

    init(_ message: String) { self.message = message }
  }
}

/// Reads a header front to back.
private struct Reader {
  let file: MappedFile
  private(set) var offset = 0

  init(file: MappedFile) { self.file = file }

  private var left: Int { file.count - offset }

  private mutating func take<Result>(_ count: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
    guard count <= left else { throw GGUFHeader.Fault("the header is cut off") }
    defer { offset += count }
    return try file.withBytes(offset..<offset + count, body)
  }

  mutating func integer<Value: FixedWidthInteger>(_: Value.Type) throws -> Value {
    try take(MemoryLayout<Value>.size) { Value(littleEndian: $0.loadUnaligned(as: Value.self)) }
  }

  /// A 64-bit count of things that take at least so many bytes each.
  mutating func count(atLeast bytes: Int, most: Int = .max, what: String) throws -> Int {
    let field = try integer(UInt64.self)
    guard field <= UInt64(most), field <= UInt64(left / bytes) else {
      throw GGUFHeader.Fault("it claims \(field) \(what), and has \(left) bytes")
    }
    return Int(field)
  }

  mutating func string() throws -> String {
    let length = try count(atLeast: 1, what: "bytes of text")
    return try take(length) { String(decoding: $0, as: UTF8.self) }
  }

  mutating func value() throws -> GGUFValue {
    let type = try integer(UInt32.self)
    switch type {
    case 7: return .bool(try integer(UInt8.self) != 0)
    case 8: return .string(try string())
    case 9: return try array()
    case 6: return .number(Double(Float(bitPattern: try integer(UInt32.self))))
    case 12: return .number(Double(bitPattern: try integer(UInt64.self)))
    default:
      guard let value = try integer(ofType: type) else { throw GGUFHeader.Fault("a value of the unknown type \(type)") }
      return .integer(value)
    }
  }

  /// An integer of one of the integer types, nil for another type.
  private mutating func integer(ofType type: UInt32) throws -> Int? {
    switch type {
    case 0: return Int(try integer(UInt8.self))
    case 1: return Int(try integer(Int8.self))
    case 2: return Int(try integer(UInt16.self))
    case 3: return Int(try integer(Int16.self))
    case 4: return Int(try integer(UInt32.self))
    case 5: return Int(try integer(Int32.self))
    case 10: return Int(clamping: try integer(UInt64.self))
    case 11: return Int(try integer(Int64.self))
    default: return nil
    }
  }

  private mutating func array() throws -> GGUFValue {
    let type = try integer(UInt32.self)
    switch type {
    case 8:
      let count = try count(atLeast: 8, what: "strings")
      var strings: [String] = []
      strings.reserveCapacity(count)
      for _ in 0..<count { strings.append(try string()) }
      return .strings(strings)
    case 6:
      let count = try count(atLeast: 4, what: "numbers")
      return .numbers(try (0..<count).map { _ in Float(bitPattern: try integer(UInt32.self)) })
    case 0...5, 10, 11:
      let size = [1, 1, 2, 2, 4, 4, 0, 0, 0, 0, 8, 8][Int(type)]
      let count = try count(atLeast: size, what: "integers")
      return .integers(try (0..<count).map { _ in try integer(ofType: type) ?? 0 })
    case 7, 12:
      let size = type == 7 ? 1 : 8
      let count = try count(atLeast: size, what: "elements")
      try take(count * size) { _ in }
      return .other
    default: throw GGUFHeader.Fault("an array of the type \(type)")
    }
  }

  mutating func tensorInfo() throws -> (name: String, shape: [Int], type: UInt32, offset: Int) {
    let name = try string()
    let dimensions = try integer(UInt32.self)
    guard dimensions <= 4 else { throw GGUFHeader.Fault("tensor \(brief(name)) has \(dimensions) dimensions") }
    let shape = try (0..<dimensions).map { _ in Int(clamping: try integer(UInt64.self)) }
    let type = try integer(UInt32.self)
    return (name, shape.reversed(), type, Int(clamping: try integer(UInt64.self)))
  }
}
