import Core
import Foundation
import GRDB

extension Ledger {
  /// The bytes of a finished search, where one with this key is stored.
  ///
  /// - Parameter key: names everything that shapes a search: target, settings, attacker, start state, seed, budget.
  public func search(_ key: String) throws -> [UInt8]? {
    try read { db in
      try Data.fetchOne(
        db,
        sql: "SELECT a.bytes FROM searches s JOIN artifacts a ON a.hash = s.artifact WHERE s.key = \(ExactText.bound)",
        arguments: [exact(key)])
    }.map { [UInt8]($0) }
  }

  /// Remembers a finished search; the first result under a key stays.
  public func storeSearch(_ key: String, result: [UInt8], run: String) throws {
    try write { db in
      let hash = try Self.storeArtifact(db, result)
      try db.execute(
        sql: "INSERT INTO searches (key, artifact, run) VALUES (\(ExactText.bound), ?, ?) ON CONFLICT (key) DO NOTHING",
        arguments: [exact(key), hash, run])
    }
  }

  /// The newest state that a finished run left for this attacker and restart.
  ///
  /// - Parameter run: only runs that ended before this one began count, so that a resumed run starts from where its
  ///   first life did, whatever ended meanwhile; nil for any.
  public func attackerState(attacker: String, restart: Int, before run: String? = nil) throws -> [UInt8]? {
    try read { db in
      try Data.fetchOne(
        db,
        sql: """
          SELECT a.bytes FROM attackerStates s JOIN artifacts a ON a.hash = s.artifact JOIN runs r ON r.id = s.run
          WHERE s.attacker = \(ExactText.bound) AND s.restart = ? AND \(Self.endedBefore) ORDER BY r.endedAs DESC, r.id DESC LIMIT 1
          """, arguments: [exact(attacker), restart, run, run])
    }.map { [UInt8]($0) }
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

  /// Content-addressed: equal bytes are stored once.
  private static func storeArtifact(_ db: Database, _ bytes: [UInt8]) throws -> String {
    let hash = SHA256.hex(bytes)
    try db.execute(
      sql: "INSERT INTO artifacts (hash, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING",
      arguments: [hash, Data(bytes)])
    return hash
  }
}
