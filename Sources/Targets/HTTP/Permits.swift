import Synchronization

/// A fixed number of permits, handed out in the order of asking.
package final class Permits: Sendable {
  private struct Waiter {
    let flag: CancellationFlag
    let continuation: CheckedContinuation<Void, any Error>
  }

  private struct State {
    var free: Int
    var waiting: [Waiter] = []
  }

  private let state: Mutex<State>

  package init(_ count: Int) { state = Mutex(State(free: max(1, count))) }

  /// Runs `body` while holding a permit.
  /// - Throws: `CancellationError` when the task is cancelled before it got one; whatever `body` throws.
  package func withPermit<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
    try await acquire()
    defer { release() }
    return try await body()
  }

  private func acquire() async throws {
    try Task.checkCancellation()
    // Nearly always there is one, and no need to be able to wait.
    let isGranted = state.withLock { state in
      guard state.free > 0 else { return false }
      state.free -= 1
      return true
    }
    if isGranted { return }
    let flag = CancellationFlag()
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        let granted: Bool? = state.withLock { state in
          if flag.isCancelled { return nil }
          if state.free > 0 {
            state.free -= 1
            return true
          }
          state.waiting.append(Waiter(flag: flag, continuation: continuation))
          return false
        }
        switch granted {
        case true: continuation.resume()
        case nil: continuation.resume(throwing: CancellationError())
        default: break
        }
      }
    } onCancel: {
      flag.cancel()
      let waiter = state.withLock { state in
        state.waiting.firstIndex { $0.flag === flag }.map { state.waiting.remove(at: $0) }
      }
      waiter?.continuation.resume(throwing: CancellationError())
    }
  }

  private func release() {
    let next = state.withLock { state -> Waiter? in
      if state.waiting.isEmpty {
        state.free += 1
        return nil
      }
      return state.waiting.removeFirst()
    }
    next?.continuation.resume()
  }
}
