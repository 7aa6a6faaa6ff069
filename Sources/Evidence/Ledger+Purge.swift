import Core
import Foundation
import GRDB

/// Which texts are to go.
public enum PurgeScope: Hashable, Sendable {
  /// Those of runs that ended before this time (seconds since 1970), or began before it and never ended.
  case olderThan(Double)
  /// Those of one run, by its identifier.
  case run(String)
  /// The prompts with these numbers, and every response to them.
  case prompts([Int64])
}

/// What a purge took away.
public struct Purged: Hashable, Codable, Sendable {
  /// Runs that the scope takes in.
  public var runs = 0
  /// Prompts and responses.
  public var texts = 0
  /// Texts that stay, because runs out of scope rest on them or the suite keeps them.
  public var kept = 0
  /// Searches and attacker states, which hold prompts as well.
  public var searches = 0
  /// Copies of the ledger beside it, which still hold everything.
  public var copies: [String] = []
}

extension Ledger {
  /// The kind of the record after which rows may be others than they were.
  static let purgeEvent = "purged"
  /// The kind of the record that says that no unused part of the file holds what was purged.
  private static let endOfPurge = "purge completed"
  private static let purgeChunk = 20_000

  /// Takes texts away for good: from the rows, from the file's unused pages and from the write-ahead log. Counts, scores, digests and
  /// the audit chain stay, and the ledger verifies as before; the chain has who purged what.
  ///
  /// A text that several rows share goes when the last row that uses it is in scope; what a run out of scope asked for or took from
  /// an earlier run stays. What a killed purge left is taken by the next one: everything is decided by what is still there.
  /// - Parameters:
  ///   - keepsSuite: whether prompts that searches found stay, for replay.
  ///   - eraser: takes single prompts out of what searches left.
  ///   - now: seconds since 1970.
  public func purge(
    _ scope: PurgeScope, keepsSuite: Bool, eraser: SearchEraser, act: LedgerAct, now: Double
  ) throws -> Purged {
    var result = Purged()
    dropStandings()
    try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA secure_delete = ON") }
    try write { db in
      let plan = try PurgePlan(scope, keepsSuite: keepsSuite, db)
      (result.runs, result.texts, result.kept) = (plan.runs.count, plan.texts, plan.kept)
      try plan.purgeSummaries(now: now, db)
      let sequence = try Self.notePurge(act, count: nil, now, db)
      result.searches = try plan.purgeSearches(eraser, record: sequence, db)
      try plan.purgeWords(db)
      try plan.noteRuns(record: sequence, db)
    }
    var isDone = false
    while !isDone { isDone = try write { db in try Self.purgeTexts(act, now, db) } }
    // Also where nothing was left to purge: a purge that was killed may have left pages that nothing refers to.
    try explained(reading: false) { try database.writeWithoutTransaction { try SealedRows.vacuum($0) } }
    try record(kind: Self.endOfPurge, detail: "the file and its log hold nothing of what was purged", now: now)
    try explained(reading: false) { _ = try database.writeWithoutTransaction { try $0.checkpoint(.truncate) } }
    result.copies = copies
    return result
  }

  /// Whether a purge would take anything, or has to end what a killed one began.
  public func needsPurge(_ scope: PurgeScope, keepsSuite: Bool) throws -> Bool {
    try write { db in
      let last = try String.fetchOne(
        db, sql: "SELECT kind FROM audit WHERE kind IN (?, ?) ORDER BY sequence DESC LIMIT 1",
        arguments: [Self.purgeEvent, Self.endOfPurge])
      if last == Self.purgeEvent { return true }
      return try PurgePlan(scope, keepsSuite: keepsSuite, db).takesAnything(db)
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
            INSERT INTO main.sources (target, settings, scope)
            SELECT target, settings, 'purged ' || ? || ' ' || scope FROM main.sources WHERE id = ?
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
      sql: "UPDATE main.texts SET text = '' WHERE id IN (SELECT id FROM purgedTexts WHERE id BETWEEN ? AND ?)",
      arguments: [first, last])
    try db.execute(sql: "UPDATE purgedTexts SET done = 1 WHERE id BETWEEN ? AND ?", arguments: [first, last])
    return false
  }

  private static func notePurge(_ act: LedgerAct, count: Int?, _ now: Double, _ db: Database) throws -> Int {
    var act = act
    act.count = count
    return try AuditRecord.append(db, kind: purgeEvent, detail: try jsonText(act), now: now)
  }

  /// Copies that were made before the ledger was brought up to date.
  var copies: [String] {
    let name = path.lastNameOfPath + ".before-schema-"
    let folder = path.folderOfPath
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
    return files.filter { $0.hasPrefix(name) }.sorted().map { folder.isEmpty ? $0 : folder + "/" + $0 }
  }

  /// A trigger that guards against accidents is put back as it was, in the same transaction.
  static func withoutTrigger(_ name: String, _ db: Database, _ body: () throws -> Void) throws {
    guard
      let row = try Row.fetchOne(
        db, sql: "SELECT tbl_name, sql FROM main.sqlite_master WHERE type = 'trigger' AND name = ?", arguments: [name])
    else { throw LedgerDamage("the trigger \(name) is missing") }
    let (table, sql): (String, String) = (try row.get("tbl_name"), try row.get("sql"))
    try db.execute(sql: "DROP TRIGGER main.\(name)")
    try body()
    try SealedRows.uncovering(table, db) { try db.execute(sql: sql) }
  }
}
