import Core
import Foundation
import GRDB
import Testing

@testable import Evidence

@Suite("Audit chain")
struct AuditTests {
  /// Someone with a database tool is not stopped by triggers.
  private func damage(_ ledger: Ledger, _ sql: String) throws {
    try ledger.write { db in
      try db.execute(sql: "DROP TRIGGER auditStays; DROP TRIGGER auditKept; DROP TRIGGER verdictStays")
      try db.execute(sql: sql)
    }
  }

  @Test(
    "an edit, a gap and a cut are each found",
    arguments: [
      "UPDATE audit SET detail = 'x' WHERE sequence = 2", "DELETE FROM audit WHERE sequence = 2",
      "DELETE FROM audit WHERE sequence = 3", "UPDATE audit SET at = at + 1 WHERE sequence = 1",
      "UPDATE audit SET kind = 'tset' WHERE sequence = 3", "DELETE FROM audit",
    ])
  func faults(sql: String) throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    for i in 1...3 { try ledger.record(kind: "test", detail: "\(i)", now: Double(i)) }
    let head = try ledger.headHash()
    try ledger.verifyAudit(containing: head)
    try damage(ledger, sql)
    #expect(throws: AuditFault.self) { try ledger.verifyAudit(containing: head) }
  }

  @Test(
    "a run that isn't what the chain says is found, without any report at hand",
    arguments: [
      "UPDATE runs SET verdict = 'pass', exitCode = 0 WHERE verdict = 'fail'",
      "UPDATE runs SET summary = replace(summary, 'fail', 'pass')", "UPDATE runs SET policyText = 'version: 2'",
      "UPDATE runs SET began = began - 60",
      "UPDATE runs SET ended = NULL, summary = NULL, verdict = NULL WHERE verdict = 'fail'",
      "PRAGMA defer_foreign_keys = ON; DELETE FROM checks; DELETE FROM runs WHERE verdict = 'fail'",
      // The last records, and with them the failed verdict.
      "DELETE FROM audit WHERE sequence >= 7",
    ])
  func runs(sql: String) throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    for (time, verdict) in [(1.0, Verdict.pass), (3, .fail)] {
      let run = try ledger.beginRun(identity, now: time)
      try ledger.finishRun(run, summary: summary(verdict), now: time + 1)
    }
    _ = try ledger.verifyAudit()
    try damage(ledger, sql)
    #expect(throws: AuditFault.self) { try ledger.verifyAudit() }
  }

  @Test("records are neither changed nor deleted by accident")
  func guarded() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    try ledger.record(kind: "test", detail: "1", now: 1)
    for sql in ["UPDATE audit SET detail = ''", "DELETE FROM audit"] {
      #expect(throws: InternalError.self) { try ledger.write { try $0.execute(sql: sql) } }
    }
    try ledger.verifyAudit()
  }

  @Test("the head of a report is found after later runs; a foreign one is not")
  func heads() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    try ledger.verifyAudit(containing: ledger.headHash())
    let run = try ledger.beginRun(identity, now: 1)
    let head = try ledger.headHash()
    try ledger.finishRun(run, summary: summary(.pass), now: 2)
    try ledger.verifyAudit(containing: head)
    #expect(throws: AuditFault.self) { try ledger.verifyAudit(containing: SHA256.hex("another ledger")) }
  }
}
