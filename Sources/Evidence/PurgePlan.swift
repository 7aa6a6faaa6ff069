import Core
import GRDB

/// What a purge is about to take: temporary tables of runs, prompts, responses and texts.
///
/// A response goes where its prompt does, and with the last run that rests on it: the one that asked for it and those that took it
/// from there. Runs that were purged before count as gone, so that what they left because of another run goes with that one.
struct PurgePlan {
  /// Whose searches, summaries and failures go; empty where single prompts do.
  let runs: [String]
  /// Numbers of the prompts that go by themselves.
  let prompts: [Int64]
  let keepsSuite: Bool
  /// How many texts go, and how many stay that something in scope uses.
  let texts: Int
  let kept: Int

  init(_ scope: PurgeScope, keepsSuite: Bool, _ db: Database) throws {
    self.keepsSuite = keepsSuite
    if case .prompts(let numbers) = scope { prompts = numbers } else { prompts = [] }
    runs = try Self.runs(in: scope, db)
    try db.execute(sql: Self.tables)
    for prompt in prompts {
      try db.execute(sql: "INSERT OR IGNORE INTO purgedPrompts VALUES (?)", arguments: [prompt])
    }
    for run in runs {
      try db.execute(sql: "INSERT INTO purgedRuns VALUES (?, ?, 1)", arguments: [run, keepsSuite])
    }
    try db.execute(sql: Self.responses)
    try db.execute(sql: "INSERT INTO purgedTexts SELECT id, 0 FROM (\(Self.uses(keepsSuite))) WHERE going")
    texts = db.changesCount
    kept = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM (\(Self.uses(keepsSuite))) WHERE NOT going") ?? 0
  }

  private static func runs(in scope: PurgeScope, _ db: Database) throws -> [String] {
    switch scope {
    case .olderThan(let time):
      try String.fetchAll(
        db, sql: "SELECT id FROM runs WHERE COALESCE(ended, began) < ? ORDER BY beganAs", arguments: [time])
    case .run(let run):
      try String.fetchAll(db, sql: "SELECT id FROM runs WHERE id = \(ExactText.bound)", arguments: [exact(run)])
    case .prompts: []
    }
  }

  private static let tables = """
    DROP TABLE IF EXISTS temp.purgedRuns;
    DROP TABLE IF EXISTS temp.purgedPrompts;
    DROP TABLE IF EXISTS temp.keptResponses;
    DROP TABLE IF EXISTS temp.purgedResponses;
    DROP TABLE IF EXISTS temp.purgedTexts;
    CREATE TEMP TABLE purgedRuns (id TEXT PRIMARY KEY, keepsSuite INTEGER NOT NULL, isNew INTEGER NOT NULL);
    CREATE TEMP TABLE purgedPrompts (id INTEGER PRIMARY KEY);
    CREATE TEMP TABLE keptResponses (id INTEGER PRIMARY KEY);
    CREATE TEMP TABLE purgedResponses (id INTEGER PRIMARY KEY);
    CREATE TEMP TABLE purgedTexts (id INTEGER PRIMARY KEY, done INTEGER NOT NULL);
    """

  /// An empty text that isn't the one whose hash it has was purged.
  private static let responses = """
    INSERT OR IGNORE INTO purgedRuns SELECT run, keptSuite, 0 FROM purges;
    INSERT OR IGNORE INTO keptResponses
      SELECT r.id FROM reuses u JOIN storedResponses r ON r.id BETWEEN u.firstResponse AND u.lastResponse
      WHERE u.run NOT IN (SELECT id FROM purgedRuns);
    INSERT INTO purgedResponses
      SELECT r.id FROM storedResponses r JOIN texts p ON p.id = r.prompt
      WHERE r.prompt IN (SELECT id FROM purgedPrompts) OR (p.text = '' AND p.hash <> sluiceKey(''))
        OR (r.run IN (SELECT n.id FROM purgedRuns q JOIN main.names n ON n.text = q.id)
          AND r.id NOT IN (SELECT id FROM keptResponses));
    """

