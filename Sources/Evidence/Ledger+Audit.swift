import Core
import Foundation
import GRDB

extension Ledger {
  /// The hash before the first record.
  static let genesis = String(repeating: "0", count: 64)

  /// Hash of the newest audit record: in every report, so that a later edit or cut shows.
  public func headHash() throws -> String {
    try read { try Self.headHash($0) }
  }

  static func headHash(_ db: Database) throws -> String {
    try Row.fetchOne(db, sql: "SELECT hash FROM audit ORDER BY sequence DESC LIMIT 1")?.chainHash("hash") ?? genesis
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
  /// What it says of rows, see `RowRecord`; nil where it is about none.
  let rows: [UInt8]?
  let hash: String

  /// What `hash` has to be: over every field with its length, so that no two records have the same text.
  var expectedHash: String {
    let text = ["\(sequence)", "\(at.bitPattern)", kind, detail, previous].map { "\($0.utf8.count):\($0)" }.joined()
    guard let rows else { return SHA256.hex(text) }
    return SHA256.hex(Array("\(text)\(rows.count):".utf8) + rows)
  }

  init(
    sequence: Int, at: Double, kind: String, detail: String, previous: String, rows: [UInt8]? = nil, hash: String = ""
  ) {
    self.sequence = sequence
    self.at = at
    self.kind = kind
    self.detail = detail
    self.previous = previous
    self.rows = rows
    self.hash = hash
  }

  /// - Throws: an error that `LedgerErrors` takes for damage.
  init(_ row: Row) throws {
    self.init(
      sequence: try row.get("sequence"), at: try row.get("at"), kind: try row.exactText("kind"),
      detail: try row.exactText("detail"), previous: try row.chainHash("previous"),
      rows: try row.getIfAny("rows", as: Data.self).map { [UInt8]($0) }, hash: try row.chainHash("hash"))
  }

  /// Columns for `init`.
  static let columns = "sequence, at, \(ExactText.read("kind", "detail")), previous, rows, hash"

  /// - Parameter hashes: how the table stores them.
  /// - Returns: the new record's number.
  static func append(
    _ db: Database, kind: String, detail: String, now: Double, rows: [UInt8]? = nil, hashes: ChainHash = .bytes
  ) throws -> Int {
    let find = try db.cachedStatement(sql: "SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1")
    let last: (number: Int, hash: String)? = try Row.fetchOne(find).map {
      (try $0.get("sequence"), try $0.chainHash("hash"))
    }
    let record = AuditRecord(
      sequence: (last?.number ?? 0) + 1, at: now, kind: kind, detail: detail, previous: last?.hash ?? Ledger.genesis,
      rows: rows)
    try db.cachedStatement(
      sql: """
        INSERT INTO audit (kind, detail, sequence, at, previous, rows, hash) VALUES (\(ExactText.bound(2)), ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      exact(kind), exact(detail), record.sequence, now, hashes.stored(record.previous), rows.map { Data($0) },
      hashes.stored(record.expectedHash),
    ])
    return record.sequence
  }
}

/// How a table of the chain stores hashes.
enum ChainHash {
  /// In hexadecimal, as ledgers did up to schema 9.
  case text
  case bytes

  func stored(_ hash: String) -> any DatabaseValueConvertible {
    switch self {
    case .text: hash
    case .bytes: Self.packed(hash)
    }
  }

  /// The bytes of a hash; those of the text itself for what is none, so that damage stays what it was.
  static func packed(_ hash: String) -> Data { Data(SHA256.bytes(hex: hash) ?? Array(hash.utf8)) }
}

extension Row {
  /// A hash of the audit chain in hexadecimal, however it is stored.
  fileprivate func chainHash(_ column: String) throws -> String {
    if case .string(let text) = (self[column] as DatabaseValue).storage { return text }
    let bytes = [UInt8](try get(column) as Data)
    return SHA256.hex(of: bytes) ?? String(decoding: bytes, as: UTF8.self)
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
