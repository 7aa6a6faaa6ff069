import Core
import Foundation

/// Keeps a second writer out. The kernel drops the lock when its holder dies, however it dies.
final class LedgerLock: Sendable {
  private let descriptor: Int32

  /// How the error begins that another holder causes.
  static let inUse = "the ledger is in use"

  /// - Throws: `SluiceError` (interrupted: try again later) naming the process that holds the ledger.
  init(ledger path: String) throws {
    let lockPath = path + ".lock"
    descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw LedgerFile.unopenable(lockPath, errno) }
    var outcome: Int32
    repeat { outcome = flock(descriptor, LOCK_EX | LOCK_NB) } while outcome != 0 && errno == EINTR
    guard outcome == 0 else {
      let code = errno
      let holder = Self.holder(descriptor)
      close(descriptor)
      guard code == EWOULDBLOCK else {
        throw SluiceError(
          .usage, "the ledger can't be locked: \(String(cString: strerror(code)))", at: SourceLocation(file: lockPath),
          remedy: "Keep the ledger on a file system that supports locks.")
      }
      throw SluiceError(
        .interrupted, "\(Self.inUse) by another run" + (holder.map { " (process \($0))" } ?? ""),
        at: SourceLocation(file: path),
        remedy: "Wait for it to end (--wait 10m does), or give this run a ledger.path of its own.")
    }
    let pid = Array("\(getpid())".utf8)
    if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, pid, pid.count, 0) }
  }

  deinit { close(descriptor) }

  /// The process that wrote its number last; nil where that one is gone: the new holder is about to write its own.
  private static func holder(_ descriptor: Int32) -> pid_t? {
    var buffer = [UInt8](repeating: 0, count: 31)
    let count = pread(descriptor, &buffer, buffer.count, 0)
    guard count > 0, let pid = pid_t(String(decoding: buffer.prefix(count), as: UTF8.self)), pid > 0 else {
      return nil
    }
    return kill(pid, 0) == 0 || errno == EPERM ? pid : nil
  }
}
