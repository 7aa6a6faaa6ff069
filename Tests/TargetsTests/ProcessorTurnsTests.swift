import Core
import Dispatch
import Synchronization
import Testing

@testable import Targets

@Suite("Turns at the processors", .timeLimit(.minutes(1)))
struct ProcessorTurnsTests {
  private final class Log: Sendable {
    private let lines = Mutex<[String]>([])

    var text: String { lines.withLock { $0.joined() } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
  }

  /// Waits until something is so.
  private func wait(until isSo: @Sendable () -> Bool) async { while !isSo() { await Task.yield() } }

  @Test("are had by as many threads as there are processors, in the order in which they are asked for")
  func order() async {
    let (turns, log) = (ProcessorTurns(processors: 3), Log())
    let (first, second) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let a = Task {
      await offPool {
        turns.withTurn(2) { isWanted in
          log.add("a")
          first.wait()
          log.add(isWanted() ? "!" : "?")
        }
      }
    }
    await wait { log.text == "a" }
    // It needs more than is left, and who comes later waits behind it.
    let b = Task {
      await offPool {
        turns.withTurn(2) { _ in
          log.add("b")
          second.wait()
        }
      }
    }
    await wait { turns.waiting == 1 }
    let c = Task { await offPool { turns.withTurn(1) { _ in log.add("c") } } }
    await wait { turns.waiting == 2 }
    #expect(log.text == "a")
    first.signal()
    await wait { log.text.hasPrefix("a!") && log.text.count == 4 }
    #expect(turns.waiting == 0, "there is room for both")
    second.signal()
    for task in [a, b, c] { await task.value }
    #expect(log.text.filter { $0 != "!" }.sorted() == ["a", "b", "c"])
  }

  @Test("never need more processors than there are")
  func fewer() {
    let turns = ProcessorTurns(processors: 1)
    #expect(turns.withTurn(8) { isWanted in isWanted() } == false)
  }
}
