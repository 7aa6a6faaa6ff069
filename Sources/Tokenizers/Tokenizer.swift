import Core

/// Text to token ids and back, for the byte-level BPE, SentencePiece BPE, Unigram and WordPiece tokenizers of checkpoints.
/// Ids equal those of the `tokenizers` library, version for version of Unicode.
public struct Tokenizer: Sendable {
  /// How the text between added tokens is cut and looked up.
  enum Model: Sendable {
    case bytePair(CanonicalComposer?, ByteLevelSplitter, BytePairModel)
    case sentencePiece(BlankMarker, BytePairModel)
    case unigram(TextNormalizer, PieceSplitter, UnigramModel)
    case wordPiece(BertNormalizer, BertSplitter, WordPieceModel)

    /// What stands for text that no token covers; nil where the model has no such token.
    var unknownID: Int? {
      switch self {
      case .bytePair(_, _, let model), .sentencePiece(_, let model): model.unknownID.map { Int($0) }
      case .unigram(_, _, let model): model.unknownID
      case .wordPiece(_, _, let model): model.unknownID
      }
    }

    /// What added tokens that are looked for in normalised text look like there.
    fileprivate func normalized(_ content: String) -> String {
      let bytes = Array(content.utf8)
      return switch self {
      case .bytePair(let composer, _, _): composer.map { String(decoding: $0.compose(bytes), as: UTF8.self) } ?? content
      case .sentencePiece: content
      case .unigram(let normalizer, _, _): String(decoding: normalizer.normalize(bytes), as: UTF8.self)
      case .wordPiece(let normalizer, _, _): String(decoding: normalizer.normalize(bytes), as: UTF8.self)
      }
    }
  }

  /// The stages, shared between copies.
  final class Stages: Sendable {
    let vocabulary: Vocabulary
    let model: Model
    let decoder: TokenDecoder
    let template: SpecialTokenTemplate
    let addedTokens: [AddedToken]
    let specialIDs: Set<Int>
    let matcher: AddedTokenMatcher
    /// Tokens that are looked for after normalisation.
    let normalizedMatcher: AddedTokenMatcher
    /// The texts of those that normalisation changes, by id: text is put together from these.
    let normalizedTokens: [Int: [UInt8]]

    init(
      vocabulary: Vocabulary, model: Model, decoder: TokenDecoder, template: SpecialTokenTemplate,
      addedTokens: [AddedToken]
    ) {
      self.vocabulary = vocabulary
      self.model = model
      self.decoder = decoder
      self.template = template
      self.addedTokens = addedTokens
      specialIDs = Set(addedTokens.filter(\.isSpecial).map(\.id))
      matcher = AddedTokenMatcher(addedTokens.filter { !$0.isNormalized })
      let normalized = addedTokens.filter(\.isNormalized).map { token in
        var token = token
        token.content = model.normalized(token.content)
        return token
      }
      normalizedMatcher = AddedTokenMatcher(normalized)
      normalizedTokens = normalized.reduce(into: [:]) { texts, token in
        let text = Array(token.content.utf8)
        if vocabulary.token(token.id).map({ !$0.elementsEqual(text) }) ?? false { texts[token.id] = text }
      }
    }
  }

  let stages: Stages

  init(stages: Stages) { self.stages = stages }

  /// Rows that an embedding table for this vocabulary needs: the largest id plus one.
  public var vocabularySize: Int { stages.vocabulary.size }

  /// Ids of tokens that aren't text, such as an end-of-text mark.
  public var specialTokenIDs: Set<Int> { stages.specialIDs }

  /// What kind it is, in words.
  public var kind: String {
    switch stages.model {
    case .bytePair: "byte-level BPE"
    case .sentencePiece: "SentencePiece BPE"
    case .unigram: "SentencePiece Unigram"
    case .wordPiece: "WordPiece"
    }
  }

  /// The id that stands for text that no token covers; nil where there is none.
  public var unknownID: Int? { stages.model.unknownID }

