import Core
import Foundation
import GRDB

/// The database of everything observed (SQLite). Whatever a call stored survives the process from the moment it returns.
///
/// Calls are short transactions on one connection, safe from any thread. Commits reach the kernel at once and the disk
/// at SQLite's checkpoints and at a run's end: `kill -9` loses nothing; a power cut may take the last seconds, but never
/// leaves a damaged ledger.
public final class Ledger: Sendable {
  /// The file, as it was given.
  public let path: String
  /// The copy that was made before the ledger was brought up to date; nil where it was.
  public let backup: String?
  let database: DatabaseQueue
  private let lock: LedgerLock?
  /// The rows of the transaction under way.
  private let rows = RowCollector()
  /// What runs have taken from earlier ones since the ledger was opened.
  let reuse = ReuseLog()
  /// Whether texts are sealed at rest.
  public var isSealed: Bool { functions.sealer != nil }
  let functions = SealingFunctions()
  /// What has to be there for as long as the connection; nil where the ledger is read in its place.
  private let copy: LedgerCopy?

  /// Opens or creates a ledger. One of an older version is copied beside itself and brought up to date.
  ///
  /// - Parameters:
  ///   - readOnly: looks without locking and writes nothing, so that media which can't be written can be read; the ledger must
  ///     exist.
  ///   - key: where a sealed ledger's key is, nil for where it was used last; a new ledger is sealed where it is given.
  /// - Throws: `SluiceError`: permission (77) for a ledger that others can read, and for another ledger's key;
  ///   interrupted (75) while another run writes to it; I/O error (74) where the disk is full or fails; usage (64) for
  ///   a file that is no ledger, is damaged, or is of a newer version.
  public convenience init(path: String, readOnly: Bool = false, key: LedgerKeySource? = nil) throws {
    try self.init(path: path, readOnly: readOnly, key: key, migrates: false)
  }

  /// - Parameter migrates: whether a ledger may be opened that is half sealed.
  init(path: String, readOnly: Bool, key: LedgerKeySource?, migrates: Bool) throws {
    self.path = path
    let opening = Opening(functions: functions, key: key, migrates: migrates)
    let file = try LedgerFile(path: path)
    if readOnly {
      try file.requireExistence()
      lock = nil
    } else {
      try file.makeFolder()
      try file.refuseUnfit(readOnly: false)
      // The lock comes before the file is touched: a file of zero bytes must have one creator.
      lock = try LedgerLock(ledger: file.realPath)
      try file.create()
    }
    try file.refuseUnfit(readOnly: readOnly)
    if readOnly {
      (database, copy) = try LedgerErrors.explained(path, reading: true) { try Self.openReading(file, opening) }
      backup = nil
    } else {
      (database, backup) = try LedgerErrors.explained(path, reading: false) { [rows] in
        let (database, backup) = try Self.openWriting(file, opening)
        try database.writeWithoutTransaction { try rows.watch($0) }
        return (database, backup)
      }
      copy = nil
      // A new one, or one that was left before anything was in it.
      if !isSealed, let key, !migrates {
        let (sealing, dataKey) = try SealingState.new(.sealed, by: key)
        try write { try sealing.store($0) }
        functions.sealer = try Sealer(dataKey: dataKey)
      }
    }
    if isSealed {
      try explained(reading: readOnly) { try database.writeWithoutTransaction { try SealedRows.hide($0) } }
    }
  }

  /// Whether an error of `init` says that another process holds the ledger, which waiting may mend.
  public static func isInUse(_ error: any Error) -> Bool {
    guard let error = error as? SluiceError else { return false }
    return error.exitCode == .interrupted && error.message.hasPrefix(LedgerLock.inUse)
  }

  /// Whether an error says that the ledger holds what Sluice never wrote.
  public static func isDamaged(_ error: SluiceError) -> Bool { error.message.hasPrefix(LedgerErrors.damage) }

  /// Ends the connection before the lock, so that the next writer finds everything in its place.
  deinit { try? database.close() }

  /// - Throws: `SluiceError` for what SQLite refuses.
  func write<Result>(_ body: (Database) throws -> Result) throws -> Result {
    try explained(reading: false) { try database.write { try chained($0, body) } }
  }

  /// Does `body`, and appends what it wrote to the audit chain, so that one commits with the other.
  private func chained<Result>(_ db: Database, _ body: (Database) throws -> Result) throws -> Result {
    // A transaction that failed may have left some.
    _ = rows.take()
    let result = try body(db)
    if let record = RowRecord(rows.take()) {
      _ = try AuditRecord.append(
        db, kind: RowRecord.kind, detail: "\(record.count)", now: Date().timeIntervalSince1970, rows: record.bytes)
    }
    return result
  }

  /// Explains errors. What looks like a bug may come from damage that no single statement sees, such as an index that
  /// contradicts its table; so before a bug is told, the whole file is checked.
  func explained<Result>(reading: Bool, _ body: () throws -> Result) throws -> Result {
    do {
      return try LedgerErrors.explained(path, reading: reading, body)
    } catch let bug as InternalError {
      let findings = try? database.read { try String.fetchAll($0, sql: "PRAGMA integrity_check(1)") }
      if let finding = findings?.first, finding != "ok" { throw LedgerErrors.damaged(path, finding) }
      throw bug
    }
  }

