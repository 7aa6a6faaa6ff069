import GRDB
import GRDBSQLite
import Synchronization

/// Digests every row that a connection writes, as it is written: temporary triggers hand each to a function of SQLite's, so that
/// no statement can write past the audit chain and none has to know of it.
final class RowCollector: Sendable {
  private struct State {
    var encoding = RowEncoding()
    var tables: [ChainedTable: RowChanges] = [:]
  }

  private let state = Mutex(State())

  /// What SQL calls this collector: one connection may have two.
  private let function: String

  init(function: String = "sluiceRow") { self.function = function }

  /// What was written since the last call.
  func take() -> [ChainedTable: RowChanges] {
    state.withLock { state in
      defer { state.tables = [:] }
      return state.tables
    }
  }

  // MARK: - Connection

  /// Makes the function known. The collector has to live as long as the connection, or until `remove`.
  func install(_ db: Database) throws {
    try check(
      sqlite3_create_function_v2(
        db.sqliteConnection, function, -1, SQLITE_UTF8, Unmanaged.passUnretained(self).toOpaque(), rowWritten, nil,
        nil,
        nil))
  }

  func remove(_ db: Database) throws {
    try check(sqlite3_create_function_v2(db.sqliteConnection, function, -1, SQLITE_UTF8, nil, nil, nil, nil, nil))
  }

  private func check(_ code: Int32) throws {
    if code != SQLITE_OK { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
  }

  /// From now on all rows that this connection writes are collected.
  func watch(_ db: Database) throws {
    try install(db)
    // Without it the row that a REPLACE takes away would go unseen.
    try db.execute(sql: "PRAGMA recursive_triggers = ON")
    for table in ChainedTable.allCases {
      let (old, new) = (call(table, "OLD.", isNew: false), call(table, "NEW.", isNew: true))
      for (event, calls) in [("INSERT", new), ("UPDATE", old + ", " + new), ("DELETE", old)] {
        try db.execute(
          sql:
            "CREATE TEMP TRIGGER chain\(event)\(table.name) AFTER \(event) ON main.\(table.name) BEGIN SELECT \(calls); END"
        )
      }
    }
  }

  /// Collects the rows that are there, as if they had been written now.
  /// - Parameter step: called after each row.
  func collect(_ table: ChainedTable, _ db: Database, step: () throws -> Void = {}) throws {
    let rows = try Row.fetchCursor(
      db,
      sql:
        "SELECT \(call(table, "", isNew: true)) FROM main.\(table.name) ORDER BY \(table.keys.joined(separator: ", "))"
    )
    while try rows.next() != nil { try step() }
  }

  private func call(_ table: ChainedTable, _ prefix: String, isNew: Bool) -> String {
    let columns = table.columns.map { prefix + $0 }.joined(separator: ", ")
    return "\(function)(\(table.rawValue), \(isNew ? 1 : 0), \(columns))"
  }

  // MARK: - Rows

  fileprivate func note(_ table: ChainedTable, isNew: Bool, _ values: UnsafeBufferPointer<OpaquePointer?>) {
    state.withLock { state in
      state.encoding.encode(table, values)
      let digest = RowDigest(of: state.encoding.bytes)
      let key = RowEncoding.key(UnsafeBufferPointer(rebasing: values.prefix(table.keys.count)))
      state.tables[table, default: RowChanges()].note(key, digest, isNew: isNew)
    }
  }
}

/// A collector's function: `(table, isNew, columns…)`.
private func rowWritten(
  context: OpaquePointer?, count: Int32, arguments: UnsafeMutablePointer<OpaquePointer?>?
) {
  guard let data = sqlite3_user_data(context), count > 2, let arguments,
    let table = ChainedTable(rawValue: UInt8(truncatingIfNeeded: sqlite3_value_int64(arguments[0]))),
    table.columns.count == Int(count) - 2
  else {
    sqlite3_result_error(context, "a row that the audit chain doesn't know", -1)
    return
  }
  Unmanaged<RowCollector>.fromOpaque(data).takeUnretainedValue().note(
    table, isNew: sqlite3_value_int64(arguments[1]) != 0,
    UnsafeBufferPointer(start: arguments + 2, count: Int(count) - 2))
}

/// What a transaction does to the rows of a table.
struct RowChanges: Sendable {
  struct Change: Hashable, Sendable {
    var old: RowDigest
    /// Nil for a row that is gone.
    var new: RowDigest?
  }

  private(set) var inserted: [(key: RowKey, digest: RowDigest)] = []
  private(set) var changed: [RowKey: Change] = [:]
  /// Places in `inserted`, once one of them is asked for.
  private var places: [RowKey: Int]?

  mutating func note(_ key: RowKey, _ digest: RowDigest, isNew: Bool) {
    if isNew {
      if changed[key] != nil {
        changed[key]?.new = digest
      } else {
        places?[key] = inserted.count
        inserted.append((key, digest))
      }
    } else if changed[key] != nil {
      changed[key]?.new = nil
    } else if let place = place(of: key) {
      inserted.remove(at: place)
      places = nil
    } else {
      changed[key] = Change(old: digest, new: nil)
    }
  }

  private mutating func place(of key: RowKey) -> Int? {
    if inserted.isEmpty { return nil }
    let known =
      places ?? Dictionary(inserted.enumerated().map { ($0.element.key, $0.offset) }) { _, last in last }
    places = known
    return known[key]
  }

  /// Those whose digest is another one now.
  var effectiveChanges: [(key: RowKey, change: Change)] {
    changed.filter { $0.value.old != $0.value.new }.map { ($0.key, $0.value) }
  }
}
