import Core
import Synchronization

/// Watches the outcomes of one call to a target or judge and decides when to stop asking.
final class ArrivalWatch: Sendable {
  private struct State: Sendable {
    var availability: Availability
    var stopped = false
    var stop: (@Sendable () -> Void)?
  }

  private let state: Mutex<State>

  init(concurrency: Int) { state = Mutex(State(availability: Availability(concurrency: concurrency))) }

  /// - Returns: whether the server asked has to be taken for lost.
  func arrived<Answer>(_ outcome: Result<Answer, ResponseFailure>) -> Bool {
    state.withLock { $0.availability.isLost(after: outcome) }
  }

  /// Sets what stops the asking; runs it at once if the reason came first.
  func onStop(_ stop: @escaping @Sendable () -> Void) {
    let already = state.withLock { state in
      state.stop = stop
      return state.stopped
    }
    if already { stop() }
  }

  func stop() {
    let stop = state.withLock { state in
      if state.stopped { return nil as (@Sendable () -> Void)? }
      state.stopped = true
      return state.stop
    }
    stop?()
  }

  var stopped: Bool { state.withLock { $0.stopped } }

  /// Why the server may be lost: many failures in a row, or the last requests of this call failed; nil when all is well.
  ///
  /// A server that dies near the end fails too few requests to be given up on the way.
  var loss: ResponseFailure? { state.withLock { $0.availability.loss ?? $0.availability.openFailure } }
}
