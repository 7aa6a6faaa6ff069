import Core
import Foundation

/// Keeps a second writer out. The kernel drops the lock when its holder dies, however it dies.
final class LedgerLock: Sendable {
  private let descriptor: Int32

  /// - Throws: `SluiceError` (interrupted: try again later) naming the process that holds the ledger.
  init(ledger path: String) throws {
    let lockPath = path + ".lock"
    descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw SluiceError(
        .permission, "the lock file can't be opened: \(String(cString: strerror(errno)))",
        at: SourceLocation(file: lockPath), remedy: "Check the permissions of the ledger's folder.")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      var buffer = [UInt8](repeating: 0, count: 32)
      let count = read(descriptor, &buffer, 31)
      let holder = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
      close(descriptor)
      throw SluiceError(
        .interrupted, "the ledger is in use by another run" + (holder.isEmpty ? "" : " (process \(holder))"),
        at: SourceLocation(file: path), remedy: "Wait for it to end, or give this run a ledger.path of its own.")
    }
    let pid = Array("\(getpid())".utf8)
    if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, pid, pid.count, 0) }
  }

  deinit { close(descriptor) }
}