  /// Every text that something in scope uses, with whether it goes: where no use of it stays.
  private static func uses(_ keepsSuite: Bool) -> String {
    let isNew = "IN (SELECT id FROM purgedRuns WHERE isNew)"
    let isPrompt = "prompt IN (SELECT id FROM purgedPrompts)"
    let response = """
      r.id IN (SELECT id FROM purgedResponses) AS going,
      r.\(isPrompt) OR r.run IN (SELECT n.id FROM purgedRuns q JOIN main.names n ON n.text = q.id WHERE q.isNew) AS inScope
      FROM storedResponses r
      """
    return """
      SELECT u.id, MIN(u.going) AS going FROM (
        SELECT r.prompt AS id, \(response) UNION ALL SELECT r.text, \(response)
        UNION ALL SELECT f.prompt, \(failureGoes), f.run \(isNew) OR f.\(isPrompt) FROM failures f
        UNION ALL SELECT s.prompt, s.run IN (SELECT id FROM purgedRuns WHERE NOT keepsSuite)
          OR (\(keepsSuite ? 0 : 1) AND s.\(isPrompt)), s.run \(isNew) OR s.\(isPrompt) FROM suite s
      ) u JOIN texts t ON t.id = u.id WHERE t.text <> '' GROUP BY u.id HAVING MIN(u.going) OR MAX(u.inScope)
      """
  }

  /// Condition on a failure `f`.
  private static let failureGoes =
    "(f.run IN (SELECT id FROM purgedRuns) OR f.prompt IN (SELECT id FROM purgedPrompts))"

  /// Whether there is anything to take.
  func takesAnything(_ db: Database) throws -> Bool {
    if texts > 0 { return true }
    if try !goingReasons(db).isEmpty { return true }
    let message = "SELECT 1 FROM failures f WHERE f.message <> '' AND \(Self.failureGoes) LIMIT 1"
    if try Int.fetchOne(db, sql: message) != nil { return true }
    for table in ["searches", "attackerStates"] {
      let row = "SELECT 1 FROM \(table) s WHERE \(Self.searchGoes[table] ?? "0") LIMIT 1"
      if try Int.fetchOne(db, sql: row) != nil { return true }
    }
    return try !changedSummaries(db).isEmpty
  }

  /// Remembers whose texts went.
  func noteRuns(record: Int, _ db: Database) throws {
    for run in runs {
      try db.execute(
        sql: """
          INSERT INTO purges (run, record, keptSuite) VALUES (?, ?, ?)
          ON CONFLICT DO UPDATE SET record = excluded.record, keptSuite = MIN(keptSuite, excluded.keptSuite)
          """, arguments: [run, record, keepsSuite])
    }
  }

  // MARK: - Words

  /// Reasons that no judgment but those of responses in scope gives.
  private func goingReasons(_ db: Database) throws -> [Int64] {
    try Int64.fetchAll(
      db,
      sql: """
        SELECT j.reason FROM storedJudgments j JOIN names w ON w.id = j.reason
        WHERE w.text <> 'purged ' || w.id
        GROUP BY j.reason HAVING MIN(j.response IN (SELECT id FROM purgedResponses))
          AND j.reason NOT IN (SELECT category FROM storedJudgments WHERE category IS NOT NULL)
          AND j.reason NOT IN (SELECT finishReason FROM storedResponses)
          AND j.reason NOT IN (SELECT run FROM storedResponses)
        """)
  }

  /// Takes away messages of servers, reasons of judges and notes of reviewers, which may quote what they are about.
  func purgeWords(_ db: Database) throws {
    try db.execute(
      sql: """
        DELETE FROM main.labelNotes WHERE item IN
          (SELECT item FROM main.sampled WHERE response IN (SELECT id FROM purgedResponses))
        """)
    try db.execute(sql: "UPDATE main.failures AS f SET message = '' WHERE message <> '' AND \(Self.failureGoes)")
    let reasons = try goingReasons(db)
    try Ledger.withoutTrigger("nameStays", db) {
      for reason in reasons {
        try db.execute(sql: "UPDATE main.names SET text = 'purged ' || id WHERE id = ?", arguments: [reason])
      }
    }
  }

  /// Words that nothing out of scope says.
  func goingWords(_ db: Database) throws -> Set<String> {
    let messages = try Row.fetchAll(
      db,
      sql: """
        SELECT \(ExactText.read("message", as: "word")) FROM failures f WHERE message <> ''
        GROUP BY message HAVING MIN(\(Self.failureGoes))
        """)
    let find = try db.cachedStatement(sql: "SELECT \(ExactText.read("text", as: "word")) FROM names WHERE id = ?")
    let reasons = try goingReasons(db).compactMap { try Row.fetchOne(find, arguments: [$0]) }
    return Set(try (messages + reasons).map { try $0.exactText("word") })
  }

