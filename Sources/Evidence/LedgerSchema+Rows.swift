import Foundation
import GRDB

extension LedgerSchema {
  /// The chain's records say which rows they bring. Rows that are there already are covered from here on: that they were the
  /// same before, nothing says.
  static func coverRows(_ db: Database) throws {
    try db.execute(sql: "ALTER TABLE audit ADD COLUMN rows BLOB")
    try cover(ChainedTable.first, as: RowRecord.coveringKind, db)
  }

  /// Appends records of all rows of some tables to the chain, in a schema that has its hashes as text.
  static func cover(_ tables: [ChainedTable], as kind: String, _ db: Database) throws {
    let collector = RowCollector()
    try collector.install(db)
    for table in tables {
      var waiting = 0
      func record() throws {
        waiting = 0
        guard let record = RowRecord(collector.take()) else { return }
        _ = try AuditRecord.append(
          db, kind: kind, detail: "\(record.count)", now: Date().timeIntervalSince1970, rows: record.bytes,
          hashes: .text)
      }
      try collector.collect(table, db) {
        waiting += 1
        if waiting >= RowRecord.most { try record() }
      }
      try record()
    }
    try collector.remove(db)
  }

  /// Hashes are 32 bytes and not 64 digits, and nothing looks a record up by its hash: a third of what a short record takes.
  static func packChain(_ db: Database) throws {
    db.add(function: packedHash)
    defer { db.remove(function: packedHash) }
    try db.execute(sql: packedChain)
  }

  private static let packedHash = DatabaseFunction("packedHash", argumentCount: 1, pure: true) { values in
    ChainHash.packed(String.fromDatabaseValue(values[0]) ?? "")
  }

  private static let packedChain = """
    CREATE TABLE packedAudit (
      sequence INTEGER PRIMARY KEY,
      at REAL NOT NULL,
      kind TEXT NOT NULL,
      detail TEXT NOT NULL,
      previous BLOB NOT NULL,
      hash BLOB NOT NULL,
      rows BLOB
    ) STRICT;
    INSERT INTO packedAudit SELECT sequence, at, kind, detail, packedHash(previous), packedHash(hash), rows FROM audit;
    DROP TABLE audit;
    ALTER TABLE packedAudit RENAME TO audit;
    CREATE TRIGGER auditStays BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'audit records are never changed'); END;
    CREATE TRIGGER auditKept BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'audit records are never deleted'); END;
    """
}
