import Core
import Foundation
import GRDB

/// Which texts are to go.
public enum PurgeScope: Hashable, Sendable {
  /// Of runs that ended before this time (seconds since 1970), or began before it and never ended.
  case olderThan(Double)
  case run(String)
  /// The prompts with these numbers, and every response to them.
  case prompts([Int64])
}

/// What a purge took away.
public struct Purged: Hashable, Codable, Sendable {
  public var runs = 0
  /// Prompts and responses.
  public var texts = 0
  /// Texts that stay, because runs out of scope use them or the suite keeps them.
  public var kept = 0
  /// Searches and attacker states, which hold prompts as well.
  public var searches = 0
  /// Copies of the ledger beside it, which still hold everything.
  public var copies: [String] = []
}

extension Ledger {
  private static let summaryEvent = "summary purged"
  private static let purgeChunk = 20_000

  /// Takes texts away for good: from the rows, from the file's unused pages and from the write-ahead log. Counts, scores, digests and
  /// the audit chain stay, and the ledger verifies as before; the chain has who purged what.
  ///
  /// A text that several rows share goes when the last row that uses it is in scope. What a killed purge left is taken by the
  /// next one: everything is decided by what is still there.
  /// - Parameters:
  ///   - keepsSuite: whether prompts that searches found stay, for replay.
  ///   - now: seconds since 1970.
  public func purge(_ scope: PurgeScope, keepsSuite: Bool, act: LedgerAct, now: Double) throws -> Purged {
    var result = Purged()
    try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA secure_delete = ON") }
    let (runs, texts, kept) = try extent(of: scope, keepsSuite: keepsSuite)
    (result.runs, result.texts, result.kept) = (runs.count, texts, kept)
    try write { db in
      for (id, detail) in try Self.purgeSummaries(runs, db) {
        _ = try AuditRecord.append(db, kind: Self.summaryEvent, detail: "\(id) \(detail)", now: now)
      }
      try Self.notePurge(act, count: nil, now, db)
      result.searches = try Self.purgeSearches(of: runs, db)
      try Self.purgeWords(of: runs, db)
    }
    var isDone = false
    while !isDone { isDone = try write { db in try Self.purgeTexts(act, now, db) } }
    // Also where nothing was left to purge: a purge that was killed may have left pages that nothing refers to.
    try explained(reading: false) {
      try database.writeWithoutTransaction { db in
        try db.execute(sql: "VACUUM")
        _ = try db.checkpoint(.truncate)
      }
    }
    result.copies = copies
    return result
  }

  /// Whether a purge would take any text.
  public func hasTexts(in scope: PurgeScope, keepsSuite: Bool) throws -> Bool {
    try extent(of: scope, keepsSuite: keepsSuite).texts > 0
  }

  /// What is in scope; the texts' numbers are in a temporary table then.
  private func extent(of scope: PurgeScope, keepsSuite: Bool) throws -> (runs: [String], texts: Int, kept: Int) {
    try write { db in
      let runs = try Self.runs(in: scope, db)
      let (texts, kept) = try Self.collectTexts(in: scope, runs: runs, keepsSuite: keepsSuite, db)
      return (runs, texts, kept)
    }
  }

  /// Clears some of the collected texts.
  /// - Returns: whether none is left.
  private static func purgeTexts(_ act: LedgerAct, _ now: Double, _ db: Database) throws -> Bool {
    let chunk = try Int64.fetchAll(db, sql: "SELECT id FROM purgedTexts WHERE NOT done ORDER BY id LIMIT \(purgeChunk)")
    guard let first = chunk.first, let last = chunk.last else { return true }
    let sequence = try notePurge(act, count: chunk.count, now, db)
    // A response without its text must not answer for its prompt where that stays: it would read as empty. It gets a source of its
    // own, so that a later run asks anew.
    let sources = try Int64.fetchAll(
      db,
      sql: """
        SELECT DISTINCT r.source FROM storedResponses r
        WHERE r.text IN (SELECT id FROM purgedTexts WHERE id BETWEEN ? AND ?)
          AND r.prompt NOT IN (SELECT id FROM purgedTexts)
        """, arguments: [first, last])
    try withoutTrigger("responseStays", db) {
      for source in sources {
        try db.execute(
          sql: """
            INSERT INTO sources (target, settings, scope)
            SELECT target, settings, 'purged ' || ? || ' ' || scope FROM sources WHERE id = ?
            """, arguments: [sequence, source])
        try db.execute(
          sql: """
            UPDATE storedResponses SET source = ? WHERE source = ?
              AND text IN (SELECT id FROM purgedTexts WHERE id BETWEEN ? AND ?)
              AND prompt NOT IN (SELECT id FROM purgedTexts)
            """, arguments: [db.lastInsertedRowID, source, first, last])
      }
    }
    try db.execute(
      sql: "UPDATE texts SET text = '' WHERE id IN (SELECT id FROM purgedTexts WHERE id BETWEEN ? AND ?)",
      arguments: [first, last])
    try db.execute(sql: "UPDATE purgedTexts SET done = 1 WHERE id BETWEEN ? AND ?", arguments: [first, last])
    return false
  }

