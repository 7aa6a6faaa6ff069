import Core
import Foundation
import GRDB
import Testing

@testable import Evidence

/// A connection of somebody who doesn't mind the ledger's rules: no triggers, no constraints, no chain.
private struct Intruder {
  let queue: DatabaseQueue
  private let triggers: [(name: String, sql: String)]

  init(_ path: String) throws {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    queue = try DatabaseQueue(path: path, configuration: configuration)
    triggers = try queue.write { db in
      let triggers = try Row.fetchAll(db, sql: "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        .map { (name: $0["name"] as String, sql: $0["sql"] as String) }
      for trigger in triggers { try db.execute(sql: "DROP TRIGGER \(trigger.name)") }
      try db.execute(sql: "PRAGMA ignore_check_constraints = ON")
      return triggers
    }
  }

  /// Leaves the schema as it was.
  func leave() throws {
    try queue.write { db in for trigger in triggers { try db.execute(sql: trigger.sql) } }
    try queue.close()
  }
}

/// A ledger with rows in every table.
private func filled(at place: borrowing Place, seed: UInt64 = 1) throws {
  var random = SeededGenerator(seed: seed, stream: "rows")
  let ledger = try Ledger(path: place.path)
  var earlier: [ResponseKey] = []
  for (index, verdict) in [Verdict.pass, .fail].enumerated() {
    let time = Double(10 * index)
    let run = try ledger.beginRun(identity, now: time)
    try ledger.noteTarget(run: run, role: "candidate", fingerprint: "t\(index)", revision: "r", signs: nil, now: time)
    for batch in 0..<3 {
      let keys = (0..<5).map { key("prompt \(index) \(batch) \($0) \(random.next() % 99)", $0, target: "t\(index)") }
      try ledger.store(
        keys.map { ($0, .success(Response(text: "answer \(random.next() % 7)", promptTokens: 3))) }, run: run)
      try ledger.store(
        keys.enumerated().map { place, key in
          (key, "leak", place == 2 ? .unscored(reason: "no words") : .scored(Double(place) / 5, category: "leak"))
        }, judge: "j\(batch)")
      try ledger.store(
        [
          (keys[0], .success(Response(text: "again"))),
          (key("lost \(batch)"), .failure(ResponseFailure(kind: .serverError, message: "500"))),
        ],
        run: run)
      if index == 0 { earlier += keys.prefix(2) + keys.suffix(1) }
    }
    _ = try ledger.responses(earlier, reusedBy: run)
    _ = try ledger.search("search 0", reusedBy: run)
    try ledger.storeSearch("search \(index)", StoredSearch(record: [1, 2, 3, UInt8(index)], state: [9, 9]), run: run)
    try ledger.storeAttackerState([UInt8(index), 4], attacker: "a", restart: 0, run: run)
    try ledger.storeAttackerState([UInt8(index), 5], attacker: "a", restart: 0, run: run)
    try ledger.addToSuite(
      (0..<3).map {
        Attack(prompt: "found \(index) \($0)", category: "leak", provenance: Provenance(method: "mle", run: run))
      },
      run: run, foundOnModel: "t\(index)")
    let candidates = try ledger.labelCandidates(run: run, judges: ["j0"])
    let items = try ledger.storeSample(
      candidates.prefix(3).map {
        SampledResponse(response: $0.response, category: "leak", locale: nil, cluster: "c", stratum: "s", weight: 2)
      }, run: run, judge: "j0", population: 5, now: time)
    for label in [ReviewerLabel.safe, .unsafe] {
      _ = try ledger.storeLabels(
        items.map { ReviewedItem(item: $0.item, reviewer: "ada", label: label) }, source: "f", now: time)
    }
    let who = LedgerActor(user: "ada", host: "h")
    for item in items {
      let label = ReviewedItem(item: item.item, reviewer: "bo", label: .safe)
      try ledger.label([label], note: "note \(item.item)", who: who, now: time)
      try ledger.adjudicate([label], who: who, now: time)
    }
    try ledger.finishRun(run, summary: summary(verdict), now: time + 5)
  }
  let purged = try ledger.beginRun(identity, now: 30)
  try ledger.store([(key("prompt to purge"), .success(Response(text: "answer to purge")))], run: purged)
  try ledger.finishRun(purged, summary: summary(.pass), now: 31)
  _ = try ledger.purge(
    .run(purged), keepsSuite: true, eraser: SearchEraser(record: { _, _, _ in .same }, state: { _, _ in .same }),
    act: LedgerAct(who: LedgerActor(user: "ada", host: "h"), reason: nil, subject: "s"), now: 32)
}

private func findings(_ path: String, heads: [String] = []) throws -> [LedgerFinding] {
  do {
    return try Ledger(path: path, readOnly: true).verification(heads: heads).findings
  } catch let error as SluiceError {
    return [LedgerFinding("the file", error.message)]
  }
}

/// All that SQL can see of the tables; nil where something can't be read.
private func contents(_ path: String) -> [String]? {
  var configuration = Configuration()
  configuration.readonly = true
  return try? DatabaseQueue(path: path, configuration: configuration).read { db in
    let tables = try String.fetchAll(db, sql: "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return try tables.flatMap { table in
      try Row.fetchAll(db, sql: "SELECT * FROM \(table) NOT INDEXED").map { row in
        table + row.databaseValues.map { "|\($0)" }.joined()
      }
    } + String.fetchAll(db, sql: "SELECT name || COALESCE(sql, '') FROM sqlite_master ORDER BY name")
  }
}

@Suite("Every row is in the audit chain")
struct RowChainTests {
  private static let tables = ChainedTable.allCases

