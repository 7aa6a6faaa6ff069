import Core
import GRDB

/// What is wrong with the audit chain, and where.
public struct AuditFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// Number of the record, from 1; one past the last for a record that is missing at the end.
  public let sequence: Int
  /// What doesn't fit, for an error that names the record.
  public let problem: String

  public var description: String { "audit record \(sequence): \(problem)" }
}

extension Ledger {
  /// Walks the whole chain and holds the runs against it.
  ///
  /// - Parameter head: a head hash from a report; the chain must contain it, else it was cut or rewritten. Without one a
  ///   cut shows where it took the record of a run that is still there.
  /// - Throws: `AuditFault` at the first edit, gap, cut, or run that isn't what the chain says.
  public func verifyAudit(containing head: String? = nil) throws {
    try read { db in
      let records = try Self.auditRecords(db)
      try Self.verifyChain(records, head: head)
      try Self.verifyRuns(db, records)
    }
  }

  static func auditRecords(_ db: Database) throws -> [AuditRecord] {
    try Row.fetchAll(db, sql: "SELECT \(AuditRecord.columns) FROM audit ORDER BY sequence").map { try AuditRecord($0) }
  }

  static func verifyChain(_ records: [AuditRecord], head: String?) throws {
    var previous = genesis
    for (index, record) in records.enumerated() {
      if record.sequence != index + 1 { throw AuditFault(sequence: index + 1, problem: "is missing") }
      if record.previous != previous || record.hash != record.expectedHash {
        throw AuditFault(sequence: record.sequence, problem: "was changed")
      }
      previous = record.hash
    }
    if let head, head != genesis, !records.contains(where: { $0.hash == head }) {
      throw AuditFault(
        sequence: records.count + 1, problem: "the reported head is missing: the end was cut or replaced")
    }
  }

  static func verifyRuns(_ db: Database, _ records: [AuditRecord]) throws {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT id, identity, policyHash, began, ended, verdict, exitCode,
          \(ExactText.read("policyText", "digest", "summary")) FROM runs
        """)
    var expected: [Line: String] = [:]
    for row in rows {
      let id: String = try row.get("id")
      if SHA256.hex(try row.exactText("policyText")) != (try row.get("policyHash") as String) {
        throw AuditFault(sequence: records.count + 1, problem: "the policy text of run \(id) was changed")
      }
      let began = RunEvent.began(
        id: id, identity: try row.get("identity"), policyHash: try row.get("policyHash"),
        digest: try row.exactTextIfAny("digest"))
      expected[Line(at: try row.get("began"), kind: RunEvent.began, detail: began)] = id
      if let at = try row.getIfAny("ended", as: Double.self) {
        let (verdict, code): (String, Int32) = (
          try row.getIfAny("verdict") ?? "", try row.getIfAny("exitCode") ?? 0
        )
        var ended = RunEvent.ended(
          id: id, verdict: verdict, exitCode: code, summary: try row.exactTextIfAny("summary") ?? "")
        // A summary that lost its texts is the one that the purge left; verdict and exit code are still those of the end.
        if try PurgePlan.end(of: id, db) == ended {
          let start = "\(id) \(verdict) \(code) "
          ended = records.first { $0.kind == RunEvent.ended && $0.detail.hasPrefix(start) }?.detail ?? ended
        }
        expected[Line(at: at, kind: RunEvent.ended, detail: ended)] = id
      }
    }
    for record in records where record.kind == RunEvent.began || record.kind == RunEvent.ended {
      let line = Line(at: record.at, kind: record.kind, detail: record.detail)
      if expected.removeValue(forKey: line) == nil {
        throw AuditFault(sequence: record.sequence, problem: "its run was changed or deleted")
      }
    }
    if let (line, run) = expected.min(by: { $0.value < $1.value }) {
      throw AuditFault(sequence: records.count + 1, problem: "the record \"\(line.kind)\" of run \(run) is missing")
    }
  }

  private struct Line: Hashable {
    let at: Double
    let kind: String
    let detail: String
  }
}