  @discardableResult
  private static func notePurge(_ act: LedgerAct, count: Int?, _ now: Double, _ db: Database) throws -> Int {
    var act = act
    act.count = count
    return try AuditRecord.append(db, kind: purgeEvent, detail: try jsonText(act), now: now)
  }

  /// Copies that were made before the ledger was brought up to date.
  private var copies: [String] {
    let name = path.lastNameOfPath + ".before-schema-"
    let folder = path.folderOfPath
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
    return files.filter { $0.hasPrefix(name) }.sorted().map { folder.isEmpty ? $0 : folder + "/" + $0 }
  }

  // MARK: - Scope

  private static func runs(in scope: PurgeScope, _ db: Database) throws -> [String] {
    switch scope {
    case .olderThan(let time):
      try String.fetchAll(
        db, sql: "SELECT id FROM runs WHERE COALESCE(ended, began) < ? ORDER BY beganAs", arguments: [time])
    case .run(let run):
      try String.fetchAll(db, sql: "SELECT id FROM runs WHERE id = \(ExactText.bound)", arguments: [exact(run)])
    case .prompts(let prompts):
      // Searches and summaries of these runs may hold the prompt.
      try Set(
        prompts.flatMap { prompt in
          try String.fetchAll(
            db,
            sql: """
              SELECT DISTINCT n.text FROM storedResponses r JOIN names n ON n.id = r.run WHERE r.prompt = ?
              UNION SELECT run FROM suite WHERE prompt = ?
              """, arguments: [prompt, prompt])
        }
      ).sorted()
    }
  }

  private static func collectTexts(
    in scope: PurgeScope, runs: [String], keepsSuite: Bool, _ db: Database
  ) throws -> (going: Int, kept: Int) {
    try db.execute(
      sql: """
        DROP TABLE IF EXISTS temp.purgedRuns;
        DROP TABLE IF EXISTS temp.purgedPrompts;
        DROP TABLE IF EXISTS temp.purgedTexts;
        CREATE TEMP TABLE purgedRuns (id TEXT PRIMARY KEY, name INTEGER NOT NULL);
        CREATE TEMP TABLE purgedPrompts (id INTEGER PRIMARY KEY);
        CREATE TEMP TABLE purgedTexts (id INTEGER PRIMARY KEY, done INTEGER NOT NULL);
        """)
    let isByPrompt: Bool
    if case .prompts(let prompts) = scope {
      isByPrompt = true
      for prompt in prompts {
        try db.execute(sql: "INSERT OR IGNORE INTO purgedPrompts VALUES (?)", arguments: [prompt])
      }
    } else {
      isByPrompt = false
      for run in runs {
        try db.execute(
          sql: "INSERT OR IGNORE INTO purgedRuns VALUES (?, COALESCE((SELECT id FROM names WHERE text = ?), 0))",
          arguments: [run, run])
      }
    }
    func inScope(_ row: String, runColumn: String) -> String {
      isByPrompt
        ? "\(row).prompt IN (SELECT id FROM purgedPrompts)" : "\(row).run IN (SELECT \(runColumn) FROM purgedRuns)"
    }
    let asked = inScope("r", runColumn: "name")
    // Every use of a text, each with whether it is in scope: a text goes where all are.
    let uses = """
      SELECT u.id, MIN(u.going) AS going FROM (
        SELECT r.prompt AS id, \(asked) AS going FROM storedResponses r
        UNION ALL SELECT r.text, \(asked) FROM storedResponses r
        UNION ALL SELECT f.prompt, \(inScope("f", runColumn: "id")) FROM failures f
        UNION ALL SELECT s.prompt, \(inScope("s", runColumn: "id")) AND NOT \(keepsSuite ? 1 : 0) FROM suite s
      ) u JOIN texts t ON t.id = u.id WHERE t.text <> '' GROUP BY u.id HAVING MAX(u.going)
      """
    try db.execute(sql: "INSERT INTO purgedTexts SELECT id, 0 FROM (\(uses)) WHERE going")
    let going = db.changesCount
    let kept = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM (\(uses)) WHERE NOT going") ?? 0
    return (going, kept)
  }

