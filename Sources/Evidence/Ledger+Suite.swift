import Core
import GRDB

/// An attack that a search found, with the model it was found on.
public struct FoundAttack: Hashable, Sendable {
  /// The attack as the suite keeps it.
  public let attack: Attack
  /// Fingerprint of the candidate of the run that found it; nil where the ledger doesn't know.
  public let model: String?
}

extension Ledger {
  /// Attacks that earlier, finished runs confirmed, by identifier, with the model that each was found on; each as the first of
  /// those runs found it, which its provenance names. Those whose texts were purged can't be asked any more, and are left out.
  ///
  /// - Parameter run: only runs that ended before this one began count, so that a resumed run replays what its first
  ///   life replayed; nil for any.
  public func foundAttacks(before run: String? = nil) throws -> [FoundAttack] {
    let found = try read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT \(ExactText.read("p.text", as: "text")), s.restart, s.step,
            \(ExactText.read("category", "locale", "cluster", "method", "foundOn", "foundIn", "foundOnModel"))
          FROM suite s JOIN prompts p ON p.id = s.prompt JOIN runs r ON r.id = s.run
          WHERE (p.text <> '' OR s.attack = ?) AND \(Self.endedBefore) ORDER BY s.attack, r.endedAs, r.id
          """, arguments: [AttackID(prompt: "").text, run, run]
      ).map { FoundAttack(attack: try Self.attack($0), model: try $0.exactTextIfAny("foundOnModel")) }
    }
    var known: Set<AttackID> = []
    return found.filter { known.insert($0.attack.id).inserted }
  }

  /// Adds confirmed attacks to the suite of later runs. They count once `run` has ended; what an earlier run said of the
  /// same attack stays.
  ///
  /// - Parameter model: fingerprint of the run's candidate.
  public func addToSuite(_ attacks: [Attack], run: String, foundOnModel model: String? = nil) throws {
    try write { db in
      var interning = Interning()
      for attack in attacks {
        let origin = attack.provenance
        try db.cachedStatement(
          sql: """
            INSERT INTO main.suite
            (cluster, category, locale, method, foundOn, foundIn, foundOnModel, attack, run, prompt, restart, step)
            VALUES (\(SealedRows.seal(ExactText.bound, .suite, "cluster")), \(ExactText.bound(6)), \(SealedRows.seal("?", .suite, "attack")), ?, ?, ?, ?)
            ON CONFLICT (attack, run) DO NOTHING
            """
        ).execute(arguments: [
          exact(attack.cluster), exact(attack.category), exact(attack.locale), exact(origin.method),
          exact(origin.foundOn), exact(origin.run), exact(model), attack.id.text, run,
          try interning.text(attack.prompt, db), origin.restart, origin.step,
        ])
      }
    }
  }

  static func attack(_ row: Row) throws -> Attack {
    Attack(
      prompt: try row.exactText("text"), category: try row.exactTextIfAny("category"),
      locale: try row.exactTextIfAny("locale"), cluster: try row.exactTextIfAny("cluster"),
      provenance: Provenance(
        method: try row.exactText("method"), restart: try row.getIfAny("restart"), step: try row.getIfAny("step"),
        foundOn: try row.exactTextIfAny("foundOn"), run: try row.exactTextIfAny("foundIn")))
  }
}
