import Core
import Foundation
import GRDB

/// The database of everything observed (SQLite). Whatever a call stored survives the process from the moment it returns.
///
/// Calls are short transactions on one connection, safe from any thread.
public final class Ledger: Sendable {
  public let path: String
  let database: DatabaseQueue
  private let lock: LedgerLock?

  /// Opens or creates a ledger.
  ///
  /// - Parameter readOnly: looks without locking; the ledger must exist.
  /// - Throws: `SluiceError`: permission (77) for a ledger that others can read; interrupted (75) while another run
  ///   writes to it; usage (64) for a file that is no ledger, or of a newer version.
  public init(path: String, readOnly: Bool = false) throws {
    self.path = path
    let folder = (path as NSString).deletingLastPathComponent
    let exists = FileManager.default.fileExists(atPath: path)
    if readOnly {
      guard exists else {
        throw SluiceError(
          .usage, "there is no ledger", at: SourceLocation(file: path),
          remedy: "Run a policy first, or name its ledger.")
      }
      lock = nil
    } else {
      do {
        if !folder.isEmpty && !FileManager.default.fileExists(atPath: folder) {
          try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
      } catch {
        throw SluiceError(
          .permission, "the ledger's folder can't be made: \(error.localizedDescription)",
          at: SourceLocation(file: folder), remedy: "Check ledger.path and its permissions.")
      }
      // Made before SQLite sees it, so that it is never readable by others, not even for a moment.
      let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else {
        throw SluiceError(
          .permission, "the ledger can't be opened: \(String(cString: strerror(errno)))",
          at: SourceLocation(file: path), remedy: "Check ledger.path and its permissions.")
      }
      close(descriptor)
      lock = try LedgerLock(ledger: path)
    }
    try Self.refuseIfOthersCanRead(path)
    var configuration = Configuration()
    configuration.readonly = readOnly
    configuration.foreignKeysEnabled = true
    configuration.busyMode = .timeout(10)
    if !readOnly { configuration.journalMode = .wal }
    database = try Self.explained(path) {
      let queue = try DatabaseQueue(path: path, configuration: configuration)
      let migrator = LedgerSchema.migrator
      let isNewer = try queue.read { try migrator.hasBeenSuperseded($0) }
      if isNewer {
        throw SluiceError(
          .usage, "the ledger was written by a newer version of Sluice", at: SourceLocation(file: path),
          remedy: "Use that version, or give this one a ledger.path of its own.")
      }
      if !readOnly { try migrator.migrate(queue) }
      return queue
    }
  }

  /// - Throws: `SluiceError` for what SQLite refuses.
  func write<Result>(_ body: (Database) throws -> Result) throws -> Result {
    try Self.explained(path) { try database.write(body) }
  }

  func read<Result>(_ body: (Database) throws -> Result) throws -> Result {
    try Self.explained(path) { try database.read(body) }
  }

  private static func refuseIfOthersCanRead(_ path: String) throws {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    guard let mode = attributes?[.posixPermissions] as? Int, mode & 0o007 != 0 else { return }
    throw SluiceError(
      .permission, "the ledger can be read by anyone on this machine", at: SourceLocation(file: path),
      remedy: "Run: chmod 600 \(path)")
  }

  /// Turns SQLite's errors into what a person can act on.
  private static func explained<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as DatabaseError {
      let place = SourceLocation(file: path)
      switch error.resultCode {
      case .SQLITE_FULL, .SQLITE_IOERR:
        throw SluiceError(
          .interrupted, "the ledger can't be written: \(error.message ?? "disk full or failing")", at: place,
          remedy: "Free some disk space and run again with --resume; what was stored is safe.")
      case .SQLITE_NOTADB, .SQLITE_CORRUPT:
        throw SluiceError(
          .usage, "the file is no ledger, or is damaged", at: place,
          remedy: "Name another ledger.path, or restore this file from a copy. It was not changed.")
      case .SQLITE_BUSY, .SQLITE_LOCKED:
        throw SluiceError(
          .interrupted, "the ledger is locked by another program", at: place, remedy: "Close it and run again.")
      case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM:
        throw SluiceError(
          .permission, "the ledger can't be written: \(error.message ?? "no permission")", at: place,
          remedy: "Check the permissions of the file and its folder.")
      default: throw InternalError("ledger: \(error.resultCode) \(error.message ?? "")")
      }
    }
  }
}
