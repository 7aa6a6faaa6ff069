import Core
import GRDB

/// What became of a ledger since it was written.
public struct LedgerVerification: Hashable, Codable, Sendable {
  /// The ledger's file.
  public let path: String
  /// Rows that the audit chain covers and that are there.
  public let rows: Int
  /// Records of the audit chain.
  public let records: Int
  /// Hash of the newest record.
  public let head: String
  /// The last record that covers rows which an older version wrote without one; nil where there are none.
  public let coversOlderFrom: Int?
  /// Empty for a ledger that is what its chain says.
  public var findings: [LedgerFinding]

  init(
    path: String, rows: Int, records: Int, head: String, coversOlderFrom: Int?, findings: [LedgerFinding]
  ) {
    self.path = path
    self.rows = rows
    self.records = records
    self.head = head
    self.coversOlderFrom = coversOlderFrom
    self.findings = findings
  }

  /// The finding about a file that can't even be opened.
  public init(damaged path: String, _ finding: LedgerFinding) {
    self.init(
      path: path, rows: 0, records: 0, head: Ledger.genesis, coversOlderFrom: nil, findings: [finding])
  }
}

extension Ledger {
  /// Holds everything in the ledger against its audit chain: the file, its schema, the records of the chain, the runs and every row.
  ///
  /// - Parameter heads: head hashes from reports; the chain must contain each, else its end was cut, it was written anew, or it is
  ///   another ledger's.
  /// - Throws: `SluiceError` where there is nothing to look into at all.
  public func verification(heads: [String] = []) throws -> LedgerVerification {
    var verification: LedgerVerification?
    do {
      try explained(reading: true) { try database.read { verification = verified($0, heads: heads) } }
    } catch {
      // A damaged file may refuse to end the transaction too, when what is wrong with it is known already.
      guard let verification, !verification.findings.isEmpty else { throw error }
    }
    guard let verification else { throw InternalError("the ledger was not looked at") }
    return verification
  }

  private func verified(_ db: Database, heads: [String]) -> LedgerVerification {
    var findings = Self.fileFindings(db)
    var records: [AuditRecord] = []
    findings += Self.readable("audit") { records = try Self.auditRecords(db) }
    let chain = Self.chainFindings(records, heads: heads)
    findings += chain
    let (rows, found) = Self.rowFindings(db, records, isWhole: chain.isEmpty)
    findings += found
    if findings.isEmpty {
      findings += Self.readable("runs") {
        do { try Self.verifyRuns(db, records) } catch let fault as AuditFault {
          findings.append(LedgerFinding("audit record \(fault.sequence)", fault.problem))
        }
      }
    }
    return LedgerVerification(
      path: path, rows: rows, records: records.count, head: records.last?.hash ?? Self.genesis,
      coversOlderFrom: records.last { $0.kind == RowRecord.coveringKind }?.sequence, findings: findings)
  }

  /// What can't be read is a finding like others.
  private static func readable(_ place: String, _ body: () throws -> Void) -> [LedgerFinding] {
    do {
      try body()
      return []
    } catch let error as DatabaseError {
      return [LedgerFinding(place, "can't be read: \(error.message ?? "\(error.resultCode)")")]
    } catch let damage as LedgerDamage {
      return [LedgerFinding(place, damage.finding)]
    } catch {
      return [LedgerFinding(place, "can't be read: \(error)")]
    }
  }

