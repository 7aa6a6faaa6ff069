import Core
import InMemoryLogging
import Logging
import Synchronization
import Testing

@testable import Gate

@Suite("What a log says of stages")
struct StageLogTests {
  @Test("A stage's end tells how long it took, how much was done and how much of that was in the ledger")
  func stages() {
    let handler = InMemoryLogHandler()
    let now = Mutex(Duration.seconds(10))
    let log = StageLog(Logger(label: "test") { _ in handler }) { now.withLock { $0 } }
    log.note(.stageBegan(name: "replay", total: 8))
    now.withLock { $0 += .seconds(2) }
    log.note(.advanced(stage: "replay", done: 5, total: 8, unit: "responses", note: "", given: 3))
    // Told late by another model.
    log.note(.advanced(stage: "replay", done: 4, total: 8, unit: "responses", note: "", given: 2))
    log.note(.notice("a remark"))
    now.withLock { $0 += .milliseconds(500) }
    log.note(.stageEnded(name: "replay", detail: "fine"))
    log.note(.stageEnded(name: "never began", detail: ""))
    let entries = handler.entries
    #expect(entries.map(\.message.description) == ["stage began", "stage ended", "stage ended"])
    #expect(entries[0].metadata == ["stage": "replay", "total": .stringConvertible(8)])
    #expect(
      entries[1].metadata == [
        "stage": "replay", "detail": "fine", "seconds": .stringConvertible(2.5), "done": .stringConvertible(5),
        "from_ledger": .stringConvertible(3),
      ])
    #expect(entries[2].metadata == ["stage": "never began", "detail": ""])
  }
}
