import Synchronization

/// Spaces requests out: at most so many a minute, evenly, and none while the server has asked for a pause.
final class Pacer: Sendable {
  private struct State {
    var nextSlot = Duration.zero
    var holdUntil = Duration.zero
    /// Sum of all holds so far.
    var held = Duration.zero
  }

  private let state = Mutex(State())
  private let spacing: Duration
  private let clock: RetryClock

  /// - Parameter requestsPerMinute: nil for no limit.
  init(requestsPerMinute: Double?, clock: RetryClock) {
    spacing = requestsPerMinute.map { .seconds(60 / max($0, 1e-3)) } ?? .zero
    self.clock = clock
  }

  /// Returns when the next request may start; each return is one request.
  func waitForTurn() async throws {
    let slot = state.withLock { state in
      let slot = max(clock.now(), state.nextSlot)
      state.nextSlot = slot + spacing
      return slot
    }
    while true {
      try Task.checkCancellation()
      let start = state.withLock { max(slot, $0.holdUntil) }
      let now = clock.now()
      if start <= now { return }
      try await clock.sleep(start - now)
    }
  }

  /// Whether the server has asked for no pause that goes on.
  var isFree: Bool {
    state.withLock { $0.holdUntil == .zero || $0.holdUntil <= clock.now() }
  }

  /// Keeps every request back for `pause`: a server that says "too many requests" means all of them.
  ///
  /// - Parameter limit: of the sum of all holds.
  /// - Returns: by how much the hold is longer now; nil where the sum would be above `limit`, and nothing is held then.
  func hold(for pause: Duration, limit: Duration) -> Duration? {
    let now = clock.now()
    return state.withLock { state in
      let longer = max(.zero, now + pause - max(now, state.holdUntil))
      guard state.held + longer <= limit else { return nil }
      state.held += longer
      state.holdUntil = max(state.holdUntil, now + pause)
      return longer
    }
  }
}
