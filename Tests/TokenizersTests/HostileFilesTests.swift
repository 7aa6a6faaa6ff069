import Core
import Foundation
import Testing

@testable import Tokenizers

@Suite("A malformed tokenizer is an error of use that says what and where")
struct HostileFilesTests {
  static let levels = #""pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false}"#
  static let pieces = #""pre_tokenizer":{"type":"BertPreTokenizer"}"#

  private static func charsMap(_ base64: String) -> String {
    #"{"normalizer":{"type":"Precompiled","precompiled_charsmap":"\#(base64)"},"#
      + #""model":{"type":"Unigram","unk_id":0,"vocab":[["a",0]]}}"#
  }

  /// `tokenizer.json` and what the message must say.
  static let documents: [(String, String)] = [
    ("", "the JSON ends too early"), ("[]", "expected an object, found an array"), ("{}", "the key 'model' is missing"),
    (String(repeating: "[", count: 200_000), "nested deeper than 64"), ("{\"a\":\"\u{1}\"}", "a control character"),
    (#"{"model":{},"model":{}}"#, "the key 'model' is there twice"), (#"{"model":7}"#, "model: expected an object"),
    (#"{"model":{"type":"WordLevel","vocab":{}}}"#, "model: the model 'WordLevel' isn't supported"),
    (#"{"model":{"type":"Unigram","vocab":[]}}"#, "model: the key 'unk_id' is missing"),
    (#"{"model":{"type":"Unigram","unk_id":0,"vocab":[]}}"#, "model.vocab: the vocabulary is empty"),
    (#"{"model":{"type":"Unigram","unk_id":0,"vocab":{"a":0}}}"#, "model.vocab: expected a list, found an object"),
    (#"{"model":{"type":"Unigram","unk_id":1,"vocab":[["a",0]]}}"#, "the unknown token's id 1 isn't one of 1"),
    (#"{"model":{"type":"Unigram","unk_id":-1,"vocab":[["a",0]]}}"#, "model.unk_id: -1 isn't from 0 to"),
    (#"{"model":{"type":"Unigram","unk_id":0,"vocab":[["a","0"]]}}"#, "model.vocab[0]: expected a token and its score"),
    (#"{"model":{"type":"Unigram","unk_id":0,"vocab":[["a",0],["a",1]]}}"#, "the token 'a' is there twice"),
    (
      #"{"model":{"unk_id":0,"vocab":[["\#(String(repeating: "x", count: 2000))",0]]}}"#,
      "token 0 has 2000 bytes; at most 1024 are read"
    ),
    (
      #"{"normalizer":{"type":"NFKD"},"model":{"type":"Unigram","unk_id":0,"vocab":[["a",0]]}}"#,
      "normalizer: this setting 'NFKD' isn't supported for Unigram"
    ),
    (
      #"{"normalizer":{"type":"Replace","pattern":{"Regex":"a+"},"content":""},"#
        + #""model":{"type":"Unigram","unk_id":0,"vocab":[["a",0]]}}"#,
      "normalizer: this setting 'Replace' isn't supported for Unigram"
    ),
    (
      #"{"pre_tokenizer":{"type":"Metaspace","prepend_scheme":"first"},"#
        + #""model":{"type":"Unigram","unk_id":0,"vocab":[["a",0]]}}"#,
      "pre_tokenizer: this setting 'Metaspace' isn't supported for Unigram"
    ),
    (charsMap("?"), "normalizer.precompiled_charsmap: this isn't Base64"),
    (charsMap("AAA="), "a character map of 2 bytes is cut off"),
    (charsMap("AAAAAA=="), "the character map's trie of 0 bytes doesn't fit its 4 bytes"),
    (charsMap("/////w=="), "the character map's trie of 4294967295 bytes doesn't fit its 4 bytes"),
    // One unit, whose children would be far behind the end.
    (charsMap("BAAAAAD8//8="), "the character map's trie leads out of itself"),
    (#"{"model":{"type":1}}"#, "model.type: expected a string, found a number"),
    (#"{"model":{"type":"BPE"}}"#, "model: the key 'vocab' is missing"),
    (#"{"model":{"type":"BPE","vocab":{}}}"#, "model.vocab: the vocabulary is empty"),
    (#"{"model":{"type":"BPE","vocab":["a"]}}"#, "model.vocab: expected an object, found an array"),
    (#"{"model":{"type":"BPE","vocab":{"a":"0"}}}"#, "model.vocab: the id of 'a' isn't an integer"),
    (#"{"model":{"type":"BPE","vocab":{"a":-1}}}"#, "model.vocab: the id of 'a' isn't an integer"),
    (#"{"model":{"type":"BPE","vocab":{"a":9000000000000}}}"#, "model.vocab: the id of 'a' isn't an integer"),
    (#"{"model":{"type":"BPE","vocab":{"a":0,"b":0}}}"#, "the id 0 of 'b' belongs to another token too"),
    (#"{"model":{"type":"BPE","vocab":{"a":0}}}"#, "model: the key 'merges' is missing"),
    (#"{"model":{"type":"BPE","vocab":{"a":0},"merges":{}}}"#, "model.merges: expected a list"),
    (#"{"model":{"type":"BPE","vocab":{"a":0},"merges":["a"]}}"#, "model.merges[0]: expected two tokens"),
    (#"{"model":{"type":"BPE","vocab":{"a":0},"merges":[["a",1]]}}"#, "model.merges[0]: expected two tokens"),
    (#"{"model":{"type":"BPE","vocab":{"a":0},"merges":["a a"]}}"#, "model.merges[0]: the merged token 'aa' isn't in"),
    (#"{"model":{"type":"BPE","vocab":{"a":0},"merges":["a z"]}}"#, "model.merges[0]: 'z' isn't in the vocabulary"),
    (#"{"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}"#, "the key 'pre_tokenizer' is missing"),
    (
      #"{"pre_tokenizer":{"type":"Metaspace","replacement":"_"},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}"#,
      "pre_tokenizer: this setting 'Metaspace' isn't supported"
    ),
    (
      #"{"pre_tokenizer":{"type":"Sequence","pretokenizers":[]},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}"#,
      "pre_tokenizer: no ByteLevel step"
    ),
    (
      #"{\#(levels),"model":{"type":"BPE","byte_fallback":true,"vocab":{"a":0},"merges":[]}}"#,
      "pre_tokenizer: this setting 'ByteLevel' isn't supported"
    ),
    (
      #"{\#(levels),"model":{"type":"BPE","dropout":0.1,"vocab":{"a":0},"merges":[]}}"#,
      "model.dropout: this setting isn't supported"
    ),
    (
      #"{\#(levels),"model":{"type":"BPE","unk_token":"?","vocab":{"a":0},"merges":[]}}"#,
      "model.unk_token: '?' isn't in the vocabulary"
    ),
    (
      #"{\#(levels),"normalizer":{"type":"NFKC"},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}"#,
      "normalizer: this setting 'NFKC' isn't supported"
    ),
    (
      #"{\#(levels),"added_tokens":[{"id":0,"content":"<x>"}],"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}"#,
      "added_tokens[0]: the id 0 of '<x>' belongs to another token too"
    ),
    (
      #"{\#(levels),"added_tokens":[{"id":5,"content":"a"}],"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}"#,
      "added_tokens[0]: 'a' has the id 5 here and 0 in the vocabulary"
    ),
    (
      #"{\#(levels),"added_tokens":[{"id":5}],"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}"#,
      "added_tokens[0]: the key 'content' is missing"
    ),
    (
      #"{\#(levels),"added_tokens":[{"id":5,"content":"\#(String(repeating: "x", count: 2000))"}],"#
        + #""model":{"type":"BPE","vocab":{"a":0},"merges":[]}}"#,
      "an added token of 2000 bytes; at most 1024"
    ),
    (
      #"{\#(levels),"post_processor":{"type":"BertProcessing","sep":["a",0],"cls":["b",7]},"#
        + #""model":{"type":"BPE","vocab":{"a":0},"merges":[]}}"#,
      "post_processor.cls[1]: no token has the id 7"
    ),
    (
      #"{\#(levels),"post_processor":{"type":"TemplateProcessing","single":[]},"#
        + #""model":{"type":"BPE","vocab":{"a":0},"merges":[]}}"#,
      "post_processor: the template doesn't hold the text"
    ),
    (
      #"{\#(pieces),"model":{"type":"WordPiece","vocab":{"a":0}}}"#,
      "model: the unknown token '[UNK]' isn't in the vocabulary"
    ),
    (
      #"{\#(pieces),"model":{"type":"WordPiece","max_input_chars_per_word":1000000000,"vocab":{"[UNK]":0}}}"#,
      "model.max_input_chars_per_word: 1000000000 isn't from 1 to 10000"
    ),
    (
      #"{\#(levels),"model":{"type":"WordPiece","vocab":{"[UNK]":0}}}"#,
      "pre_tokenizer: this setting 'ByteLevel' isn't supported for WordPiece"
    ),
  ]

  @Test("in tokenizer.json", arguments: documents)
  func document(text: String, message: String) throws {
    let folder = try TemporaryFolder()
    try folder.write(text, as: "tokenizer.json")
    let error = #expect(throws: SluiceError.self) { try Tokenizer.load(folder: folder.path) }
    #expect(error?.exitCode == .usage)
    #expect(error?.location?.file == folder.path + "/tokenizer.json")
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "none")")
  }

  @Test("in bytes that aren't UTF-8")
  func notUTF8() throws {
    let folder = try TemporaryFolder()
    try folder.write(Array(#"{"model":""#.utf8) + [0xff, 0xfe] + Array(#""}"#.utf8), as: "tokenizer.json")
    let error = #expect(throws: SluiceError.self) { try Tokenizer.load(folder: folder.path) }
    #expect(error?.message == "a string that isn't UTF-8")
    #expect(error?.location?.column == 10)
  }

  @Test("in merges.txt, by line")
  func mergesLine() throws {
    let folder = try TemporaryFolder()
    try folder.write(#"{"a":0,"b":1,"ab":2}"#, as: "vocab.json")
    for (merges, line, message) in [
      ("#version: 0.2\na b\nb\n", 3, "expected two tokens and a blank between them"),
      ("a b\n\nb a\n", 3, "the merged token 'ba' isn't in the vocabulary"),
    ] {
      try folder.write(merges, as: "merges.txt")
      let error = #expect(throws: SluiceError.self) { try Tokenizer.load(folder: folder.path) }
      #expect(error?.location == SourceLocation(file: folder.path + "/merges.txt", line: line))
      #expect(error?.message == message)
    }
  }

  @Test("in vocab.txt, by line")
  func vocabularyLine() throws {
    let folder = try TemporaryFolder()
    try folder.write("[UNK]\n[CLS]\n[SEP]\na\na\n", as: "vocab.txt")
    let twice = #expect(throws: SluiceError.self) { try Tokenizer.load(folder: folder.path) }
    #expect(twice?.location?.line == 5)
    try folder.write("[UNK]\n[CLS]\na\n", as: "vocab.txt")
    let absent = #expect(throws: SluiceError.self) { try Tokenizer.load(folder: folder.path) }
    #expect(absent?.message == "no [SEP] in the vocabulary")
  }

  @Test("where there are no files at all, with a remedy")
  func noFiles() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: SluiceError.self) { try Tokenizer.load(folder: folder.path) }
    #expect(error?.exitCode == .usage)
    #expect(error?.remedy != nil)
  }

  @Test(
    "truncations and 400 random mutations either load and encode or are refused",
    arguments: ["prefixed", "word-piece", "xlm-roberta", "deberta", "unigram-bytes"])
  func mutations(name: String) throws {
    let original = try TokenizerText.read(Fixtures.folder(name) + "/tokenizer.json")
    var random = SeededGenerator(seed: 23, stream: name)
    var refused = 0
    func tryLoading(_ bytes: [UInt8]) throws {
      do {
        let tokenizer = try TokenizerFile.load(bytes: bytes, name: "tokenizer.json")
        let ids = tokenizer.encode("The keeper's 17 café <mask> 🙂 refund desk\u{0301}")
        _ = tokenizer.decode(ids)
      } catch let error as SluiceError {
        #expect(error.exitCode == .usage)
        refused += 1
      }
    }
    var cuts = 0
    for length in stride(from: 0, to: original.count, by: 97) {
      try tryLoading(Array(original[..<length]))
      cuts += 1
    }
    #expect(refused == cuts)
    let interesting = Array("0123456789[]{},:\"-\\ul".utf8)
    for _ in 0..<400 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        // The settings come first; half of the changes go there.
        let end = Bool.random(using: &random) ? min(2_000, bytes.count) : bytes.count
        let position = Int.random(in: 0..<end, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[position] = UInt8.random(in: 0...255, using: &random)
        case 2: bytes.remove(at: position)
        default: bytes.insert(interesting.randomElement(using: &random) ?? 0, at: position)
        }
      }
      try tryLoading(bytes)
    }
    #expect(refused > cuts + 100)
  }

  @Test(
    "300 random changes to each of the older files either load and encode or are refused",
    arguments: [
      ("byte-level-legacy", ["vocab.json", "merges.txt", "special_tokens_map.json"]),
      ("word-piece-legacy", ["vocab.txt"]), ("xlm-roberta-spm", ["sentencepiece.bpe.model"]),
      ("deberta-spm-split", ["spm.model", "tokenizer_config.json"]),
    ])
  func olderFiles(name: String, files: [String]) throws {
    let folder = try TemporaryFolder()
    let originals = try files.map { try TokenizerText.read(Fixtures.folder(name) + "/" + $0) }
    var random = SeededGenerator(seed: 29, stream: name)
    for (changed, original) in originals.enumerated() {
      for (file, bytes) in zip(files, originals) { try folder.write(bytes, as: file) }
      for _ in 0..<300 {
        var bytes = original
        for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
          let position = Int.random(in: 0..<bytes.count, using: &random)
          switch Int.random(in: 0..<5, using: &random) {
          case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
          case 1: bytes[position] = UInt8.random(in: 0...255, using: &random)
          case 2: bytes.remove(at: position)
          case 3: bytes = Array(bytes[..<max(1, position)])
          default: bytes.insert(contentsOf: Array("\n ".utf8), at: position)
          }
        }
        try folder.write(bytes, as: files[changed])
        do {
          let tokenizer = try Tokenizer.load(folder: folder.path)
          let ids = tokenizer.encode("The keeper's 17 café 🙂 refund desk\u{0301}")
          #expect(ids.allSatisfy { (0..<tokenizer.vocabularySize).contains($0) })
          _ = tokenizer.decode(ids)
        } catch let error as SluiceError {
          #expect(error.exitCode == .usage && error.location?.file.hasPrefix(folder.path) == true)
        }
      }
    }
  }

  @Test("2,000 random changes to a map of characters either load and replace or are refused, whatever the text")
  func characterMaps() throws {
    let root = try JSONField(file: Fixtures.folder("xlm-roberta") + "/tokenizer.json")
    let encoded = try #require(root.value["normalizer"]?["precompiled_charsmap"]?.string)
    let original = Array(try #require(Data(base64Encoded: encoded)))
    #expect(try CharacterMap(original).replace(in: Array("ﬁne Ａ e\u{301}".utf8)) == Array("fine A é".utf8))
    let text = Array(
      ((0x1..<0x3000).compactMap(Unicode.Scalar.init).reduce(into: "") { $0.unicodeScalars.append($1) }).utf8)
    var random = SeededGenerator(seed: 31)
    var (refused, read) = (0, 0)
    for _ in 0..<2_000 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let position = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[position] = UInt8.random(in: 0...255, using: &random)
        default: bytes = Array(bytes[..<position])
        }
      }
      do {
        let replaced = try CharacterMap(bytes).replace(in: text)
        #expect(String(validating: replaced, as: UTF8.self) != nil)
        read += 1
      } catch is CharacterMap.Fault {
        refused += 1
      }
    }
    #expect(refused > 100 && read > 100)
  }

  @Test("SentencePiece models of other kinds and names are refused with what to do")
  func otherModels() throws {
    let folder = try TemporaryFolder()
    try folder.write([], as: "tokenizer.model")
    let name = #expect(throws: SluiceError.self) { try Tokenizer.load(folder: folder.path) }
    #expect(name?.exitCode == .usage && name?.remedy?.contains("tokenizer.json") == true)
    // Field 2 (training), in it field 3 (kind) = 2: byte pairs; then one piece.
    for (bytes, message) in [
      ([0x12, 0x02, 0x18, 0x02, 0x0a, 0x03, 0x0a, 0x01, 0x61], "a SentencePiece model of kind BPE isn't read"),
      ([0x1a, 0x02, 0x18, 0x00, 0x0a, 0x03, 0x0a, 0x01, 0x61], "add_dummy_prefix: false isn't supported"),
      ([0x0a, 0x05, 0x0a, 0x01, 0x61], "a field runs past the end at byte 2"),
      ([0x0b], "a field of type 3 at byte 0"),
      ([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "a number of more than 64 bits at byte 10"),
      ([], "no pieces"),
    ] as [([UInt8], String)] {
      try folder.write(bytes, as: "spm.model")
      let error = #expect(throws: SluiceError.self) { try Tokenizer.load(folder: folder.path) }
      #expect(error?.exitCode == .usage && error?.location?.file == folder.path + "/spm.model")
      #expect(error?.message.contains(message) == true, "\(error?.message ?? "none")")
    }
  }
}
