import Foundation
import GRDB

extension LedgerSchema {
  /// The chain's records say which rows they bring. Rows that are there already are covered from here on: that they were the
  /// same before, nothing says.
  static func coverRows(_ db: Database) throws {
    try db.execute(sql: "ALTER TABLE audit ADD COLUMN rows BLOB")
    try cover(ChainedTable.first, as: RowRecord.coveringKind, db)
  }

  /// Appends records of all rows of some tables to the chain.
  static func cover(_ tables: [ChainedTable], as kind: String, _ db: Database) throws {
    let collector = RowCollector()
    try collector.install(db)
    for table in tables {
      var waiting = 0
      func record() throws {
        waiting = 0
        guard let record = RowRecord(collector.take()) else { return }
        _ = try AuditRecord.append(
          db, kind: kind, detail: "\(record.count)", now: Date().timeIntervalSince1970, rows: record.bytes)
      }
      try collector.collect(table, db) {
        waiting += 1
        if waiting >= RowRecord.most { try record() }
      }
      try record()
    }
    try collector.remove(db)
  }
}
