import Core
import Foundation
import GRDB

/// A search's record, and apart from it the attacker's state, which a run keeps under its own name as well.
public struct StoredSearch: Hashable, Sendable {
  /// What the search found and spent, in the format of who wrote it.
  public let record: [UInt8]
  /// Empty where none is kept.
  public let state: [UInt8]

  public init(record: [UInt8], state: [UInt8] = []) {
    self.record = record
    self.state = state
  }
}

extension Ledger {
  /// What is kept of a finished search, where one with this key is stored.
  ///
  /// - Parameters:
  ///   - key: names everything that shapes a search: target, settings, attacker, start state, seed, budget.
  ///   - reader: the run that will rest on it, which its end notes; nil for nobody.
  public func search(_ key: String, reusedBy reader: String? = nil) throws -> StoredSearch? {
    try read { db in
      try Row.fetchOne(
        db,
        sql: """
          SELECT s.run, \(Self.artifactColumns("a", "record")), \(Self.artifactColumns("b", "state"))
          FROM searches s JOIN artifacts a ON a.hash = s.artifact LEFT JOIN artifacts b ON b.hash = s.state
          WHERE s.key = \(ExactText.bound)
          """, arguments: [exact(key)]
      ).map { row in
        if let reader, try row.get("run") != reader {
          reuse.note(search: key, artifact: try row.get("recordHash"), by: reader)
        }
        return StoredSearch(record: try row.artifact("record", db) ?? [], state: try row.artifact("state", db) ?? [])
      }
    }
  }

  /// The run that did the search with this key; nil where none is stored.
  public func searcher(of key: String) throws -> String? {
    try read { db in
      try String.fetchOne(
        db, sql: "SELECT run FROM searches WHERE key = \(ExactText.bound)", arguments: [exact(key)])
    }
  }

  /// Keys of the searches of a run, in order.
  public func searches(of run: String) throws -> [String] {
    try read { db in
      try Row.fetchAll(
        db, sql: "SELECT \(ExactText.read("key")) FROM searches WHERE run = ?", arguments: [run]
      ).map { try $0.exactText("key") }.sorted()
    }
  }

  /// Remembers a finished search; the first result under a key stays.
  public func storeSearch(_ key: String, _ search: StoredSearch, run: String) throws {
    try write { db in
      let record = try Self.storeArtifact(db, search.record)
      let state = search.state.isEmpty ? nil : try Self.storeArtifact(db, search.state)
      try db.execute(
        sql: """
          INSERT INTO main.searches (key, artifact, state, run)
          VALUES (\(SealedRows.seal(ExactText.bound, .searches, "key")), ?, ?, ?)
          ON CONFLICT (key) DO NOTHING
          """, arguments: [exact(key), record, state, run])
    }
  }

  /// The newest state that a finished run left for this attacker and restart.
  ///
  /// - Parameter run: only runs that ended before this one began count, so that a resumed run starts from where its
  ///   first life did, whatever ended meanwhile; nil for any.
  public func attackerState(attacker: String, restart: Int, before run: String? = nil) throws -> [UInt8]? {
    try read { db in
      try Row.fetchOne(
        db,
        sql: """
          SELECT \(Self.artifactColumns("a", "state")) FROM attackerStates s JOIN artifacts a ON a.hash = s.artifact JOIN runs r ON r.id = s.run
          WHERE s.attacker = \(ExactText.bound) AND s.restart = ? AND \(Self.endedBefore) ORDER BY r.endedAs DESC, r.id DESC LIMIT 1
          """, arguments: [exact(attacker), restart, run, run]
      )?.artifact("state", db)
    }
  }

  /// Condition on a run `r`, with the later run bound twice.
  static let endedBefore = "r.ended IS NOT NULL AND (? IS NULL OR r.endedAs < (SELECT beganAs FROM runs WHERE id = ?))"

  /// Keeps where an attacker ended, for the next run to start from; the last state of a restart wins.
  public func storeAttackerState(_ state: [UInt8], attacker: String, restart: Int, run: String) throws {
    try write { db in
      let hash = try Self.storeArtifact(db, state)
      try db.execute(
        sql:
          "INSERT OR REPLACE INTO attackerStates (attacker, run, restart, artifact) VALUES (\(ExactText.bound), ?, ?, ?)",
        arguments: [exact(attacker), run, restart, hash])
    }
  }

  /// Content-addressed: equal bytes are stored once, compressed where that makes them shorter.
  static func storeArtifact(_ db: Database, _ bytes: [UInt8]) throws -> String {
    let hash = try artifactHash(db, bytes)
    if try Int.fetchOne(db, sql: "SELECT 1 FROM main.artifacts WHERE hash = ?", arguments: [hash]) != nil {
      return hash
    }
    let packed = Compression.packed(bytes)
    let sealed = SealedRows.seal("bytes", .artifacts, "bytes", identity: ["hash"])
    try db.execute(
      sql: """
        INSERT INTO main.artifacts (hash, bytes, unpacked)
        SELECT hash, \(sealed), unpacked FROM (SELECT ? AS hash, ? AS bytes, ? AS unpacked)
        """, arguments: [hash, Data(packed ?? bytes), packed == nil ? nil : bytes.count])
    return hash
  }

  /// Lower-case hexadecimal.
  static func artifactHash(_ db: Database, _ bytes: [UInt8]) throws -> String {
    let find = try db.cachedStatement(sql: "SELECT sluiceDigest(?)")
    guard let hash = try String.fetchOne(find, arguments: [Data(bytes)]) else {
      throw InternalError("SQLite made no digest")
    }
    return hash
  }

  /// Columns of an artifact, for `Row.artifact`.
  static func artifactColumns(_ table: String, _ name: String) -> String {
    "\(table).hash AS \(name)Hash, \(table).bytes AS \(name), \(table).unpacked AS \(name)Size"
  }
}

extension Row {
  /// An artifact that was selected by `Ledger.artifactColumns`; nil where there is none.
  /// - Throws: `LedgerDamage` where it isn't what its hash says.
  func artifact(_ name: String, _ db: Database) throws -> [UInt8]? {
    guard let hash = try getIfAny("\(name)Hash", as: String.self) else { return nil }
    var bytes = [UInt8](try get(name) as Data)
    if let size = try getIfAny("\(name)Size", as: Int.self) { bytes = try Compression.unpacked(bytes, size: size) }
    guard try Ledger.artifactHash(db, bytes) == hash else {
      throw LedgerDamage("a record of a search isn't what its hash says")
    }
    return bytes
  }
}
