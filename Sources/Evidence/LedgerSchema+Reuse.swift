import Foundation
import GRDB

extension LedgerSchema {
  /// A run rests on responses and searches of earlier runs, which is noted from here on: by ranges of responses, since those that
  /// were asked together are reused together. A model is told from its twin under other settings, and a run whose texts were
  /// purged is known as that.
  ///
  /// What runs of older versions reused is not known; they get all that they could have: responses of their models that hold for
  /// every run and were there before the run ended.
  static func noteReuse(_ db: Database) throws {
    try db.execute(sql: reuse)
    try cover([.reuses], as: RowRecord.kind, db)
  }

  private static let reuse = """
    CREATE TABLE reuses (
      run TEXT NOT NULL REFERENCES runs (id),
      firstResponse INTEGER NOT NULL REFERENCES storedResponses (id),
      lastResponse INTEGER NOT NULL REFERENCES storedResponses (id),
      PRIMARY KEY (run, firstResponse),
      CHECK (lastResponse >= firstResponse)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE reusedSearches (
      run TEXT NOT NULL REFERENCES runs (id),
      key TEXT NOT NULL,
      artifact TEXT NOT NULL REFERENCES artifacts (hash),
      PRIMARY KEY (run, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE parts (
      run TEXT NOT NULL REFERENCES runs (id),
      role TEXT NOT NULL,
      fingerprint TEXT NOT NULL,
      settings TEXT NOT NULL,
      scope TEXT NOT NULL,
      PRIMARY KEY (run, role, fingerprint)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE purges (
      run TEXT PRIMARY KEY REFERENCES runs (id),
      record INTEGER NOT NULL REFERENCES audit (sequence),
      keptSuite INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER reuseStays BEFORE UPDATE ON reuses
    BEGIN SELECT RAISE(ABORT, 'what a run rests on is never changed'); END;
    CREATE TRIGGER reuseKept BEFORE DELETE ON reuses
    BEGIN SELECT RAISE(ABORT, 'what a run rests on is never deleted'); END;
    CREATE TRIGGER partStays BEFORE UPDATE ON parts
    BEGIN SELECT RAISE(ABORT, 'what a model was in a run is never changed'); END;
    CREATE TRIGGER partKept BEFORE DELETE ON parts
    BEGIN SELECT RAISE(ABORT, 'what a model was in a run is never deleted'); END;
    INSERT INTO reuses
      SELECT run, MIN(id), MAX(id) FROM (
        SELECT run, id, id - ROW_NUMBER() OVER (PARTITION BY run ORDER BY id) AS island FROM (
          SELECT DISTINCT q.id AS run, r.id AS id
          FROM storedResponses r JOIN sources s ON s.id = r.source JOIN names n ON n.id = r.run
            JOIN runs w ON w.id = n.text JOIN targets t ON t.fingerprint = s.target JOIN runs q ON q.id = t.run
          WHERE (s.scope = '' OR s.scope LIKE 'signs %') AND q.id <> w.id AND w.beganAs <= q.endedAs
        )
      ) GROUP BY run, island;
    """
}
