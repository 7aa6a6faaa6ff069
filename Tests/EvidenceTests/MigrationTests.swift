import Core
import Foundation
import GRDB
import Testing

@testable import Evidence

@Suite("Migrations")
struct MigrationTests {
  /// A ledger as the first version of the schema left it, with one finished run that confirmed one attack.
  private func firstVersion(at place: borrowing Place, attack: Attack) throws {
    try FileManager.default.createDirectory(atPath: place.folder + "/a", withIntermediateDirectories: true)
    let queue = try DatabaseQueue(path: place.path)
    try LedgerSchema.migrator.migrate(queue, upTo: "1: runs, responses, judgments, searches, audit")
    try queue.write { db in
      try db.execute(
        sql: """
          INSERT INTO runs VALUES ('r', 'p', 'h', 't', 'i', '1', '[]', '0', 1, 2, 'pass', 0, '{}');
          INSERT INTO prompts VALUES (1, '\(SHA256.hex("a"))', 'a');
          INSERT INTO audit VALUES (1, 1, 'run began', 'r i', '', 'x'), (2, 2, 'run ended', 'r pass 0', 'x', 'y');
          INSERT INTO checks (run, name, metric, verdict) VALUES ('r', 'c', 'm', 'pass');
          """)
      try db.execute(
        sql: "INSERT INTO suite VALUES (?, ?, 'r')", arguments: [attack.id.text, try jsonText(attack)])
    }
    try queue.close()
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: place.path)
  }

  @Test("an older ledger is brought up to date with all it held; a reader asks for that first")
  func upgrade() throws {
    let place = Place()
    let attack = Attack(
      prompt: "a", category: "c", cluster: "k", provenance: Provenance(method: "mle", restart: 1, step: 3, run: "r"))
    try firstVersion(at: place, attack: attack)
    let error = #expect(throws: SluiceError.self) { _ = try Ledger(path: place.path, readOnly: true) }
    #expect(error?.message.contains("older version") == true)
    let ledger = try Ledger(path: place.path)
    #expect(try ledger.foundAttacks().map(\.attack) == [attack])
    #expect(try ledger.contents().counts["checks"] == 1)
    #expect(try ledger.runs().map(\.verdict) == [.pass])
    let next = try ledger.beginRun(identity, now: 0)
    #expect(try ledger.foundAttacks(before: next).map(\.attack) == [attack])
    #expect(try ledger.runs().map(\.id) == [next, "r"])
  }

  @Test("opening a ledger again changes nothing in its tables")
  func idempotent() throws {
    let place = Place()
    func schema() throws -> [String] {
      let ledger = try Ledger(path: place.path)
      return try ledger.read { db in
        try String.fetchAll(db, sql: "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
          + String.fetchAll(db, sql: "SELECT identifier FROM grdb_migrations ORDER BY identifier")
      }
    }
    let first = try schema()
    #expect(try schema() == first)
    #expect(first.count { $0.hasPrefix("CREATE TABLE") && !$0.contains("STRICT") && !$0.contains("grdb") } == 0)
  }

  @Test("the schema itself refuses what can't be")
  func constraints() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    try ledger.store([(key("a"), .success(Response(text: "t")))], run: run)
    try ledger.store([(key("a"), nil, .scored(1, category: nil))], judge: "j")
    try ledger.write { try $0.execute(sql: "INSERT INTO judges VALUES (9, 'k', '', '')") }
    for sql in [
      "INSERT INTO storedJudgments VALUES (1, 9, 1.5, NULL, NULL)",  // no probability
      "INSERT INTO storedJudgments VALUES (1, 9, 0.5, NULL, 1)",  // scored and unscored
      "INSERT INTO storedJudgments VALUES (99, 9, 0.5, NULL, NULL)",  // of no response
      "INSERT INTO storedJudgments VALUES (1, 8, 0.5, NULL, NULL)",  // of no judge
      "UPDATE runs SET verdict = 'maybe'", "UPDATE storedResponses SET sample = 'one'", "UPDATE runs SET ended = 3",
      "INSERT INTO storedResponses SELECT 2, prompt, source, sample, text, 0, 0, 0, finishReason, run FROM storedResponses",
      "UPDATE sources SET target = 'another'", "UPDATE judges SET judge = 'another'",
      "UPDATE names SET text = 'another'",
      "DELETE FROM texts", "DELETE FROM sources", "DELETE FROM names", "DELETE FROM storedJudgments",
    ] {
      #expect(throws: InternalError.self, "\(sql)") { try ledger.write { try $0.execute(sql: sql) } }
    }
  }
}
