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

  // MARK: - Elements of arrays

  func strings(_ place: GGUFValue.Elements, of file: MappedFile) throws -> [String] {
    try read(file, at: place.bytes.lowerBound) { reader in
      var strings: [String] = []
      strings.reserveCapacity(place.count)
      try reader.strings(place.count) { strings.append(String(decoding: $0, as: UTF8.self)) }
      return strings
    }
  }

  func numbers(_ place: GGUFValue.Elements, of file: MappedFile) throws -> [Float] {
    try file.withBytes(place.bytes) { bytes in
      (0..<place.count).map {
        Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
      }
    }
  }

  func integers(_ place: GGUFValue.Elements, of file: MappedFile) throws -> [Int] {
    try read(file, at: place.bytes.lowerBound) { try $0.integers(place.type, place.count) }
  }

  private func read<Result>(
    _ file: MappedFile, at offset: Int, _ body: (inout Reader) throws -> Result
  ) throws -> Result {
    do {
      var reader = Reader(file: file, at: offset)
      return try body(&reader)
    } catch let fault as Fault {
      throw SluiceError.badInput(
        "the file was changed while it was read: \(fault.message)", file: file.path, remedy: Self.remedy)
    }
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

  init(file: MappedFile, at offset: Int = 0) { (self.file, self.offset) = (file, offset) }

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

  /// Skips the elements, once it is known that they are there.
  private mutating func array() throws -> GGUFValue {
    let type = try integer(UInt32.self)
    let what = type == 8 ? "strings" : type == 6 ? "numbers" : type == 7 || type == 12 ? "elements" : "integers"
    guard let size = Self.elementSize(type) else { throw GGUFHeader.Fault("an array of the type \(type)") }
    let count = try count(atLeast: size, what: what)
    let start = offset
    if type == 8 { try strings(count) { _ in } } else { try take(count * size) { _ in } }
    let elements = GGUFValue.Elements(type: type, count: count, bytes: start..<offset)
    switch type {
    case 6: return .numbers(elements)
    case 8: return .strings(elements)
    case 7, 12: return .other
    default: return .integers(elements)
    }
  }

  /// Bytes of an element of an array, of a string at least; nil for a type that no array has.
  private static func elementSize(_ type: UInt32) -> Int? {
    let sizes = [1, 1, 2, 2, 4, 4, 4, 1, 8, nil, 8, 8, 8]
    return type < sizes.count ? sizes[Int(type)] : nil
  }

  /// Calls `body` with the bytes of so many strings.
  mutating func strings(_ count: Int, _ body: (UnsafeRawBufferPointer) -> Void) throws {
    // At once: to ask for each costs more than to read it.
    let end = try file.withBytes(offset..<file.count) { bytes in
      var place = 0
      for _ in 0..<count {
        guard bytes.count - place >= 8 else { throw GGUFHeader.Fault("the header is cut off") }
        let length = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
        place += 8
        guard length <= UInt64(bytes.count - place) else {
          throw GGUFHeader.Fault("it claims \(length) bytes of text, and has \(bytes.count - place) bytes")
        }
        body(UnsafeRawBufferPointer(rebasing: bytes[place..<place + Int(length)]))
        place += Int(length)
      }
      return place
    }
    offset += end
  }

  /// Elements of an array of one of the integer types.
  mutating func integers(_ type: UInt32, _ count: Int) throws -> [Int] {
    try (0..<count).map { _ in try integer(ofType: type) ?? 0 }
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
