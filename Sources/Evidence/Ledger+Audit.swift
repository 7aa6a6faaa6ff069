import Core
import GRDB

/// What is wrong with the audit chain, and where.
public struct AuditFault: Error, Hashable, Sendable, CustomStringConvertible {
  public let sequence: Int
  public let problem: String

  public var description: String { "audit record \(sequence): \(problem)" }
}

extension Ledger {
  /// The hash before the first record.
  static let genesis = String(repeating: "0", count: 64)

  /// Hash of the newest audit record: in every report, so that a later edit or cut shows.
  public func headHash() throws -> String {
    try read { try String.fetchOne($0, sql: "SELECT hash FROM audit ORDER BY sequence DESC LIMIT 1") } ?? Self.genesis
  }

  /// Appends a record to the audit chain.
  public func record(kind: String, detail: String, now: Double) throws {
    try write { try Self.append($0, kind: kind, detail: detail, now: now) }
  }

  /// Walks the whole chain.
  ///
  /// - Parameter head: a head hash from a report; the chain must contain it, else it was cut or rewritten.
  /// - Throws: `AuditFault` at the first edit, gap or missing head.
  public func verifyAudit(containing head: String? = nil) throws {
    let rows = try read { try Row.fetchAll($0, sql: "SELECT * FROM audit ORDER BY sequence") }
    var previous = Self.genesis
    var foundHead = head == nil || head == Self.genesis
    for (index, row) in rows.enumerated() {
      let sequence: Int = row["sequence"]
      if sequence != index + 1 { throw AuditFault(sequence: index + 1, problem: "is missing") }
      let hash: String = row["hash"]
      let expected = Self.hash(
        sequence: sequence, at: row["at"], kind: row["kind"], detail: row["detail"], previous: previous)
      if row["previous"] as String != previous || hash != expected {
        throw AuditFault(sequence: sequence, problem: "was changed")
      }
      if hash == head { foundHead = true }
      previous = hash
    }
    if !foundHead {
      throw AuditFault(sequence: rows.count + 1, problem: "the reported head is missing: the end was cut")
    }
  }

  static func append(_ db: Database, kind: String, detail: String, now: Double) throws {
    let last = try Row.fetchOne(db, sql: "SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1")
    let sequence = (last?["sequence"] as Int? ?? 0) + 1
    let previous = last?["hash"] as String? ?? genesis
    let hash = hash(sequence: sequence, at: now, kind: kind, detail: detail, previous: previous)
    try db.execute(
      sql: "INSERT INTO audit (sequence, at, kind, detail, previous, hash) VALUES (?, ?, ?, ?, ?, ?)",
      arguments: [sequence, now, kind, detail, previous, hash])
  }

  /// Every field with its length, so that no two records have the same text.
  private static func hash(sequence: Int, at: Double, kind: String, detail: String, previous: String) -> String {
    SHA256.hex(["\(sequence)", "\(at.bitPattern)", kind, detail, previous].map { "\($0.utf8.count):\($0)" }.joined())
  }
}
