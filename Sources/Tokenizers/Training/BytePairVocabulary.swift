import Core
import Foundation

/// A trained byte-level BPE vocabulary.
public struct BytePairVocabulary: Hashable, Sendable {
  /// Two tokens that become one.
  public struct Merge: Hashable, Sendable {
    /// The token before the seam.
    public let left: String
    /// The token behind it.
    public let right: String
  }

  /// By id, in GPT-2's alphabet for bytes.
  public let tokens: [String]
  /// First to last.
  public let merges: [Merge]
  /// Marks of a model's own, which no text is split into.
  public let specialTokens: [String]
  /// Whether a blank is put before every text.
  public let addsPrefixSpace: Bool

  /// `tokenizer.json` as the `tokenizers` library writes it.
  public var tokenizerJSON: String {
    func byteLevel(prefixSpace: Bool, trimsOffsets: Bool) -> JSON {
      .object([
        JSON.Member("type", .string("ByteLevel")), JSON.Member("add_prefix_space", .bool(prefixSpace)),
        JSON.Member("trim_offsets", .bool(trimsOffsets)), JSON.Member("use_regex", .bool(true)),
      ])
    }
    let added = specialTokens.enumerated().map { id, token in
      JSON.object([
        JSON.Member("id", .integer(id)), JSON.Member("content", .string(token)),
        JSON.Member("single_word", .bool(false)), JSON.Member("lstrip", .bool(false)),
        JSON.Member("rstrip", .bool(false)), JSON.Member("normalized", .bool(false)),
        JSON.Member("special", .bool(true)),
      ])
    }
    let model: [JSON.Member] = [
      JSON.Member("type", .string("BPE")), JSON.Member("dropout", .null), JSON.Member("unk_token", .null),
      JSON.Member("continuing_subword_prefix", .null), JSON.Member("end_of_word_suffix", .null),
      JSON.Member("fuse_unk", .bool(false)), JSON.Member("byte_fallback", .bool(false)),
      JSON.Member("ignore_merges", .bool(false)),
      JSON.Member("vocab", .object(tokens.enumerated().map { JSON.Member($0.element, .integer($0.offset)) })),
      JSON.Member("merges", .array(merges.map { .array([.string($0.left), .string($0.right)]) })),
    ]
    return JSON.object([
      JSON.Member("version", .string("1.0")), JSON.Member("truncation", .null), JSON.Member("padding", .null),
      JSON.Member("added_tokens", .array(added)), JSON.Member("normalizer", .null),
      JSON.Member("pre_tokenizer", byteLevel(prefixSpace: addsPrefixSpace, trimsOffsets: true)),
      JSON.Member("post_processor", byteLevel(prefixSpace: true, trimsOffsets: false)),
      JSON.Member("decoder", byteLevel(prefixSpace: true, trimsOffsets: true)),
      JSON.Member("model", .object(model)),
    ]).serialized()
  }

  /// The tokenizer itself; equal to loading `tokenizerJSON`.
  public func tokenizer() throws -> Tokenizer {
    try TokenizerFile.load(bytes: Array(tokenizerJSON.utf8), name: "tokenizer.json")
  }

  /// Writes `tokenizer.json` and `tokenizer_config.json` into a folder, for Sluice, `tokenizers` and transformers.
  /// - Parameter endOfText: the special token that ends a text, nil for none.
  /// - Throws: `SluiceError` (exit 64) where a file can't be written.
  public func write(folder: String, endOfText: String? = nil) throws {
    var settings = [
      JSON.Member("add_prefix_space", .bool(addsPrefixSpace)),
      JSON.Member("clean_up_tokenization_spaces", .bool(false)),
    ]
    if let endOfText { settings.append(JSON.Member("eos_token", .string(endOfText))) }
    settings.append(JSON.Member("tokenizer_class", .string("PreTrainedTokenizerFast")))
    for (name, text) in [
      ("tokenizer.json", tokenizerJSON), ("tokenizer_config.json", JSON.object(settings).serialized(indent: 2) + "\n"),
    ] {
      let path = folder + "/" + name
      try OutputFile.makeFolder(of: path, what: name)
      try OutputFile.write(Array(text.utf8), to: path, what: name)
    }
  }
}
