import Core
import GRDB

extension Ledger {
  /// The hash before the first record.
  static let genesis = String(repeating: "0", count: 64)

  /// Hash of the newest audit record: in every report, so that a later edit or cut shows.
  public func headHash() throws -> String {
    try read { try Self.headHash($0) }
  }

  static func headHash(_ db: Database) throws -> String {
    try String.fetchOne(db, sql: "SELECT hash FROM audit ORDER BY sequence DESC LIMIT 1") ?? genesis
  }

  /// Appends a record to the audit chain.
  public func record(kind: String, detail: String, now: Double) throws {
    try write { _ = try AuditRecord.append($0, kind: kind, detail: detail, now: now) }
  }
}

/// One record of the audit chain.
struct AuditRecord {
  let sequence: Int
  /// Seconds since 1970.
  let at: Double
  let kind: String
  let detail: String
  let previous: String
  let hash: String

  /// What `hash` has to be: over every field with its length, so that no two records have the same text.
  var expectedHash: String {
    SHA256.hex(["\(sequence)", "\(at.bitPattern)", kind, detail, previous].map { "\($0.utf8.count):\($0)" }.joined())
  }

  init(sequence: Int, at: Double, kind: String, detail: String, previous: String, hash: String = "") {
    self.sequence = sequence
    self.at = at
    self.kind = kind
    self.detail = detail
    self.previous = previous
    self.hash = hash
  }

  /// - Throws: an error that `LedgerErrors` takes for damage.
  init(_ row: Row) throws {
    self.init(
      sequence: try row.get("sequence"), at: try row.get("at"), kind: try row.exactText("kind"),
      detail: try row.exactText("detail"), previous: try row.get("previous"), hash: try row.get("hash"))
  }

  /// Columns for `init`.
  static let columns = "sequence, at, \(ExactText.read("kind", "detail")), previous, hash"

  /// - Returns: the new record's number.
  static func append(_ db: Database, kind: String, detail: String, now: Double) throws -> Int {
    let last = try Row.fetchOne(db, sql: "SELECT \(columns) FROM audit ORDER BY sequence DESC LIMIT 1")
      .map { try AuditRecord($0) }
    let record = AuditRecord(
      sequence: (last?.sequence ?? 0) + 1, at: now, kind: kind, detail: detail,
      previous: last?.hash ?? Ledger.genesis)
    try db.execute(
      sql: "INSERT INTO audit (kind, detail, sequence, at, previous, hash) VALUES (\(ExactText.bound(2)), ?, ?, ?, ?)",
      arguments: [exact(kind), exact(detail), record.sequence, now, record.previous, record.expectedHash])
    return record.sequence
  }
}

/// What the chain says of a run, in one line: enough to notice an edit of the run's row.
enum RunEvent {
  static let began = "run began"
  static let ended = "run ended"

  static func began(id: String, identity: String, policyHash: String, digest: String?) -> String {
    "\(id) \(identity) \(policyHash)" + (digest.map { " \($0)" } ?? "")
  }

  static func ended(id: String, verdict: String, exitCode: Int32, summary: String) -> String {
    "\(id) \(verdict) \(exitCode) \(SHA256.hex(summary))"
  }
}
