import Foundation

/// A value that is written as bytes, where a JSON value for each of its numbers would take most of the time: what a search keeps
/// of itself is written time and again.
@propertyWrapper
struct Packed<Value: Packable>: Sendable, Codable {
  var wrappedValue: Value

  init(wrappedValue: Value) { self.wrappedValue = wrappedValue }

  func encode(to encoder: any Encoder) throws {
    var bytes: [UInt8] = []
    wrappedValue.pack(into: &bytes)
    var container = encoder.singleValueContainer()
    try container.encode(Data(bytes))
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    var reader = PackedBytes(try container.decode(Data.self))
    guard let value = Value(unpacking: &reader), reader.isAtEnd else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "these bytes are no packed value")
    }
    wrappedValue = value
  }
}

/// What can be written as bytes: counts as 4 bytes, numbers as they are in memory, all little-endian.
protocol Packable: Sendable {
  func pack(into bytes: inout [UInt8])
  /// Nil for bytes that are no such value.
  init?(unpacking reader: inout PackedBytes)
}

/// Bytes that values are read from, one after the other.
struct PackedBytes {
  private let bytes: Data
  private var next: Data.Index

  init(_ bytes: Data) { (self.bytes, next) = (bytes, bytes.startIndex) }

  var isAtEnd: Bool { next == bytes.endIndex }

  mutating func number<Number: BitwiseCopyable>(_ zero: Number) -> Number? {
    var number = zero
    let size = MemoryLayout<Number>.size
    guard bytes.endIndex - next >= size else { return nil }
    withUnsafeMutableBytes(of: &number) { _ = bytes.copyBytes(to: $0, from: next..<(next + size)) }
    next += size
    return number
  }

  mutating func numbers<Number: BitwiseCopyable>(_ zero: Number) -> [Number]? {
    guard let count = number(UInt32(0)).map(Int.init), count <= (bytes.endIndex - next) / MemoryLayout<Number>.stride
    else { return nil }
    var numbers = [Number](repeating: zero, count: count)
    let size = count * MemoryLayout<Number>.stride
    numbers.withUnsafeMutableBytes { _ = bytes.copyBytes(to: $0, from: next..<(next + size)) }
    next += size
    return numbers
  }

  mutating func text() -> String? { numbers(UInt8(0)).flatMap { String(validating: $0, as: UTF8.self) } }

  /// As many values as a count says.
  mutating func values<Value>(_ value: (inout PackedBytes) -> Value?) -> [Value]? {
    // Each takes bytes, so that a count can't be larger than what is left.
    guard let count = number(UInt32(0)).map(Int.init), count <= bytes.endIndex - next else { return nil }
    var values: [Value] = []
    for _ in 0..<count {
      guard let one = value(&self) else { return nil }
      values.append(one)
    }
    return values
  }
}

extension [UInt8] {
  mutating func append(number: some BitwiseCopyable) {
    Swift.withUnsafeBytes(of: number) { self += $0 }
  }

  mutating func append(numbers: [some BitwiseCopyable]) {
    append(number: UInt32(numbers.count))
    numbers.withUnsafeBytes { self += $0 }
  }

  mutating func append(text: String) { append(numbers: Array(text.utf8)) }
}

extension Array: Packable where Element: Packable {
  func pack(into bytes: inout [UInt8]) {
    bytes.append(number: UInt32(count))
    for element in self { element.pack(into: &bytes) }
  }

  init?(unpacking reader: inout PackedBytes) {
    guard let values = reader.values({ Element(unpacking: &$0) }) else { return nil }
    self = values
  }
}

extension Experience: Packable {
  func pack(into bytes: inout [UInt8]) {
    bytes.append(text: prompt)
    bytes.append(numbers: tokens)
    bytes.append(number: logUnsafe)
    bytes.append(numbers: reference)
  }

  init?(unpacking reader: inout PackedBytes) {
    guard let prompt = reader.text(), let tokens = reader.numbers(Int32(0)), let logUnsafe = reader.number(0.0),
      let reference = reader.numbers(Float(0))
    else { return nil }
    self.init(tokens: tokens, prompt: prompt, logUnsafe: logUnsafe, reference: reference)
  }
}