  /// The tokens that `encode` puts before and after every text.
  public var surroundings: (before: [String], after: [String]) {
    (stages.template.before.compactMap(token), stages.template.after.compactMap(token))
  }

  /// The id of a token as the vocabulary writes it (`Ġthe`, `##ing`, `<|endoftext|>`), nil where it isn't a token.
  public func id(of token: String) -> Int? { stages.vocabulary.id(of: token.utf8) }

  /// The token of an id as the vocabulary writes it, nil where the id isn't used.
  public func token(of id: Int) -> String? {
    stages.vocabulary.token(id).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The ids of a text. Special tokens that are written literally in the text are recognised.
  /// - Parameters:
  ///   - addingSpecialTokens: put around the text what the checkpoint's template says (`[CLS] … [SEP]`; nothing for
  ///     GPT-2).
  ///   - limit: at most this many ids, the template's included; the text's end is cut off. Nil for no limit.
  public func encode(_ text: String, addingSpecialTokens: Bool = true, limit: Int? = nil) -> [Int] {
    let template = addingSpecialTokens ? stages.template : SpecialTokenTemplate()
    var ids = template.before
    appendBody(Array(text.utf8), to: &ids)
    if let limit { ids.removeLast(max(0, ids.count - max(template.before.count, limit - template.after.count))) }
    return ids + template.after
  }

  /// The text of ids; bytes that aren't UTF-8 become U+FFFD, ids that no token has are left out.
  public func decode(_ ids: [Int], skippingSpecialTokens: Bool = true) -> String {
    stages.decoder.text(tokens(ids, skippingSpecialTokens))
  }

  /// The bytes of ids, for text that arrives token by token: a character's bytes may be split over tokens.
  public func bytes(of ids: [Int], skippingSpecialTokens: Bool = true) -> [UInt8] {
    stages.decoder.bytes(tokens(ids, skippingSpecialTokens))
  }

  private func tokens(_ ids: [Int], _ skipsSpecial: Bool) -> [ArraySlice<UInt8>] {
    ids.compactMap { id in
      if skipsSpecial && stages.specialIDs.contains(id) { return nil }
      return stages.normalizedTokens[id]?[...] ?? stages.vocabulary.token(id)
    }
  }

  private func appendBody(_ text: [UInt8], to ids: inout [Int]) {
    var scratch = BytePairModel.Scratch()
    for piece in stages.matcher.split(text) {
      switch piece {
      case .token(let id): ids.append(id)
      case .text(let range):
        // The common case, no added token in the text, copies nothing.
        let part = range.count == text.count ? text : Array(text[range])
        appendPart(part, isFirst: range.lowerBound == 0, scratch: &scratch, to: &ids)
      }
    }
  }

  private func appendPart(
    _ part: [UInt8], isFirst: Bool, scratch: inout BytePairModel.Scratch, to ids: inout [Int]
  ) {
    let normalized: [UInt8]
    switch stages.model {
    case .bytePair(let composer, _, _): normalized = composer?.compose(part) ?? part
    case .sentencePiece(let marker, _): normalized = marker.mark(part, isFirst: isFirst)
    case .unigram(let normalizer, _, _): normalized = normalizer.normalize(part)
    case .wordPiece(let normalizer, _, _): normalized = normalizer.normalize(part)
    }
    for piece in stages.normalizedMatcher.split(normalized) {
      switch piece {
      case .token(let id): ids.append(id)
      case .text(let range):
        let words = range.count == normalized.count ? normalized : Array(normalized[range])
        switch stages.model {
        case .bytePair(_, let splitter, let model):
          splitter.split(words) { text, word in model.encode(text, word, scratch: &scratch, into: &ids) }
        case .sentencePiece(let marker, let model):
          marker.split(words) { word in model.encode(words, word, scratch: &scratch, into: &ids) }
        case .unigram(_, let splitter, let model):
          splitter.split(words) { text, word in model.encode(text, word, into: &ids) }
        case .wordPiece(_, let splitter, let model):
          splitter.split(words) { word in model.encode(words, word, into: &ids) }
        }
      }
    }
  }
}
