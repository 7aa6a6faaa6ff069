import Core
import Foundation
import GRDB
import Testing

@testable import Evidence

/// What searches left, as lines of text.
private let lines = SearchEraser(
  record: { bytes, prompts, words in without(prompts.union(words), bytes) },
  state: { bytes, prompts in without(prompts, bytes) })

private func without(_ texts: Set<String>, _ bytes: [UInt8]) -> SearchEraser.Edit {
  let all = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  if all.first == "strange" { return .unreadable }
  let left = all.filter { !texts.contains($0) }
  return left == all ? .same : .edited(Array(left.joined(separator: "\n").utf8))
}

private func text(_ lines: String...) -> [UInt8] { Array(lines.joined(separator: "\n").utf8) }

private let act = LedgerAct(who: LedgerActor(user: "ada", host: "h"), reason: nil, subject: "s")

@Suite("What a purge takes, and what stays")
struct PurgeTests {
  private func purge(_ ledger: Ledger, _ scope: PurgeScope, keepsSuite: Bool = false) throws -> Purged {
    try ledger.purge(scope, keepsSuite: keepsSuite, eraser: lines, act: act, now: 100)
  }

  private func number(_ prompt: String, _ ledger: Ledger) throws -> Int64 {
    try #require(try ledger.prompts(attack: AttackID(prompt: prompt).text).first?.prompt)
  }

