/// What a file that isn't JSON says about a tokenizer: tokens by id and what they are (GGUF's conventions).
public struct VocabularyParts: Sendable {
  /// What a token is, numbered as GGUF does.
  public enum Kind: Int, Sendable {
    /// Ordinary text.
    case normal = 1
    /// Stands for text that the vocabulary lacks.
    case unknown = 2
    /// A mark of the model's own, as the end of a text.
    case control = 3
    /// Added in the model's training; split off before anything else.
    case userDefined = 4
    /// Never made.
    case unused = 5
    /// One byte, as `<0x0A>`.
    case byte = 6
  }

  /// What is wrong with them.
  public struct Fault: Error, Hashable, Sendable {
    /// The fault, for an error that names the file.
    public let message: String

    /// Takes a sentence without a full stop.
    public init(_ message: String) { self.message = message }
  }

  /// By id, as the vocabulary writes them.
  public let tokens: [String]
  /// By id; missing ones are normal.
  public let kinds: [Kind]
  /// The token for unknown text; nil where the vocabulary has none.
  public let unknownID: Int?
  /// Ids that stand around every text.
  public let before: [Int]
  /// Ids that stand after every text.
  public let after: [Int]

  public init(tokens: [String], kinds: [Kind], unknownID: Int?, before: [Int], after: [Int]) {
    self.tokens = tokens
    self.kinds = kinds
    self.unknownID = unknownID
    self.before = before
    self.after = after
  }

  func kind(_ id: Int) -> Kind { kinds.indices.contains(id) ? kinds[id] : .normal }

  func vocabulary() throws -> Vocabulary {
    guard !tokens.isEmpty else { throw Fault("the tokenizer has no tokens") }
    var vocabulary = Vocabulary()
    for (id, token) in tokens.enumerated() {
      guard vocabulary.insert(token.utf8, id: id) else { throw Fault("the token \(quoted(token)) is there twice") }
    }
    return vocabulary
  }

  /// Tokens that are looked for in the text itself.
  func addedTokens() throws -> [AddedToken] {
    try tokens.indices.compactMap { id in
      let kind = kind(id)
      guard kind == .control || kind == .userDefined || kind == .unknown, !tokens[id].isEmpty else { return nil }
      guard tokens[id].utf8.count <= AddedTokenMatcher.maximumLength else {
        throw Fault("an added token of \(tokens[id].utf8.count) bytes")
      }
      return AddedToken(id: id, content: tokens[id], isSpecial: kind != .userDefined)
    }
  }

  var template: SpecialTokenTemplate { SpecialTokenTemplate(before: before, after: after) }
}

extension Tokenizer {
  /// A SentencePiece tokenizer from scores.
  ///
  /// - Parameters:
  ///   - scores: by id; the higher, the earlier a merge that makes the token.
  ///   - addsPrefix: a blank before every text.
  public static func sentencePiece(
    _ parts: VocabularyParts, scores: [Float], addsPrefix: Bool
  ) throws -> Tokenizer {
    guard scores.count == parts.tokens.count else {
      throw VocabularyParts.Fault("\(scores.count) scores for \(parts.tokens.count) tokens")
    }
    guard !scores.contains(where: \.isNaN) else { throw VocabularyParts.Fault("a token's score is no number") }
    let vocabulary = try parts.vocabulary()
    let mergeable = scores.indices.map { id -> Float? in
      switch parts.kind(id) {
      case .normal, .userDefined, .unused: scores[id]
      case .unknown, .control, .byte: nil
      }
    }
    var marker = BlankMarker()
    marker.prefix = addsPrefix ? .always : .never
    return Tokenizer(
      stages: Stages(
        vocabulary: vocabulary,
        model: .sentencePiece(
          marker, BytePairBuilder(vocabulary: vocabulary).model(scores: mergeable, unknownID: parts.unknownID)),
        decoder: .sentencePiece(stripsBlank: addsPrefix), template: parts.template,
        addedTokens: try parts.addedTokens()))
  }

  /// A byte-level tokenizer.
  ///
  /// - Parameters:
  ///   - merges: `left right`, in order.
  ///   - preTokenizer: how text is cut into words, by llama.cpp's names.
  public static func byteLevel(
    _ parts: VocabularyParts, merges: [String], preTokenizer: String
  ) throws -> Tokenizer {
    var splitter = ByteLevelSplitter()
    var composer: CanonicalComposer?
    var takesWholeWords = false
    switch preTokenizer {
    case "gpt-2": break
    case "smollm": splitter.digits = .single
    case "llama-bpe", "llama3", "llama-v3":
      splitter.pattern = .modern(digits: 3)
      takesWholeWords = true
    case "qwen2":
      splitter.pattern = .modern(digits: 1)
      composer = CanonicalComposer()
    default:
      throw VocabularyParts.Fault(
        "the pre-tokenizer \(quoted(preTokenizer)) is not supported: gpt-2, smollm, llama-bpe and qwen2 are")
    }
    let pairs = try merges.enumerated().map { index, merge in
      let parts = merge.unicodeScalars.split(separator: " ").map(String.init)
      guard parts.count == 2 else { throw VocabularyParts.Fault("merge \(index) isn't two tokens: \(quoted(merge))") }
      return (left: parts[0], right: parts[1])
    }
    let vocabulary = try parts.vocabulary()
    let model = try BytePairBuilder(vocabulary: vocabulary).model(
      merges: pairs, unknownID: nil, fusesUnknown: false, ignoresMergesForWords: takesWholeWords
    ) { index, message in VocabularyParts.Fault("merge \(index): \(message)") }
    return Tokenizer(
      stages: Stages(
        vocabulary: vocabulary, model: .bytePair(composer, splitter, model), decoder: .byteLevel,
        template: parts.template, addedTokens: try parts.addedTokens()))
  }
}
