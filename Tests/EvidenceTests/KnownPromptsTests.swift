import Core
import Testing

@testable import Evidence

@Suite("Prompts that were just looked up")
struct KnownPromptsTests {
  @Test("They are told apart by their bytes, and forgotten with the next write")
  func apart() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    let keys = ["caf\u{E9}", "cafe\u{301}", "cafe"].map { key($0) }
    try ledger.store(keys.map { ($0, .success(Response(text: "re"))) }, run: run)
    try ledger.store(
      zip(keys, [0.1, 0.2, 0.3]).map { ($0, nil, .scored($1, category: nil)) }, judge: "j")
    #expect(try ledger.responses(keys).compactMap(\.self).count == 3)
    let rows = keys.map { ledger.prompts.rows[$0.prompt] }
    #expect(Set(rows.compactMap(\.self)).count == 3)
    #expect(ledger.prompts.rows["nothing"] == nil)
    #expect(
      try ledger.scores(keys.map { ($0, nil) }, judge: "j") == [0.1, 0.2, 0.3].map { .scored($0, category: nil) })
    try ledger.record(kind: "k", detail: "d", now: 2)
    #expect(ledger.prompts.rows[keys[0].prompt] == nil)
    #expect(try ledger.scores([(keys[1], nil)], judge: "j") == [.scored(0.2, category: nil)])
  }
}
