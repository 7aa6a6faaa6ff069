import Core
import Foundation
import GRDB
import Testing

@testable import Evidence

@Suite("Reviews in the ledger")
struct ReviewTests {
  private static let who = LedgerActor(user: "u", host: "h", name: "ada")

  /// A ledger whose run asked five prompts, the first two with one answer, all in a sample.
  private func sampled(_ place: borrowing Place, key source: LedgerKeySource? = nil) throws -> (Ledger, ReviewSample) {
    let ledger = try Ledger(path: place.path, key: source)
    let run = try ledger.beginRun(identity, now: 1)
    let keys = (0..<5).map { key("planted prompt \($0)") }
    try ledger.store(keys.map { ($0, .success(Response(text: "planted answer"))) }, run: run)
    try ledger.store(
      keys.enumerated().map { index, key in (key, "c", .scored(index < 2 ? 0.9 : 0.1, category: nil)) }, judge: "j")
    let drawn = try ledger.labelCandidates(run: run, judges: ["j"]).map {
      SampledResponse(
        response: $0.response, category: $0.category, locale: nil, cluster: "x", stratum: "s", weight: 1)
    }
    _ = try ledger.storeSample(drawn, run: run, judge: "j", population: 5, now: 2)
    let number = try #require(try ledger.newestSample(of: run))
    #expect(try ledger.newestSample(of: "another") == nil)
    return (ledger, try ledger.reviewSample(number))
  }

  private func reread(_ ledger: Ledger, _ sample: ReviewSample) throws -> ReviewSample {
    try ledger.reviewSample(sample.number)
  }

  @Test("A sample has equal texts by equal rows, in an order that goes with neither row nor score")
  func sample() throws {
    let place = Place()
    let (ledger, sample) = try sampled(place)
    #expect(sample.items.count == 5 && Set(sample.items.map(\.text)).count == 1)
    #expect(Set(sample.items.map(\.prompt)).count == 5)
    #expect(sample.items.map(\.item) == sample.items.map(\.item).sorted())
    let texts = try ledger.texts(of: sample.items[0])
    #expect(texts.prompt.hasPrefix("planted prompt") && texts.response == "planted answer")
    let run = AnswersOfRun(
      run: sample.run, models: [.init(role: "candidate", fingerprint: "t")], judges: ["j"], confirming: ["j"],
      rule: VerdictRule(judge: "j", threshold: 0.5))
    let verdicts = try ledger.verdicts(of: run, sample: sample.number)
    #expect(verdicts.count == 5 && verdicts.values.count { $0 } == 2)
  }

  @Test("Labels, notes and what settles are stored, taken back and audited with the person's name, and the chain holds")
  func acts() throws {
    let place = Place()
    let (ledger, sample) = try sampled(place)
    let items = sample.items.map(\.item)
    func said(_ index: Int, _ label: ReviewerLabel, by reviewer: String = "ada") -> ReviewedItem {
      ReviewedItem(item: items[index], reviewer: reviewer, label: label)
    }
    try ledger.label([said(0, .unsafe), said(1, .unsafe)], note: "an odd one", who: Self.who, now: 3)
    try ledger.label([said(0, .safe, by: "bo")], note: nil, who: Self.who, now: 4)
    #expect(try reread(ledger, sample).labels.count == 3)
    #expect(try ledger.notes(of: items[0]).map(\.note) == ["an odd one"])
    try ledger.adjudicate([said(0, .safe, by: "cy")], who: Self.who, now: 5)
    let labelled = try ledger.labelledResponses()
    #expect(labelled.compactMap(\.settled) == [.safe])
    #expect(labelled.first { $0.settled != nil }?.labels.count == 2)
    try ledger.adjudicate([said(0, .unsure, by: "di")], who: Self.who, now: 6)
    #expect(try reread(ledger, sample).adjudications.map(\.label) == [.unsure])
    try ledger.withdraw([said(0, .unsafe), said(1, .unsafe)], who: Self.who, now: 7)
    #expect(try reread(ledger, sample).labels.map(\.reviewer) == ["bo"])
    #expect(try ledger.notes(of: items[0]).isEmpty)
    let events = try ledger.events(limit: 20)
    #expect(
      events.map(\.kind).suffix(5) == ["labelled", "labelled", "adjudicated", "adjudicated", "label withdrawn"])
    #expect(events.suffix(5).allSatisfy { $0.detail.contains(#""name":"ada""#) })
    // What was said stays between the reviewer and the rows.
    #expect(!events.suffix(5).contains { $0.detail.contains("unsafe") })
    #expect(try ledger.verification().findings.isEmpty)
    try ledger.write { try $0.execute(sql: "UPDATE labels SET label = 'unsafe'") }
    #expect(try ledger.verification().findings.isEmpty)
  }

  @Test("Notes are sealed with the rest, and a purge takes them with their responses")
  func notes() throws {
    let place = Place()
    try FileManager.default.createDirectory(atPath: place.folder, withIntermediateDirectories: true)
    let file = place.folder + "/key"
    try Data(String(repeating: "a7", count: 32).utf8).write(to: URL(fileURLWithPath: file))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
    do {
      let (ledger, sample) = try sampled(place, key: .file(file))
      let item = ReviewedItem(item: sample.items[0].item, reviewer: "ada", label: .safe)
      try ledger.label([item], note: "planted note 17", who: Self.who, now: 3)
      #expect(try ledger.notes(of: item.item).map(\.note) == ["planted note 17"])
      #expect(try ledger.verification().findings.isEmpty)
    }
    func holds(_ text: String) throws -> Bool {
      let folder = place.path.folderOfPath
      return try FileManager.default.contentsOfDirectory(atPath: folder).contains { name in
        try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)).range(of: Data(text.utf8)) != nil
      }
    }
    #expect(try !holds("planted"))
    let act = LedgerAct(who: Self.who, reason: nil, subject: "s")
    try Ledger.unseal(path: place.path, key: .file(file), act: act, now: 4)
    #expect(try holds("planted note 17"))
    try Ledger.seal(path: place.path, key: .file(file), act: act, now: 5)
    #expect(try !holds("planted"))
    let ledger = try Ledger(path: place.path, key: .file(file))
    let run = try #require(try ledger.runs().first?.id)
    _ = try ledger.purge(
      .run(run), keepsSuite: false, eraser: SearchEraser(record: { _, _, _ in .same }, state: { _, _ in .same }),
      act: act, now: 6)
    let sample = try ledger.reviewSample(try #require(try ledger.newestSample(of: run)))
    #expect(sample.items.isEmpty && sample.labels.count == 1)
    #expect(try ledger.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM labelNotes") } == 0)
    #expect(try ledger.verification().findings.isEmpty)
  }
}
