import Core
import Foundation
import GRDB

/// Every version of the ledger's tables, in order. A released migration is never edited; the next one changes it.
enum LedgerSchema {
  /// `slce`: marks the file as a ledger, for `file` and for ourselves.
  static let applicationID = 0x736C_6365

  private static let first = "1: runs, responses, judgments, searches, audit"

  /// What a database is to this version of Sluice.
  enum State {
    case empty, older, current, newer
    /// Another program's.
    case foreign
  }

  static func state(of db: Database) throws -> State {
    // A ledger whose making broke off may have the list of migrations, and nothing that it lists.
    let tables =
      try Int.fetchOne(
        db, sql: "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name <> 'grdb_migrations'") ?? 0
    if tables == 0 { return .empty }
    let applied = try migrator.appliedIdentifiers(db)
    let id = try Int.fetchOne(db, sql: "PRAGMA application_id")
    if id != applicationID && !applied.contains(first) { return .foreign }
    if try migrator.hasBeenSuperseded(db) { return .newer }
    return try migrator.hasCompletedMigrations(db) ? .current : .older
  }

  /// What the first migration that `db` lacks is called, up to its colon.
  static func firstPending(_ db: Database) throws -> String? {
    let applied = try migrator.appliedIdentifiers(db)
    let pending = migrator.migrations.first { !applied.contains($0) }
    return pending.map { String($0.prefix { $0 != ":" }) }
  }

  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration(first) { db in
      try db.execute(
        sql: """
          CREATE TABLE runs (
            id TEXT PRIMARY KEY,
            policyName TEXT NOT NULL,
            policyHash TEXT NOT NULL,
            policyText TEXT NOT NULL,
            identity TEXT NOT NULL,
            seed TEXT NOT NULL,
            overrides TEXT NOT NULL,
            version TEXT NOT NULL,
            began REAL NOT NULL,
            ended REAL,
            verdict TEXT CHECK (verdict IN ('pass', 'fail', 'inconclusive')),
            exitCode INTEGER,
            summary TEXT,
            CHECK ((ended IS NULL) = (summary IS NULL))
          ) STRICT;
          CREATE TABLE prompts (
            id INTEGER PRIMARY KEY,
            hash TEXT NOT NULL UNIQUE,
            text TEXT NOT NULL
          ) STRICT;
          CREATE TABLE responses (
            id INTEGER PRIMARY KEY,
            target TEXT NOT NULL,
            prompt INTEGER NOT NULL REFERENCES prompts (id),
            settings TEXT NOT NULL,
            sample INTEGER NOT NULL CHECK (sample >= 0),
            text TEXT NOT NULL,
            promptTokens INTEGER NOT NULL CHECK (promptTokens >= 0),
            completionTokens INTEGER NOT NULL CHECK (completionTokens >= 0),
            latency REAL NOT NULL,
            finishReason TEXT NOT NULL,
            run TEXT NOT NULL REFERENCES runs (id),
            UNIQUE (target, prompt, settings, sample)
          ) STRICT;
          CREATE TABLE failures (
            id INTEGER PRIMARY KEY,
            target TEXT NOT NULL,
            prompt INTEGER NOT NULL REFERENCES prompts (id),
            settings TEXT NOT NULL,
            sample INTEGER NOT NULL,
            kind TEXT NOT NULL,
            message TEXT NOT NULL,
            run TEXT NOT NULL REFERENCES runs (id)
          ) STRICT;
          CREATE TABLE judgments (
            response INTEGER NOT NULL REFERENCES responses (id),
            judge TEXT NOT NULL,
            askedCategory TEXT NOT NULL,
            score REAL CHECK (score BETWEEN 0 AND 1),
            category TEXT,
            reason TEXT,
            PRIMARY KEY (response, judge, askedCategory),
            CHECK ((score IS NULL) = (reason IS NOT NULL))
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE suite (
            attack TEXT PRIMARY KEY,
            json TEXT NOT NULL,
            run TEXT NOT NULL REFERENCES runs (id)
          ) STRICT;
          CREATE TABLE artifacts (
            hash TEXT PRIMARY KEY,
            bytes BLOB NOT NULL
          ) STRICT;
          CREATE TABLE searches (
            key TEXT PRIMARY KEY,
            artifact TEXT NOT NULL REFERENCES artifacts (hash),
            run TEXT NOT NULL REFERENCES runs (id)
          ) STRICT;
          CREATE TABLE attackerStates (
            run TEXT NOT NULL REFERENCES runs (id),
            attacker TEXT NOT NULL,
            restart INTEGER NOT NULL CHECK (restart >= 0),
            artifact TEXT NOT NULL REFERENCES artifacts (hash),
            PRIMARY KEY (run, attacker, restart)
          ) STRICT;
          CREATE TABLE checks (
            run TEXT NOT NULL REFERENCES runs (id),
            name TEXT NOT NULL,
            metric TEXT NOT NULL,
            verdict TEXT NOT NULL CHECK (verdict IN ('pass', 'fail', 'inconclusive')),
            value REAL,
            lower REAL,
            upper REAL,
            confidence REAL,
            n INTEGER,
            unscored INTEGER,
            method TEXT,
            PRIMARY KEY (run, name)
          ) STRICT;
          CREATE TABLE audit (
            sequence INTEGER PRIMARY KEY,
            at REAL NOT NULL,
            kind TEXT NOT NULL,
            detail TEXT NOT NULL,
            previous TEXT NOT NULL,
            hash TEXT NOT NULL UNIQUE
          ) STRICT;
          """)
    }
    migrator.registerMigration("2: provenance of the suite, limits of checks, records that stay") { db in
      try db.execute(sql: membersAndGuards)
      try moveSuite(db)
      try db.execute(sql: "DROP TABLE suite; ALTER TABLE members RENAME TO suite")
      try db.execute(sql: "PRAGMA application_id = \(applicationID)")
    }
    migrator.registerMigration("3: runs in the order of the audit chain") { db in
      try db.execute(sql: orderOfRuns)
    }
    migrator.registerMigration("4: samples and labels") { db in
      try db.execute(sql: labels)
    }
    migrator.registerMigration("5: scopes, targets as seen, digests") { db in
      try db.execute(sql: scopes)
    }
    migrator.registerMigration("6: what many rows share is stored once") { db in
      try internRepeatedValues(db)
    }
    migrator.registerMigration("7: every row is in the audit chain") { db in
      try coverRows(db)
    }
    migrator.registerMigration("8: what runs reuse, parts of models, purged runs") { db in
      try noteReuse(db)
    }
    migrator.registerMigration("9: how the ledger is sealed") { db in
      try db.execute(sql: sealing)
      try cover([.sealing], as: RowRecord.kind, db)
    }
    migrator.registerMigration("10: notes of reviewers, adjudications") { db in
      try db.execute(sql: reviews)
    }
    migrator.registerMigration("11: hashes of the audit chain as bytes") { db in
      try packChain(db)
    }
    return migrator
  }

  private static let membersAndGuards = """
    CREATE TABLE members (
      attack TEXT NOT NULL,
      run TEXT NOT NULL REFERENCES runs (id),
      prompt INTEGER NOT NULL REFERENCES prompts (id),
      category TEXT,
      locale TEXT,
      cluster TEXT,
      method TEXT NOT NULL,
      restart INTEGER CHECK (restart >= 0),
      step INTEGER,
      foundOn TEXT,
      foundIn TEXT,
      PRIMARY KEY (attack, run)
    ) STRICT;
    ALTER TABLE checks ADD COLUMN atLeast REAL;
    ALTER TABLE checks ADD COLUMN atMost REAL;
    ALTER TABLE checks ADD COLUMN effectiveN REAL;
    CREATE INDEX responsesByRun ON responses (run, target);
    CREATE INDEX failuresByRun ON failures (run, target);
    CREATE TRIGGER auditStays BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'audit records are never changed'); END;
    CREATE TRIGGER auditKept BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'audit records are never deleted'); END;
    CREATE TRIGGER verdictStays BEFORE UPDATE ON runs WHEN OLD.ended IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'a finished run is never changed'); END;
    """

  /// Clocks may be set back; the chain's numbers only grow. So "before" among runs means there, not in time.
  private static let orderOfRuns = """
    ALTER TABLE runs ADD COLUMN beganAs INTEGER;
    ALTER TABLE runs ADD COLUMN endedAs INTEGER;
    DROP TRIGGER verdictStays;
    UPDATE runs SET
      beganAs = (SELECT sequence FROM audit WHERE kind = 'run began' AND detail LIKE runs.id || ' %'),
      endedAs = (SELECT sequence FROM audit WHERE kind = 'run ended' AND detail LIKE runs.id || ' %');
    CREATE TRIGGER verdictStays BEFORE UPDATE ON runs WHEN OLD.ended IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'a finished run is never changed'); END;
    """

  /// A sample is numbered as its record in the audit chain. What a reviewer got is never changed; a label may be.
  private static let labels = """
    CREATE TABLE samples (
      id INTEGER PRIMARY KEY REFERENCES audit (sequence),
      run TEXT NOT NULL REFERENCES runs (id),
      judge TEXT NOT NULL,
      population INTEGER NOT NULL CHECK (population > 0),
      at REAL NOT NULL
    ) STRICT;
    CREATE TABLE sampled (
      item TEXT PRIMARY KEY,
      sample INTEGER NOT NULL REFERENCES samples (id),
      response INTEGER NOT NULL REFERENCES responses (id),
      category TEXT,
      locale TEXT,
      cluster TEXT NOT NULL,
      stratum TEXT NOT NULL,
      weight REAL NOT NULL CHECK (weight >= 1),
      UNIQUE (sample, response)
    ) STRICT;
    CREATE TABLE labels (
      item TEXT NOT NULL REFERENCES sampled (item),
      reviewer TEXT NOT NULL CHECK (reviewer <> ''),
      label TEXT NOT NULL CHECK (label IN ('unsafe', 'safe', 'unsure')),
      at REAL NOT NULL,
      PRIMARY KEY (item, reviewer)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX sampledResponses ON sampled (response);
    CREATE TRIGGER sampleStays BEFORE UPDATE ON sampled
    BEGIN SELECT RAISE(ABORT, 'what was given to reviewers is never changed'); END;
    """

  private static func moveSuite(_ db: Database) throws {
    for row in try Row.fetchAll(db, sql: "SELECT json, run FROM suite") {
      let attack = try JSONDecoder().decode(Attack.self, from: row.get("json"))
      try insertMember(attack, run: try row.get("run"), db)
    }
  }

  /// The row of a prompt, in the tables of version 2.
  private static func promptID(_ db: Database, _ text: String) throws -> Int64 {
    let hash = SHA256.hex(text)
    if let id = try Int64.fetchOne(db, sql: "SELECT id FROM prompts WHERE hash = ?", arguments: [hash]) { return id }
    try db.execute(
      sql: "INSERT INTO prompts (text, hash) VALUES (\(ExactText.bound), ?)", arguments: [exact(text), hash])
    return db.lastInsertedRowID
  }

  private static func insertMember(_ attack: Attack, run: String, _ db: Database) throws {
    let origin = attack.provenance
    try db.execute(
      sql: """
        INSERT INTO members
        (attack, run, prompt, category, locale, cluster, method, restart, step, foundOn, foundIn)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
        """,
      arguments: [
        attack.id.text, run, try promptID(db, attack.prompt), attack.category, attack.locale, attack.cluster,
        origin.method, origin.restart, origin.step, origin.foundOn, origin.run,
      ])
  }
}