  @Test("The chain covers every table and column of the schema")
  func complete() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let columns = try ledger.read { db in
      try String.fetchAll(
        db, sql: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('audit', 'grdb_migrations')"
      ).map { table in "\(table): \(try db.columns(in: table).map(\.name).sorted())" }
    }
    #expect(Set(columns) == Set(Self.tables.map { "\($0.name): \($0.columns.sorted())" }))
    for table in Self.tables {
      let key = try ledger.read { try $0.primaryKey(table.name).columns }
      #expect(key == table.keys, "\(table)")
    }
  }

  @Test("A hundred untouched ledgers verify, each with its head")
  func untouched() throws {
    for seed in 0..<100 as Range<UInt64> {
      let place = Place()
      try filled(at: place, seed: seed)
      let head = try Ledger(path: place.path, readOnly: true).headHash()
      let result = try Ledger(path: place.path, readOnly: true).verification(heads: [head])
      #expect(result.findings.isEmpty, "\(result.findings)")
      #expect(result.rows > 100 && result.head == head && result.coversOlderFrom == nil)
    }
  }

  @Test("Three hundred changes of one value each, over all tables: each is found, and the row is named")
  func edits() throws {
    let original = Place()
    try filled(at: original)
    var random = SeededGenerator(seed: 7, stream: "edits")
    var done = 0
    while done < 300 {
      let table = Self.tables[done % Self.tables.count]
      let place = Place()
      try copy(original, to: place)
      let intruder = try Intruder(place.path)
      let column = try #require(table.columns.randomElement(using: &random))
      let changed = try intruder.queue.write { db -> Bool in
        let count = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM \(table.name)") ?? 0
        let offset = Int(random.next() % UInt64(count))
        let keys = table.keys.joined(separator: ", ")
        let row = try #require(
          try Row.fetchOne(
            db, sql: "SELECT \(keys), \(column) AS changed FROM \(table.name) ORDER BY \(keys) LIMIT 1 OFFSET \(offset)"
          ))
        guard let value = Self.changed(row["changed"], using: &random) else { return false }
        let condition = table.keys.map { "\($0) = ?" }.joined(separator: " AND ")
        do {
          try db.execute(
            sql: "UPDATE \(table.name) SET \(column) = ? WHERE \(condition)",
            arguments: StatementArguments([value] + table.keys.map { row[$0] as DatabaseValue }))
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
          return false
        }
        return db.changesCount == 1
      }
      try intruder.leave()
      if !changed { continue }
      done += 1
      let found = try findings(place.path)
      #expect(found.contains { $0.place.hasPrefix(table.name) }, "\(table.name).\(column): \(found)")
    }
  }

  /// A value of the same type that differs in one byte; nil for NULL.
  private static func changed(_ value: DatabaseValue, using random: inout SeededGenerator) -> DatabaseValue? {
    switch value.storage {
    case .null: nil
    case .int64(let number): (number ^ (1 << Int64(random.next() % 6))).databaseValue
    case .double(let number): Double(bitPattern: number.bitPattern ^ 1 << (random.next() % 52)).databaseValue
    case .string(let text):
      text.isEmpty
        ? "x".databaseValue
        : String(decoding: flipped(Array(text.utf8), mask: 1, using: &random), as: UTF8.self).databaseValue
    case .blob(let data): Data(flipped(Array(data), mask: 0x10, using: &random)).databaseValue
    }
  }

  private static func flipped(_ bytes: [UInt8], mask: UInt8, using random: inout SeededGenerator) -> [UInt8] {
    var bytes = bytes
    bytes[Int(random.next() % UInt64(bytes.count))] ^= mask
    return bytes
  }

  private func copy(_ original: borrowing Place, to place: borrowing Place) throws {
    try FileManager.default.createDirectory(atPath: place.folder + "/a", withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: original.path, toPath: place.path)
  }

  @Test("Two hundred flipped bytes of the file that change what SQL sees, or keep it from seeing: each is found")
  func flips() throws {
    let original = Place()
    try filled(at: original)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: original.path))
    let before = try #require(contents(original.path))
    var random = SeededGenerator(seed: 11, stream: "flips")
    var done = 0
    while done < 200 {
      let place = Place()
      try FileManager.default.createDirectory(atPath: place.folder + "/a", withIntermediateDirectories: true)
      var damaged = bytes
      let offset = Int(random.next() % UInt64(bytes.count))
      damaged[offset] ^= UInt8(1 + random.next() % 255)
      try damaged.write(to: URL(fileURLWithPath: place.path))
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: place.path)
      // Pages have unused parts; what nobody can see is no evidence.
      if contents(place.path) == before { continue }
      done += 1
      #expect(try !findings(place.path).isEmpty, "byte \(offset)")
    }
  }

  @Test(
    "A hundred deleted, inserted and swapped rows: each is found and named", arguments: ["delete", "insert", "swap"])
  func rows(change: String) throws {
    let original = Place()
    try filled(at: original)
    var random = SeededGenerator(seed: 13, stream: change)
    var done = 0
    while done < 100 {
      let table = Self.tables[Int(random.next() % UInt64(Self.tables.count))]
      let place = Place()
      try copy(original, to: place)
      let intruder = try Intruder(place.path)
      let changed = try intruder.queue.write { db -> Bool in
        let rows = try Row.fetchAll(
          db, sql: "SELECT * FROM \(table.name) ORDER BY \(table.keys.joined(separator: ", "))")
        let row = try #require(rows.randomElement(using: &random))
        let other = try #require(rows.randomElement(using: &random))
        do {
          try Self.apply(change, table, row, other, db)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
          return false
        }
        return try Row.fetchAll(db, sql: "SELECT * FROM \(table.name) ORDER BY \(table.keys.joined(separator: ", "))")
          != rows
      }
      try intruder.leave()
      if !changed { continue }
      done += 1
      let found = try findings(place.path)
      #expect(found.contains { $0.place.hasPrefix(table.name + " ") }, "\(table.name): \(found)")
    }
  }

  private static func apply(_ change: String, _ table: ChainedTable, _ row: Row, _ other: Row, _ db: Database) throws {
    let condition = table.keys.map { "\($0) = ?" }.joined(separator: " AND ")
    func key(_ row: Row) -> [DatabaseValue] { table.keys.map { row[$0] } }
    let others = table.columns.filter { !table.keys.contains($0) }
    switch change {
    case "delete":
      try db.execute(sql: "DELETE FROM \(table.name) WHERE \(condition)", arguments: StatementArguments(key(row)))
    case "insert":
      let last = try #require(table.keys.last)
      let new: DatabaseValue =
        switch (row[last] as DatabaseValue).storage {
        case .int64(let number): (number + 1000).databaseValue
        default: "forged".databaseValue
        }
      let values = table.columns.map { $0 == last ? new : row[$0] as DatabaseValue }
      let marks = values.map { _ in "?" }.joined(separator: ", ")
      try db.execute(
        sql: "INSERT INTO \(table.name) (\(table.columns.joined(separator: ", "))) VALUES (\(marks))",
        arguments: StatementArguments(values))
    default:
      let places = others.map { "\($0) = ?" }.joined(separator: ", ")
      // Where a constraint keeps two rows from being equal for a moment, this change isn't one.
      for (target, source) in [(row, other), (other, row)] {
        try db.execute(
          sql: "UPDATE \(table.name) SET \(places) WHERE \(condition)",
          arguments: StatementArguments(others.map { source[$0] as DatabaseValue } + key(target)))
      }
    }
  }

  @Test("A cut tail is found by a head that was reported, also where the rows of the tail went with it")
  func cut() throws {
    let place = Place()
    try filled(at: place)
    let before = try Ledger(path: place.path, readOnly: true).headHash()
    let early = Place()
    try copy(place, to: early)
    do {
      let ledger = try Ledger(path: place.path)
      _ = try ledger.beginRun(identity, now: 99)
    }
    let head = try Ledger(path: place.path, readOnly: true).headHash()
    #expect(try findings(place.path, heads: [before, head]).isEmpty)
    // The ledger as it was before the last run: whole by itself.
    #expect(try findings(early.path, heads: [before]).isEmpty)
    #expect(try findings(early.path, heads: [head]).map(\.place) == ["the head \(head)"])
  }

  @Test("An edit of the chain is found whichever of its parts it hits, and so is a record of the schema")
  func chain() throws {
    let original = Place()
    try filled(at: original)
    for (sql, place) in [
      (
        "UPDATE audit SET rows = CAST(substr(rows, 1, length(rows) - 1) || x'FF' AS BLOB) WHERE sequence = 4",
        "audit record 4"
      ),
      ("UPDATE audit SET rows = NULL WHERE sequence = 4", "audit record 4"),
      ("DELETE FROM audit WHERE sequence = 4", "audit record 4"),
      ("UPDATE audit SET kind = 'purged' WHERE sequence = 5", "audit record 5"),
      ("CREATE TRIGGER quiet BEFORE INSERT ON texts BEGIN SELECT RAISE(IGNORE); END", "the schema"),
      ("DROP INDEX textsByHash", "the schema"),
      ("UPDATE grdb_migrations SET identifier = 'x' WHERE identifier LIKE '2%'", "the file"),
    ] {
      let copied = Place()
      try copy(original, to: copied)
      let intruder = try Intruder(copied.path)
      try intruder.queue.write { try $0.execute(sql: sql) }
      try intruder.leave()
      let found = try findings(copied.path)
      #expect(found.contains { $0.place == place }, "\(sql): \(found)")
    }
  }

  /// Takes a ledger back to schema 10, which had the chain's hashes as text.
  private static func takeBack(_ path: String) throws {
    let intruder = try Intruder(path)
    try intruder.queue.writeWithoutTransaction { db in
      try db.execute(
        sql: """
          CREATE TABLE earlier (
            sequence INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL,
            previous TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, rows BLOB
          ) STRICT;
          INSERT INTO earlier
            SELECT sequence, at, kind, detail, lower(hex(previous)), lower(hex(hash)), rows FROM audit;
          DROP TABLE audit;
          ALTER TABLE earlier RENAME TO audit;
          DELETE FROM grdb_migrations WHERE identifier LIKE '11:%';
          """)
    }
    try intruder.leave()
  }

  @Test("A chain with its hashes as text is the same once it is brought up to date, and damage in it stays damage")
  func textHashes() throws {
    let place = Place()
    try filled(at: place)
    let head = try Ledger(path: place.path, readOnly: true).headHash()
    try Self.takeBack(place.path)
    let damaged = Place()
    try copy(place, to: damaged)
    do {
      let ledger = try Ledger(path: place.path)
      #expect(ledger.backup?.hasSuffix(".before-schema-11") == true)
      #expect(try ledger.headHash() == head)
      let forms = try ledger.read { db in
        try String.fetchAll(db, sql: "SELECT DISTINCT typeof(hash) || length(hash) || typeof(previous) FROM audit")
      }
      #expect(forms == ["blob32blob"])
      _ = try ledger.beginRun(identity, now: 99)
    }
    #expect(try findings(place.path, heads: [head]).isEmpty)
    let intruder = try Intruder(damaged.path)
    try intruder.queue.write { try $0.execute(sql: "UPDATE audit SET hash = 'no hash' WHERE sequence = 4") }
    try intruder.leave()
    _ = try Ledger(path: damaged.path)
    #expect(try findings(damaged.path).contains { $0.place == "audit record 4" })
  }

  @Test("What a transaction that failed wrote is in no record")
  func rolledBack() throws {
    struct Stop: Error {}
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let head = try ledger.headHash()
    #expect(throws: Stop.self) {
      try ledger.write { db in
        try db.execute(sql: "INSERT INTO names (text) VALUES ('gone')")
        throw Stop()
      }
    }
    #expect(try ledger.headHash() == head)
    try ledger.write { try $0.execute(sql: "INSERT INTO names (text) VALUES ('kept')") }
    #expect(try ledger.verification().findings.isEmpty)
  }

  @Test("A row may not become another through a record that nothing allows")
  func unallowed() throws {
    let place = Place()
    try filled(at: place)
    do {
      let ledger = try Ledger(path: place.path)
      try ledger.write { try $0.execute(sql: "UPDATE texts SET text = 'harmless' WHERE id = 1") }
    }
    let found = try findings(place.path)
    #expect(found.map(\.place) == ["texts 1"] && found[0].problem.contains("nothing allows"), "\(found)")
  }

  @Test("A ledger of version 0.1 verifies once it is brought up to date, and says from where on its rows are covered")
  func older() throws {
    let place = Place()
    try FileManager.default.createDirectory(atPath: place.folder + "/a", withIntermediateDirectories: true)
    let released = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "fixtures/ledgers/version-0.1.sqlite").path
    try FileManager.default.copyItem(atPath: released, toPath: place.path)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: place.path)
    do { #expect(try Ledger(path: place.path).backup != nil) }
    let result = try Ledger(path: place.path, readOnly: true).verification()
    #expect(result.findings.isEmpty, "\(result.findings)")
    #expect((result.coversOlderFrom ?? 0) > 4 && result.rows > 50)
    let intruder = try Intruder(place.path)
    try intruder.queue.write { try $0.execute(sql: "UPDATE texts SET text = text || '.' WHERE id = 3") }
    try intruder.leave()
    #expect(try findings(place.path).map(\.place) == ["texts 3"])
  }
}
