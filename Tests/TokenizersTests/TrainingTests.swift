import Core
import Foundation
import Testing

@testable import Tokenizers

@Suite("Training a byte-level vocabulary")
struct TrainingTests {
  static let specials = ["<|endoftext|>", "<|user|>", "<|assistant|>"]

  static func trained(_ size: Int = 900) throws -> BytePairVocabulary {
    try BytePairTrainer(vocabularySize: size, specialTokens: specials).train(on: Fixtures.corpus())
  }

  @Test("gives the tokens, ids and merges that the reference trainer gives, byte for byte in tokenizer.json")
  func parity() throws {
    let reference = try String(contentsOf: Fixtures.url("byte-level/tokenizer.json"), encoding: .utf8)
    #expect(try TrainingTests.trained().tokenizerJSON == reference)
  }

  @Test("doesn't depend on the order of the corpus")
  func order() throws {
    let trainer = BytePairTrainer(vocabularySize: 500)
    let corpus = try Fixtures.corpus()
    #expect(try trainer.train(on: corpus) == trainer.train(on: corpus.reversed()))
  }

  @Test("special tokens inside the corpus are not words")
  func specialTokensInCorpus() throws {
    let trainer = BytePairTrainer(vocabularySize: 300, specialTokens: ["<|user|>"])
    let plain = try trainer.train(on: ["red red red blue blue"])
    #expect(try trainer.train(on: ["red red red<|user|> blue blue<|user|><|user|>"]) == plain)
    #expect(!plain.merges.isEmpty)
  }

  @Test("stops where no pair is frequent enough")
  func exhausted() throws {
    let vocabulary = try BytePairTrainer(vocabularySize: 10_000).train(on: ["abab abab", "xyz"])
    // ab, abab, and the blank before the second word is there once only.
    #expect(vocabulary.tokens.count == 258)
    #expect(vocabulary.tokens.suffix(2) == ["ab", "abab"])
  }

  @Test("overlapping pairs merge from the left", arguments: [("aaa", ["aa"]), ("aaaa", ["aa", "aaaa"])])
  func overlaps(text: String, learned: [String]) throws {
    let vocabulary = try BytePairTrainer(vocabularySize: 300).train(on: [text, text])
    #expect(Array(vocabulary.tokens.dropFirst(256).prefix(learned.count)) == learned)
  }

  @Test("sizes and special tokens that can't work are errors of use")
  func refusals() throws {
    for trainer in [
      BytePairTrainer(vocabularySize: 255), BytePairTrainer(vocabularySize: 256, specialTokens: ["<|a|>"]),
      BytePairTrainer(vocabularySize: Int.max),
      BytePairTrainer(vocabularySize: 400, specialTokens: ["<|a|>", "<|a|>"]),
      BytePairTrainer(vocabularySize: 400, specialTokens: [""]),
      BytePairTrainer(vocabularySize: 400, specialTokens: ["a"]),
    ] {
      let error = #expect(throws: SluiceError.self) { try trainer.train(on: ["text"]) }
      #expect(error?.exitCode == .usage)
    }
  }

  @Test("a written folder loads as the same tokenizer, and any text survives it")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    let vocabulary = try TrainingTests.trained(400)
    try vocabulary.write(folder: folder.path, endOfText: "<|endoftext|>")
    let loaded = try Tokenizer.load(folder: folder.path)
    let direct = try vocabulary.tokenizer()
    #expect(loaded.vocabularySize == 400)
    #expect(loaded.specialTokenIDs == [0, 1, 2])
    for text in try Goldens.load().texts {
      let ids = loaded.encode(text)
      #expect(ids == direct.encode(text))
      #expect(loaded.decode(ids, skippingSpecialTokens: false).hasSameScalars(as: text))
    }
  }
}
