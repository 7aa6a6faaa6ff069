import Core
import Foundation

/// Keeps two trainers out of one folder. The trainer holds the lock through its standard input, which is the (empty) lock
/// file: so a trainer that outlived a killed run is noticed, and the kernel drops the lock when it is gone.
final class TrainerLock {
  static let fileName = "tuner.lock"

  let descriptor: Int32

  /// Waits a while: the trainer of a run that was killed is just being ended by its watchdog.
  /// - Throws: `SluiceError` (interrupted: try again later) where another trainer stays; `CancellationError`.
  init(folder: String, patience: Duration, cancelled: CancellationFlag) throws {
    let path = "\(folder)/\(Self.fileName)"
    let file = try LockFile.open(path)
    let end = ContinuousClock.now + patience
    while flock(file, LOCK_EX | LOCK_NB) != 0 {
      let code = errno
      let isHeld = code == EWOULDBLOCK || code == EINTR
      guard isHeld, ContinuousClock.now < end, !cancelled.isSet else {
        close(file)
        if cancelled.isSet { throw CancellationError() }
        throw isHeld ? Self.held(path) : Self.unlockable(path, code)
      }
      Thread.sleep(forTimeInterval: 0.05)
    }
    descriptor = file
  }

  private static func held(_ path: String) -> SluiceError {
    SluiceError(
      .interrupted, "another trainer is at work in this folder", at: SourceLocation(file: path),
      remedy: "Wait for it or end it; 'fuser \(path)' names its process.")
  }

  private static func unlockable(_ path: String, _ code: Int32) -> SluiceError {
    SluiceError(
      .usage, "the trainer's folder can't be locked: \(String(cString: strerror(code)))",
      at: SourceLocation(file: path), remedy: "Keep it on a file system that supports locks.")
  }

  deinit { close(descriptor) }
}
