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
    let rows = keys.map { ledger.prompts[$0.prompt] }
    #expect(Set(rows.compactMap(\.self)).count == 3)
    #expect(ledger.prompts["nothing"] == nil)
    #expect(
      try ledger.scores(keys.map { ($0, nil) }, judge: "j") == [0.1, 0.2, 0.3].map { .scored($0, category: nil) })
    try ledger.record(kind: "k", detail: "d", now: 2)
    #expect(ledger.prompts[keys[0].prompt] == nil)
    #expect(try ledger.scores([(keys[1], nil)], judge: "j") == [.scored(0.2, category: nil)])
  }

  @Test("The last two generations are kept, and older ones go")
  func generations() {
    let known = KnownPrompts()
    for number in 0..<(1 << 16) { known.remember("\(number)", row: Int64(number)) }
    #expect(known["0"] == 0 && known["65535"] == 65_535)
    known.remember("one more", row: -1)
    #expect(known["0"] == nil && known["32767"] == nil)
    #expect(known["32768"] == 32_768 && known["one more"] == -1)
    known.forget()
    #expect(known["65535"] == nil && known["one more"] == nil)
  }

  @Test("A reader, whose rows another process may change, remembers none")
  func readers() throws {
    let place = Place()
    do {
      let ledger = try Ledger(path: place.path)
      let run = try ledger.beginRun(identity, now: 1)
      try ledger.store([(key("a"), .success(Response(text: "re")))], run: run)
    }
    let reader = try Ledger(path: place.path, readOnly: true)
    #expect(try reader.responses([key("a")]).first??.text == "re")
    #expect(reader.prompts["a"] == nil)
  }
}
