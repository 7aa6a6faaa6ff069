import Core
import Synchronization

/// Stops asking a server that is plainly unavailable, so that a dead one costs minutes and not hours.
///
/// After `limit` requests without an answer (each after all its retries), the others fail at once with the last of these
/// failures. Once every `coolDown` one request is let through; its success closes the breaker. A request that was turned
/// down for reasons of its own is neither an answer nor the lack of one: between others it changes nothing, and it closes
/// an open breaker, since the server speaks again.
final class CircuitBreaker: Sendable {
  private struct State {
    var failures = 0
    var last: ResponseFailure?
    var nextTrial = Duration.zero
  }

  private let state = Mutex(State())
  private let limit: Int
  private let coolDown: Duration
  private let clock: RetryClock

  init(limit: Int, coolDown: Duration = .seconds(30), clock: RetryClock) {
    self.limit = max(1, limit)
    self.coolDown = coolDown
    self.clock = clock
  }

  /// Whether only trials are let through.
  var isOpen: Bool { state.withLock { $0.failures >= limit } }

  /// Whether a request has failed since the last answer.
  var isCounting: Bool { state.withLock { $0.failures > 0 } }

  /// Nil where a new request may be sent, otherwise the failure it meets without being sent.
  func refusal() -> ResponseFailure? {
    state.withLock { state in
      guard state.failures >= limit, let last = state.last else { return nil }
      let now = clock.now()
      guard now < state.nextTrial else {
        state.nextTrial = now + coolDown
        return nil
      }
      return notSent(last)
    }
  }

  /// Nil where a request that has begun may be tried again.
  func refusalOfRetry() -> ResponseFailure? {
    state.withLock { state in
      guard state.failures >= limit, let last = state.last else { return nil }
      return notSent(last)
    }
  }

  /// Notes what became of a request that was sent: nil where it was answered.
  func note(_ failure: ResponseFailure?) {
    // A retry that the breaker itself refused is no news about the server.
    if let failure, failure.message.hasPrefix(Self.refused) { return }
    state.withLock { state in
      if let failure, failure.meansUnavailable {
        state.failures += 1
        state.last = failure
        if state.failures == limit { state.nextTrial = clock.now() + coolDown }
      } else if failure == nil || state.failures >= limit {
        state.failures = 0
        state.last = nil
      }
    }
  }

  private func notSent(_ last: ResponseFailure) -> ResponseFailure {
    ResponseFailure(
      kind: last.kind, message: "\(Self.refused) \(limit) requests in a row failed; the last: \(last.message)")
  }

  private static let refused = "not sent, after"
}
