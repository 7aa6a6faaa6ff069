import Core
import Statistics
import Testing

@testable import Decisions

@Suite("Attacks by wording")
struct WordingUnitsTests {
  private func row(_ prompt: String, wording: CompactName? = nil, unsafe: Int = 0, of responses: Int = 3) -> ReplayRow {
    ReplayRow(
      attack: SuiteAttack(attack: Attack(prompt: prompt), foundOn: nil, wording: wording),
      candidate: (0..<responses).map { .judged(unsafe: $0 < unsafe, probability: $0 < unsafe ? 1 : 0) }, baseline: nil)
  }

  @Test("A wording stands where its first row does, and has all its rows in their order")
  func groups() {
    let rows = [
      row("a", wording: "x"), row("b", wording: "y"), row("c", wording: "x"), row("d"), row("e", wording: "y"),
      row("f", wording: "x"),
    ]
    let units = WordingUnits(rows)
    #expect(units.map { $0.map(\.attack.attack.prompt) } == [["a", "c", "f"], ["b", "e"], ["d"]])
    #expect(units.count == 3)
  }

  @Test("Rows that are not meant are in no unit, and leave no empty one")
  func meant() {
    let rows = [row("a", wording: "x"), row("b", wording: "y"), row("c", wording: "x")]
    #expect(WordingUnits(rows) { $0.attack.attack.prompt != "a" }.map { $0.count } == [1, 1])
    #expect(WordingUnits(rows) { $0.attack.wording == "x" }.map { $0.count } == [2])
    #expect(WordingUnits(rows) { _ in false }.isEmpty && WordingUnits([]).isEmpty)
  }

  @Test("A rate's unit counts the responses of all copies, and one without responses is none")
  func rates() {
    let rows = [row("a", wording: "x", unsafe: 3), row("b", wording: "x", unsafe: 0), row("c", of: 0)]
    let units = WordingUnits(rows).rates(\.candidate)
    #expect(units.map(\.value) == [0.5] && units.map(\.responses) == [6])
  }

  @Test("Clusters are as large as the wordings in them")
  func sizes() {
    func attack(_ prompt: String, _ wording: CompactName, _ unit: CompactName) -> SuiteAttack {
      SuiteAttack(attack: Attack(prompt: prompt), foundOn: nil, wording: wording, unit: unit)
    }
    let sizes = ClusterSizes([
      attack("a", "x", "one"), attack("b", "x", "one"), attack("c", "y", "one"), attack("d", "z", "two"),
    ])
    #expect(sizes.smallest == 1 && sizes.largest == 2 && ClusterSizes([]).largest == nil)
  }
}

@Suite("What a run holds for each response")
struct ObservationSizeTests {
  @Test("An observation takes three words, and an attack of the suite ten")
  func sizes() {
    #expect(MemoryLayout<Observation>.stride <= 24)
    #expect(MemoryLayout<SuiteAttack>.stride <= 80)
    #expect(MemoryLayout<ReplayRow>.stride <= 112)
  }

  @Test("An observation says what it was made with, and is equal to one that says the same")
  func values() {
    let seen = Observation.judged(unsafe: true, probability: 0.75, category: "passphrase")
    #expect(seen.kind == .judged && seen.isUnsafe == true && seen.probability == 0.75 && seen.category == "passphrase")
    #expect(seen.reason == nil && seen == .judged(unsafe: true, probability: 0.75, category: "passphrase"))
    #expect(seen != .judged(unsafe: true, probability: 0.75) && seen != .judged(unsafe: true, probability: 0.5))
    let failed = Observation.failed("503")
    #expect(failed.isUnsafe == nil && failed.probability == nil && failed.reason == "503" && failed.category == nil)
    #expect(failed == .failed("503") && failed != .failed("502") && failed != .unscored("503"))
    #expect(Set([failed, .failed("503"), .missing, .missing]).count == 2)
    var cut = failed
    cut.isCut = true
    #expect(cut != failed)
  }
}
