import Core
import Logging
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
  private let log: Logger

  init(limit: Int, coolDown: Duration = .seconds(30), clock: RetryClock, log: Logger = .requests) {
    self.log = log
    self.limit = max(1, limit)
    self.coolDown = coolDown
    self.clock = clock
  }

  /// What a request has behind it when it asks to be sent.
  enum Standing {
    case new
    /// It was let through and has not left yet: a server may ask for a pause in between.
    case waiting(Pass)
    /// It was sent, and failed.
    case failed
  }

  /// Whether a request has failed since the last answer.
  var isCounting: Bool { state.withLock { $0.failures > 0 } }

  /// What a request is let through as.
  enum Pass {
    /// One of many, while the breaker is closed.
    case usual
    /// The one that an open breaker lets through: its own until it is sent, however long that takes.
    case trial
  }

  enum Answer {
    case pass(Pass)
    /// The failure that the request meets without being sent.
    case refusal(ResponseFailure)
  }

  /// Whether a request may be sent. Asked anew before each try.
  func admit(_ request: Standing) -> Answer {
    state.withLock { state in
      guard state.failures >= limit, let last = state.last else { return .pass(.usual) }
      let refusal = ResponseFailure(
        kind: last.kind, message: "not sent, after \(limit) requests in a row failed; the last: \(last.message)")
      switch request {
      case .waiting(.trial): return .pass(.trial)
      case .failed: return .refusal(refusal)
      case .new, .waiting(.usual):
        let now = clock.now()
        guard now >= state.nextTrial else { return .refusal(refusal) }
        state.nextTrial = now + coolDown
        return .pass(.trial)
      }
    }
  }

  /// Whether a request that was let through may leave now.
  func lets(_ pass: Pass) -> Bool { state.withLock { pass == .trial || $0.failures < limit } }

  /// Notes what became of a request that was sent: nil where it was answered.
  func note(_ failure: ResponseFailure?) {
    let change = state.withLock { state -> Change? in
      if let failure, failure.meansUnavailable {
        state.failures += 1
        state.last = failure
        guard state.failures == limit else { return nil }
        state.nextTrial = clock.now() + coolDown
        return .opened(failure.kind)
      } else if failure == nil || state.failures >= limit {
        defer { (state.failures, state.last) = (0, nil) }
        return state.failures >= limit ? .closed : nil
      }
      return nil
    }
    switch change {
    case .opened(let kind):
      log.warning(
        "circuit opened",
        metadata: [
          "failures": .stringConvertible(limit), "kind": "\(kind.rawValue)", "cool_down_seconds": coolDown.logged,
        ])
    case .closed: log.notice("circuit closed")
    case nil: break
    }
  }

  private enum Change {
    /// The failures in a row are as many as it takes; the kind of the last.
    case opened(ResponseFailure.Kind)
    case closed
  }
}
