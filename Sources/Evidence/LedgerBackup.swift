import Core
import Foundation
import GRDB

/// A copy of a ledger beside it, made before its tables change.
struct LedgerBackup {
  private let file: LedgerFile
  /// Where the copy grows before it has its name; left by a process that died, it is of no use to anyone.
  private let unfinished: String

  init(_ file: LedgerFile) {
    self.file = file
    unfinished = file.realPath + ".backup-unfinished"
  }

  /// Copies the ledger as it is, the write-ahead log included.
  ///
  /// The copy is private, on the disk, and appears under its name whole or not at all; what has that name already stays
  /// and the copy takes the next one. The caller holds the ledger's lock.
  /// - Parameter next: the number of the migration that it is made before.
  /// - Returns: its path: the ledger's with `.before-schema-` and that number.
  /// - Throws: `SluiceError`: an I/O error (74) where there is no room, permission (77) where nothing may be written beside
  ///   the ledger, usage (64) for a damaged ledger. The ledger isn't touched.
  func make(of ledger: DatabaseQueue, before next: String) throws -> String {
    removeUnfinished()
    defer { removeUnfinished() }
    do {
      try copy(ledger)
      return try publish(before: next)
    } catch let error as DatabaseError {
      throw Self.explained(LedgerErrors.explanation(of: error, path: file.path, reading: false))
    } catch let error as SluiceError {
      throw Self.explained(error)
    }
  }

  private func copy(_ ledger: DatabaseQueue) throws {
    // Made here, so that SQLite can't make it readable by others.
    let descriptor = open(unfinished, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw LedgerFile.unopenable(unfinished, errno) }
    close(descriptor)
    let copy = try DatabaseQueue(path: unfinished)
    try ledger.backup(to: copy)
    let findings = try copy.writeWithoutTransaction { db in
      // One file that is all of it, readable where nothing can be written beside it.
      try db.execute(sql: "PRAGMA journal_mode = DELETE")
      return try String.fetchAll(db, sql: "PRAGMA quick_check(1)")
    }
    try copy.close()
    guard findings == ["ok"] else {
      throw LedgerErrors.damaged(file.path, findings.first ?? "")
    }
  }

  private func publish(before next: String) throws -> String {
    try synchronise(unfinished)
    let path = file.realPath + ".before-schema-\(next)"
    let own = try SHA256.hex(file: unfinished)
    for number in 1...999 {
      let name = number == 1 ? path : "\(path)-\(number)"
      if try take(name) {
        try synchronise(file.realPath.folderOfPath)
        return name
      }
      // An earlier attempt died between its copy and the migration.
      if (try? SHA256.hex(file: name)) == own { return name }
    }
    throw SluiceError(
      .usage, "there are too many copies beside the ledger", at: SourceLocation(file: path),
      remedy: "Move them elsewhere.")
  }

  /// Gives the copy its name. Unlike a rename, a link never replaces what is there; where the file system has none, an
  /// empty file takes the name first.
  /// - Returns: whether the name was free.
  private func take(_ name: String) throws -> Bool {
    if link(unfinished, name) == 0 { return true }
    switch errno {
    case EEXIST: return false
    case EPERM, ENOTSUP, EOPNOTSUPP, EMLINK:
      let descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      if descriptor < 0 && errno == EEXIST { return false }
      guard descriptor >= 0 else { throw LedgerFile.unopenable(name, errno) }
      close(descriptor)
      guard rename(unfinished, name) == 0 else { throw LedgerFile.unopenable(name, errno) }
      return true
    default: throw LedgerFile.unopenable(name, errno)
    }
  }

  private func synchronise(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw LedgerFile.unopenable(path, errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw LedgerFile.unopenable(path, errno) }
  }

  private func removeUnfinished() {
    for suffix in ["", "-journal", "-wal", "-shm"] { unlink(unfinished + suffix) }
  }

  private static func explained(_ error: any Error) -> any Error {
    guard let error = error as? SluiceError else { return error }
    return SluiceError(
      error.exitCode,
      "the ledger can't be copied before it is brought up to date, so nothing was changed: \(error.message)",
      at: error.location,
      remedy: error.exitCode == .inputOutput
        ? "Make room for a second copy of the ledger, then run again." : error.remedy)
  }
}
