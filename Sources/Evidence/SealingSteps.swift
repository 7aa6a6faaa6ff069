import Core
import Foundation
import GRDB

/// One table's part of a migration between plain and sealed rows, in batches that say nothing of each other: whatever is done already
/// is passed over.
struct SealingSteps {
  enum Direction {
    case seal, open
  }

  private let rows: SealedRows
  private let direction: Direction

  static let sealing = SealedRows.all.map { SealingSteps(rows: $0, direction: .seal) }
  static let unsealing = SealedRows.all.map { SealingSteps(rows: $0, direction: .open) }

  private var table: String { "main.\(rows.table.name)" }
  private var isKeyed: Bool { [.parts, .reusedSearches].contains(rows.table) }
  /// Whether one row is a batch.
  var isLarge: Bool { rows.table == .artifacts }

  /// Numbers of the next rows; a small table that has no numbers is one batch.
  func next(after last: Int64, limit: Int, _ db: Database) throws -> [Int64] {
    if isKeyed { return last == 0 ? [1] : [] }
    return try Int64.fetchAll(
      db, sql: "SELECT rowid FROM \(table) WHERE rowid > ? ORDER BY rowid LIMIT ?", arguments: [last, limit])
  }

  /// How many rows among these are to be changed.
  func pending(_ batch: [Int64], _ db: Database) throws -> Int {
    if rows.table == .names, direction == .seal { try Self.noteWords(db) }
    return try Int.fetchOne(
      db, sql: "SELECT COUNT(*) FROM \(table) WHERE \(condition)", arguments: arguments(batch)) ?? 0
  }

  func apply(_ batch: [Int64], _ db: Database) throws {
    switch rows.table {
    case .artifacts: try applyToArtifacts(batch, db)
    case .names where direction == .open:
      try mergeNames(batch, db)
      try update(batch, db)
    default: try update(batch, db)
    }
  }

  private func arguments(_ batch: [Int64]) -> StatementArguments {
    isKeyed ? [] : [batch.first ?? 0, batch.last ?? 0]
  }

  /// What rows have to be changed, of those in a batch.
  private var condition: String {
    let isPending = rows.columns.map { column in
      direction == .seal
        ? "NOT sluiceIsSealed(\(column.name))"
        : "(sluiceIsSealed(\(column.name)) AND length(CAST(\(column.name) AS BLOB)) > 0)"
    }.joined(separator: " OR ")
    let range = isKeyed ? "1" : "rowid BETWEEN ? AND ?"
    return switch (rows.table, direction) {
    // The hash of a text that is gone must not answer to guesses either.
    case (.texts, .seal): "\(range) AND (\(isPending) OR text = '')"
    case (.texts, .open): "\(range) AND (\(isPending) OR (text = '' AND hash = sluiceKey('')))"
    case (.names, .seal): "\(range) AND (\(isPending)) AND id IN (SELECT id FROM temp.sealedWords)"
    default: "\(range) AND (\(isPending))"
    }
  }

  private var changes: String {
    switch (rows.table, direction) {
    case (.texts, .seal):
      return """
        hash = CASE WHEN text <> '' THEN sluiceKey(text) WHEN hash IN (sluicePlainKey(''), sluiceKey('')) THEN sluiceKey('')
          ELSE sluiceKey(CAST(hash AS TEXT)) END,
        text = \(SealedRows.seal("text", .texts, "text", identity: ["sluiceKey(text)"]))
        """
    case (.texts, .open):
      return "hash = sluicePlainKey(\(rows.columns[0].opened())), text = \(rows.columns[0].opened())"
    default:
      return rows.columns.map { column in
        "\(column.name) = \(direction == .seal ? column.sealed(column.name) : column.opened())"
      }.joined(separator: ", ")
    }
  }

  private func update(_ batch: [Int64], _ db: Database) throws {
    try Self.without(rows.triggers[...], db) {
      try db.execute(sql: "UPDATE \(table) SET \(changes) WHERE \(condition)", arguments: arguments(batch))
    }
  }

  private static func without(_ triggers: ArraySlice<String>, _ db: Database, _ body: () throws -> Void) throws {
    guard let trigger = triggers.first else { return try body() }
    try Ledger.withoutTrigger(trigger, db) { try without(triggers.dropFirst(), db, body) }
  }

  // MARK: - Names

  /// The names that are reasons of judges and nothing else.
  private static func noteWords(_ db: Database) throws {
    try db.execute(
      sql: """
        CREATE TEMP TABLE IF NOT EXISTS sealedWords AS
          SELECT DISTINCT reason AS id FROM storedJudgments WHERE reason IS NOT NULL
          EXCEPT SELECT category FROM storedJudgments EXCEPT SELECT finishReason FROM storedResponses
          EXCEPT SELECT run FROM storedResponses
        """)
  }

  /// A reason may be a word that stands there in the clear as well: then that one is it.
  private func mergeNames(_ batch: [Int64], _ db: Database) throws {
    let opened = rows.columns[0].opened(in: "s.")
    let twins = try Row.fetchAll(
      db,
      sql: """
        SELECT s.id AS sealed, p.id AS plain FROM main.names s JOIN main.names p ON p.text = \(opened)
        WHERE s.rowid BETWEEN ? AND ? AND p.id <> s.id
        """, arguments: arguments(batch))
    for twin in twins {
      let (sealed, plain): (Int64, Int64) = (try twin.get("sealed"), try twin.get("plain"))
      try Ledger.withoutTrigger("judgmentStays", db) {
        try db.execute(sql: "UPDATE storedJudgments SET reason = ? WHERE reason = ?", arguments: [plain, sealed])
      }
      try db.execute(sql: "DELETE FROM main.names WHERE id = ?", arguments: [sealed])
    }
  }

  // MARK: - Artifacts

  /// An artifact is found by its hash, which becomes another one.
  private func applyToArtifacts(_ batch: [Int64], _ db: Database) throws {
    let old = try Row.fetchAll(
      db, sql: "SELECT hash, unpacked, bytes FROM \(table) WHERE \(condition)", arguments: arguments(batch))
    for row in old {
      let hash: String = try row.get("hash")
      let size = try row.getIfAny("unpacked", as: Int.self)
      let opened = try Data.fetchOne(
        db, sql: "SELECT \(rows.columns[0].opened()) FROM \(table) WHERE hash = ?", arguments: [hash])
      let packed = [UInt8](opened ?? Data())
      let bytes = try size.map { try Compression.unpacked(packed, size: $0) } ?? packed
      let function = direction == .seal ? "sluiceDigest" : "sluicePlainDigest"
      guard let new = try String.fetchOne(db, sql: "SELECT \(function)(?)", arguments: [Data(bytes)]) else {
        throw InternalError("SQLite made no digest")
      }
      let sealed = direction == .seal ? SealedRows.seal("bytes", .artifacts, "bytes", identity: ["hash"]) : "bytes"
      try db.execute(
        sql: """
          INSERT INTO \(table) (hash, bytes, unpacked)
          SELECT hash, \(sealed), unpacked FROM (SELECT ? AS hash, ? AS bytes, ? AS unpacked)
          """, arguments: [new, Data(packed), size])
      for (user, column) in [
        ("searches", "artifact"), ("searches", "state"), ("attackerStates", "artifact"), ("reusedSearches", "artifact"),
      ] {
        try db.execute(sql: "UPDATE main.\(user) SET \(column) = ? WHERE \(column) = ?", arguments: [new, hash])
      }
      try db.execute(sql: "DELETE FROM \(table) WHERE hash = ?", arguments: [hash])
    }
  }
}