  private static func fileFindings(_ db: Database) -> [LedgerFinding] {
    var findings: [LedgerFinding] = []
    findings += readable("the file") {
      let problems = try String.fetchAll(db, sql: "PRAGMA integrity_check(20)").filter { $0 != "ok" }
      findings += problems.map { LedgerFinding("the file", $0) }
    }
    findings += readable("the file") {
      for row in try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").prefix(20) {
        let table: String = try row.get("table")
        findings.append(
          LedgerFinding(table, "a row refers to one of \(try row.get("parent") as String) that isn't there"))
      }
    }
    findings += readable("the schema") {
      let (own, expected) = (try LedgerSchema.objects(db), try LedgerSchema.expectedObjects())
      for (name, sql) in expected.sorted(by: { $0.key < $1.key }) {
        if let found = own[name] {
          if found != sql { findings.append(LedgerFinding("the schema", "\(name) was changed")) }
        } else {
          findings.append(LedgerFinding("the schema", "\(name) is missing"))
        }
      }
      for name in own.keys.sorted() where expected[name] == nil {
        findings.append(LedgerFinding("the schema", "\(name) is none of Sluice's"))
      }
    }
    return findings
  }

  private static func chainFindings(_ records: [AuditRecord], heads: [String]) -> [LedgerFinding] {
    var findings: [LedgerFinding] = []
    var (next, previous) = (1, genesis)
    for record in records {
      if record.sequence != next {
        findings.append(
          LedgerFinding(
            "audit record \(next)",
            record.sequence > next ? "is missing" : "was inserted: its number is \(record.sequence)"))
      } else if record.previous != previous {
        findings.append(LedgerFinding("audit record \(record.sequence)", "doesn't follow the one before it"))
      }
      if record.hash != record.expectedHash {
        findings.append(LedgerFinding("audit record \(record.sequence)", "was changed"))
      }
      (next, previous) = (record.sequence &+ 1, record.hash)
    }
    let known = Set(records.map(\.hash))
    for head in heads where head != genesis && !known.contains(head) {
      findings.append(
        LedgerFinding(
          "the head \(head)",
          "isn't in the audit chain: the chain's end was cut, it was written anew, or this is another ledger"))
    }
    return findings
  }

  /// - Parameter isWhole: whether the chain is unbroken; else rows that no record wrote may be those of a record that is gone.
  private static func rowFindings(
    _ db: Database, _ records: [AuditRecord], isWhole: Bool
  ) -> (rows: Int, [LedgerFinding]) {
    var findings: [LedgerFinding] = []
    var parsed: [RowVerification.Record] = []
    for (index, record) in records.enumerated() where record.hash == record.expectedHash {
      guard let bytes = record.rows else { continue }
      findings += readable("audit record \(record.sequence)") {
        parsed.append(
          .init(
            sequence: record.sequence, rows: try RowRecord(bytes), cause: index > 0 ? records[index - 1].kind : nil))
      }
    }
    let collector = RowCollector(function: "sluiceStoredRow")
    var count = 0
    findings += readable("the file") { try collector.install(db) }
    for table in ChainedTable.allCases {
      let problems = readable(table.name) { try collector.collect(table, db) }
      let rows = collector.take()[table]?.inserted ?? []
      count += rows.count
      if !problems.isEmpty {
        findings += problems
        continue
      }
      var verification = RowVerification(table, rows)
      for record in parsed.reversed() { verification.undo(record) }
      if isWhole { verification.finish() }
      findings += verification.findings
    }
    findings += readable("the file") { try collector.remove(db) }
    return (count, findings)
  }
}

extension LedgerSchema {
  /// Tables, indices, views and triggers by kind and name, with what makes them.
  static func objects(_ db: Database) throws -> [String: String] {
    let rows = try Row.fetchAll(
      db, sql: "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%'")
    var objects = Dictionary(
      try rows.map { row in
        (
          "\(try row.get("type") as String) \(try row.get("name") as String)",
          "\(try row.get("tbl_name") as String) \(try row.getIfAny("sql", as: String.self) ?? "")"
        )
      }
    ) { first, second in first + second }
    let applied = try String.fetchAll(db, sql: "SELECT identifier FROM grdb_migrations ORDER BY rowid")
    objects["list of migrations"] = applied.joined(separator: "; ")
    return objects
  }

  /// The objects of a new ledger.
  static func expectedObjects() throws -> [String: String] { try expected.get() }

  private static let expected = Result {
    let queue = try DatabaseQueue()
    try migrator.migrate(queue)
    return try queue.read { try objects($0) }
  }
}
