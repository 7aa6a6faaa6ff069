import Core
import Synchronization

/// Takes outcomes as they arrive and commits them in groups, without a delay that a crash could fall into.
///
/// Whoever delivers an outcome while no commit is running commits everything that waits; meanwhile others only queue.
/// So a fast local target fills large groups and a slow server's responses are stored one by one as they come.
final class CommittingBuffer<Item: Sendable>: Sendable {
  private struct State: Sendable {
    var waiting: [Item] = []
    var committing = false
    var failure: (any Error)?
  }

  private let state = Mutex(State())
  private let writing = Mutex(())
  private let commit: @Sendable ([Item]) throws -> Void

  init(commit: @escaping @Sendable ([Item]) throws -> Void) { self.commit = commit }

  /// - Returns: false when the ledger can't be written any more and asking on would lose responses.
  @discardableResult
  func add(_ item: Item) -> Bool {
    let mustCommit = state.withLock { state in
      if state.failure != nil { return false }
      state.waiting.append(item)
      if state.committing { return false }
      state.committing = true
      return true
    }
    if mustCommit { drain() }
    return state.withLock { $0.failure == nil }
  }

  /// Waits until everything added is committed.
  func finish() throws {
    drain()
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }

  private func drain() {
    writing.withLock { _ in
      while true {
        let group = state.withLock { state in
          let group = state.failure == nil ? state.waiting : []
          state.waiting = []
          if group.isEmpty { state.committing = false }
          return group
        }
        if group.isEmpty { return }
        do {
          try commit(group)
        } catch {
          state.withLock { $0.failure = error }
        }
      }
    }
  }
}
