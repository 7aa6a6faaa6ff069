import CLibsodium
import GRDBSQLite

/// BLAKE2b-256 of a row or of several.
struct RowDigest: Hashable, Sendable {
  static let size = 32

  private let words: (UInt64, UInt64, UInt64, UInt64)

  /// - Parameter bytes: as many as `size`.
  init(_ bytes: ArraySlice<UInt8>) {
    func word(_ index: Int) -> UInt64 {
      bytes.dropFirst(8 * index).prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    words = (word(0), word(1), word(2), word(3))
  }

  init(of bytes: UnsafeBufferPointer<UInt8>) {
    var digest = SIMD4<UInt64>()
    withUnsafeMutableBytes(of: &digest) { digest in
      guard let start = digest.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
      _ = crypto_generichash(start, Self.size, bytes.baseAddress, UInt64(bytes.count), nil, 0)
    }
    words = (
      UInt64(littleEndian: digest[0]), UInt64(littleEndian: digest[1]), UInt64(littleEndian: digest[2]),
      UInt64(littleEndian: digest[3])
    )
  }

  init(of bytes: [UInt8]) { self = bytes.withUnsafeBufferPointer { RowDigest(of: $0) } }

  var bytes: [UInt8] {
    [words.0, words.1, words.2, words.3].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
  }

  /// The first 32 bits: enough to tell which of a record's rows was changed; that one was, the record's own digest shows.
  var tag: UInt32 { UInt32(truncatingIfNeeded: words.0) }

  static func == (a: RowDigest, b: RowDigest) -> Bool { a.words == b.words }

  func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

/// A row's primary key: up to two whole numbers, or texts and numbers as bytes.
struct RowKey: Hashable, Sendable {
  var first: Int64 = 0
  var second: Int64 = 0
  /// Nil for keys of numbers alone.
  var rest: [UInt8]?
}

/// The values of a row, as bytes that no other row has.
struct RowEncoding {
  private(set) var bytes: [UInt8] = []

  /// - Parameter values: of all columns; those of the key first.
  mutating func encode(_ table: ChainedTable, _ values: UnsafeBufferPointer<OpaquePointer?>) {
    bytes.removeAll(keepingCapacity: true)
    bytes.append(table.rawValue)
    for value in values { append(value) }
  }

  /// The length of a text or blob comes first, so that no two rows read the same.
  private mutating func append(_ value: OpaquePointer?) {
    let type = sqlite3_value_type(value)
    bytes.append(UInt8(truncatingIfNeeded: type))
    switch type {
    case SQLITE_INTEGER: append(UInt64(bitPattern: sqlite3_value_int64(value)))
    case SQLITE_FLOAT: append(sqlite3_value_double(value).bitPattern)
    case SQLITE_NULL: break
    default:
      let start = type == SQLITE_BLOB ? sqlite3_value_blob(value) : UnsafeRawPointer(sqlite3_value_text(value))
      let count = Int(sqlite3_value_bytes(value))
      append(UInt64(count))
      if let start, count > 0 { bytes.append(contentsOf: UnsafeRawBufferPointer(start: start, count: count)) }
    }
  }

  private mutating func append(_ word: UInt64) {
    withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// - Parameter values: of the key.
  static func key(_ values: UnsafeBufferPointer<OpaquePointer?>) -> RowKey {
    if values.allSatisfy({ sqlite3_value_type($0) == SQLITE_INTEGER }), values.count <= 2 {
      return RowKey(
        first: values.first.map { sqlite3_value_int64($0) } ?? 0,
        second: values.count > 1 ? sqlite3_value_int64(values[1]) : 0)
    }
    var encoding = RowEncoding()
    for value in values { encoding.append(value) }
    return RowKey(rest: encoding.bytes)
  }
}

extension RowKey {
  /// What a person finds the row by, for example `17` or `17, 2`.
  func description(_ table: ChainedTable) -> String {
    guard let rest else { return table.keys.count == 1 ? "\(first)" : "\(first), \(second)" }
    var parts: [String] = []
    var index = 0
    while index < rest.count {
      let type = Int32(rest[index])
      index += 1
      guard type != SQLITE_NULL, rest.count - index >= 8 else { continue }
      let word = rest[index..<(index + 8)].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      index += 8
      switch type {
      case SQLITE_INTEGER: parts.append("\(Int64(bitPattern: word))")
      case SQLITE_FLOAT: parts.append("\(Double(bitPattern: word))")
      default:
        let count = Int(min(word, UInt64(rest.count - index)))
        parts.append(String(decoding: rest[index..<(index + count)], as: UTF8.self))
        index += count
      }
    }
    return parts.joined(separator: ", ")
  }
}
