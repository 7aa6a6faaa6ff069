import Foundation
import GRDB

extension LedgerSchema {
  /// What many rows share is stored once: a model under its settings, a judge and what it was asked, a text, a word. A
  /// response and its judgment then take some 60 bytes instead of 600.
  ///
  /// `responses`, `judgments` and `prompts` stay as views of the same names and columns, for reading. Other tables refer
  /// to their rows by number, so every row keeps its own; a new table takes the old one's name first, which is what those
  /// references follow, and then its own.
  static func internRepeatedValues(_ db: Database) throws {
    db.add(function: textKey)
    db.add(function: keyOfHash)
    defer {
      db.remove(function: textKey)
      db.remove(function: keyOfHash)
    }
    try db.execute(sql: interning)
    try separateStates(db)
    try packArtifacts(db)
    try db.execute(sql: "DELETE FROM artifacts WHERE hash NOT IN (\(usedArtifacts))")
  }

  static let usedArtifacts =
    "SELECT artifact FROM searches UNION SELECT state FROM searches WHERE state IS NOT NULL "
    + "UNION SELECT artifact FROM attackerStates"

  /// Those that runs of this version have: from the schema on that notes what they reuse.
  static let keptArtifacts = usedArtifacts + " UNION SELECT artifact FROM reusedSearches"

  /// The key of a text, given as bytes.
  private static let textKey = DatabaseFunction("textKey", argumentCount: 1, pure: true) { values in
    SHA256.key(Data.fromDatabaseValue(values[0]) ?? Data())
  }

  /// The key of the text whose hash is given: version 0.1 cut texts at a NUL, but hashed them whole.
  private static let keyOfHash = DatabaseFunction("keyOfHash", argumentCount: 1, pure: true) { values in
    SHA256.key(hex: String.fromDatabaseValue(values[0]) ?? "")
  }

