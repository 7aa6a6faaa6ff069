import Dispatch
import Foundation
import Synchronization

/// Gives the processors to one after the other, in the order in which they ask.
///
/// Threads that share an operation wait for each other at its end, a thousand times a second: with more of them than processors,
/// each would wait for one that isn't running. So the local targets of a process, candidate and baseline for example, take turns.
final class ProcessorTurns: Sendable {
  static let shared = ProcessorTurns(processors: ProcessInfo.processInfo.activeProcessorCount)

  private struct State {
    var free: Int
    var waiting: [(needed: Int, wake: DispatchSemaphore)] = []
  }

  private let processors: Int
  private let state: Mutex<State>

  init(processors: Int) {
    self.processors = max(1, processors)
    state = Mutex(State(free: self.processors))
  }

  /// How many wait for their turn.
  var waiting: Int { state.withLock { $0.waiting.count } }

  /// Waits for its turn, and calls `body`. Blocks.
  ///
  /// - Parameters:
  ///   - threads: processors that it needs, or all where there are fewer.
  ///   - body: gets a question to ask from time to time: whether others wait for their turn.
  /// - Returns: what `body` returns.
  func withTurn<Result>(_ threads: Int, _ body: (_ isWanted: () -> Bool) -> Result) -> Result {
    let needed = min(max(1, threads), processors)
    let wake = state.withLock { state -> DispatchSemaphore? in
      if state.waiting.isEmpty, state.free >= needed {
        state.free -= needed
        return nil
      }
      let wake = DispatchSemaphore(value: 0)
      state.waiting.append((needed, wake))
      return wake
    }
    // The turn that woke it has taken the processors for it.
    wake?.wait()
    defer { giveBack(needed) }
    return body { waiting > 0 }
  }

  private func giveBack(_ count: Int) {
    let woken = state.withLock { state in
      state.free += count
      var woken: [DispatchSemaphore] = []
      while let first = state.waiting.first, first.needed <= state.free {
        state.free -= first.needed
        woken.append(state.waiting.removeFirst().wake)
      }
      return woken
    }
    for wake in woken { wake.signal() }
  }
}
