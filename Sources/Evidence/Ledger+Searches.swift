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
        db, sql: "SELECT a.bytes FROM searches s JOIN artifacts a ON a.hash = s.artifact WHERE s.key = ?",
        arguments: [key])
    }.map { [UInt8]($0) }
  }

  public func storeSearch(_ key: String, result: [UInt8], run: String) throws {
    try write { db in
      let hash = try Self.storeArtifact(db, result)
      try db.execute(
        sql: "INSERT INTO searches (key, artifact, run) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        arguments: [key, hash, run])
    }
  }

  /// The newest state that a finished run left for this attacker and restart.
  public func attackerState(attacker: String, restart: Int) throws -> [UInt8]? {
    try read { db in
      try Data.fetchOne(
        db,
        sql: """
          SELECT a.bytes FROM attackerStates s JOIN artifacts a ON a.hash = s.artifact JOIN runs r ON r.id = s.run
          WHERE s.attacker = ? AND s.restart = ? AND r.ended IS NOT NULL ORDER BY r.ended DESC, r.id DESC LIMIT 1
          """, arguments: [attacker, restart])
    }.map { [UInt8]($0) }
  }

  public func storeAttackerState(_ state: [UInt8], attacker: String, restart: Int, run: String) throws {
    try write { db in
      let hash = try Self.storeArtifact(db, state)
      try db.execute(
        sql: "INSERT OR REPLACE INTO attackerStates (run, attacker, restart, artifact) VALUES (?, ?, ?, ?)",
        arguments: [run, attacker, restart, hash])
    }
  }

  /// Attacks that earlier, finished runs confirmed, by identifier.
  public func suiteAttacks() throws -> [Attack] {
    let rows = try read { db in
      try String.fetchAll(
        db, sql: "SELECT s.json FROM suite s JOIN runs r ON r.id = s.run WHERE r.ended IS NOT NULL ORDER BY s.attack")
    }
    return try rows.map { try JSONDecoder().decode(Attack.self, from: Data($0.utf8)) }
  }

  /// Adds confirmed attacks to the suite of later runs; known ones stay as they are.
  public func addToSuite(_ attacks: [Attack], run: String) throws {
    try write { db in
      for attack in attacks {
        try db.execute(
          sql: "INSERT INTO suite (attack, json, run) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
          arguments: [attack.id.text, try jsonText(attack), run])
      }
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