  private static let interning = """
    CREATE TABLE names (
      id INTEGER PRIMARY KEY,
      text TEXT NOT NULL UNIQUE
    ) STRICT;
    CREATE TABLE sources (
      id INTEGER PRIMARY KEY,
      target TEXT NOT NULL,
      settings TEXT NOT NULL,
      scope TEXT NOT NULL,
      UNIQUE (target, settings, scope)
    ) STRICT;
    CREATE TABLE judges (
      id INTEGER PRIMARY KEY,
      judge TEXT NOT NULL,
      askedCategory TEXT NOT NULL,
      scope TEXT NOT NULL,
      UNIQUE (judge, askedCategory, scope)
    ) STRICT;
    CREATE TABLE newTexts (
      id INTEGER PRIMARY KEY,
      hash INTEGER NOT NULL,
      text TEXT NOT NULL
    ) STRICT;
    INSERT INTO newTexts SELECT id, keyOfHash(hash), text FROM prompts;
    CREATE INDEX textsByHash ON newTexts (hash);
    INSERT INTO newTexts (hash, text)
      SELECT textKey(CAST(text AS BLOB)), text FROM (SELECT DISTINCT text FROM responses) d
      WHERE NOT EXISTS (SELECT 1 FROM newTexts t WHERE t.hash = textKey(CAST(d.text AS BLOB)) AND t.text = d.text);
    INSERT INTO names (text)
      SELECT finishReason FROM responses UNION SELECT run FROM responses
      UNION SELECT category FROM judgments WHERE category IS NOT NULL
      UNION SELECT reason FROM judgments WHERE reason IS NOT NULL;
    INSERT INTO sources (target, settings, scope) SELECT DISTINCT target, settings, scope FROM responses;
    INSERT INTO judges (judge, askedCategory, scope) SELECT DISTINCT judge, askedCategory, scope FROM judgments;
    CREATE TABLE newResponses (
      id INTEGER PRIMARY KEY,
      prompt INTEGER NOT NULL REFERENCES texts (id),
      source INTEGER NOT NULL REFERENCES sources (id),
      sample INTEGER NOT NULL CHECK (sample >= 0),
      text INTEGER NOT NULL REFERENCES texts (id),
      promptTokens INTEGER NOT NULL CHECK (promptTokens >= 0),
      completionTokens INTEGER NOT NULL CHECK (completionTokens >= 0),
      latency REAL NOT NULL,
      finishReason INTEGER NOT NULL REFERENCES names (id),
      run INTEGER NOT NULL REFERENCES names (id),
      UNIQUE (prompt, source, sample)
    ) STRICT;
    INSERT INTO newResponses
      SELECT r.id, r.prompt, s.id, r.sample,
        (SELECT MIN(t.id) FROM newTexts t WHERE t.hash = textKey(CAST(r.text AS BLOB)) AND t.text = r.text),
        r.promptTokens, r.completionTokens, r.latency, f.id, n.id
      FROM responses r
        JOIN sources s ON s.target = r.target AND s.settings = r.settings AND s.scope = r.scope
        JOIN names f ON f.text = r.finishReason JOIN names n ON n.text = r.run
      ORDER BY r.id;
    CREATE TABLE storedJudgments (
      response INTEGER NOT NULL REFERENCES storedResponses (id),
      judge INTEGER NOT NULL REFERENCES judges (id),
      score REAL CHECK (score BETWEEN 0 AND 1),
      category INTEGER REFERENCES names (id),
      reason INTEGER REFERENCES names (id),
      PRIMARY KEY (response, judge),
      CHECK ((score IS NULL) = (reason IS NOT NULL))
    ) STRICT, WITHOUT ROWID;
    INSERT INTO storedJudgments
      SELECT j.response, k.id, j.score, c.id, w.id
      FROM judgments j
        JOIN judges k ON k.judge = j.judge AND k.askedCategory = j.askedCategory AND k.scope = j.scope
        LEFT JOIN names c ON c.text = j.category LEFT JOIN names w ON w.text = j.reason;
    DROP TABLE judgments;
    DROP TABLE responses;
    ALTER TABLE newResponses RENAME TO responses;
    ALTER TABLE responses RENAME TO storedResponses;
    DROP TABLE prompts;
    ALTER TABLE newTexts RENAME TO prompts;
    ALTER TABLE prompts RENAME TO texts;

    CREATE VIEW prompts AS SELECT id, text FROM texts;
    CREATE VIEW responses AS
      SELECT r.id, s.target, r.prompt, s.settings, r.sample, s.scope, x.text, r.promptTokens, r.completionTokens,
        r.latency, f.text AS finishReason, n.text AS run
      FROM storedResponses r JOIN sources s ON s.id = r.source JOIN texts x ON x.id = r.text
        JOIN names f ON f.id = r.finishReason JOIN names n ON n.id = r.run;
    CREATE VIEW judgments AS
      SELECT j.response, k.judge, k.askedCategory, k.scope, j.score, c.text AS category, w.text AS reason
      FROM storedJudgments j JOIN judges k ON k.id = j.judge
        LEFT JOIN names c ON c.id = j.category LEFT JOIN names w ON w.id = j.reason;
    CREATE TRIGGER responseStays BEFORE UPDATE ON storedResponses
    BEGIN SELECT RAISE(ABORT, 'a stored response is never changed'); END;
    CREATE TRIGGER responseKept BEFORE DELETE ON storedResponses
    BEGIN SELECT RAISE(ABORT, 'a stored response is never deleted'); END;
    CREATE TRIGGER judgmentStays BEFORE UPDATE ON storedJudgments
    BEGIN SELECT RAISE(ABORT, 'a judgment is never changed'); END;
    CREATE TRIGGER judgmentKept BEFORE DELETE ON storedJudgments
    BEGIN SELECT RAISE(ABORT, 'a judgment is never deleted'); END;
    CREATE TRIGGER sourceStays BEFORE UPDATE ON sources
    BEGIN SELECT RAISE(ABORT, 'what answered is never changed'); END;
    CREATE TRIGGER judgeStays BEFORE UPDATE ON judges
    BEGIN SELECT RAISE(ABORT, 'what judged is never changed'); END;
    CREATE TRIGGER nameStays BEFORE UPDATE ON names
    BEGIN SELECT RAISE(ABORT, 'a name in use is never changed'); END;
    ALTER TABLE searches ADD COLUMN state TEXT REFERENCES artifacts (hash);
    ALTER TABLE artifacts ADD COLUMN unpacked INTEGER CHECK (unpacked >= 0);
    """

  private static func packArtifacts(_ db: Database) throws {
    for hash in try String.fetchAll(db, sql: "SELECT hash FROM artifacts WHERE unpacked IS NULL") {
      let bytes = try Data.fetchOne(db, sql: "SELECT bytes FROM artifacts WHERE hash = ?", arguments: [hash])
      guard let bytes, let packed = Compression.packed([UInt8](bytes)) else { continue }
      try db.execute(
        sql: "UPDATE artifacts SET bytes = ?, unpacked = ? WHERE hash = ?",
        arguments: [Data(packed), bytes.count, hash])
    }
  }

  /// A search's record ended with the attacker's state, which the run keeps under its own name as well.
  private static func separateStates(_ db: Database) throws {
    for key in try String.fetchAll(db, sql: "SELECT \(ExactText.read("key", as: "key")) FROM searches") {
      let row = try Row.fetchOne(
        db,
        sql: """
          SELECT \(Ledger.artifactColumns("a", "record"))
          FROM searches s JOIN artifacts a ON a.hash = s.artifact WHERE s.key = \(ExactText.bound)
          """, arguments: [exact(key)])
      let bytes = try row?.artifact("record", db) ?? []
      guard bytes.count > 8 else { continue }
      // The length of the record's own part comes first.
      let length = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      guard length < UInt64(bytes.count - 8) else { continue }
      let end = 8 + Int(length)
      let record = try Ledger.storeArtifact(db, Array(bytes[..<end]))
      let state = try Ledger.storeArtifact(db, Array(bytes[end...]))
      try db.execute(
        sql: "UPDATE searches SET artifact = ?, state = ? WHERE key = \(ExactText.bound)",
        arguments: [record, state, exact(key)])
    }
  }
}
