import Core
import Foundation
import GRDB

/// Something in the ledger that Sluice never writes: a value of another type, JSON that can't be read, a record that
/// contradicts the audit chain.
struct LedgerDamage: Error {
  /// What is wrong, without a full stop.
  let finding: String

  init(_ finding: String) { self.finding = finding }
}

/// Turns SQLite's errors into what a person can act on.
enum LedgerErrors {
  /// - Parameter reading: whether `body` only looks.
  /// - Throws: `SluiceError`; `InternalError` for what only a bug can cause, such as a violated constraint.
  static func explained<Result>(_ path: String, reading: Bool, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as DatabaseError {
      throw explanation(of: error, path: path, reading: reading)
    } catch let damage as LedgerDamage {
      throw damaged(path, damage.finding)
    } catch is DecodingError {
      throw damaged(path, "a record in it can't be read")
    } catch is RowDecodingError {
      throw damaged(path, "a value in it has the wrong type")
    }
  }

  /// How the error begins.
  static let damage = "the ledger is damaged"

  /// What is said of a ledger that holds something that Sluice never wrote.
  static func damaged(_ path: String, _ finding: String) -> SluiceError {
    SluiceError(
      .usage, "\(damage): \(finding)", at: SourceLocation(file: path),
      remedy: "Restore it from a copy, or name another ledger.path; keep the damaged file for an expert.")
  }

  private static let schemaFaults = [
    "malformed database schema", "unsupported file format", "no such table", "no such column", "no such index",
    "has no column named",
  ]

  /// What a person is told instead.
  static func explanation(of error: DatabaseError, path: String, reading: Bool) -> any Error {
    let place = SourceLocation(file: path)
    let reason = error.message ?? "\(error.resultCode)"
    // A file that was cut short, or flipped bits in its own description of the tables.
    if error.extendedResultCode == .SQLITE_IOERR_SHORT_READ || schemaFaults.contains(where: reason.contains) {
      return damaged(path, reason)
    }
    switch error.resultCode {
    case .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_NOLFS:
      return SluiceError(
        .inputOutput, "the ledger can't be \(reading ? "read" : "written"): \(reason)", at: place,
        remedy: reading
          ? "Check the disk, then run again."
          : "Free some disk space and run again with --resume; what was stored is safe.")
    case .SQLITE_NOTADB:
      return SluiceError(
        .usage, "the file is no ledger", at: place, remedy: "Name another ledger.path. The file was not changed.")
    case .SQLITE_CORRUPT:
      return damaged(path, reason)
    // A length that a flipped bit made enormous; tables that aren't there although the ledger says that they are.
    case .SQLITE_TOOBIG, .SQLITE_NOMEM, .SQLITE_MISMATCH, .SQLITE_FORMAT, .SQLITE_ERROR, .SQLITE_SCHEMA, .SQLITE_RANGE:
      return reading ? damaged(path, reason) : InternalError("ledger: \(error.resultCode) \(reason)")
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      return SluiceError(
        .interrupted, "the ledger is locked by another program", at: place, remedy: "Close it and run again.")
    // SQLite's own files beside the ledger: where the folder could be written, it is the disk.
    case .SQLITE_CANTOPEN where !reading && access(path, W_OK) == 0 && access(path.folderOrCurrent, W_OK) == 0:
      return SluiceError(
        .inputOutput, "the ledger can't be written: \(reason)", at: place,
        remedy: "Free some disk space and run again with --resume; what was stored is safe.")
    case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
      return SluiceError(
        .permission, "the ledger can't be \(reading ? "read" : "written"): \(reason)", at: place,
        remedy: reading
          ? "Check the permissions of the file and its folder, or copy it elsewhere and read the copy."
          : "Check the permissions of the file and its folder.")
    default:
      return InternalError("ledger: \(error.resultCode) \(reason)")
    }
  }
}
