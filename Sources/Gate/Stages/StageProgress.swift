import Core
import Synchronization

/// Counts the work of one stage and reports it; called from any thread.
final class StageProgress: Sendable {
  let name: String
  private let unit: String
  private let sink: ProgressSink
  private let state: Mutex<State>

  private struct State {
    var total: Int?
    var done = 0
    /// What of `done` took no work in this process.
    var given = 0
  }

  /// Reports that the stage began.
  init(_ name: String, total: Int?, unit: String = "responses", sink: @escaping ProgressSink) {
    self.name = name
    self.unit = unit
    self.sink = sink
    state = Mutex(State(total: total))
    sink(.stageBegan(name: name, total: total))
  }

  /// Reports further work.
  /// - Parameter given: how many of `count` were in the ledger, or were not needed after all.
  func advance(by count: Int, given: Int = 0, note: String = "") {
    if count == 0, note.isEmpty { return }
    let now = state.withLock { state in
      state.done += count
      state.given += given
      return state
    }
    // A search may look again at what it was given; the display never says 104 %.
    let shown = now.total.map { min(now.done, $0) } ?? now.done
    sink(
      .advanced(
        stage: name, done: shown, total: now.total, unit: unit, note: note,
        given: max(0, shown - (now.done - now.given))))
  }

  /// Reports outcomes that have become known.
  func advance(by arrival: Arrival) {
    advance(by: arrival.count, given: arrival.isStored ? arrival.count : 0, note: arrival.note)
  }

  /// Adds work that was not known when the stage began.
  func extend(by count: Int) { state.withLock { state in state.total = state.total.map { $0 + count } } }

  func end(_ detail: String) { sink(.stageEnded(name: name, detail: detail)) }
}
