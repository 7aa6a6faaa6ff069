import Core
import Foundation
import GRDB

extension Ledger {
  /// Kinds of the records after which rows are sealed ones, and plain ones, of the same content.
  static let sealEvent = "sealed"
  static let unsealEvent = "unsealed"
  private static let rekeyEvent = "rekeyed"
  private static let sealingBatch = 2000

  /// Seals an existing ledger. What was broken off is gone on with; only when the file and its log hold no text in the clear does
  /// the ledger count as sealed.
  ///
  /// The audit chain goes on: each batch of rows is in it as changed by a record `sealed`, and older records verify as before.
  /// Those digest the plain texts, so a guess of a whole row can be confirmed in a ledger that was sealed later; one that was sealed
  /// from the beginning has no such digest.
  /// - Returns: copies of the ledger beside it, which still hold every text in the clear.
  /// - Throws: `SluiceError`: usage (64) for a ledger that is sealed already; permission (77) for another key than the one that it is
  ///   half sealed with.
  @discardableResult
  public static func seal(path: String, key: LedgerKeySource?, act: LedgerAct, now: Double) throws -> [String] {
    let ledger = try Ledger(path: path, readOnly: false, key: key, migrates: true)
    ledger.dropStandings()
    switch try ledger.read({ try SealingState.read($0) }) {
    case nil:
      guard let key else {
        throw SluiceError(.usage, "no key is named", remedy: "Name one with --key-file, --key-env or --passphrase-env.")
      }
      let (state, dataKey) = try SealingState.new(.sealing, by: key)
      try ledger.writeDurably { db in
        _ = try AuditRecord.append(db, kind: sealEvent, detail: try jsonText(act), now: now)
        try state.store(db)
      }
      ledger.functions.sealer = try Sealer(dataKey: dataKey)
    case let state?:
      guard state.phase == .sealing else { throw ledger.refused(state.phase, "sealed") }
    }
    try ledger.migrate(SealingSteps.sealing, sealEvent, act, now)
    try ledger.finish(now) { db in
      guard var state = try SealingState.read(db) else { throw InternalError("a sealed ledger has no key") }
      state.phase = .sealed
      try state.store(db)
    }
    return ledger.copies
  }

  /// Makes a sealed ledger a plain one. What was broken off is gone on with.
  /// - Throws: `SluiceError`: usage (64) for a ledger that isn't sealed; permission (77) for another key.
  public static func unseal(path: String, key: LedgerKeySource?, act: LedgerAct, now: Double) throws {
    let ledger = try Ledger(path: path, readOnly: false, key: key, migrates: true)
    guard var state = try ledger.read({ try SealingState.read($0) }) else { throw ledger.refused(.open, "unsealed") }
    if state.phase == .sealing { throw ledger.refused(.sealing, "unsealed") }
    ledger.dropStandings()
    if state.phase == .sealed {
      state.phase = .unsealing
      try ledger.writeDurably { db in
        _ = try AuditRecord.append(db, kind: unsealEvent, detail: try jsonText(act), now: now)
        try state.store(db)
      }
    }
    try ledger.dropGuards()
    try ledger.migrate(SealingSteps.unsealing, unsealEvent, act, now)
    try ledger.finish(now) { try SealingState.storeOpen($0) }
  }

  /// Wraps the data key under another ledger key; nothing else changes.
  /// - Parameters:
  ///   - old: where the present key is; nil for where it was used last.
  ///   - new: where the next one is.
  /// - Throws: `SluiceError`: usage (64) for a ledger that isn't sealed; permission (77) for another key.
  public static func rekey(
    path: String, old: LedgerKeySource?, new: LedgerKeySource, act: LedgerAct, now: Double
  ) throws {
    let ledger = try Ledger(path: path, readOnly: false, key: old, migrates: true)
    guard let state = try ledger.read({ try SealingState.read($0) }) else { throw ledger.refused(.open, "rekeyed") }
    guard state.phase == .sealed else { throw ledger.refused(state.phase, "rekeyed") }
    let next = try SealingState(.sealed, try state.dataKey(old, ledger: path), by: new)
    try ledger.database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA secure_delete = ON") }
    try ledger.writeDurably { db in
      _ = try AuditRecord.append(db, kind: rekeyEvent, detail: try jsonText(act), now: now)
      try next.store(db)
    }
    try ledger.explained(reading: false) {
      _ = try ledger.database.writeWithoutTransaction { try $0.checkpoint(.truncate) }
    }
  }

  private func refused(_ phase: SealingState.Phase, _ wanted: String) -> SluiceError {
    let (state, remedy) =
      switch phase {
      case .open: ("isn't sealed", "sluice ledger seal seals it.")
      case .sealed: ("is sealed already", "sluice ledger rekey gives it another key.")
      case .sealing: ("is half sealed", "Finish that first: sluice ledger seal \(path)")
      case .unsealing: ("is half unsealed", "Finish that first: sluice ledger unseal \(path)")
      }
    return SluiceError(
      .usage, "the ledger \(state), so it can't be \(wanted)", at: SourceLocation(file: path), remedy: remedy)
  }

  /// Lets plain texts be stored again.
  func dropGuards() throws {
    try explained(reading: false) {
      try database.writeWithoutTransaction { db in
        for name in try String.fetchAll(
          db, sql: "SELECT name FROM sqlite_temp_master WHERE type = 'trigger' AND name LIKE 'sealed%'")
        {
          try db.execute(sql: "DROP TRIGGER temp.\(name)")
        }
      }
    }
  }

  func migrate(_ steps: [SealingSteps], _ event: String, _ act: LedgerAct, _ now: Double) throws {
    try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA secure_delete = ON") }
    for step in steps {
      var last: Int64 = 0
      var isDone = false
      while !isDone {
        isDone = try write { db in
          let rows = try step.next(after: last, limit: step.isLarge ? 1 : Self.sealingBatch, db)
          guard let end = rows.last else { return true }
          last = end
          var act = act
          act.count = try step.pending(rows, db)
          if act.count == 0 { return false }
          _ = try AuditRecord.append(db, kind: event, detail: try jsonText(act), now: now)
          try step.apply(rows, db)
          return false
        }
      }
    }
  }

  /// Cleans the file and its log, and only then says that the migration is over.
  private func finish(_ now: Double, _ close: (Database) throws -> Void) throws {
    try explained(reading: false) {
      try database.writeWithoutTransaction { db in
        try SealedRows.vacuum(db)
        _ = try db.checkpoint(.truncate)
      }
    }
    try writeDurably { try close($0) }
    try explained(reading: false) { _ = try database.writeWithoutTransaction { try $0.checkpoint(.truncate) } }
  }
}
