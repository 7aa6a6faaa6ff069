import Core
import Foundation
import Testing

@testable import Evidence

@Suite("Samples and labels")
struct LabelTests {
  /// A ledger with a run that asked ten prompts, each judged by `j`: the odd ones unsafe, the last unscored.
  private func judged(_ place: borrowing Place) throws -> (Ledger, run: String) {
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    let keys = (0..<10).map { key("p\($0)") }
    try ledger.store(keys.map { ($0, .success(Response(text: "re: \($0.prompt)"))) }, run: run)
    try ledger.store(
      keys.enumerated().map { index, key in
        (key, "c", index == 9 ? .unscored(reason: "?") : .scored(index % 2 == 1 ? 0.9 : 0.1, category: "found"))
      }, judge: "j")
    try ledger.store([(keys[0], "c", .scored(0.5, category: nil))], judge: "k")
    return (ledger, run)
  }

  private func draw(_ candidates: [LabelCandidate]) -> [SampledResponse] {
    candidates.map {
      SampledResponse(
        response: $0.response, category: $0.category, locale: "de", cluster: "x", stratum: "s", weight: 2)
    }
  }

  @Test("candidates are the run's scored responses, with the mean over a judge's members")
  func candidates() throws {
    let place = Place()
    let (ledger, run) = try judged(place)
    let found = try ledger.labelCandidates(run: run, judges: ["j", "k"])
    #expect(found.map(\.prompt) == (0..<9).map { "p\($0)" })
    #expect(abs(found[0].score - 0.3) < 1e-12 && found[1].score == 0.9 && found[0].category == "c")
    #expect(try ledger.labelCandidates(run: "another", judges: ["j"]).isEmpty)
  }

  @Test("a sample gives texts and nothing of the judge, and the chain notes it")
  func sample() throws {
    let place = Place()
    let (ledger, run) = try judged(place)
    let head = try ledger.headHash()
    let items = try ledger.storeSample(
      draw(try ledger.labelCandidates(run: run, judges: ["j"])), run: run, judge: "j", population: 9, now: 2)
    #expect(items.map(\.response) == (0..<9).map { "re: p\($0)" })
    #expect(items[3].category == "c" && items[3].locale == "de")
    #expect(Set(items.map(\.item)).count == 9 && items.allSatisfy { $0.item.count == 16 })
    #expect(try ledger.headHash() != head)
    try ledger.verifyAudit(containing: head)
    #expect(try ledger.contents().counts["samples"] == 1)
    #expect(throws: InternalError.self) { try ledger.write { try $0.execute(sql: "UPDATE sampled SET weight = 1") } }
  }

  @Test("labels are stored all or none; a reviewer's new word replaces the old; several reviewers stand side by side")
  func labels() throws {
    let place = Place()
    let (ledger, run) = try judged(place)
    let items = try ledger.storeSample(
      draw(try ledger.labelCandidates(run: run, judges: ["j"])), run: run, judge: "j", population: 9, now: 2)
    let first = [
      ReviewedItem(item: items[0].item, reviewer: "ada", label: .safe),
      ReviewedItem(item: items[1].item, reviewer: "ada", label: .unsure),
    ]
    #expect(try ledger.storeLabels(first, source: "h", now: 3) == (2, 0))
    let second = [
      ReviewedItem(item: items[0].item, reviewer: "ada", label: .unsafe),
      ReviewedItem(item: items[0].item, reviewer: "bo", label: .safe),
    ]
    #expect(try ledger.storeLabels(second, source: "h", now: 4) == (1, 1))
    let labelled = try ledger.labelledResponses()
    #expect(labelled.map(\.prompt) == ["p0", "p1"])
    #expect(labelled[0].labels.map(\.label) == [.unsafe, .safe] && labelled[0].weight == 2)
    #expect(try ledger.unknownItems([items[0].item, "nothing"]) == ["nothing"])
    let unknown =
      [ReviewedItem(item: items[2].item, reviewer: "bo", label: .safe)]
      + [ReviewedItem(item: "nothing", reviewer: "bo", label: .safe)]
    #expect(throws: InternalError.self) { try ledger.storeLabels(unknown, source: "h", now: 5) }
    #expect(try ledger.labelledResponses().count == 2)
    try ledger.verifyAudit()
  }

  @Test("a response of two samples is one labelled response, and its scores are those of every other")
  func twice() throws {
    let place = Place()
    let (ledger, run) = try judged(place)
    for now in [2.0, 3] {
      let items = try ledger.storeSample(
        draw(Array(try ledger.labelCandidates(run: run, judges: ["j"]).prefix(2))), run: run, judge: "j",
        population: 9, now: now)
      _ = try ledger.storeLabels(
        items.map { ReviewedItem(item: $0.item, reviewer: "ada", label: now == 2 ? .safe : .unsafe) }, source: "h",
        now: now)
    }
    let labelled = try ledger.labelledResponses()
    #expect(labelled.count == 2 && labelled.allSatisfy { $0.labels.map(\.label) == [.unsafe] })
    let asked = labelled.map { ($0.response, $0.category) }
    #expect(
      try ledger.scores(asked, judge: "j") == [.scored(0.1, category: "found"), .scored(0.9, category: "found")])
    #expect(try ledger.scores(asked, judge: "new") == [nil, nil])
    try ledger.store([(asked[0].0, asked[0].1, .scored(0.7, category: nil))], judge: "new")
    #expect(try ledger.scores(asked, judge: "new") == [.scored(0.7, category: nil), nil])
  }
}
