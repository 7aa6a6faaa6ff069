import Core

/// One message between Sluice and a worker: a JSON object, and arrays of numbers behind it.
///
/// On the wire, all numbers little-endian: bytes of the header (4), bytes of the arrays (8), the header as JSON, the arrays one
/// after the other. The header's key `arrays` lists `{name, type, count}` of each; types are `f32`, `i32` and `u64`.
package struct Frame: Sendable {
  package enum Values: Sendable, Equatable {
    case floats([Float])
    case integers([Int32])
    case words([UInt64])
  }

  package struct Array: Sendable, Equatable {
    package let name: String
    package let values: Values

    package init(_ name: String, _ values: Values) {
      self.name = name
      self.values = values
    }
  }

  package let header: [JSON.Member]
  package let arrays: [Array]

  /// Bytes before the header.
  static let prelude = 12
  /// Bytes of the longest header.
  static let mostHeader = 16 << 20

  /// - Parameter header: without `arrays`.
  package init(_ header: [JSON.Member], _ arrays: [Array] = []) {
    self.header = header
    self.arrays = arrays
  }

  package subscript(key: String) -> JSON? { header.first { $0.key == key }?.value }

  // MARK: - Bytes

  package func encoded() -> [UInt8] {
    let table = arrays.map { array in
      JSON.object([
        .init("name", .string(array.name)), .init("type", .string(array.values.type)),
        .init("count", .integer(array.values.count)),
      ])
    }
    let text = JSON.object(header + [.init("arrays", .array(table))]).serializedBytes()
    let bytes = arrays.reduce(0) { $0 + $1.values.byteCount }
    var all: [UInt8] = []
    all.reserveCapacity(Self.prelude + text.count + bytes)
    withUnsafeBytes(of: UInt32(text.count).littleEndian) { all += $0 }
    withUnsafeBytes(of: UInt64(bytes).littleEndian) { all += $0 }
    all += text
    for array in arrays { array.values.append(to: &all) }
    return all
  }

  /// Bytes of header and arrays, from the first twelve of a frame.
  static func sizes(_ prelude: some Collection<UInt8>) -> (header: UInt64, arrays: UInt64) {
    func number(_ bytes: some Collection<UInt8>) -> UInt64 {
      bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    return (number(prelude.prefix(4)), number(prelude.dropFirst(4).prefix(8)))
  }

  /// - Parameter bytes: one whole frame.
  /// - Throws: `FrameError` where its parts don't fit together.
  package init(_ bytes: [UInt8]) throws(FrameError) {
    guard bytes.count >= Self.prelude else { throw FrameError(clause: "it wrote a frame of \(bytes.count) bytes") }
    let sizes = Self.sizes(bytes[..<Self.prelude])
    guard sizes.header <= UInt64(bytes.count), sizes.arrays <= UInt64(bytes.count),
      Self.prelude + Int(sizes.header) + Int(sizes.arrays) == bytes.count
    else { throw FrameError(clause: "it wrote a frame whose sizes don't fit it") }
    let start = Self.prelude + Int(sizes.header)
    guard let json = try? JSON(foreign: Swift.Array(bytes[Self.prelude..<start])), let members = json.members else {
      throw FrameError(clause: "it wrote a frame whose header is no JSON object")
    }
    var arrays: [Array] = []
    var offset = start
    for entry in json["arrays"]?.array ?? [] {
      guard let name = entry["name"]?.string, let type = entry["type"]?.string, let count = entry["count"]?.integer,
        let width = Values.width(type), count >= 0, count <= (bytes.count - offset) / width
      else { throw FrameError(clause: "it wrote a frame with an array that isn't described or isn't there") }
      let end = offset + count * width
      arrays.append(Array(name, Values(type, bytes[offset..<end])))
      offset = end
    }
    guard offset == bytes.count else {
      throw FrameError(clause: "it wrote a frame with \(bytes.count - offset) bytes that no array has")
    }
    self.init(members.filter { $0.key != "arrays" }, arrays)
  }
}

/// What is wrong with a frame, as a clause such as `it wrote a frame of 3 bytes`.
package struct FrameError: Error {
  package let clause: String
}

extension Frame.Values {
  var count: Int {
    switch self {
    case .floats(let values): values.count
    case .integers(let values): values.count
    case .words(let values): values.count
    }
  }

  fileprivate var type: String {
    switch self {
    case .floats: "f32"
    case .integers: "i32"
    case .words: "u64"
    }
  }

  /// Bytes of one number; nil for a type that there isn't.
  fileprivate static func width(_ type: String) -> Int? { ["f32": 4, "i32": 4, "u64": 8][type] }

  var byteCount: Int { count * (Self.width(type) ?? 0) }

  fileprivate func append(to bytes: inout [UInt8]) {
    switch self {
    case .floats(let values): Self.append(values.map(\.bitPattern.littleEndian), to: &bytes)
    case .integers(let values): Self.append(values.map(\.littleEndian), to: &bytes)
    case .words(let values): Self.append(values.map(\.littleEndian), to: &bytes)
    }
  }

  private static func append<Value>(_ values: [Value], to bytes: inout [UInt8]) {
    values.withUnsafeBytes { bytes += $0 }
  }

  fileprivate init(_ type: String, _ bytes: ArraySlice<UInt8>) {
    self = bytes.withUnsafeBytes { raw in
      func read<Value: FixedWidthInteger>(_: Value.Type) -> [Value] {
        let width = MemoryLayout<Value>.size
        return (0..<raw.count / width).map {
          Value(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * width, as: Value.self))
        }
      }
      return switch type {
      case "f32": .floats(read(UInt32.self).map { Float(bitPattern: $0) })
      case "u64": .words(read(UInt64.self))
      default: .integers(read(Int32.self))
      }
    }
  }
}

