import Core
import GRDB

/// What is wrong with a ledger, in one place of it.
public struct LedgerFinding: Hashable, Codable, Sendable, CustomStringConvertible {
  /// A table and a row's key, an audit record, or another part of the file.
  public let place: String
  /// What is wrong there, a phrase that goes on from the place.
  public let problem: String

  /// Makes a finding of a place in the ledger and what is wrong there.
  public init(_ place: String, _ problem: String) {
    self.place = place
    self.problem = problem
  }

  public var description: String { "\(place): \(problem)" }
}

/// Holds the rows of one table against the chain, from the newest record to the oldest: what a record brought has to be there, as
/// it was or as a later record says that it became, and what no record brought may not.
struct RowVerification {
  /// The audit event that comes before the rows of a prompt that version 0.1 had cut.
  static let completion = "text made whole"

  /// Audit events after which any row may be another than it was.
  private static let changing: Set = [Ledger.purgeEvent, Ledger.sealEvent, Ledger.unsealEvent]

  struct Record {
    let sequence: Int
    let rows: RowRecord
    /// The kind of the event before it in its transaction.
    let cause: String?
  }

  private(set) var findings: [LedgerFinding] = []
  private let table: ChainedTable
  /// Digests of the rows as they were after the record that is looked at next.
  private var state: [RowKey: RowDigest]

  /// - Parameter rows: that are there.
  init(_ table: ChainedTable, _ rows: [(key: RowKey, digest: RowDigest)]) {
    self.table = table
    state = Dictionary(minimumCapacity: rows.count)
    for row in rows where state.updateValue(row.digest, forKey: row.key) != nil { add(row.key, "is there twice") }
  }

  private mutating func add(_ key: RowKey, _ problem: String) {
    findings.append(LedgerFinding("\(table.name) \(key.description(table))", problem))
  }

  /// Goes back by one record.
  mutating func undo(_ record: Record) {
    for part in record.rows.parts where part.table == table {
      for (key, change) in part.changes.reversed() { undo(change, of: key, record) }
      undo(part, record)
    }
  }

  private mutating func undo(_ change: RowChanges.Change, of key: RowKey, _ record: Record) {
    if !mayChange(after: record.cause) { add(key, "record \(record.sequence) changes it, which nothing allows") }
    switch (state[key], change.new) {
    case (nil, nil): break
    case (nil, _?): add(key, "is missing; record \(record.sequence) has it")
    case (_?, nil): add(key, "is there again; record \(record.sequence) took it away")
    case (let now?, let new?): if now != new { add(key, "was changed; record \(record.sequence) has it otherwise") }
    }
    state[key] = change.old
  }

  private func mayChange(after cause: String?) -> Bool {
    table.changesByItself || cause.map(Self.changing.contains) == true || (table == .texts && cause == Self.completion)
  }

  private mutating func undo(_ part: RowRecord.Part, _ record: Record) {
    var rows: [(key: RowKey, digest: RowDigest)] = []
    let before = findings.count
    for (key, tag) in zip(part.keys, part.tags) {
      guard let digest = state.removeValue(forKey: key) else {
        add(key, "is missing; record \(record.sequence) wrote it")
        continue
      }
      if digest.tag != tag { add(key, "was changed; record \(record.sequence) wrote it otherwise") }
      rows.append((key, digest))
    }
    if findings.count == before, let digest = part.digest, digest != RowRecord.digest(rows) {
      findings.append(
        LedgerFinding("\(table.name)", "one of the rows that record \(record.sequence) wrote was changed"))
    }
  }

  /// After the oldest record.
  mutating func finish() {
    for key in state.keys.sorted(by: { ($0.first, $0.second) < ($1.first, $1.second) }) {
      add(key, "was inserted: no record of the audit chain wrote it")
    }
  }
}
