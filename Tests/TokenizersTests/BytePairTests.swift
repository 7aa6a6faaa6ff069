import Core
import Testing

@testable import Tokenizers

@Suite("Byte-pair encoding")
struct BytePairTests {
  @Test("the queue merges as the plain scan does, for words of any length and with overlapping pairs")
  func queueEqualsScan() {
    var random = SeededGenerator(seed: 3)
    // A random merge table over few symbols, so that nearly every pair merges and results collide.
    for _ in 0..<60 {
      var table = MergeTable()
      for rank in 0..<40 {
        let pair = (Int32.random(in: 0..<12, using: &random), Int32.random(in: 0..<12, using: &random))
        let merge = Merge(rank: UInt32(rank), id: Int32.random(in: 3..<12, using: &random))
        if table[pair.0, pair.1] == nil { table.set(pair.0, pair.1, merge) }
      }
      let model = BytePairModel(
        merges: .listed(table), byteIDs: [], unknownID: nil, fusesUnknown: false, wholeWords: nil)
      for length in [0, 1, 2, 3, 17, 64, 200] {
        var scan = BytePairModel.Scratch()
        scan.tokens = (0..<length).map { _ in Int32.random(in: 0..<3, using: &random) }
        var queue = scan
        model.mergeByScan(&scan)
        model.mergeByQueue(&queue)
        #expect(scan.tokens == queue.tokens)
      }
    }
  }

  @Test("merges by what two tokens spell are those of a table of all cuts of all tokens, whatever the scores")
  func spelledEqualsTable() {
    var random = SeededGenerator(seed: 11)
    let letters = ["a", "b", "é", "e\u{301}", "▁", "<0x41>", "🙂"]
    for round in 0..<40 {
      var vocabulary = Vocabulary()
      var scores: [Float?] = []
      for _ in 0..<120 {
        let count = Int.random(in: 0...5, using: &random)
        let token = (0..<count).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] }.joined()
        // Few scores, so that many are equal; some tokens are made by no merge.
        let score: Float? =
          Int.random(in: 0..<5, using: &random) == 0 ? nil : -Float(Int.random(in: 0..<20, using: &random))
        if vocabulary.insert(token.utf8, id: scores.count) { scores.append(score) }
      }
      let model = BytePairBuilder(vocabulary: vocabulary).model(scores: scores, unknownID: nil)
      let distinct = Set(scores.compactMap { $0 }).sorted(by: >)
      var made = 0
      for left in scores.indices {
        for right in scores.indices {
          guard let first = vocabulary.token(left), let second = vocabulary.token(right), !first.isEmpty,
            !second.isEmpty
          else { continue }
          var expected: Merge?
          if let id = vocabulary.id(of: Array(first) + Array(second)), let score = scores[id] {
            expected = distinct.firstIndex(of: score).map { Merge(rank: UInt32($0), id: Int32(id)) }
          }
          made += expected == nil ? 0 : 1
          #expect(model.merges[Int32(left), Int32(right)] == expected, "round \(round): \(left) \(right)")
        }
      }
      #expect(made > 0)
      #expect(model.merges[Int32(scores.count), 0] == nil)
      for length in [2, 5, 30, 90] {
        var scan = BytePairModel.Scratch()
        scan.tokens = (0..<length).map { _ in Int32.random(in: 0..<Int32(scores.count), using: &random) }
        var queue = scan
        model.mergeByScan(&scan)
        model.mergeByQueue(&queue)
        #expect(scan.tokens == queue.tokens)
      }
    }
  }

  @Test("one word of 2 MB takes seconds at most: no step is quadratic", .timeLimit(.minutes(1)))
  func hugeWord() throws {
    for (name, unit) in [
      ("byte-level", "a"), ("byte-level", "<|endoftext|"), ("prefixed", "refund des"), ("word-piece", "é"),
    ] {
      let tokenizer = try Fixtures.tokenizer(name)
      let text = String(repeating: unit, count: 2_000_000 / unit.utf8.count)
      #expect(!tokenizer.encode(text).isEmpty)
    }
  }

  @Test("every byte sequence survives, and broken UTF-8 becomes U+FFFD only in text")
  func bytes() throws {
    let tokenizer = try Fixtures.tokenizer("byte-level")
    let ids = (0...255).compactMap { tokenizer.id(of: String(ByteAlphabet.characters[$0])) }
    #expect(tokenizer.bytes(of: ids) == Array(0...255))
    #expect(tokenizer.decode([ids[0xc3]]) == "\u{fffd}")
    #expect(tokenizer.decode([ids[0xc3], ids[0xa9]]) == "é")
  }

  @Test("a limit cuts the text, not the special tokens around it")
  func limit() throws {
    let tokenizer = try Fixtures.tokenizer("word-piece")
    let all = tokenizer.encode("the keeper of the lighthouse")
    let cut = tokenizer.encode("the keeper of the lighthouse", limit: 4)
    #expect(cut == [all[0], all[1], all[2], all[all.count - 1]])
    #expect(tokenizer.encode("the keeper", limit: 0) == [all[0], all[all.count - 1]])
    #expect(tokenizer.encode("the keeper", limit: 99) == tokenizer.encode("the keeper"))
    #expect(
      tokenizer.encode("the keeper", addingSpecialTokens: false)
        == tokenizer.encode("the keeper").dropFirst().dropLast())
  }

  @Test("ids that no token has are left out, special tokens on request")
  func decoding() throws {
    let tokenizer = try Fixtures.tokenizer("byte-level")
    let ids = tokenizer.encode("<|user|>keeper")
    #expect(tokenizer.specialTokenIDs == [0, 1, 2])
    #expect(tokenizer.decode([-1, 1 << 40, tokenizer.vocabularySize] + ids) == "keeper")
    #expect(tokenizer.decode(ids, skippingSpecialTokens: false) == "<|user|>keeper")
    #expect(tokenizer.token(of: 1) == "<|user|>")
    #expect(tokenizer.id(of: "<|nobody|>") == nil)
  }

  @Test("bytes that the vocabulary lacks are unknown, or vanish where there is no token for them")
  func missingBytes() throws {
    func load(_ settings: String) throws -> Tokenizer {
      let text =
        #"{"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"#
        + #""model":{"type":"BPE",\#(settings)"vocab":{"a":0,"b":1,"ab":2,"?":3},"merges":["a b"]}}"#
      return try TokenizerFile.load(bytes: Array(text.utf8), name: "tokenizer.json")
    }
    #expect(try load("").encode("abxyab") == [2, 2])
    #expect(try load(#""unk_token":"?","#).encode("abxyab") == [2, 3, 3, 2])
    #expect(try load(#""unk_token":"?","fuse_unk":true,"#).encode("abxyab") == [2, 3, 2])
  }

  @Test("whole words are taken before merges where the file says so")
  func wholeWords() throws {
    let text =
      #"{"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"model":{"type":"BPE","ignore_merges":true,"#
      + #""vocab":{"a":0,"b":1,"aba":2,"Ġ":3,"Ġaba":4},"merges":[]}}"#
    let tokenizer = try TokenizerFile.load(bytes: Array(text.utf8), name: "tokenizer.json")
    #expect(tokenizer.encode("aba aba ab") == [2, 4, 3, 0, 1])
  }
}
