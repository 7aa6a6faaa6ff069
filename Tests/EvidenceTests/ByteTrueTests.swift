import Core
import Foundation
import GRDB
import Testing

@testable import Evidence

/// Texts that some layer between a model and the disk might cut, fold or refuse.
private let oddTexts: [String] =
  [
    "", "\0", "\0begins", "mid\0dle", "ends\0", "\0\0a\0\0", "\u{301}", "a\u{301}", "\u{E1}", "\u{FEFF}bom", "\r\n\r",
    "\u{200D}\u{FE0F}", "'; DROP TABLE runs; --", "\u{1F468}\u{200D}\u{1F469}", "\\0 \\u0000 \"",
  ] + [0xFFFE, 0xFFFF, 0xFDD0, 0x10FFFF, 0x1FFFE, 0xE000].compactMap { Unicode.Scalar($0 as UInt32).map { "x\($0)y" } }

private func bytes(_ text: String?) -> [UInt8]? { text.map { Array($0.utf8) } }

@Suite("Texts are kept byte for byte")
struct ByteTrueTests {
  @Test("as prompts, responses, finish reasons and in a target's name")
  func responses() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    let keys = oddTexts.map { key($0, target: "t" + $0) }
    try ledger.store(
      zip(keys, oddTexts).map { ($0, .success(Response(text: $1, finishReason: $1))) }, run: run)
    for (stored, text) in zip(try ledger.responses(keys), oddTexts) {
      #expect(bytes(stored?.text) == bytes(text) && bytes(stored?.finishReason) == bytes(text))
    }
    let costs = try ledger.costs(of: run)
    #expect(Set(costs.map { bytes($0.target) }) == Set(oddTexts.map { bytes("t" + $0) }))
    // Two of them are equal to Swift, so they share an entry.
    #expect(try ledger.contents().responsesByTarget.values.reduce(0, +) == oddTexts.count)
    #expect(try ledger.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM prompts") } == oddTexts.count)
  }

  @Test(
    "a text of a megabyte, with a NUL at its beginning, in its middle or at its end",
    arguments: [0, 500_000, 1_000_000])
  func large(place nul: Int) throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    var text = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_001)
    text[nul] = 0
    let whole = String(decoding: text, as: UTF8.self)
    try ledger.store([(key(whole), .success(Response(text: whole)))], run: run)
    #expect(try ledger.responses([key(whole)]).map { bytes($0?.text) } == [text])
  }

  @Test("prompts that are one up to a NUL, or one to Swift, are requests of their own")
  func apart() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    let prompts = ["a", "a\0", "a\0b", "a\0c", "\u{E9}", "e\u{301}"]
    try ledger.store(prompts.enumerated().map { (key($1), .success(Response(text: "\($0)"))) }, run: run)
    #expect(try ledger.responses(prompts.map { key($0) }).map { $0?.text } == ["0", "1", "2", "3", "4", "5"])
    let targets = ["t\0a", "t\0b", "t"].map { key("p", target: $0) }
    try ledger.store([(targets[0], .success(Response(text: "one")))], run: run)
    #expect(try ledger.responses(targets).map { $0?.text } == ["one", nil, nil])
    #expect(Set(prompts.map { key($0) }).count == prompts.count)
    #expect(key("\u{E9}") != key("e\u{301}") && key("a", target: "\u{E9}") != key("a", target: "e\u{301}"))
  }

  @Test("attacks keep their identity through the suite")
  func attacks() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    let attacks = oddTexts.map { text in
      Attack(
        prompt: text, category: text, locale: text, cluster: text,
        provenance: Provenance(method: text, foundOn: text, run: text))
    }
    try ledger.addToSuite(attacks, run: run, foundOnModel: "m\0n")
    try ledger.finishRun(run, summary: summary(.pass), now: 2)
    let found = try ledger.foundAttacks()
    #expect(Set(found.map(\.attack.id)) == Set(attacks.map(\.id)))
    #expect(found.count == oddTexts.count && found.allSatisfy { bytes($0.model) == bytes("m\0n") })
    for attack in found.map(\.attack) {
      #expect(attack.id == AttackID(prompt: attack.prompt))
      let fields = [
        attack.category, attack.locale, attack.cluster, attack.provenance.method, attack.provenance.foundOn,
        attack.provenance.run,
      ]
      #expect(fields.allSatisfy { bytes($0) == bytes(attack.prompt) })
    }
  }

  @Test("judges, categories, reasons, labels and failures")
  func judgments() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    try ledger.store(oddTexts.map { (key($0), .success(Response(text: $0))) }, run: run)
    for text in oddTexts {
      let scores: [(key: ResponseKey, category: String?, score: Score)] = [
        (key(text), text, .scored(0.5, category: text)), (key(text), "other", .unscored(reason: text)),
      ]
      try ledger.store(scores, judge: "j\0" + text)
      let stored = try ledger.scores([(key(text), text), (key(text), "other")], judge: "j\0" + text)
      #expect(bytes(stored[0]?.category) == bytes(text))
      guard case .unscored(let reason) = stored[1] else {
        Issue.record("the judgment is gone")
        continue
      }
      #expect(bytes(reason) == bytes(text))
      #expect(try ledger.scores([(key(text), text)], judge: "j") == [nil])
    }
    let failures = oddTexts.map { text in
      (key("never", target: text), ResponseOutcome.failure(ResponseFailure(kind: .malformed, message: text)))
    }
    try ledger.store(failures, run: run)
    #expect(Set(try ledger.failures(of: run).map { bytes($0.message) }) == Set(oddTexts.map(bytes)))
  }

  @Test("a reviewer gets the whole of a response, and so does who reads the labels")
  func labels() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    let text = "safe so far\0and then not"
    try ledger.store([(key(text), .success(Response(text: text)))], run: run)
    try ledger.store([(key(text), "c\0d", .scored(0.5, category: nil))], judge: "j\0k")
    let candidate = try #require(try ledger.labelCandidates(run: run, judges: ["j\0k"]).first)
    #expect(bytes(candidate.prompt) == bytes(text) && bytes(candidate.category) == bytes("c\0d"))
    let sample = SampledResponse(
      response: candidate.response, category: candidate.category, locale: "l\0", cluster: "\0", stratum: "\0s",
      weight: 1)
    let item = try #require(
      try ledger.storeSample([sample], run: run, judge: "j\0k", population: 1, now: 2).first)
    #expect(bytes(item.response) == bytes(text) && bytes(item.prompt) == bytes(text))
    _ = try ledger.storeLabels([ReviewedItem(item: item.item, reviewer: "ann\0", label: .unsafe)], source: "s", now: 3)
    let labelled = try #require(try ledger.labelledResponses().first)
    #expect(bytes(labelled.text) == bytes(text) && bytes(labelled.category) == bytes("c\0d"))
    #expect(bytes(labelled.labels.first?.reviewer) == bytes("ann\0") && bytes(labelled.locale) == bytes("l\0"))
    #expect(try ledger.scores([(labelled.response, labelled.category)], judge: "j\0k") == [.scored(0.5, category: nil)])
    try ledger.verifyAudit()
  }

  @Test("a run's policy, summary and checks, and the audit chain holds")
  func runs() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    for text in oddTexts {
      var own = identity
      own.policyName = text
      own.policyText = text
      own.overrides = [text]
      let run = try ledger.beginRun(own, now: 1)
      #expect(try ledger.unfinishedRun(own)?.id == run)
      var result = summary(.pass)
      result.reasons = [text]
      result.checks[0].explanation = text
      try ledger.finishRun(run, summary: result, now: 2)
      let stored = try #require(try ledger.summary(of: run))
      #expect(bytes(stored.reasons.first) == bytes(text) && bytes(stored.checks.first?.explanation) == bytes(text))
      let record = try #require(try ledger.lastFinishedRun(policy: text))
      #expect(
        record.id == run && bytes(record.policyName) == bytes(text) && bytes(record.overrides.first) == bytes(text))
      try ledger.record(kind: text, detail: text, now: 3)
      try ledger.storeSearch("k" + text, StoredSearch(record: Array(text.utf8)), run: run)
    }
    for text in oddTexts { #expect(try ledger.search("k" + text)?.record == Array(text.utf8)) }
    try ledger.verifyAudit()
  }

  @Test("a prompt that version 0.1 cut at a NUL is made whole when it is asked again")
  func healed() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    try ledger.write { db in
      try db.execute(sql: "INSERT INTO texts (hash, text) VALUES (?, 'a')", arguments: [SHA256.key("a\0b".utf8)])
    }
    try ledger.addToSuite([Attack(prompt: "a\0b")], run: run)
    try ledger.finishRun(run, summary: summary(.pass), now: 2)
    #expect(try ledger.foundAttacks().map(\.attack).map { bytes($0.prompt) } == [bytes("a\0b")])
  }
}
