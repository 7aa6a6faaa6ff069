import Foundation
import GRDBSQLite

/// A ledger's file in the hands of somebody who has a database tool.
struct LedgerDatabase {
  struct Failed: Error {
    let message: String
  }

  let path: String

  /// The rows of a query, every value as text.
  func rows(_ sql: String) throws -> [[String]] {
    var database: OpaquePointer?
    defer { sqlite3_close(database) }
    guard sqlite3_open(path, &database) == SQLITE_OK else { throw Failed(message: "can't be opened") }
    var rows: [[String]] = []
    try withUnsafeMutablePointer(to: &rows) { rows in
      let code = sqlite3_exec(
        database, sql,
        { context, count, values, _ in
          let rows = context?.assumingMemoryBound(to: [[String]].self)
          rows?.pointee.append((0..<Int(count)).map { values?[$0].map { String(cString: $0) } ?? "" })
          return 0
        }, rows, nil)
      if code != SQLITE_OK { throw Failed(message: String(cString: sqlite3_errmsg(database))) }
    }
    return rows
  }

  /// Changes what no trigger lets change, and leaves the schema as it was.
  func tamper(_ sql: String) throws {
    let triggers = try rows("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    let statements = triggers.map { "DROP TRIGGER \($0[0])" } + [sql] + triggers.map { $0[1] }
    _ = try rows("BEGIN; \(statements.joined(separator: "; ")); COMMIT")
  }
}