  // MARK: - Beside texts

  /// Records of searches hold what they proposed, states of attackers what they remember.
  private static func purgeSearches(of runs: [String], _ db: Database) throws -> Int {
    var count = 0
    for run in runs {
      for table in ["searches", "attackerStates"] {
        try db.execute(sql: "DELETE FROM \(table) WHERE run = ?", arguments: [run])
        count += db.changesCount
      }
    }
    if count > 0 { try db.execute(sql: "DELETE FROM artifacts WHERE hash NOT IN (\(LedgerSchema.usedArtifacts))") }
    return count
  }

  /// Messages of servers and reasons of judges may quote what they were sent.
  private static func purgeWords(of runs: [String], _ db: Database) throws {
    for run in runs {
      try db.execute(sql: "UPDATE failures SET message = '' WHERE run = ? AND message <> ''", arguments: [run])
    }
    try withoutTrigger("nameStays", db) {
      for run in runs {
        try db.execute(
          sql: """
            UPDATE names SET text = 'purged ' || id WHERE text <> 'purged ' || id
              AND id IN (SELECT j.reason FROM storedJudgments j JOIN storedResponses r ON r.id = j.response
                WHERE r.run = (SELECT id FROM names WHERE text = ?))
              AND id NOT IN (SELECT j.reason FROM storedJudgments j JOIN storedResponses r ON r.id = j.response
                WHERE j.reason IS NOT NULL AND r.run <> (SELECT id FROM names WHERE text = ?))
              AND id NOT IN (SELECT category FROM storedJudgments WHERE category IS NOT NULL)
              AND id NOT IN (SELECT finishReason FROM storedResponses) AND id NOT IN (SELECT run FROM storedResponses)
            """, arguments: [run, run])
      }
    }
  }

  /// Summaries have texts where the policy revealed them.
  /// - Returns: what the chain has to say of those that changed, by run.
  private static func purgeSummaries(_ runs: [String], _ db: Database) throws -> [(id: String, detail: String)] {
    var changed: [(id: String, detail: String)] = []
    for run in runs {
      guard
        let row = try Row.fetchOne(
          db,
          sql: "SELECT verdict, exitCode, \(ExactText.read("summary")) FROM runs WHERE id = ? AND summary IS NOT NULL",
          arguments: [run])
      else { continue }
      let text = try row.exactText("summary")
      guard let summary = try? RunSummary(jsonText: Array(text.utf8)), case let bare = summary.withoutTexts,
        bare != summary
      else { continue }
      let new = try jsonText(bare)
      try withoutTrigger("verdictStays", db) {
        try db.execute(
          sql: "UPDATE runs SET summary = \(ExactText.bound) WHERE id = ?", arguments: [exact(new), run])
      }
      let detail = RunEvent.ended(
        id: run, verdict: try row.get("verdict"), exitCode: try row.get("exitCode"), summary: new)
      changed.append((run, detail))
    }
    return changed
  }

  /// A trigger that guards against accidents is put back as it was, in the same transaction.
  private static func withoutTrigger(_ name: String, _ db: Database, _ body: () throws -> Void) throws {
    guard
      let sql = try String.fetchOne(
        db, sql: "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = ?", arguments: [name])
    else { throw LedgerDamage("the trigger \(name) is missing") }
    try db.execute(sql: "DROP TRIGGER \(name)")
    try body()
    try db.execute(sql: sql)
  }

  /// What a run's row says of its end since its summary lost its texts; nil where it has them.
  static func purgedEnd(of run: String, _ db: Database) throws -> String? {
    try Row.fetchOne(
      db,
      sql:
        "SELECT \(ExactText.read("detail")) FROM audit WHERE kind = ? AND detail LIKE ? ORDER BY sequence DESC LIMIT 1",
      arguments: [summaryEvent, "\(run) %"]
    ).map { String(try $0.exactText("detail").dropFirst(run.count + 1)) }
  }
}

extension RunSummary {
  /// The same without the texts of attacks and responses.
  var withoutTexts: RunSummary {
    var bare = self
    for index in bare.newlyBroken.indices { bare.newlyBroken[index].prompt = nil }
    bare.revealed = nil
    bare.tuning = bare.tuning?.withoutTexts
    return bare
  }
}
