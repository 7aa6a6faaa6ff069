import Synchronization

/// Says how far a judge behind a server is, once nothing but its replies is waited for.
///
/// Progress counts responses. A slow judge goes on after the last of them, and a line that stands at 100 % looks stuck.
final class JudgeReplies: Sendable {
  private struct State {
    var count = 0
    var areAwaited = false
  }

  private let state = Mutex(State())
  private let report: @Sendable (Arrival) -> Void

  /// - Parameter report: called from any thread.
  init(_ report: @escaping @Sendable (Arrival) -> Void) { self.report = report }

  /// Notes that all responses are known.
  func areAwaited() { state.withLock { $0.areAwaited = true } }

  /// Notes replies that are committed.
  func came(_ count: Int) {
    let shown = state.withLock { state -> Int? in
      state.count += count
      return state.areAwaited ? state.count : nil
    }
    if let shown {
      report(Arrival(count: 0, isStored: false, note: "waiting for the judge, \(shown) judged so far"))
    }
  }
}
