import GRDB
import GRDBSQLite

/// A statement that is run for many rows. Its values go straight to SQLite: of a row that is stored, GRDB's arguments take most of the
/// time. A text is bound with its length, so that it may hold any byte.
struct RowStatement {
  enum Value {
    case integer(Int64)
    case real(Double)
    case text(String)
    case null

    init(_ number: Int64?) { self = number.map { .integer($0) } ?? .null }
  }

  private let statement: Statement
  private let db: Database

  init(_ sql: String, _ db: Database) throws {
    statement = try db.cachedStatement(sql: sql)
    self.db = db
  }

  /// Runs the statement to its end.
  /// - Throws: `DatabaseError`.
  func execute(_ values: Value...) throws {
    try bind(values)
    defer { sqlite3_reset(statement.sqliteStatement) }
    while try step() {}
  }

  /// The first column of the first row as a number; nil where there is no row.
  /// - Throws: `DatabaseError`.
  func number(_ values: Value...) throws -> Int64? {
    try bind(values)
    defer { sqlite3_reset(statement.sqliteStatement) }
    return try step() ? sqlite3_column_int64(statement.sqliteStatement, 0) : nil
  }

  /// - Returns: whether there is a row.
  private func step() throws -> Bool {
    let code = sqlite3_step(statement.sqliteStatement)
    switch code {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    default: throw failure(code)
    }
  }

  private func bind(_ values: [Value]) throws {
    let raw = statement.sqliteStatement
    for (index, value) in values.enumerated() {
      let place = Int32(index + 1)
      let code =
        switch value {
        case .integer(let number): sqlite3_bind_int64(raw, place, number)
        case .real(let number): sqlite3_bind_double(raw, place, number)
        case .null: sqlite3_bind_null(raw, place)
        case .text(let text): Self.bind(text, to: raw, place)
        }
      guard code == SQLITE_OK else { throw failure(code) }
    }
  }

  private static func bind(_ text: String, to raw: SQLiteStatement, _ place: Int32) -> Int32 {
    // SQLite copies it before this returns.
    let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    var text = text
    return text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { bytes in
        // Nothing at all may have no address, which SQLite would take for NULL.
        bytes.isEmpty
          ? sqlite3_bind_text(raw, place, "", 0, copies)
          : sqlite3_bind_text64(raw, place, bytes.baseAddress, UInt64(bytes.count), copies, UInt8(SQLITE_UTF8))
      }
    }
  }

  private func failure(_ code: Int32) -> DatabaseError {
    DatabaseError(
      resultCode: ResultCode(rawValue: code), message: String(cString: sqlite3_errmsg(db.sqliteConnection)),
      sql: statement.sql)
  }
}
