import Core
import Foundation

/// Keeps a second writer out. The kernel drops the lock when its holder dies, however it dies.
final class LedgerLock: Sendable {
  private let descriptor: Int32

  /// How the error begins that another holder causes.
  static let inUse = "the ledger is in use"

  /// - Throws: `SluiceError`: interrupted (75: try again later), naming the process that holds the ledger; usage (64)
  ///   where the lock's name is taken by something else, which is left alone.
  init(ledger path: String) throws {
    let lockPath = path + ".lock"
    descriptor = try LockFile.open(lockPath)
    guard Self.isOurs(descriptor) else {
      close(descriptor)
      throw SluiceError.badInput(
        "the ledger's lock has the name of a file that is no lock", file: lockPath,
        remedy: "Name another ledger.path. The file was not changed.")
    }
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

  /// A lock holds nothing, or a process's number.
  private static func isOurs(_ descriptor: Int32) -> Bool {
    var buffer = [UInt8](repeating: 0, count: 32)
    let count = pread(descriptor, &buffer, buffer.count, 0)
    return (0..<buffer.count).contains(count)
      && buffer.prefix(count).allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }

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
