import Core
import Foundation
import GRDB
import Testing

@testable import Evidence

/// Responses that a writer stores in one transaction.
private let groupSize = 8

private func group(_ number: Int) -> [ResponseKey] {
  (0..<groupSize).map { key("prompt \(number)", $0) }
}

/// Appends to a file with one system call, so that a note made before a kill is there after it.
private func note(_ number: Int, at path: String) {
  let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
  let line = Array("\(number)\n".utf8)
  _ = write(descriptor, line, line.count)
  close(descriptor)
}

@Suite("A writer that dies")
struct CrashTests {
  @Test("kill -9 at random instants loses nothing that was committed, keeps groups whole and leaves no lock behind")
  func killed() async throws {
    let place = Place()
    try FileManager.default.createDirectory(atPath: place.folder, withIntermediateDirectories: true)
    let path = place.path
    let notes = place.folder + "/committed"
    // The first death may come before the first note.
    try Data().write(to: URL(fileURLWithPath: notes))
    var before = 0
    for round in 0..<10 {
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [path = path as String, notes = notes as String, before = before as Int] in
        let ledger = try Ledger(path: path)
        let run = try ledger.beginRun(identity, now: Double(before))
        // Begun here, so that the death falls into the writing and not into the start of the process.
        let delay = UInt32.random(in: 500..<60_000)
        let killer = Thread {
          usleep(delay)
          kill(getpid(), SIGKILL)
        }
        killer.start()
        for number in before... {
          let response = ResponseOutcome.success(Response(text: String(repeating: "word ", count: 50)))
          try ledger.store(group(number).map { ($0, response) }, run: run)
          note(number, at: notes)
        }
      }
      let committed = try String(contentsOfFile: notes, encoding: .utf8).split(separator: "\n").compactMap { Int($0) }
      let ledger = try Ledger(path: path)
      let found = try committed.flatMap { try ledger.responses(group($0)) }
      #expect(found.count == committed.count * groupSize && found.allSatisfy { $0 != nil })
      // At most the group whose note fell to the kill is there beyond the noted ones, and it is whole.
      let rows = try ledger.contents().counts["responses"] ?? 0
      #expect(rows.isMultiple(of: groupSize) && rows / groupSize - committed.count <= round + 1)
      #expect(try ledger.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
      #expect(try ledger.runs().count == round + 1)
      try ledger.verifyAudit()
      before = (committed.last ?? -1) + 1
    }
    #expect(before > 10, "the writers died before they wrote: the test has shown nothing")
  }

  @Test("a second process is told the number of the one that holds the ledger, and writes nothing")
  func secondProcess() async throws {
    let place = Place()
    let path = place.path
    let ledger = try Ledger(path: path)
    _ = try ledger.beginRun(identity, now: 1)
    let holder = getpid()
    await #expect(processExitsWith: .exitCode(75)) {
      [path = path as String, holder = holder as Int32] in
      do {
        _ = try Ledger(path: path).beginRun(identity, now: 2)
      } catch let error as SluiceError where error.message.contains("process \(holder)") {
        exit(error.exitCode.rawValue)
      }
    }
    #expect(try ledger.runs().count == 1)
  }
}
