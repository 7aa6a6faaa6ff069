extension LedgerSchema {
  /// A model without an identity stores a response under the same words in every run, and its judge a judgment: so both
  /// have a scope, the run. Version 0.1 told no such models apart; those behind servers were all of that kind, and
  /// what was stored of them holds for their own runs only.
  ///
  /// Other tables refer to `responses` by name, so the new table takes its place under its name and with its rows' numbers.
  static let scopes = """
    CREATE TABLE scopedResponses (
      id INTEGER PRIMARY KEY,
      target TEXT NOT NULL,
      prompt INTEGER NOT NULL REFERENCES prompts (id),
      settings TEXT NOT NULL,
      sample INTEGER NOT NULL CHECK (sample >= 0),
      scope TEXT NOT NULL,
      text TEXT NOT NULL,
      promptTokens INTEGER NOT NULL CHECK (promptTokens >= 0),
      completionTokens INTEGER NOT NULL CHECK (completionTokens >= 0),
      latency REAL NOT NULL,
      finishReason TEXT NOT NULL,
      run TEXT NOT NULL REFERENCES runs (id),
      CHECK (scope IN ('', run) OR scope LIKE 'signs %'),
      UNIQUE (target, prompt, settings, sample, scope)
    ) STRICT;
    INSERT INTO scopedResponses
      SELECT id, target, prompt, settings, sample, CASE WHEN substr(target, 1, 7) = 'openai|' THEN run ELSE '' END,
        text, promptTokens, completionTokens, latency, finishReason, run
      FROM responses;
    CREATE TABLE scopedJudgments (
      response INTEGER NOT NULL REFERENCES responses (id),
      judge TEXT NOT NULL,
      askedCategory TEXT NOT NULL,
      scope TEXT NOT NULL,
      score REAL CHECK (score BETWEEN 0 AND 1),
      category TEXT,
      reason TEXT,
      PRIMARY KEY (response, judge, askedCategory, scope),
      CHECK ((score IS NULL) = (reason IS NOT NULL))
    ) STRICT, WITHOUT ROWID;
    INSERT INTO scopedJudgments
      SELECT j.response, j.judge, j.askedCategory,
        CASE WHEN substr(j.judge, 1, 6) = 'rules:' OR substr(j.judge, 1, 11) = 'classifier:' THEN '' ELSE r.run END,
        j.score, j.category, j.reason
      FROM judgments j JOIN responses r ON r.id = j.response;
    DROP TABLE judgments;
    DROP TABLE responses;
    ALTER TABLE scopedResponses RENAME TO responses;
    ALTER TABLE scopedJudgments RENAME TO judgments;
    CREATE INDEX responsesByRun ON responses (run, target);
    CREATE TRIGGER responseStays BEFORE UPDATE ON responses
    BEGIN SELECT RAISE(ABORT, 'a stored response is never changed'); END;
    CREATE TRIGGER responseKept BEFORE DELETE ON responses
    BEGIN SELECT RAISE(ABORT, 'a stored response is never deleted'); END;
    CREATE TRIGGER judgmentStays BEFORE UPDATE ON judgments
    BEGIN SELECT RAISE(ABORT, 'a judgment is never changed'); END;
    CREATE TRIGGER judgmentKept BEFORE DELETE ON judgments
    BEGIN SELECT RAISE(ABORT, 'a judgment is never deleted'); END;

    CREATE TABLE targets (
      id INTEGER PRIMARY KEY,
      run TEXT NOT NULL REFERENCES runs (id),
      role TEXT NOT NULL CHECK (role <> ''),
      fingerprint TEXT NOT NULL CHECK (fingerprint <> ''),
      revision TEXT,
      signs TEXT CHECK (signs IS NULL OR json_valid(signs)),
      at REAL NOT NULL
    ) STRICT;
    CREATE INDEX targetsByRun ON targets (run);
    CREATE TRIGGER targetStays BEFORE UPDATE ON targets
    BEGIN SELECT RAISE(ABORT, 'what a target was is never changed'); END;
    CREATE TRIGGER targetKept BEFORE DELETE ON targets
    BEGIN SELECT RAISE(ABORT, 'what a target was is never deleted'); END;

    ALTER TABLE runs ADD COLUMN digest TEXT;
    ALTER TABLE suite ADD COLUMN foundOnModel TEXT;
    UPDATE suite SET foundOnModel = (
      SELECT json_extract(m.value, '$.fingerprint')
      FROM runs r, json_each(CASE WHEN json_valid(r.summary) THEN r.summary ELSE '{}' END, '$.models') m
      WHERE r.id = suite.run AND json_extract(m.value, '$.role') = 'candidate'
    );
    """
}
