import Synchronization

/// Work that is done once, however many ask for it at the same time; each waits for its end and gets its error.
final class OnceOnly: Sendable {
  private let work: @Sendable () async throws -> Void
  private let task = Mutex<Task<Void, any Error>?>(nil)

  init(_ work: @escaping @Sendable () async throws -> Void) { self.work = work }

  func perform() async throws {
    let task = task.withLock { task in
      let known = task ?? Task(operation: work)
      task = known
      return known
    }
    try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }
}
