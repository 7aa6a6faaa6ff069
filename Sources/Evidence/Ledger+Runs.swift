import Core
import Foundation
import GRDB

extension Ledger {
  /// Notes that a run begins, in the audit chain too.
  /// - Parameter now: seconds since 1970.
  /// - Returns: the run's identifier: date, time and a few random letters.
  public func beginRun(_ identity: RunIdentity, now: Double) throws -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(identifier: "UTC")
    formatter.dateFormat = "yyyyMMdd-HHmmss"
    let suffix = String((0..<4).compactMap { _ in "abcdefghjkmnpqrstuvwxyz".randomElement() })
    let id = formatter.string(from: Date(timeIntervalSince1970: now)) + "-" + suffix
    try write { db in
      let number = try AuditRecord.append(
        db, kind: RunEvent.began,
        detail: RunEvent.began(
          id: id, identity: identity.hash, policyHash: identity.policyHash, digest: identity.digest), now: now)
      try db.execute(
        sql: """
          INSERT INTO main.runs
          (policyName, policyText, digest, overrides, id, policyHash, identity, seed, version, began, beganAs)
          SELECT policyName, \(SealedRows.seal("policyText", .runs, "policyText", identity: ["id"])), digest,
            \(SealedRows.seal("overrides", .runs, "overrides", identity: ["id"])), id, policyHash, identity, seed, version,
            began, beganAs
          FROM (SELECT \(ExactText.bound) AS policyName, \(ExactText.bound) AS policyText, \(ExactText.bound) AS digest,
            \(ExactText.bound) AS overrides, ? AS id, ? AS policyHash, ? AS identity, ? AS seed, ? AS version, ? AS began,
            ? AS beganAs)
          """,
        arguments: [
          exact(identity.policyName), exact(identity.policyText), exact(identity.digest),
          exact(try jsonText(identity.overrides)), id, identity.policyHash, identity.hash, "\(identity.seed)",
          sluiceVersion, now, number,
        ])
    }
    return id
  }

  /// The newest run with this identity that didn't end, unless a later one with it did.
  public func unfinishedRun(_ identity: RunIdentity) throws -> RunRecord? {
    try read { db in
      try Row.fetchOne(
        db,
        sql:
          "SELECT \(Self.recordColumns) FROM runs r WHERE identity = ? AND \(Self.unfinished) ORDER BY beganAs DESC, id DESC LIMIT 1",
        arguments: [identity.hash]
      ).map(Self.record)
    }
  }

  /// The newest run with this identity that has a verdict.
  public func finishedRun(_ identity: RunIdentity) throws -> RunRecord? {
    try read { db in
      try Row.fetchOne(
        db,
        sql: """
          SELECT \(Self.recordColumns) FROM runs
          WHERE identity = ? AND ended IS NOT NULL ORDER BY endedAs DESC, id DESC LIMIT 1
          """, arguments: [identity.hash]
      ).map(Self.record)
    }
  }

  /// The newest unfinished run of any policy: to say why `--resume` found none of its own.
  public func lastUnfinishedRun() throws -> RunRecord? {
    try read { db in
      try Row.fetchOne(
        db,
        sql: """
          SELECT \(Self.recordColumns) FROM runs r WHERE \(Self.unfinished) ORDER BY beganAs DESC, id DESC LIMIT 1
          """
      ).map(Self.record)
    }
  }

  /// The newest finished run of a policy, by its name; nil for any policy's.
  public func lastFinishedRun(policy name: String? = nil) throws -> RunRecord? {
    try read { db in
      try Row.fetchOne(
        db,
        sql: """
          SELECT \(Self.recordColumns) FROM runs r
          WHERE ended IS NOT NULL AND (? IS NULL OR r.policyName = \(ExactText.bound))
          ORDER BY endedAs DESC, id DESC LIMIT 1
          """, arguments: [exact(name), exact(name)]
      ).map(Self.record)
    }
  }

  /// Condition on a run `r`: it has no verdict, and no later run of the same identity has one.
  private static let unfinished = """
    r.ended IS NULL AND NOT EXISTS
    (SELECT 1 FROM runs n WHERE n.identity = r.identity AND n.ended IS NOT NULL AND n.beganAs > r.beganAs)
    """

  /// Stores the verdict, its checks, the whole summary and what it took from earlier runs, and ends the run in the
  /// audit chain: all or nothing. Once it returns, they are on the disk.
  ///
  /// - Throws: `InternalError` when there is no such run, or it has a verdict already.
  public func finishRun(_ id: String, summary: RunSummary, now: Double) throws {
    let text = try jsonText(summary)
    try writeDurably { db in
      let detail = RunEvent.ended(
        id: id, verdict: summary.verdict.rawValue, exitCode: summary.exitCode, summary: text)
      let number = try AuditRecord.append(db, kind: RunEvent.ended, detail: detail, now: now)
      try db.execute(
        sql: """
          UPDATE main.runs SET summary = \(SealedRows.seal(ExactText.bound, .runs, "summary", identity: ["id"])), ended = ?, verdict = ?, exitCode = ?, endedAs = ?
          WHERE id = ? AND ended IS NULL
          """, arguments: [exact(text), now, summary.verdict.rawValue, summary.exitCode, number, id])
      guard db.changesCount == 1 else { throw InternalError("run \(id) can't end: it never began or has ended") }
      for check in summary.checks { try Self.insert(check, run: id, db) }
      try reuse.store(id, db)
      // What a purged run asked anew is a run's like any other.
      try db.execute(sql: "DELETE FROM purges WHERE run = ?", arguments: [id])
    }
    consolidate()
  }

  private static func insert(_ check: RunSummary.CheckResult, run: String, _ db: Database) throws {
    let estimate = check.estimate
    try db.execute(
      sql: """
        INSERT INTO checks
        (name, metric, method, run, verdict, atLeast, atMost, value, lower, upper, confidence, n, effectiveN, unscored)
        VALUES (\(ExactText.bound(3)), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        exact(check.name), exact(check.metric), exact(estimate?.method), run, check.verdict.rawValue,
        check.limit.atLeast, check.limit.atMost, estimate?.value, estimate?.lower, estimate?.upper,
        estimate?.confidence, estimate?.n, estimate?.effectiveN, estimate?.unscored,
      ])
  }

  /// All runs, newest first.
  public func runs(limit: Int = 1000) throws -> [RunRecord] {
    try read { try Self.runs($0, limit: limit) }
  }

  static func runs(_ db: Database, limit: Int) throws -> [RunRecord] {
    try Row.fetchAll(
      db, sql: "SELECT \(recordColumns) FROM runs r ORDER BY beganAs DESC, id DESC LIMIT ?", arguments: [limit]
    ).map(record)
  }

  /// The newest finished runs of a policy, by its name; nil for any policy's. Newest first, in the order of beginning.
  public func finishedRuns(policy name: String? = nil, limit: Int) throws -> [RunRecord] {
    try read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT \(Self.recordColumns) FROM runs r
          WHERE ended IS NOT NULL AND (? IS NULL OR r.policyName = \(ExactText.bound))
          ORDER BY beganAs DESC, id DESC LIMIT ?
          """, arguments: [exact(name), exact(name), limit]
      ).map(Self.record)
    }
  }

  /// A run by its identifier; nil where there is none.
  public func run(_ id: String) throws -> RunRecord? {
    try read { db in
      try Row.fetchOne(
        db, sql: "SELECT \(Self.recordColumns) FROM runs WHERE id = \(ExactText.bound)", arguments: [exact(id)]
      ).map(Self.record)
    }
  }

  /// The position of a run among all runs in the order of their beginning, from 1.
  public func number(of run: String) throws -> Int {
    try read { db in
      try Int.fetchOne(
        db,
        sql: """
          SELECT COUNT(*) FROM runs a, runs b WHERE b.id = ? AND (a.beganAs, a.id) <= (b.beganAs, b.id)
          """, arguments: [run]) ?? 0
    }
  }

  /// The summary of a finished run; nil where there is no such run or it didn't end.
  /// - Throws: `SluiceError` (usage) where it isn't what the audit chain says that the run ended with.
  public func summary(of run: String) throws -> RunSummary? {
    try read { db -> RunSummary? in
      let row = try Row.fetchOne(
        db,
        sql: """
          SELECT r.verdict, r.exitCode, \(ExactText.read("r.summary", as: "summary")),
            \(ExactText.read("a.detail", as: "said"))
          FROM runs r LEFT JOIN audit a ON a.sequence = r.endedAs
          WHERE r.id = \(ExactText.bound) AND r.summary IS NOT NULL
          """, arguments: [exact(run)])
      guard let row else { return nil }
      let text = try row.exactText("summary")
      let ended = RunEvent.ended(
        id: run, verdict: try row.get("verdict"), exitCode: try row.get("exitCode"), summary: text)
      let said = try row.exactTextIfAny("said")
      let isAsTheChainSays = try said == ended || PurgePlan.end(of: run, db) == ended
      guard isAsTheChainSays else {
        throw LedgerDamage("the verdict of run \(run) is not the one that the audit chain has")
      }
      return try RunSummary(jsonText: Array(text.utf8))
    }
  }

  private static let recordColumns =
    "id, policyHash, seed, version, began, ended, verdict, exitCode, "
    + ExactText.read("policyName", "overrides", "digest")

  private static func record(_ row: Row) throws -> RunRecord {
    RunRecord(
      id: try row.get("id"), policyName: try row.exactText("policyName"), policyHash: try row.get("policyHash"),
      digest: try row.exactTextIfAny("digest"), seed: UInt64(try row.get("seed") as String) ?? 0,
      overrides: (try? JSONDecoder().decode([String].self, from: try row.get("overrides"))) ?? [],
      version: try row.get("version"), began: try row.get("began"), ended: try row.getIfAny("ended"),
      verdict: try row.getIfAny("verdict", as: String.self).flatMap(Verdict.init),
      exitCode: try row.getIfAny("exitCode"))
  }
}

extension RunSummary {
  /// A summary as `jsonText` writes one.
  /// - Throws: a decoding error.
  public init(jsonText text: [UInt8]) throws {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .words
    self = try decoder.decode(RunSummary.self, from: Data(text))
  }
}

/// A value as the ledger keeps it: JSON with its keys in order, and words for infinite numbers.
/// - Throws: an encoding error.
public func jsonText(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  encoder.nonConformingFloatEncodingStrategy = .words
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}
