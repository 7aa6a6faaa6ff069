import Core
import GRDB

extension Ledger {
  /// Attacks that earlier, finished runs confirmed, by identifier; each as the first of those runs found it.
  ///
  /// - Parameter run: only runs that ended before this one began count, so that a resumed run replays what its first
  ///   life replayed; nil for any.
  public func suiteAttacks(before run: String? = nil) throws -> [Attack] {
    let rows = try read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT s.*, p.text FROM suite s JOIN prompts p ON p.id = s.prompt JOIN runs r ON r.id = s.run
          WHERE \(Self.endedBefore) ORDER BY s.attack, r.endedAs, r.id
          """, arguments: [run, run]
      ).map(Self.attack)
    }
    var known: Set<AttackID> = []
    return rows.filter { known.insert($0.id).inserted }
  }

  /// Adds confirmed attacks to the suite of later runs. They count once `run` has ended; what an earlier run said of the
  /// same attack stays.
  public func addToSuite(_ attacks: [Attack], run: String) throws {
    try write { db in
      for attack in attacks { try Self.insert(attack, into: "suite", run: run, db) }
    }
  }

  /// - Parameter table: `suite`, or what a migration calls it meanwhile.
  static func insert(_ attack: Attack, into table: String, run: String, _ db: Database) throws {
    let origin = attack.provenance
    try db.cachedStatement(
      sql: """
        INSERT INTO \(table)
        (attack, run, prompt, category, locale, cluster, method, restart, step, foundOn, foundIn)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
        """
    ).execute(arguments: [
      attack.id.text, run, try promptID(db, attack.prompt), attack.category, attack.locale, attack.cluster,
      origin.method, origin.restart, origin.step, origin.foundOn, origin.run,
    ])
  }

  private static func attack(_ row: Row) -> Attack {
    Attack(
      prompt: row["text"], category: row["category"], locale: row["locale"], cluster: row["cluster"],
      provenance: Provenance(
        method: row["method"], restart: row["restart"], step: row["step"], foundOn: row["foundOn"],
        run: row["foundIn"]))
  }
}
