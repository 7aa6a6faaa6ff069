import Testing

@testable import Tokenizers

@Suite("Ids and text equal the reference implementation's")
struct ParityTests {
  static let names = [
    "byte-level", "prefixed", "word-piece", "word-piece-cased", "llama3", "qwen2", "gemma", "llama2", "xlm-roberta",
    "xlm-roberta-spm", "deberta", "deberta-spm", "deberta-spm-split", "unigram-bytes", "modernbert",
  ]

  /// The goldens that hold a tokenizer.
  static func goldens(_ name: String) throws -> Goldens {
    let main = try Goldens.load()
    return main.tokenizers[name] == nil ? try Goldens.load("unigram_goldens.json") : main
  }

  @Test("encoding", arguments: names)
  func encoding(name: String) throws {
    let goldens = try Self.goldens(name)
    let recorded = try #require(goldens.tokenizers[name])
    let tokenizer = try Fixtures.tokenizer(name)
    for (text, ids) in zip(goldens.texts, recorded.ids) {
      #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)")
    }
  }

  @Test("decoding without special tokens", arguments: names)
  func decoding(name: String) throws {
    let recorded = try #require(try Self.goldens(name).tokenizers[name])
    let tokenizer = try Fixtures.tokenizer(name)
    for (ids, text) in zip(recorded.ids, recorded.decoded) {
      #expect(tokenizer.decode(ids).hasSameScalars(as: text), "\(ids)")
    }
  }

  @Test("decoding ids that no text has, with U+FFFD for broken UTF-8", arguments: names)
  func decodingDrawnIDs(name: String) throws {
    let recorded = try #require(try Self.goldens(name).tokenizers[name])
    let tokenizer = try Fixtures.tokenizer(name)
    for (ids, text) in zip(recorded.drawn, recorded.drawnDecoded) {
      #expect(tokenizer.decode(ids, skippingSpecialTokens: false).hasSameScalars(as: text), "\(ids)")
    }
  }

  @Test("very long input", arguments: names)
  func longInput(name: String) throws {
    let goldens = try Self.goldens(name)
    let recorded = try #require(goldens.tokenizers[name])
    let tokenizer = try Fixtures.tokenizer(name)
    for (long, digest) in zip(goldens.long, recorded.long) {
      let ids = tokenizer.encode(String(repeating: long.unit, count: long.count))
      #expect(Goldens.Digest(ids) == digest, "\(long.count) × \(long.unit.debugDescription)")
    }
  }

  @Test("vocab.json with merges.txt, and vocab.txt, are the same tokenizers", arguments: ["byte-level", "word-piece"])
  func legacyFiles(name: String) throws {
    let goldens = try Self.goldens(name)
    let recorded = try #require(goldens.tokenizers[name])
    let tokenizer = try Fixtures.tokenizer(name + "-legacy")
    for (text, ids) in zip(goldens.texts, recorded.ids) {
      #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)")
    }
  }
}
