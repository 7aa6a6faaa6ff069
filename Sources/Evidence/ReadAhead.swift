import Core
import Dispatch
import Synchronization

/// Something that is read on another thread until it is wanted.
final class ReadAhead<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, any Error>?>(nil)
  private let isThere = DispatchGroup()

  /// - Parameter read: begins at once, and blocks a thread of its own.
  init(_ read: @escaping @Sendable () throws -> Value) {
    DispatchQueue.global().async(group: isThere) { [self] in
      let found = Result { try read() }
      result.withLock { $0 = found }
    }
  }

  /// - Throws: what the reading threw.
  func value() throws -> Value {
    isThere.wait()
    guard let found = result.withLock({ $0 }) else { throw InternalError("a reading ended without a result") }
    return try found.get()
  }
}
