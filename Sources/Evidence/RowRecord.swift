/// What a record of the audit chain says of rows, as bytes: for each table the keys of new rows with the first 32 bits of each
/// digest and one digest over all of them, and for rows that changed or went the whole digests before and after.
///
/// A new row takes four bytes where its key follows the one before, else about six. What a changed row was is kept as
/// its digest, so that the record that brought it can still be verified when the text is gone.
struct RowRecord: Sendable {
  static let kind = "rows"
  /// The kind of records about rows that were there before the chain covered them.
  static let coveringKind = "rows of older versions"
  /// Rows of one record, so that no record gets large.
  static let most = 10_000
  /// Set in a table's number where the keys of its new rows come as runs, before all tags.
  private static let inRuns: UInt8 = 0x80

  struct Part: Sendable {
    let table: ChainedTable
    var keys: [RowKey] = []
    var tags: [UInt32] = []
    /// Over keys and digests of the new rows.
    var digest: RowDigest?
    var changes: [(key: RowKey, change: RowChanges.Change)] = []

    /// The keys of the new rows, where one follows another under its first key and with their number.
    fileprivate var runs: [KeyRun] {
      var runs: [KeyRun] = []
      for key in keys {
        if let last = runs.last, key == last.next {
          runs[runs.count - 1].count += 1
        } else {
          runs.append(KeyRun(first: key))
        }
      }
      return runs
    }
  }

  let parts: [Part]

  init?(_ tables: [ChainedTable: RowChanges]) {
    parts = tables.sorted { $0.key.rawValue < $1.key.rawValue }.compactMap { table, rows in
      let changes = rows.effectiveChanges.sorted { ($0.key.first, $0.key.second) < ($1.key.first, $1.key.second) }
      if rows.inserted.isEmpty && changes.isEmpty { return nil }
      return Part(
        table: table, keys: rows.inserted.map(\.key), tags: rows.inserted.map(\.digest.tag),
        digest: rows.inserted.isEmpty ? nil : Self.digest(rows.inserted), changes: changes)
    }
    if parts.isEmpty { return nil }
  }

  static func digest(_ rows: [(key: RowKey, digest: RowDigest)]) -> RowDigest {
    var bytes = RowBytes()
    for (key, digest) in rows {
      bytes.append(key, after: 0)
      bytes.bytes += digest.bytes
    }
    return RowDigest(of: bytes.bytes)
  }

  var count: Int { parts.reduce(0) { $0 + $1.keys.count + $1.changes.count } }

  // MARK: - Bytes

  var bytes: [UInt8] {
    var result = RowBytes()
    for part in parts {
      let runs = part.runs
      let areInRuns = runs.count < part.keys.count
      result.bytes.append(part.table.rawValue | (areInRuns ? Self.inRuns : 0))
      result.append(UInt64(part.keys.count))
      result.append(UInt64(part.changes.count))
      if let digest = part.digest { result.bytes += digest.bytes }
      if areInRuns {
        result.append(runs)
        for tag in part.tags { result.append(tag) }
      } else {
        var last: Int64 = 0
        for (key, tag) in zip(part.keys, part.tags) {
          result.append(key, after: last)
          last = key.first
          result.append(tag)
        }
      }
      for (key, change) in part.changes {
        result.append(key, after: 0)
        result.bytes += change.old.bytes
        result.bytes.append(change.new == nil ? 0 : 1)
        if let new = change.new { result.bytes += new.bytes }
      }
    }
    return result.bytes
  }

  /// - Throws: `LedgerDamage` for what `bytes` never made.
  init(_ bytes: [UInt8]) throws {
    var reader = RowReader(bytes)
    var parts: [Part] = []
    while !reader.isAtEnd {
      let head = try reader.byte()
      guard let table = ChainedTable(rawValue: head & ~Self.inRuns) else { throw RowReader.damage }
      var part = Part(table: table)
      let (rows, changes) = (try reader.count(), try reader.count())
      if rows > 0 { part.digest = try reader.digest() }
      if head & Self.inRuns != 0 {
        part.keys = try reader.keys(rows)
        for _ in 0..<rows { part.tags.append(try reader.tag()) }
      } else {
        var last: Int64 = 0
        for _ in 0..<rows {
          let key = try reader.key(after: last)
          last = key.first
          part.keys.append(key)
          part.tags.append(try reader.tag())
        }
      }
      for _ in 0..<changes {
        let key = try reader.key(after: 0)
        let old = try reader.digest()
        part.changes.append((key, .init(old: old, new: try reader.byte() == 0 ? nil : try reader.digest())))
      }
      parts.append(part)
    }
    self.parts = parts
  }
}

