import Core
import Foundation
import GRDB
import Testing

@testable import Evidence

#if canImport(Glibc)
  let fileSizeLimit = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
  let RLIM_INFINITY_VALUE = UInt64.max
#else
  let fileSizeLimit = RLIMIT_FSIZE
  let RLIM_INFINITY_VALUE = UInt64(Int64.max)
#endif

/// Fails at the n-th change of a transaction, or at its commit.
private final class Fault: TransactionObserver {
  struct Injected: Error {}

  func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }
  func databaseDidChange(with event: DatabaseEvent) {}
  func databaseWillCommit() throws { throw Injected() }
  func databaseDidCommit(_ db: Database) {}
  func databaseDidRollback(_ db: Database) {}
}

@Suite("A run's end under faults")
struct FinishFaultTests {
  private static let checks = 3

  private func result(_ verdict: Verdict) -> RunSummary {
    var result = summary(verdict)
    let check = result.checks[0]
    result.checks = (0..<Self.checks).map { number in
      var own = check
      own.name = "check \(number)"
      return own
    }
    return result
  }

  /// That nothing of an end is there: no verdict, check, summary or record; and that the run can still end.
  private func expectUnfinished(_ ledger: Ledger, _ run: String, _ head: String, _ note: Comment) throws {
    #expect(try ledger.runs().map(\.verdict) == [nil], note)
    #expect(try ledger.summary(of: run) == nil, note)
    #expect(try ledger.contents().counts["checks"] == 0, note)
    #expect(try ledger.headHash() == head, note)
    #expect(try ledger.unfinishedRun(identity)?.id == run, note)
    try ledger.verifyAudit()
  }

  private func expectFinished(_ ledger: Ledger, _ run: String) throws {
    #expect(try ledger.runs().map(\.verdict) == [.pass])
    #expect(try ledger.summary(of: run) == result(.pass))
    #expect(try ledger.contents().counts["checks"] == Self.checks)
    try ledger.verifyAudit()
  }

  @Test(
    "whichever of its statements fails, nothing of it is there",
    arguments: [
      "BEFORE INSERT ON main.audit", "AFTER INSERT ON main.audit", "BEFORE UPDATE ON main.runs",
      "AFTER UPDATE ON main.runs", "BEFORE INSERT ON main.checks WHEN NEW.name = 'check 0'",
      "BEFORE INSERT ON main.checks WHEN NEW.name = 'check 1'",
      "AFTER INSERT ON main.checks WHEN NEW.name = 'check \(checks - 1)'",
    ])
  func statements(event: String) throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    let head = try ledger.headHash()
    try ledger.database.writeWithoutTransaction { db in
      try db.execute(sql: "CREATE TEMP TRIGGER fault \(event) BEGIN SELECT RAISE(ABORT, 'injected'); END")
    }
    #expect(throws: InternalError.self) { try ledger.finishRun(run, summary: result(.pass), now: 2) }
    try expectUnfinished(ledger, run, head, "\(event)")
    try ledger.database.writeWithoutTransaction { try $0.execute(sql: "DROP TRIGGER fault") }
    try ledger.finishRun(run, summary: result(.pass), now: 3)
    try expectFinished(ledger, run)
  }

  @Test("where the commit fails, nothing of it is there")
  func commit() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    let head = try ledger.headHash()
    let fault = Fault()
    ledger.database.add(transactionObserver: fault, extent: .databaseLifetime)
    #expect(throws: Fault.Injected.self) { try ledger.finishRun(run, summary: result(.pass), now: 2) }
    try expectUnfinished(ledger, run, head, "at the commit")
    ledger.database.remove(transactionObserver: fault)
    try ledger.finishRun(run, summary: result(.pass), now: 3)
    try expectFinished(ledger, run)
  }

  @Test("at whichever byte the disk is full, either all of it is there or nothing")
  func fullDisk() async throws {
    let place = Place()
    try FileManager.default.createDirectory(atPath: place.folder, withIntermediateDirectories: true)
    var (whole, none) = (0, 0)
    for room in stride(from: 0, through: 60_000, by: 4_000) {
      let path = place.folder + "/\(room).sqlite"
      await #expect(processExitsWith: .success) {
        [path = path as String, room = room as Int] in
        let ledger = try Ledger(path: path)
        let run = try ledger.beginRun(identity, now: 1)
        let log = try FileManager.default.attributesOfItem(atPath: path + "-wal")[.size] as? Int ?? 0
        signal(SIGXFSZ, SIG_IGN)
        var limit = rlimit(rlim_cur: rlim_t(log + room), rlim_max: rlim_t(RLIM_INFINITY_VALUE))
        guard setrlimit(fileSizeLimit, &limit) == 0 else { exit(1) }
        var result = summary(.pass)
        // Larger than SQLite's page cache would hold back.
        result.reasons = [String(repeating: "long ", count: 5_000)]
        do {
          try ledger.finishRun(run, summary: result, now: 2)
          // From here on a report may say so: the verdict must be in the ledger, whatever comes.
          try "finished".write(toFile: path + ".note", atomically: true, encoding: .utf8)
        } catch let error as SluiceError where error.exitCode == .inputOutput {
        }
        exit(0)
      }
      let finished = FileManager.default.fileExists(atPath: path + ".note")
      let ledger = try Ledger(path: path)
      let run = try #require(try ledger.runs().first)
      let rows = try ledger.contents().counts
      #expect((run.verdict == .pass) == finished)
      #expect((try ledger.summary(of: run.id) != nil) == finished)
      #expect(rows["checks"] == (finished ? 1 : 0) && rows["audit"] == (finished ? 5 : 3))
      try ledger.verifyAudit()
      if finished { whole += 1 } else { none += 1 }
    }
    #expect(whole > 0 && none > 2, "the limits never fell into the writing: the test has shown nothing")
  }

  @Test("the end is on the disk when it is told, not at some later time")
  func durable() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    func level(_ db: Database) throws -> Int? { try Int.fetchOne(db, sql: "PRAGMA synchronous") }
    #expect(try ledger.writeDurably { try level($0) } == 2)
    #expect(try ledger.write { try level($0) } == 1)
    #expect(throws: InternalError.self) { try ledger.finishRun("none", summary: summary(.pass), now: 1) }
    #expect(try ledger.write { try level($0) } == 1)
  }
}
