import Core
import Synchronization

/// Counts the work of one stage and reports it; called from any thread.
final class StageProgress: Sendable {
  let name: String
  private let total: Mutex<Int?>
  private let unit: String
  private let sink: ProgressSink
  private let done = Atomic(0)

  /// Reports that the stage began.
  init(_ name: String, total: Int?, unit: String = "responses", sink: @escaping ProgressSink) {
    self.name = name
    self.total = Mutex(total)
    self.unit = unit
    self.sink = sink
    sink(.stageBegan(name: name, total: total))
  }

  func advance(by count: Int, note: String = "") {
    if count == 0, note.isEmpty { return }
    let now = done.wrappingAdd(count, ordering: .relaxed).newValue
    // A search may look again at what it was given; the display never says 104 %.
    let total = total.withLock { $0 }
    let shown = total.map { min(now, $0) } ?? now
    sink(.advanced(stage: name, done: shown, total: total, unit: unit, note: note))
  }

  /// More work than was known when the stage began.
  func extend(by count: Int) { total.withLock { $0 = $0.map { $0 + count } } }

  func end(_ detail: String) { sink(.stageEnded(name: name, detail: detail)) }
}