  /// Those of `words` that the ledger's files hold.
  private func found(_ words: [String], _ place: borrowing Place) throws -> [String] {
    let folder = place.path.folderOfPath
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).map {
      try Data(contentsOf: URL(fileURLWithPath: folder + "/" + $0))
    }
    return words.filter { word in files.contains { $0.range(of: Data(word.utf8)) != nil } }
  }

  private func store(_ prompts: [String], _ ledger: Ledger, run: String, reason: String? = nil) throws {
    try ledger.store(prompts.map { (key($0), .success(Response(text: "answer to \($0)"))) }, run: run)
    try ledger.store(prompts.map { (key($0), nil, .unscored(reason: reason ?? "reason at \($0)")) }, judge: "j")
  }

  private func finish(_ run: String, _ ledger: Ledger, _ edit: (inout RunSummary) -> Void = { _ in }) throws {
    var own = summary(.pass)
    own.run = run
    edit(&own)
    try ledger.finishRun(run, summary: own, now: 5)
  }

  @Test("What a kept run took from a purged one stays, and goes with the last run that rests on it")
  func reused() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let first = try ledger.beginRun(identity, now: 1)
    try store(["alpha", "beta", "gamma", "delta"], ledger, run: first)
    try ledger.storeSearch("k", StoredSearch(record: text("alpha", "omega"), state: text("state")), run: first)
    try ledger.storeSearch("l", StoredSearch(record: text("upsilon")), run: first)
    try finish(first, ledger)
    let second = try ledger.beginRun(identity, now: 2)
    // Two that are neighbours and one that isn't, the first of them twice.
    let keys = ["alpha", "beta", "delta", "alpha"].map { key($0) }
    #expect(try ledger.responses(keys, reusedBy: second).allSatisfy { $0 != nil })
    #expect(try ledger.search("k", reusedBy: second) != nil)
    #expect(try ledger.search("l") != nil)
    try store(["epsilon"], ledger, run: second)
    #expect(try ledger.responses([key("epsilon")], reusedBy: second)[0] != nil)
    try finish(second, ledger)
    let ranges = try ledger.read { try Row.fetchAll($0, sql: "SELECT firstResponse, lastResponse FROM reuses") }
    #expect(ranges.map { ($0["firstResponse"] as Int64)...($0["lastResponse"] as Int64) } == [1...2, 4...4])

    let purged = try purge(ledger, .run(first))
    #expect(purged.texts == 2 && purged.kept == 6 && purged.runs == 1)
    #expect(
      try ledger.responses(["alpha", "beta", "gamma", "delta"].map { key($0) }).map { $0 != nil } == [
        true, true, false, true,
      ])
    #expect(try ledger.scores([(key("alpha"), nil)], judge: "j") == [.unscored(reason: "reason at alpha")])
    #expect(try found(["gamma", "upsilon"], place) == [])
    #expect(try found(["omega", "reason at delta"], place).count == 2)
    #expect(try ledger.verification().findings == [])
    #expect(try !ledger.needsPurge(.run(first), keepsSuite: false))

    #expect(try purge(ledger, .run(second)).texts == 8)
    #expect(try found(["alpha", "beta", "delta", "epsilon", "omega"], place) == [])
    #expect(try ledger.verification().findings == [])
  }

  @Test("A purged run that is resumed is like any other: a later purge doesn't take what it asked anew")
  func resumed() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    try store(["alpha"], ledger, run: run)
    _ = try purge(ledger, .olderThan(50))
    try store(["alpha"], ledger, run: run)
    try finish(run, ledger)
    let other = try ledger.beginRun(identity, now: 60)
    try store(["beta"], ledger, run: other)
    try finish(other, ledger)
    #expect(try purge(ledger, .run(other)).texts == 2)
    #expect(try ledger.responses([key("alpha")])[0]?.text == "answer to alpha")
    #expect(try ledger.verification().findings == [])
  }

  /// A ledger in which two runs know two attacks; the second run took everything from the first. `extra` is a third attack's.
  private func twoAttacks(_ ledger: Ledger) throws -> [String] {
    var runs: [String] = []
    for index in 0..<2 {
      let run = try ledger.beginRun(identity, now: Double(index))
      runs.append(run)
      let prompts = ["alpha", "beta"]
      if index == 0 {
        try store(["gamma"], ledger, run: run, reason: "said of both")
        for prompt in prompts {
          try ledger.store(
            [
              (key(prompt), .success(Response(text: "answer to \(prompt)"))),
              (key(prompt, 1), .success(Response(text: "the same answer"))),
              (key(prompt, 2), .failure(ResponseFailure(kind: .serverError, message: "no \(prompt) (3 tries)"))),
              (key(prompt, 3), .failure(ResponseFailure(kind: .serverError, message: "down"))),
            ], run: run)
          try ledger.store(
            [
              (key(prompt), nil, .unscored(reason: "reason at \(prompt)")),
              (key(prompt, 1), nil, .unscored(reason: "said of both")),
            ], judge: "j")
        }
        try ledger.storeSearch("k", StoredSearch(record: text("alpha", "beta"), state: text("alpha", "beta")), run: run)
        try ledger.storeSearch("l", StoredSearch(record: text("beta"), state: text("beta")), run: run)
        try ledger.storeSearch(
          "m", StoredSearch(record: text("strange", "alpha"), state: text("strange", "alpha")), run: run)
        try ledger.addToSuite(
          prompts.map { Attack(prompt: $0, provenance: Provenance(method: "mle", run: run)) }, run: run)
      } else {
        _ = try ledger.responses(prompts.flatMap { [key($0), key($0, 1)] }, reusedBy: run)
        _ = try ledger.search("k", reusedBy: run)
      }
      try ledger.storeAttackerState(text("alpha", "beta", "\(index)"), attacker: "a", restart: 0, run: run)
      try finish(run, ledger) { summary in
        summary.newlyBroken = prompts.map {
          .init(
            id: AttackID(prompt: $0), category: nil, cluster: nil, candidateUnsafe: 1, candidateScored: 1,
            baselineUnsafe: 0, baselineScored: 1, adjustedP: 0, prompt: $0)
        }
        summary.outcomes = [
          .init(
            role: "candidate", stage: "replay", planned: 4, unsafe: 0, safe: 0, refused: 0, blocked: 0, cut: 0,
            unscored: 0, failed: 4, missing: 0,
            reasons: ["no alpha", "no beta", "down", "reason at alpha"].map {
              .init(outcome: "failed", reason: $0, count: 1)
            })
        ]
      }
    }
    return runs
  }

  @Test("One attack goes from everything that holds it, in every run, and nothing of another attack goes with it")
  func oneAttack() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let runs = try twoAttacks(ledger)
    let purged = try purge(ledger, .prompts([number("alpha", ledger)]))
    #expect(purged.texts == 2, "\(purged)")
    #expect(try found(["alpha"], place) == [])
    #expect(
      try found(
        ["no beta (3 tries)", "down", "answer to beta", "the same answer", "reason at beta", "said of both"], place
      ).count == 6)
    for run in runs {
      let summary = try #require(try ledger.summary(of: run))
      #expect(summary.newlyBroken.map(\.prompt) == [nil, "beta"])
      let reasons = try #require(summary.outcomes?.first?.reasons)
      #expect(reasons.map { "\($0.reason) \($0.count)" } == ["purged 2", "no beta 1", "down 1"])
    }
    // A search that lacks an attack answers for none; the other and both states are as they were without it.
    #expect(try ledger.search("k") == nil && ledger.search("m") == nil)
    #expect(try ledger.search("l") == StoredSearch(record: text("beta"), state: text("beta")))
    #expect(try ledger.attackerState(attacker: "a", restart: 0) == text("beta", "1"))
    let records = try ledger.read { try String.fetchAll($0, sql: "SELECT key FROM searches ORDER BY key") }
    #expect(records.count == 2 && records[1].hasPrefix("purged ") && records[1].hasSuffix(" k"))
    #expect(try ledger.foundAttacks().map(\.attack.prompt) == ["beta"])
    #expect(try ledger.failures(of: runs[0]).map(\.message).sorted() == ["", "down", "no beta (3 tries)"])
    #expect(try ledger.verification().findings == [])
    #expect(try !ledger.needsPurge(.olderThan(-1), keepsSuite: true))
  }

  @Test("An attack's prompt may be kept for replay, without its responses")
  func keepsSuite() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    _ = try twoAttacks(ledger)
    #expect(try purge(ledger, .prompts([number("alpha", ledger)]), keepsSuite: true).texts == 1)
    #expect(try found(["answer to alpha", "reason at alpha"], place) == [])
    #expect(try Set(ledger.foundAttacks().map(\.attack.prompt)) == ["alpha", "beta"])
    #expect(try ledger.responses([key("alpha")]) == [nil])
  }

  @Test("A reason that judges gave in several runs goes when all of these do")
  func sharedReason() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    for (index, prompt) in ["alpha", "beta", "gamma"].enumerated() {
      let run = try ledger.beginRun(identity, now: Double(index))
      try store([prompt], ledger, run: run, reason: index < 2 ? "said of alpha and beta" : "said of gamma")
      try ledger.finishRun(run, summary: summary(.pass), now: Double(index))
    }
    _ = try purge(ledger, .olderThan(2))
    #expect(try found(["said of alpha and beta", "said of gamma"], place) == ["said of gamma"])
  }

  @Test(
    "Whether anything is left to purge asks for all that holds texts",
    arguments: ["summary", "reasons", "search", "state", "failure"])
  func left(kind: String) throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    if kind == "search" { try ledger.storeSearch("k", StoredSearch(record: text("alpha")), run: run) }
    if kind == "state" { try ledger.storeAttackerState(text("alpha"), attacker: "a", restart: 0, run: run) }
    if kind == "failure" {
      try ledger.store([(key("beta"), .failure(ResponseFailure(kind: .serverError, message: "alpha")))], run: run)
    }
    try finish(run, ledger) { summary in
      if kind == "summary" {
        summary.newlyBroken = [
          .init(
            id: AttackID(prompt: "alpha"), category: nil, cluster: nil, candidateUnsafe: 1, candidateScored: 1,
            baselineUnsafe: 0, baselineScored: 1, adjustedP: 0, prompt: "alpha")
        ]
      }
      if kind == "reasons" {
        summary.outcomes = [
          .init(
            role: "candidate", stage: "replay", planned: 1, unsafe: 0, safe: 0, refused: 0, blocked: 0, cut: 0,
            unscored: 1, failed: 0, missing: 0, reasons: [.init(outcome: "unscored", reason: "alpha", count: 1)])
        ]
      }
    }
    let other = try ledger.beginRun(identity, now: 60)
    // A text of a kept run, so that the prompt of the failure is none that goes.
    try store(["beta"], ledger, run: other)
    #expect(try !ledger.needsPurge(.olderThan(1), keepsSuite: true))
    #expect(try ledger.needsPurge(.olderThan(50), keepsSuite: true))
    #expect(try purge(ledger, .olderThan(50), keepsSuite: true).texts == 0)
    #expect(try found(["alpha"], place) == [])
    #expect(try !ledger.needsPurge(.olderThan(50), keepsSuite: true))
    #expect(try ledger.verification().findings == [])
  }

  @Test("A purge that was killed before the file was cleaned is ended by the next, though no text is left")
  func unended() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    try store(["alpha"], ledger, run: run)
    try finish(run, ledger)
    #expect(try !ledger.needsPurge(.olderThan(1), keepsSuite: true))
    // What a killed purge leaves: its record, and none of its end.
    try ledger.record(kind: Ledger.purgeEvent, detail: try jsonText(act), now: 6)
    #expect(try ledger.needsPurge(.olderThan(1), keepsSuite: true))
    #expect(try purge(ledger, .olderThan(1)).texts == 0)
    #expect(try !ledger.needsPurge(.olderThan(1), keepsSuite: true))
  }

  @Test("Runs of older ledgers rest on all that they could have taken")
  func older() throws {
    let place = Place()
    try FileManager.default.createDirectory(atPath: place.folder + "/a", withIntermediateDirectories: true)
    let queue = try DatabaseQueue(path: place.path)
    try LedgerSchema.migrator.migrate(queue, upTo: "7: every row is in the audit chain")
    try queue.write { db in
      for (index, run) in ["r", "s", "t"].enumerated() {
        try db.execute(
          sql: """
            INSERT INTO runs (id, policyName, policyHash, policyText, identity, seed, overrides, version, began, ended, verdict,
              exitCode, summary, beganAs, endedAs)
            VALUES (?, 'p', 'h', 't', 'i', '1', '[]', '0', 1, 2, 'pass', 0, '{}', ?, ?)
            """, arguments: [run, 2 * index + 1, 2 * index + 2])
        try db.execute(sql: "INSERT INTO names (text) VALUES (?)", arguments: [run])
      }
      try db.execute(
        sql: """
          INSERT INTO names (text) VALUES ('stop');
          INSERT INTO texts VALUES (1, 1, 'a');
          INSERT INTO sources VALUES (1, 'f', 's', ''), (2, 'g', 's', ''), (3, 'f', 's', 'r');
          INSERT INTO storedResponses VALUES (1, 1, 1, 0, 1, 0, 0, 0, 4, 1), (2, 1, 1, 1, 1, 0, 0, 0, 4, 1),
            (3, 1, 2, 0, 1, 0, 0, 0, 4, 1), (4, 1, 3, 0, 1, 0, 0, 0, 4, 1), (5, 1, 1, 2, 1, 0, 0, 0, 4, 3);
          INSERT INTO targets (run, role, fingerprint, at) VALUES ('r', 'candidate', 'f', 1), ('s', 'candidate', 'f', 1),
            ('s', 'baseline', 'f', 1), ('t', 'candidate', 'f', 1), ('t', 'baseline', 'g', 1);
          """)
    }
    try queue.close()
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: place.path)
    let ledger = try Ledger(path: place.path)
    let reuses = try ledger.read { db in
      try Row.fetchAll(
        db, sql: "SELECT run || ' ' || firstResponse || ' ' || lastResponse AS reuse FROM reuses ORDER BY run"
      )
      .map { $0["reuse"] as String }
    }
    #expect(reuses == ["s 1 2", "t 1 3"])
    let findings = try ledger.verification().findings
    #expect(findings.allSatisfy { !$0.place.hasPrefix("reuses") }, "\(findings)")
  }
}
