import Core
import Foundation
import Testing

import GRDB

@testable import Evidence

/// A ledger path in a folder of its own.
struct Place: ~Copyable {
  let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-ledger-\(UUID().uuidString)").path
  var path: String { folder + "/a/ledger.sqlite" }

  deinit { try? FileManager.default.removeItem(atPath: folder) }
}

let identity = RunIdentity(policyName: "p", policyText: "version: 1", seed: 7, overrides: [], stages: [])

func key(_ prompt: String, _ sample: Int = 0, target: String = "t") -> ResponseKey {
  ResponseKey(target: target, prompt: prompt, settings: SamplingSettings(), sampleIndex: sample)
}

func summary(_ verdict: Verdict) -> RunSummary {
  RunSummary(
    run: "r", policy: .init(name: "p", path: "p.yaml", hash: "h", seed: 7, confidence: 0.95), verdict: verdict,
    exitCode: 0, reasons: [],
    checks: [
      .init(
        name: "replay.asr", metric: "replay.asr", stage: "replay", limit: Limit(atMost: 0.1),
        estimate: Estimate(
          value: 0.5, lower: -.infinity, upper: .infinity, confidence: 0.95, n: 3, effectiveN: 1, method: "m"),
        verdict: .inconclusive, adequacy: false, explanation: "", reason: "")
    ], evidence: .init(ledger: "l", sealed: false, headHash: ""))
}

@Suite("Ledger")
struct LedgerTests {
  @Test("a response is stored once, whatever is stored after it; failures don't count as stored")
  func once() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    let failure = ResponseFailure(kind: .serverError, message: "500")
    #expect(
      try ledger.store([(key("a"), .failure(failure)), (key("b"), .success(Response(text: "one")))], run: run) == 1)
    #expect(
      try ledger.store(
        [(key("b"), .success(Response(text: "two"))), (key("a"), .success(Response(text: "x")))], run: run) == 1)
    let stored = try ledger.responses([key("b"), key("a"), key("a", 1), key("a", target: "u")])
    #expect(stored.map { $0?.text } == ["one", "x", nil, nil])
    let contents = try ledger.contents()
    #expect(contents.counts["responses"] == 2 && contents.counts["failures"] == 1)
  }

  @Test("scores come back as they were given; unscored is kept apart; a new judge has seen nothing")
  func scores() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    try ledger.store([(key("a"), .success(Response(text: "t"))), (key("b"), .success(Response(text: "t")))], run: run)
    try ledger.store(
      [(key("a"), nil, .scored(0.25, category: "c")), (key("b"), "k", .unscored(reason: "empty"))], judge: "j")
    #expect(
      try ledger.scores([(key("a"), nil), (key("b"), "k"), (key("b"), nil)], judge: "j")
        == [.scored(0.25, category: "c"), .unscored(reason: "empty"), nil])
    #expect(try ledger.scores([(key("a"), nil)], judge: "other") == [nil])
  }

  @Test("a second writer is told who holds the ledger; a reader is not kept out; the lock ends with its holder")
  func locking() throws {
    let place = Place()
    do {
      let ledger = try Ledger(path: place.path)
      _ = try ledger.beginRun(identity, now: 1)
      let error = #expect(throws: SluiceError.self) { _ = try Ledger(path: place.path) }
      #expect(error?.exitCode == .interrupted && error?.message.contains("\(getpid())") == true)
      #expect(try Ledger(path: place.path, readOnly: true).runs().count == 1)
    }
    _ = try Ledger(path: place.path)
  }

  @Test("files are private; a world-readable ledger is refused with 77")
  func permissions() throws {
    let place = Place()
    do { _ = try Ledger(path: place.path) }
    let files = FileManager.default
    #expect(try files.attributesOfItem(atPath: place.path)[.posixPermissions] as? Int == 0o600)
    #expect(try files.attributesOfItem(atPath: place.folder + "/a")[.posixPermissions] as? Int == 0o700)
    try files.setAttributes([.posixPermissions: 0o644], ofItemAtPath: place.path)
    let error = #expect(throws: SluiceError.self) { _ = try Ledger(path: place.path) }
    #expect(error?.exitCode == .permission)
  }

  @Test("a file that is no ledger is refused and left as it was")
  func notALedger() throws {
    let place = Place()
    try FileManager.default.createDirectory(atPath: place.folder + "/a", withIntermediateDirectories: true)
    let text = String(repeating: "this is not a database. ", count: 400)
    try text.write(toFile: place.path, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: place.path)
    let error = #expect(throws: SluiceError.self) { _ = try Ledger(path: place.path) }
    #expect(error?.exitCode == .usage)
    #expect(try String(contentsOfFile: place.path, encoding: .utf8) == text)
  }

  @Test("an unfinished run is found by its identity until it ends")
  func resume() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    var other = identity
    other.seed = 8
    #expect(try ledger.unfinishedRun(identity)?.id == run)
    #expect(try ledger.unfinishedRun(other) == nil)
    try ledger.finishRun(run, summary: summary(.inconclusive), now: 2)
    #expect(try ledger.unfinishedRun(identity) == nil)
    #expect(try ledger.summary(of: run) == summary(.inconclusive))
    #expect(try ledger.runs().first?.verdict == .inconclusive)
  }

  @Test("searches are remembered by key, attacker states only once their run has ended")
  func searches() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    try ledger.storeSearch("k", result: [1, 2, 3], run: run)
    #expect(try ledger.search("k") == [1, 2, 3] && ledger.search("l") == nil)
    try ledger.storeAttackerState([9], attacker: "a", restart: 0, run: run)
    try ledger.addToSuite([Attack(prompt: "p")], run: run)
    #expect(try ledger.attackerState(attacker: "a", restart: 0) == nil)
    #expect(try ledger.suiteAttacks().isEmpty)
    try ledger.finishRun(run, summary: summary(.pass), now: 2)
    #expect(try ledger.attackerState(attacker: "a", restart: 0) == [9])
    #expect(try ledger.suiteAttacks().map(\.prompt) == ["p"])
  }

  @Test("20,000 responses are stored in groups of 64 and looked up in seconds")
  func throughput() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    let keys = (0..<20_000).map { key("prompt number \($0 % 5000)", $0 / 5000) }
    let began = ContinuousClock().now
    for start in stride(from: 0, to: keys.count, by: 64) {
      try ledger.store(
        keys[start..<min(start + 64, keys.count)].map { ($0, .success(Response(text: "a response of some words"))) },
        run: run)
    }
    #expect(try ledger.responses(keys).allSatisfy { $0 != nil })
    #expect(ContinuousClock().now - began < .seconds(30))
  }
}