  // MARK: - Searches

  /// Conditions on rows `s`, by table.
  private static let searchGoes = [
    "searches": """
    s.run IN (SELECT id FROM purgedRuns) AND NOT EXISTS
    (SELECT 1 FROM reusedSearches u WHERE u.key = s.key AND u.run NOT IN (SELECT id FROM purgedRuns))
    """,
    "attackerStates": "s.run IN (SELECT id FROM purgedRuns)",
    "reusedSearches": "s.run IN (SELECT id FROM purgedRuns)",
  ]

  /// Records of searches hold what they proposed, states of attackers what they remember.
  /// - Returns: how many of both changed or went.
  func purgeSearches(_ eraser: SearchEraser, record: Int, _ db: Database) throws -> Int {
    var count = 0
    for table in ["searches", "attackerStates", "reusedSearches"] {
      try db.execute(sql: "DELETE FROM main.\(table) AS s WHERE \(Self.searchGoes[table] ?? "0")")
      if table != "reusedSearches" { count += db.changesCount }
    }
    count += try erase(eraser, record: record, db)
    try db.execute(sql: "DELETE FROM main.artifacts WHERE hash NOT IN (\(LedgerSchema.keptArtifacts))")
    return count
  }

  /// The prompts in scope that still have their texts.
  func promptTexts(_ db: Database) throws -> Set<String> {
    let find = try db.cachedStatement(sql: "SELECT \(Ledger.keptColumns) FROM texts WHERE id = ?")
    return Set(
      try prompts.compactMap { try Row.fetchOne(find, arguments: [$0]).flatMap { try Ledger.keptText($0) } })
  }

  /// Takes the prompts out of every record and state. A record that lacks one of its attacks must not stand for the search any
  /// more, so it gets a key that nothing asks for.
  private func erase(_ eraser: SearchEraser, record sequence: Int, _ db: Database) throws -> Int {
    let texts = try promptTexts(db)
    if texts.isEmpty { return 0 }
    let words = try goingWords(db)
    let retired = SealedRows.seal(
      "'purged ' || ? || ' ' || \(SealedRows.open(.searches, "key"))", .searches, "key")
    var count = 0
    func change(_ sql: String, _ arguments: [(any DatabaseValueConvertible)?]) throws {
      try db.execute(sql: sql, arguments: StatementArguments(arguments))
      count += db.changesCount
    }
    try edit("SELECT artifact FROM searches UNION SELECT artifact FROM reusedSearches", db) {
      try eraser.record($0, texts, words)
    } by: { old, new in
      guard let new else {
        try db.execute(sql: "DELETE FROM main.reusedSearches WHERE artifact = ?", arguments: [old])
        return try change("DELETE FROM main.searches WHERE artifact = ?", [old])
      }
      try db.execute(sql: "UPDATE main.reusedSearches SET artifact = ? WHERE artifact = ?", arguments: [new, old])
      try change(
        "UPDATE main.searches SET artifact = ?, key = \(retired) WHERE artifact = ?", [new, sequence, old])
    }
    try edit("SELECT state FROM searches WHERE state IS NOT NULL UNION SELECT artifact FROM attackerStates", db) {
      try eraser.state($0, texts)
    } by: { old, new in
      try change("UPDATE main.searches SET state = ? WHERE state = ?", [new, old])
      if let new {
        try change("UPDATE attackerStates SET artifact = ? WHERE artifact = ?", [new, old])
      } else {
        try change("DELETE FROM attackerStates WHERE artifact = ?", [old])
      }
    }
    return count
  }

  /// - Parameters:
  ///   - hashes: a query for the artifacts to look at.
  ///   - use: called with each that changed and its successor; nil for none.
  private func edit(
    _ hashes: String, _ db: Database, _ edited: ([UInt8]) throws -> SearchEraser.Edit,
    by use: (_ old: String, _ new: String?) throws -> Void
  ) throws {
    let find = try db.cachedStatement(
      sql: "SELECT \(Ledger.artifactColumns("a", "found")) FROM artifacts a WHERE a.hash = ?")
    for hash in try String.fetchAll(db, sql: hashes) {
      guard let bytes = try Row.fetchOne(find, arguments: [hash])?.artifact("found", db) else { continue }
      switch try edited(bytes) {
      case .same: break
      case .edited(let new): try use(hash, try Ledger.storeArtifact(db, new))
      case .unreadable: try use(hash, nil)
      }
    }
  }
}
