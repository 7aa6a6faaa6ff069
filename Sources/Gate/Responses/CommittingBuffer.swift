import Core
import Synchronization

/// Takes outcomes as they arrive and commits them in groups.
///
/// The thread that delivers an outcome while no commit is running commits everything that waits; others only queue. So a slow
/// server's responses are stored one by one as they come. Where they come faster, a transaction for each would cost more
/// than all the rest: then one commit follows another after `pause`, or as soon as `enough` wait. The first of a batch waits as
/// well, since the others are there already.
final class CommittingBuffer<Item: Sendable>: Sendable {
  private struct State: Sendable {
    var waiting: [Item] = []
    var committing = false
    var failure: (any Error)?
    /// When the last commit ended.
    var ended: ContinuousClock.Instant?
    /// Whether somebody will look again after the pause.
    var isDue = false
  }

  /// Outcomes that are not committed yet are lost with the process, as those in flight are.
  private let pause: Duration
  private let enough: Int
  private let inBatches: Bool
  private let state = Mutex(State())
  private let writing = Mutex(())
  private let commit: @Sendable ([Item]) throws -> Void

  /// A transaction of more is hardly cheaper for each.
  private static var most: Int { 256 }

  /// - Parameters:
  ///   - enough: outcomes that are committed at once, 256 at most.
  ///   - inBatches: whether an outcome that comes after a silence is followed by others at the same moment.
  init(
    pause: Duration = .milliseconds(5), enough: Int? = nil, inBatches: Bool = false,
    commit: @escaping @Sendable ([Item]) throws -> Void
  ) {
    self.pause = pause
    self.inBatches = inBatches
    self.enough = max(1, min(enough ?? Self.most, Self.most))
    self.commit = commit
  }

  private enum Step {
    case nothing, commit, wait
  }

  /// - Returns: false when the ledger can't be written any more and asking on would lose responses.
  @discardableResult
  func add(_ item: Item) -> Bool {
    let step = state.withLock { state -> Step? in
      if state.failure != nil { return nil }
      state.waiting.append(item)
      return nextStep(&state)
    }
    guard let step else { return false }
    take(step)
    return state.withLock { $0.failure == nil }
  }

  /// Waits until everything added is committed.
  func finish() throws {
    drain(all: true)
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }

  /// - Parameter hasPaused: whether the pause was for what waits now.
  private func nextStep(_ state: inout State, hasPaused: Bool = false) -> Step {
    if state.committing || state.waiting.isEmpty { return .nothing }
    let isSoon = state.ended.map { ContinuousClock.now - $0 < pause } ?? false
    if state.waiting.count < enough, isSoon || inBatches && !hasPaused {
      if state.isDue { return .nothing }
      state.isDue = true
      return .wait
    }
    state.committing = true
    return .commit
  }

  private func take(_ step: Step) {
    switch step {
    case .nothing: break
    case .commit: drain(all: false)
    case .wait:
      Task {
        try? await Task.sleep(for: pause)
        take(
          state.withLock { state in
            state.isDue = false
            return nextStep(&state, hasPaused: true)
          })
      }
    }
  }

  /// - Parameter all: whether to go on until nothing waits; else until few do.
  private func drain(all: Bool) {
    let last = writing.withLock { _ in
      while true {
        let group = state.withLock { state in
          defer { state.waiting = [] }
          return state.failure == nil ? state.waiting : []
        }
        if !group.isEmpty {
          do {
            try commit(group)
          } catch {
            state.withLock { $0.failure = error }
          }
        }
        let step = state.withLock { state -> Step? in
          if all && !state.waiting.isEmpty { return nil }
          state.committing = false
          if !group.isEmpty { state.ended = .now }
          let step = nextStep(&state)
          if case .commit = step { return nil }
          return step
        }
        if let step { return step }
      }
    }
    take(last)
  }
}