@Suite("Audit chain")
struct AuditTests {
  @Test("an edit, a gap and a cut are each found")
  func faults() throws {
    for damage in [
      "UPDATE audit SET detail = 'x' WHERE sequence = 2", "DELETE FROM audit WHERE sequence = 2",
      "DELETE FROM audit WHERE sequence = 3", "UPDATE audit SET at = at + 1 WHERE sequence = 1",
    ] {
      let place = Place()
      let ledger = try Ledger(path: place.path)
      for i in 1...3 { try ledger.record(kind: "test", detail: "\(i)", now: Double(i)) }
      let head = try ledger.headHash()
      try ledger.verifyAudit(containing: head)
      try ledger.write { try $0.execute(sql: damage) }
      #expect(throws: AuditFault.self) { try ledger.verifyAudit(containing: head) }
    }
  }
}

@Suite("Hashes")
struct HashTests {
  @Test("SHA-256 agrees with the standard's example")
  func standard() {
    // FIPS 180-4 example, with no size suffix: a plain hash of bytes.
    #expect(SHA256.hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test("a checkpoint's fingerprint changes with a name, a byte or a boundary, and not with hidden files")
  func fingerprint() throws {
    let place = Place()
    let files = FileManager.default
    func write(_ name: String, _ text: String) throws {
      try files.createDirectory(atPath: place.folder, withIntermediateDirectories: true)
      try text.write(toFile: place.folder + "/" + name, atomically: true, encoding: .utf8)
    }
    try write("a", "12")
    try write("b", "3")
    let first = try SHA256.fingerprint(folder: place.folder)
    try write(".cache", "x")
    #expect(try SHA256.fingerprint(folder: place.folder) == first)
    try write("a", "1")
    try write("b", "23")
    #expect(try SHA256.fingerprint(folder: place.folder) != first)
    #expect(throws: SluiceError.self) { try SHA256.fingerprint(folder: place.folder + "/none") }
  }
}
