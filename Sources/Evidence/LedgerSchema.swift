import GRDB

/// Every version of the ledger's tables, in order. A released migration is never edited; the next one changes it.
enum LedgerSchema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1: runs, responses, judgments, searches, audit") { db in
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
    return migrator
  }
}
