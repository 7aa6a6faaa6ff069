import GRDB

extension LedgerSchema {
  /// Whether a run has ever begun.
  static func hasRuns(_ db: Database) throws -> Bool {
    try db.tableExists("runs") && Int.fetchOne(db, sql: "SELECT 1 FROM runs LIMIT 1") != nil
  }

  /// How the ledger is sealed: one row, from the beginning. Its data key is kept wrapped by the ledger's key, with where that one
  /// was when it was used last, and how it is derived.
  static let sealing = """
    CREATE TABLE sealing (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      state TEXT NOT NULL CHECK (state IN ('open', 'sealing', 'sealed', 'unsealing')),
      kind TEXT,
      place TEXT,
      salt BLOB,
      passes INTEGER,
      memory INTEGER,
      wrapped BLOB,
      CHECK ((state = 'open') = (wrapped IS NULL)),
      CHECK ((wrapped IS NULL) = (kind IS NULL OR place IS NULL OR salt IS NULL OR passes IS NULL OR memory IS NULL))
    ) STRICT;
    CREATE TRIGGER sealingKept BEFORE DELETE ON sealing
    BEGIN SELECT RAISE(ABORT, 'how a ledger is sealed is never deleted'); END;
    INSERT INTO sealing (id, state) VALUES (1, 'open');
    """
}
