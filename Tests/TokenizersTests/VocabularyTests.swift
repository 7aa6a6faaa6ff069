import Testing

@testable import Tokenizers

@Suite("A vocabulary")
struct VocabularyTests {
  @Test("tells apart tokens that Swift's strings call equal")
  func canonicalEquivalence() {
    var vocabulary = Vocabulary()
    #expect("\u{e9}" == "e\u{301}")
    let inserted = [vocabulary.insert("\u{e9}".utf8, id: 0), vocabulary.insert("e\u{301}".utf8, id: 1)]
    #expect(inserted == [true, true])
    #expect(vocabulary.id(of: "e\u{301}".utf8) == 1)
  }

  @Test("refuses a token or an id twice, and ids that no table could hold")
  func refusals() {
    var vocabulary = Vocabulary()
    let inserted = [("a", 7), ("a", 8), ("b", 7), ("b", -1), ("b", Int.max)].map { token, id in
      vocabulary.insert(token.utf8, id: id)
    }
    #expect(inserted == [true, false, false, false, false])
    #expect(vocabulary.count == 1)
    #expect(vocabulary.size == 8)
  }

  @Test("finds each of 50,000 tokens again, and nothing else")
  func large() {
    var vocabulary = Vocabulary()
    for id in 0..<50_000 { _ = vocabulary.insert("token\(id * 7)".utf8, id: id) }
    #expect(vocabulary.count == 50_000)
    for id in 0..<50_000 { #expect(vocabulary.id(of: "token\(id * 7)".utf8) == id) }
    #expect(vocabulary.id(of: "token1".utf8) == nil)
    #expect(vocabulary.token(10).map { String(decoding: $0, as: UTF8.self) } == "token70")
  }
}
