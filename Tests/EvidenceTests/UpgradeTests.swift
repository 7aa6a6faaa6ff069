import Core
import Foundation
import GRDB
import Testing

@testable import Evidence

/// `fixtures/ledgers/version-0.1.sqlite` was written by Sluice 0.1.0: two runs of four attacks from the lab's seeds with two
/// responses each, one on the lab's assistant 1.1, one on a server that always says the same; then vacuumed to pages
/// of 512 bytes.
private let releasedLedger = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().appending(path: "fixtures/ledgers/version-0.1.sqlite").path

@Suite("A ledger of version 0.1")
struct UpgradeTests {
  private func copyReleased(to place: borrowing Place) throws {
    try FileManager.default.createDirectory(atPath: place.folder + "/a", withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: releasedLedger, toPath: place.path)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: place.path)
  }

  private func names(_ place: borrowing Place) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: place.folder + "/a").sorted()
  }

  /// Every row of the tables that were there before, without what the migration added.
  private func rows(_ path: String) throws -> [String: [String]] {
    var configuration = Configuration()
    configuration.readonly = true
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    return try queue.read { db in
      var result: [String: [String]] = [:]
      for (table, columns) in Self.columns {
        result[table] = try Row.fetchAll(db, sql: "SELECT \(columns) FROM \(table) ORDER BY 1, 2").map { "\($0)" }
      }
      return result
    }
  }

  /// Whether every row is there as it was. Responses are among the texts that `prompts` shows now, so there are more.
  private func holds(_ after: [String: [String]], _ before: [String: [String]]) -> Bool {
    before.allSatisfy { table, rows in
      // The chain goes on: the upgrade's own records say which rows were there.
      table == "prompts" || table == "audit" ? Set(rows).isSubset(of: after[table] ?? []) : after[table] == rows
    }
  }

  private static func hexadecimal(_ column: String) -> String {
    "IIF(typeof(\(column)) = 'blob', lower(hex(\(column))), \(column)) AS \(column)"
  }

  private static let columns = [
    "runs":
      "id, policyName, policyHash, policyText, identity, seed, overrides, version, began, ended, verdict, exitCode, "
      + "summary, beganAs, endedAs",
    "prompts": "id, text",
    "responses":
      "id, target, prompt, settings, sample, text, promptTokens, completionTokens, latency, finishReason, run",
    "judgments": "response, judge, askedCategory, score, category, reason",
    "failures": "id, target, prompt, settings, sample, kind, message, run",
    "checks":
      "run, name, metric, verdict, value, lower, upper, confidence, n, unscored, method, atLeast, atMost, effectiveN",
    // Hashes are text up to schema 10, and bytes since.
    "audit": "sequence, at, kind, detail, \(hexadecimal("previous")), \(hexadecimal("hash"))",
  ]

  @Test("opens with all that it held, its chain intact, and a private copy of it as it was beside it")
  func released() throws {
    let place = Place()
    try copyReleased(to: place)
    let before = try rows(place.path)
    let backup: String
    do {
      let ledger = try Ledger(path: place.path)
      backup = try #require(ledger.backup)
      try ledger.verifyAudit()
      #expect(try ledger.runs().map(\.verdict) == [.inconclusive, .inconclusive])
      #expect(try ledger.runs().allSatisfy { $0.digest == nil })
      #expect(try ledger.summary(of: ledger.runs()[0].id)?.checks.map(\.metric) == ["replay.asr"])
      #expect(try ledger.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
      #expect(try ledger.read { try Row.fetchAll($0, sql: "PRAGMA foreign_key_check").isEmpty })
    }
    #expect(before["responses"]?.count == 16 && before["judgments"]?.count == 16 && before["audit"]?.count == 4)
    #expect(try holds(rows(place.path), before))
    #expect(URL(fileURLWithPath: backup).lastPathComponent == "ledger.sqlite.before-schema-5")
    #expect(try FileManager.default.attributesOfItem(atPath: backup)[.posixPermissions] as? Int == 0o600)
    #expect(try rows(backup) == before)
    #expect(
      try names(place).filter { $0.contains("before") || $0.contains("unfinished") } == [
        "ledger.sqlite.before-schema-5"
      ])
    // The copy is a ledger of the old version, and nothing of it was touched.
    #expect(throws: SluiceError.self) { _ = try Ledger(path: backup, readOnly: true) }
    #expect(try Ledger(path: place.path).backup == nil)
  }

  @Test("what it held of servers, which had no identity, is of use to no later run; what local models said is")
  func scopes() throws {
    let place = Place()
    try copyReleased(to: place)
    let ledger = try Ledger(path: place.path)
    let scopes = try ledger.read { db in
      try Row.fetchAll(
        db, sql: "SELECT DISTINCT substr(target, 1, 6) AS kind, scope = run AS own, scope = '' AS any FROM responses")
    }
    #expect(
      Set(scopes.map { "\($0["kind"] as String) \($0["own"] as Bool) \($0["any"] as Bool)" })
        == ["openai true false", "76a326 false true"])
    #expect(try ledger.read { try String.fetchAll($0, sql: "SELECT DISTINCT scope FROM judgments") } == [""])
  }

  @Test("judgments of judges behind servers hold for their run; labels, samples and found attacks come along")
  func everything() throws {
    let place = Place()
    try FileManager.default.createDirectory(atPath: place.folder + "/a", withIntermediateDirectories: true)
    let queue = try DatabaseQueue(path: place.path)
    try LedgerSchema.migrator.migrate(queue, upTo: "4: samples and labels")
    let models = #"{"models": [{"role": "baseline", "fingerprint": "b"}, {"role": "candidate", "fingerprint": "c"}]}"#
    try queue.write { db in
      try db.execute(
        sql: """
          INSERT INTO audit VALUES (1, 1, 'run began', 'r i h', '\(Ledger.genesis)', 'x'), (2, 2, 'run ended', 'r', 'x', 'y'),
            (3, 3, 'run began', 's i h', 'y', 'z');
          INSERT INTO runs VALUES ('r', 'p', 'h', 't', 'i', '1', '[]', '0', 1, 2, 'pass', 0, '\(models)', 1, 2),
            ('s', 'p', 'h', 't', 'i', '1', '[]', '0', 1, 2, 'pass', 0, 'no JSON', 1, 2);
          INSERT INTO prompts VALUES (1, '\(SHA256.hex("a"))', 'a'), (7, '\(SHA256.hex("b"))', 'b');
          INSERT INTO responses VALUES (3, 'local', 1, 's', 0, 'one', 0, 0, 0, 'stop', 'r'),
            (9, 'openai|u|m', 7, 's', 0, 'two', 0, 0, 0, 'stop', 'r');
          INSERT INTO judgments VALUES (3, 'rules:x', '', 0, NULL, NULL), (3, 'llm:x', '', 1, NULL, NULL),
            (9, 'classifier:x', 'k', 0.5, NULL, NULL), (9, 'moderation:x', '', NULL, NULL, 'why');
          INSERT INTO suite VALUES ('e', 'r', 1, NULL, NULL, NULL, 'mle', 0, 1, 'candidate', 'r'),
            ('f', 's', 7, NULL, NULL, NULL, 'mle', 0, 1, 'candidate', 's');
          INSERT INTO samples VALUES (3, 'r', 'rules:x', 2, 1);
          INSERT INTO sampled VALUES ('i', 3, 9, 'k', NULL, 'c', 's', 1);
          INSERT INTO labels VALUES ('i', 'ann', 'unsafe', 1);
          INSERT INTO failures VALUES (1, 'openai|u|m', 7, 's', 1, 'serverError', '500', 'r');
          """)
    }
    try queue.close()
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: place.path)
    let ledger = try Ledger(path: place.path)
    let judgments = try ledger.read { db in
      try String.fetchAll(db, sql: "SELECT judge || ' ' || response || ' ' || scope FROM judgments ORDER BY 1")
    }
    #expect(judgments == ["classifier:x 9 ", "llm:x 3 r", "moderation:x 9 r", "rules:x 3 "])
    #expect(try ledger.read { try Int64.fetchAll($0, sql: "SELECT id FROM responses ORDER BY id") } == [3, 9])
    #expect(try ledger.labelledResponses().map(\.text) == ["two"])
    #expect(try ledger.foundAttacks().map(\.model) == ["c", nil])
    #expect(try ledger.failures(of: "r").map(\.count) == [1])
    #expect(try ledger.read { try Row.fetchAll($0, sql: "PRAGMA foreign_key_check").isEmpty })
    #expect(throws: InternalError.self) { try ledger.write { try $0.execute(sql: "DELETE FROM prompts") } }
  }

  @Test("a search's state is kept once, packed, and found under its key and its run as before")
  func states() throws {
    let place = Place()
    try FileManager.default.createDirectory(atPath: place.folder + "/a", withIntermediateDirectories: true)
    let queue = try DatabaseQueue(path: place.path)
    try LedgerSchema.migrator.migrate(queue, upTo: "5: scopes, targets as seen, digests")
    let own = Array("{\"version\":1}".utf8)
    let record = [UInt8(own.count)] + [UInt8](repeating: 0, count: 7) + own
    let state = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 100) }
    let artifacts = [record + state, state, record, [1, 2, 3]]
    try queue.write { db in
      try db.execute(
        sql: "INSERT INTO audit VALUES (1, 1, 'run began', 'r i h', 'g', 'x'), (2, 2, 'run ended', 'r', 'x', 'y')")
      try db.execute(
        sql: """
          INSERT INTO runs (id, policyName, policyHash, policyText, identity, seed, overrides, version, began, ended,
            verdict, exitCode, summary, beganAs, endedAs)
          VALUES ('r', 'p', 'h', 't', 'i', '1', '[]', '0', 1, 2, 'pass', 0, '{}', 1, 2)
          """)
      for bytes in artifacts {
        try db.execute(
          sql: "INSERT INTO artifacts VALUES (?, ?)", arguments: [SHA256.hex(bytes), Data(bytes)])
      }
      for (key, bytes) in zip(["whole", "without", "odd"], [artifacts[0], artifacts[2], artifacts[3]]) {
        try db.execute(sql: "INSERT INTO searches VALUES (?, ?, 'r')", arguments: [key, SHA256.hex(bytes)])
      }
      try db.execute(
        sql: "INSERT INTO attackerStates VALUES ('r', 'a', 0, ?)", arguments: [SHA256.hex(state)])
    }
    try queue.close()
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: place.path)
    let ledger = try Ledger(path: place.path)
    #expect(try ledger.search("whole") == StoredSearch(record: record, state: state))
    #expect(try ledger.search("without") == StoredSearch(record: record))
    #expect(try ledger.search("odd") == StoredSearch(record: [1, 2, 3]))
    #expect(try ledger.attackerState(attacker: "a", restart: 0) == state)
    let kept = try ledger.read {
      try Row.fetchOne($0, sql: "SELECT COUNT(*) AS n, SUM(length(bytes)) AS size FROM artifacts")
    }
    #expect(kept?["n"] == 3)
    #expect((kept?["size"] ?? 0) < 5_000)
    // A flipped bit in what is packed is damage.
    try ledger.write {
      try $0.execute(
        sql:
          "UPDATE artifacts SET bytes = CAST(substr(bytes, 1, length(bytes) - 1) || x'00' AS BLOB) WHERE unpacked > 9")
    }
    let error = #expect(throws: SluiceError.self) { try ledger.attackerState(attacker: "a", restart: 0) }
    #expect(error?.exitCode == .usage && error?.message.contains("damaged") == true)
  }

  @Test("an earlier copy stays as it is; what a process that died left half-made is cleared away")
  func earlierCopy() throws {
    let place = Place()
    try copyReleased(to: place)
    let name = place.path + ".before-schema-5"
    try "mine".write(toFile: name, atomically: true, encoding: .utf8)
    for suffix in ["", "-journal", "-wal"] {
      try "half".write(toFile: place.path + ".backup-unfinished" + suffix, atomically: true, encoding: .utf8)
    }
    #expect(try Ledger(path: place.path).backup == name + "-2")
    #expect(try String(contentsOfFile: name, encoding: .utf8) == "mine")
    #expect(
      try names(place) == [
        "ledger.sqlite", "ledger.sqlite.before-schema-5", "ledger.sqlite.before-schema-5-2", "ledger.sqlite.lock",
      ])
  }

  @Test("a copy that an attempt made before it died is used again")
  func again() throws {
    let place = Place()
    try copyReleased(to: place)
    let file = try LedgerFile(path: place.path)
    for _ in 0..<2 {
      let queue = try DatabaseQueue(path: place.path)
      #expect(try LedgerBackup(file).make(of: queue, before: "5") == place.path + ".before-schema-5")
      try queue.close()
    }
    #expect(try Ledger(path: place.path).backup == place.path + ".before-schema-5")
    #expect(try names(place).count { $0.contains("before") } == 1)
  }

  @Test("what only the write-ahead log held is in the copy too")
  func log() throws {
    let place = Place()
    try copyReleased(to: place)
    // A connection that stays open keeps the log from being moved into the file.
    let other = try DatabaseQueue(path: place.path)
    try other.writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA wal_autocheckpoint = 0")
      try db.execute(sql: "INSERT INTO prompts (hash, text) VALUES ('late', 'late')")
    }
    let backup = try #require(try Ledger(path: place.path).backup)
    try other.close()
    #expect(try rows(backup)["prompts"]?.contains { $0.contains("late") } == true)
    #expect(try rows(place.path)["prompts"]?.contains { $0.contains("late") } == true)
  }

  @Test("where there is no room for the copy nothing is changed, and the run ends with 74", arguments: [0, 1, 10_000])
  func noRoom(bytes: Int) async throws {
    let place = Place()
    try copyReleased(to: place)
    let before = try SHA256.hex(file: place.path)
    let path = place.path
    await #expect(processExitsWith: .exitCode(74)) {
      [path = path as String, bytes = bytes as Int] in
      signal(SIGXFSZ, SIG_IGN)
      // A write beyond this size fails as on a full disk. Nothing needs to be written to open the ledger itself but its
      // log's index, which has 32 KB.
      var limit = rlimit(rlim_cur: rlim_t(32_768 + bytes), rlim_max: rlim_t(RLIM_INFINITY_VALUE))
      guard setrlimit(fileSizeLimit, &limit) == 0 else { exit(1) }
      do {
        _ = try Ledger(path: path)
      } catch let error as SluiceError where error.message.contains("nothing was changed") {
        exit(error.exitCode.rawValue)
      }
    }
    #expect(try SHA256.hex(file: place.path) == before)
    #expect(try names(place).allSatisfy { !$0.contains("before") && !$0.contains("unfinished") })
    #expect(try Ledger(path: place.path).backup != nil)
  }

  @Test("kill -9 at random instants of the upgrade leaves a ledger that opens with all it held, and no false copy")
  func killed() async throws {
    let place = Place()
    for delay in stride(from: 200, to: 30_000, by: 2_000) {
      try? FileManager.default.removeItem(atPath: place.folder)
      try copyReleased(to: place)
      let before = try rows(place.path)
      let path = place.path
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [path = path as String, delay = delay as Int] in
        let killer = Thread {
          usleep(UInt32(delay))
          kill(getpid(), SIGKILL)
        }
        killer.start()
        _ = try Ledger(path: path)
        sleep(10)
      }
      do {
        let ledger = try Ledger(path: place.path)
        try ledger.verifyAudit()
      }
      #expect(try holds(rows(place.path), before))
      for name in try names(place) where name.contains("before") {
        let copied = try rows(place.folder + "/a/" + name)
        // A copy from between two steps has the chain's records of those that were done.
        #expect(name.hasSuffix("before-schema-5") ? copied == before : holds(copied, before), "\(name)")
      }
      // One from before it all, and one from between two steps where it was killed there.
      let copies = try names(place).filter { $0.contains("before") }
      #expect(copies.count { $0.hasSuffix("before-schema-5") } == 1)
      #expect(copies.count <= 2)
      #expect(try !names(place).contains { $0.contains("unfinished") })
    }
  }

  @Test("a damaged ledger is neither copied nor changed")
  func damaged() throws {
    let place = Place()
    try copyReleased(to: place)
    let handle = try #require(FileHandle(forWritingAtPath: place.path))
    let size = try handle.seekToEnd()
    for page in stride(from: UInt64(40 * 512), to: size - 512, by: 512) {
      try handle.seek(toOffset: page)
      try handle.write(contentsOf: Data(repeating: 0xA5, count: 512))
    }
    try handle.close()
    let before = try SHA256.hex(file: place.path)
    let error = #expect(throws: SluiceError.self) { _ = try Ledger(path: place.path) }
    #expect(error?.exitCode == .usage && error?.message.contains("damaged") == true)
    #expect(try SHA256.hex(file: place.path) == before)
    #expect(try names(place).allSatisfy { !$0.contains("before") && !$0.contains("unfinished") })
  }
}