  /// The same, and on the disk when it returns: not even a power cut takes it back.
  func writeDurably<Result>(_ body: (Database) throws -> Result) throws -> Result {
    try explained(reading: false) {
      try database.writeWithoutTransaction { db in
        try db.execute(sql: "PRAGMA synchronous = FULL")
        // Should this fail, later commits are slower and no less safe.
        defer { try? db.execute(sql: "PRAGMA synchronous = NORMAL") }
        var result: Result?
        try db.inTransaction(.immediate) {
          result = try chained(db, body)
          return .commit
        }
        guard let result else { throw InternalError("a transaction ended without its result") }
        return result
      }
    }
  }

  /// - Throws: `SluiceError` for what SQLite refuses.
  func read<Result>(_ body: (Database) throws -> Result) throws -> Result {
    try explained(reading: true) { try database.read(body) }
  }

  /// Moves the write-ahead log into the file and to the disk, so that the file alone is the whole evidence.
  ///
  /// A reader may keep part of the log busy; it is then moved later, and nothing is lost meanwhile.
  func consolidate() {
    try? database.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
  }

  /// What a connection needs to open what is sealed.
  private struct Opening {
    let functions: SealingFunctions
    let key: LedgerKeySource?
    let migrates: Bool

    /// Proves that the key is the ledger's, before anything is written.
    func unlock(_ queue: DatabaseQueue, _ file: LedgerFile) throws {
      let known = try queue.read { try SealingState.read($0) }
      if known != nil || key != nil {
        // What is opened to be sorted must not reach the disk.
        try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA temp_store = MEMORY") }
      }
      guard let state = known else {
        try queue.read { try SealedRows.refuseOrphans($0) }
        if key != nil, !migrates, try queue.read(LedgerSchema.hasRuns) {
          throw SluiceError(
            .usage, "the ledger isn't sealed, and ledger.sealing is on", at: SourceLocation(file: file.path),
            remedy: "Seal what it holds: sluice ledger seal \(file.path) with the key.")
        }
        return
      }
      if !migrates, state.phase != .sealed {
        let isSealing = state.phase == .sealing
        throw SluiceError(
          .usage, "the ledger is half \(isSealing ? "sealed" : "unsealed"): that was broken off",
          at: SourceLocation(file: file.path),
          remedy: "Finish it: sluice ledger \(isSealing ? "seal" : "unseal") \(file.path)")
      }
      functions.sealer = try Sealer(dataKey: try state.dataKey(key, ledger: file.path))
    }
  }

  private static func openWriting(
    _ file: LedgerFile, _ opening: Opening
  ) throws -> (DatabaseQueue, backup: String?) {
    let queue = try DatabaseQueue(
      path: file.realPath, configuration: configuration(readOnly: false, opening.functions))
    let state = try queue.read { try LedgerSchema.state(of: $0) }
    try refuse(state, file)
    try opening.unlock(queue, file)
    var backup: String?
    if state == .older, let next = try queue.read({ try LedgerSchema.firstPending($0) }) {
      backup = try LedgerBackup(file).make(of: queue, before: next)
    }
    try queue.writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA journal_mode = WAL")
      // With a write-ahead log this is safe against the end of the process at any instant.
      try db.execute(sql: "PRAGMA synchronous = NORMAL")
    }
    try LedgerSchema.migrator.migrate(queue)
    return (queue, backup)
  }

  /// SQLite needs to write beside a database even to read it, so on media that can't be written it is told that nothing
  /// changes there; where part of the evidence is still in the write-ahead log, which it would then leave out, a private
  /// copy of both is read.
  private static func openReading(_ file: LedgerFile, _ opening: Opening) throws -> (DatabaseQueue, LedgerCopy?) {
    do {
      return (try openReading(file, at: file.realPath, opening), nil)
    } catch let error as DatabaseError
      where [.SQLITE_CANTOPEN, .SQLITE_READONLY].contains(error.resultCode) && !file.canBeWrittenBeside
    {
      guard file.hasLog else { return (try openReading(file, at: file.unchangingAddress, opening), nil) }
      let copy = try LedgerCopy(of: file)
      return (try openReading(file, at: copy.path, opening), copy)
    }
  }

  private static func openReading(
    _ file: LedgerFile, at path: String, _ opening: Opening
  ) throws -> DatabaseQueue {
    let queue = try DatabaseQueue(path: path, configuration: configuration(readOnly: true, opening.functions))
    let state = try queue.read { try LedgerSchema.state(of: $0) }
    try refuse(state, file)
    let place = SourceLocation(file: file.path)
    if state == .empty {
      throw SluiceError(
        .usage, "the ledger is empty", at: place, remedy: "Run a policy first, or name its ledger.")
    }
    if state == .older {
      throw SluiceError(
        .usage, "the ledger is from an older version of Sluice and can't be read before it is brought up to date",
        at: place, remedy: "The next run that uses it does so.")
    }
    try opening.unlock(queue, file)
    return queue
  }

  private static func configuration(readOnly: Bool, _ functions: SealingFunctions) -> Configuration {
    var configuration = Configuration()
    configuration.prepareDatabase { try functions.install($0) }
    configuration.readonly = readOnly
    configuration.foreignKeysEnabled = true
    configuration.busyMode = .timeout(10)
    return configuration
  }

  private static func refuse(_ state: LedgerSchema.State, _ file: LedgerFile) throws {
    let place = SourceLocation(file: file.path)
    switch state {
    case .foreign:
      throw SluiceError(
        .usage, "the file is a database, but no ledger", at: place,
        remedy: "Name another ledger.path. The file was not changed.")
    case .newer:
      throw SluiceError(
        .usage, "the ledger was written by a newer version of Sluice", at: place,
        remedy: "Use that version, or give this one a ledger.path of its own. The ledger was not changed.")
    case .empty, .older, .current: break
    }
  }
}
