import Core
import GRDB

/// Turns SQLite's errors into what a person can act on.
enum LedgerErrors {
  /// - Parameter reading: whether `body` only looks.
  /// - Throws: `SluiceError`; `InternalError` for what only a bug can cause, such as a violated constraint.
  static func explained<Result>(_ path: String, reading: Bool, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as DatabaseError {
      throw explanation(of: error, path: path, reading: reading)
    }
  }

  /// What a person is told instead.
  static func explanation(of error: DatabaseError, path: String, reading: Bool) -> any Error {
    let place = SourceLocation(file: path)
    let reason = error.message ?? "\(error.resultCode)"
    switch error.resultCode {
    case .SQLITE_FULL, .SQLITE_IOERR:
      return SluiceError(
        .interrupted, "the ledger can't be \(reading ? "read" : "written"): \(reason)", at: place,
        remedy: reading
          ? "Check the disk, then run again."
          : "Free some disk space and run again with --resume; what was stored is safe.")
    case .SQLITE_NOTADB:
      return SluiceError(
        .usage, "the file is no ledger", at: place, remedy: "Name another ledger.path. The file was not changed.")
    case .SQLITE_CORRUPT:
      return SluiceError(
        .usage, "the ledger is damaged: \(reason)", at: place,
        remedy: "Restore it from a copy, or name another ledger.path; keep the damaged file for an expert.")
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      return SluiceError(
        .interrupted, "the ledger is locked by another program", at: place, remedy: "Close it and run again.")
    case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
      return SluiceError(
        .permission, "the ledger can't be \(reading ? "read" : "written"): \(reason)", at: place,
        remedy: reading
          ? "SQLite needs a writable folder beside a ledger; copy the file to one and read it there."
          : "Check the permissions of the file and its folder.")
    default:
      return InternalError("ledger: \(error.resultCode) \(reason)")
    }
  }
}