// MARK: - Arrays by name

extension Frame {
  package func floats(_ name: String) throws(FrameError) -> [Float] {
    guard case .floats(let values)? = arrays.first(where: { $0.name == name })?.values else {
      throw FrameError(clause: "it left out the f32 array '\(name)'")
    }
    return values
  }

  package func integers(_ name: String) throws(FrameError) -> [Int32] {
    guard case .integers(let values)? = arrays.first(where: { $0.name == name })?.values else {
      throw FrameError(clause: "it left out the i32 array '\(name)'")
    }
    return values
  }

  package func words(_ name: String) throws(FrameError) -> [UInt64] {
    guard case .words(let values)? = arrays.first(where: { $0.name == name })?.values else {
      throw FrameError(clause: "it left out the u64 array '\(name)'")
    }
    return values
  }

  package func integer(_ key: String) throws(FrameError) -> Int {
    guard let value = self[key]?.integer else { throw FrameError(clause: "it left out the whole number '\(key)'") }
    return value
  }

  package func number(_ key: String) throws(FrameError) -> Double {
    guard let value = self[key]?.double, value.isFinite else {
      throw FrameError(clause: "it left out the number '\(key)'")
    }
    return value
  }

  package func texts(_ key: String) throws(FrameError) -> [String] {
    let texts = self[key]?.array?.map(\.string)
    guard let texts, !texts.contains(nil) else { throw FrameError(clause: "it left out the list of texts '\(key)'") }
    return texts.compactMap(\.self)
  }

  /// Sequences as two arrays: all tokens one after the other, and the length of each sequence.
  package static func arrays(_ sequences: [[Int32]]) -> [Array] {
    [
      Array("tokens", .integers(sequences.flatMap { $0 })),
      Array("lengths", .integers(sequences.map { Int32($0.count) })),
    ]
  }

  /// The sequences in `tokens` and `lengths`.
  package func sequences() throws(FrameError) -> [[Int32]] { try cut(integers("tokens"), into: integers("lengths")) }

  /// Cuts what belongs to tokens into what belongs to each sequence.
  func cut<Value>(_ values: [Value], into lengths: [Int32]) throws(FrameError) -> [[Value]] {
    guard lengths.allSatisfy({ $0 >= 0 }), lengths.reduce(0, { $0 + Int($1) }) == values.count else {
      throw FrameError(clause: "it wrote \(values.count) numbers that its lengths don't add up to")
    }
    var start = 0
    return lengths.map { length in
      defer { start += Int(length) }
      return Swift.Array(values[start..<start + Int(length)])
    }
  }
}