/// Keys of numbers each of which is greater by one than the one before, as those of new rows are; or one key of another kind.
private struct KeyRun {
  let first: RowKey
  var count = 1

  /// The key that would go on with the run; nil where none can.
  var next: RowKey? { first.rest == nil ? self[count] : nil }

  subscript(_ index: Int) -> RowKey {
    RowKey(first: first.first &+ Int64(index), second: first.second, rest: first.rest)
  }
}

private struct RowBytes {
  /// Heads of keys that are one number, and two; a head with the lowest bit set is the length of other keys.
  static let one: UInt64 = 0
  static let two: UInt64 = 2

  var bytes: [UInt8] = []

  /// Seven bits a byte, the lowest first.
  mutating func append(_ number: UInt64) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// Small numbers of either sign take few bytes.
  mutating func append(signed number: Int64) { append(UInt64(bitPattern: number << 1 ^ number >> 63)) }

  mutating func append(_ key: RowKey, after last: Int64) {
    if let rest = key.rest {
      append(UInt64(rest.count) << 1 | 1)
      bytes += rest
    } else {
      append(key.second == 0 ? Self.one : Self.two)
      append(signed: key.first &- last)
      if key.second != 0 { append(signed: key.second) }
    }
  }
}

extension RowBytes {
  mutating func append(_ tag: UInt32) { withUnsafeBytes(of: tag.littleEndian) { bytes += $0 } }

  mutating func append(_ runs: [KeyRun]) {
    var last: Int64 = 0
    for run in runs {
      append(run.first, after: last)
      append(UInt64(run.count))
      last = run[run.count - 1].first
    }
  }
}

private struct RowReader {
  static let damage = LedgerDamage("a record of the audit chain can't be read")

  private let bytes: [UInt8]
  private var index = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { index >= bytes.count }

  mutating func byte() throws -> UInt8 {
    guard index < bytes.count else { throw Self.damage }
    defer { index += 1 }
    return bytes[index]
  }

  private mutating func slice(_ count: Int) throws -> ArraySlice<UInt8> {
    guard count >= 0, bytes.count - index >= count else { throw Self.damage }
    defer { index += count }
    return bytes[index..<(index + count)]
  }

  mutating func number() throws -> UInt64 {
    var result: UInt64 = 0
    for shift in stride(from: 0, to: 64, by: 7) {
      let next = try byte()
      result |= UInt64(next & 0x7F) << UInt64(shift)
      if next < 0x80 { return result }
    }
    throw Self.damage
  }

  private mutating func signed() throws -> Int64 {
    let number = try number()
    return Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1)
  }

  /// Reads a count of things that take at least a byte each.
  mutating func count() throws -> Int {
    let number = try number()
    guard number <= UInt64(bytes.count) else { throw Self.damage }
    return Int(number)
  }

  mutating func digest() throws -> RowDigest { RowDigest(try slice(RowDigest.size)) }

  mutating func tag() throws -> UInt32 { try slice(4).reversed().reduce(0) { $0 << 8 | UInt32($1) } }

  /// Keys that `RowBytes.append(_ runs:)` wrote.
  mutating func keys(_ count: Int) throws -> [RowKey] {
    var keys: [RowKey] = []
    var last: Int64 = 0
    while keys.count < count {
      var run = KeyRun(first: try key(after: last))
      run.count = try self.count()
      guard (1...(count - keys.count)).contains(run.count), run.count == 1 || run.next != nil else {
        throw Self.damage
      }
      for index in 0..<run.count { keys.append(run[index]) }
      last = run[run.count - 1].first
    }
    return keys
  }

  mutating func key(after last: Int64) throws -> RowKey {
    let head = try number()
    if head & 1 == 1 { return RowKey(rest: Array(try slice(Int(clamping: head >> 1)))) }
    guard head == RowBytes.one || head == RowBytes.two else { throw Self.damage }
    return RowKey(first: last &+ (try signed()), second: head == RowBytes.two ? try signed() : 0)
  }
}
