import Core

/// Reads `tokenizer.json`, the serialisation of the Hugging Face `tokenizers` library. What Sluice can't reproduce
/// exactly is refused by name: other ids than the model was trained on would look like a worse model.
enum TokenizerFile {
  static func load(_ path: String) throws -> Tokenizer {
    try load(bytes: try TokenizerText.read(path), name: path)
  }

  /// - Parameter name: what messages call the file.
  static func load(bytes: [UInt8], name: String) throws -> Tokenizer {
    let root = try JSONField(bytes: bytes, file: name)
    guard root.value.members != nil else { throw root.wrongType("an object") }
    let model = try root.required("model")
    // Older files leave the type out.
    let isList = model.optional("vocab")?.value.array != nil
    let type =
      try model.optional("type")?.string()
      ?? (model.optional("merges") != nil ? "BPE" : isList ? "Unigram" : "WordPiece")
    switch type {
    case "BPE": return try bytePair(root, model)
    case "Unigram": return try unigram(root, model)
    case "WordPiece": return try wordPiece(root, model)
    default:
      throw model.error(
        "the model \(quoted(type)) isn't supported",
        remedy: "Byte-level BPE, SentencePiece BPE, Unigram and WordPiece tokenizers are.")
    }
  }

  // MARK: - BPE

  private static func bytePair(_ root: JSONField, _ model: JSONField) throws -> Tokenizer {
    let isSentencePiece = try SentencePieceReader.applies(root, model)
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
      if let field = model.optional(key), try !field.string().isEmpty {
        throw unsupported(field, for: "BPE")
      }
    }
    if let dropout = model.optional("dropout"), dropout.value.double != 0 { throw unsupported(dropout, for: "a gate") }
    var vocabulary = try vocabulary(model)
    let unknown = try unknownID(model, vocabulary)
    let merges = try model.required("merges")
    let bytePair = try BytePairBuilder(vocabulary: vocabulary).model(
      merges: try pairs(merges), unknownID: unknown, fusesUnknown: model.bool("fuse_unk", default: false),
      ignoresMergesForWords: !isSentencePiece && model.bool("ignore_merges", default: false),
      startsFromCharacters: isSentencePiece
    ) { index, message in
      JSONField(value: .null, name: "\(merges.name)[\(index)]", file: merges.file).error(message)
    }
    let added = try addedTokens(root, &vocabulary)
    let template = try TemplateReader.template(root.optional("post_processor"), vocabulary)
    if isSentencePiece {
      let marker = try SentencePieceReader.marker(root)
      return Tokenizer(
        stages: Tokenizer.Stages(
          vocabulary: vocabulary, model: .sentencePiece(marker, bytePair),
          decoder: try SentencePieceReader.decoder(root, marker), template: template, addedTokens: added))
    }
    let composer = try root.optional("normalizer").map(composer)
    let splitter = try byteLevelSplitter(try root.required("pre_tokenizer"))
    if let decoder = root.optional("decoder"), try decoder.type() != "ByteLevel" {
      throw unsupported(decoder, for: "byte-level BPE")
    }
    return Tokenizer(
      stages: Tokenizer.Stages(
        vocabulary: vocabulary, model: .bytePair(composer, splitter, bytePair), decoder: .byteLevel,
        template: template, addedTokens: added))
  }

  /// The one normaliser that byte-level tokenizers have (Qwen).
  private static func composer(_ field: JSONField) throws -> CanonicalComposer {
    guard try field.type() == "NFC" else { throw unsupported(field, for: "byte-level BPE") }
    return CanonicalComposer()
  }

  private static func byteLevelSplitter(_ field: JSONField) throws -> ByteLevelSplitter {
    var splitter = ByteLevelSplitter()
    let steps = try field.type() == "Sequence" ? try field.required("pretokenizers").elements() : [field]
    var isByteLevel = false
    // What `ByteLevel` without a pattern of its own is left with.
    var regex: ByteLevelPattern?
    for step in steps {
      switch try step.type() {
      case "Digits" where !isByteLevel && splitter.digits == .untouched:
        splitter.digits = try step.bool("individual_digits", default: false) ? .single : .together
      case "Split" where !isByteLevel && regex == nil && splitter.digits == .untouched:
        regex = try splitPattern(step)
      case "ByteLevel" where !isByteLevel:
        isByteLevel = true
        splitter.addsPrefixSpace = try step.bool("add_prefix_space", default: true)
        guard try step.bool("use_regex", default: true) else {
          splitter.pattern = regex
          break
        }
        if regex != nil { throw unsupported(step, for: "byte-level BPE after a Split step") }
      default: throw unsupported(step, for: "byte-level BPE")
      }
    }
    guard isByteLevel else { throw field.error("no ByteLevel step: only byte-level BPE is supported") }
    return splitter
  }

  /// A `Split` step that cuts by one of the known expressions.
  private static func splitPattern(_ step: JSONField) throws -> ByteLevelPattern {
    guard try step.string("behavior", default: "") == "Isolated", try !step.bool("invert", default: false),
      let regex = try step.required("pattern").optional("Regex"),
      let pattern = ByteLevelPattern(regex: try regex.string())
    else { throw unsupported(step, for: "byte-level BPE") }
    return pattern
  }

  /// Merges as `"a b"` or, since version 0.20 of the library, `["a", "b"]`.
  private static func pairs(_ field: JSONField) throws -> [(left: String, right: String)] {
    guard let merges = field.value.array else { throw field.wrongType("a list") }
    return try merges.enumerated().map { index, merge in
      let parts: [String]
      switch merge {
      case .string(let text): parts = text.unicodeScalars.split(separator: " ").map(String.init)
      case .array(let values): parts = values.compactMap(\.string)
      default: parts = []
      }
      guard parts.count == 2 else {
        throw JSONField(value: merge, name: "\(field.name)[\(index)]", file: field.file).error("expected two tokens")
      }
      return (parts[0], parts[1])
    }
  }

  // MARK: - Unigram

  private static func unigram(_ root: JSONField, _ model: JSONField) throws -> Tokenizer {
    let unigram = try UnigramReader.model(model)
    var vocabulary = unigram.tokens
    let added = try addedTokens(root, &vocabulary)
    return Tokenizer(
      stages: Tokenizer.Stages(
        vocabulary: vocabulary,
        model: .unigram(
          try UnigramReader.normalizer(root.optional("normalizer")),
          try UnigramReader.splitter(root.optional("pre_tokenizer")), unigram),
        decoder: try UnigramReader.decoder(root.optional("decoder")),
        template: try TemplateReader.template(root.optional("post_processor"), vocabulary), addedTokens: added))
  }

  // MARK: - WordPiece

  private static func wordPiece(_ root: JSONField, _ model: JSONField) throws -> Tokenizer {
    var vocabulary = try vocabulary(model)
    let unknownToken = try model.string("unk_token", default: "[UNK]")
    guard let unknown = vocabulary.id(of: unknownToken.utf8) else {
      throw model.error("the unknown token \(quoted(unknownToken)) isn't in the vocabulary")
    }
    let continuation = Array(try model.string("continuing_subword_prefix", default: "##").utf8)
    let maximum = try model.optional("max_input_chars_per_word")?.integer(in: 1...10_000) ?? 100
    let wordPiece = WordPieceModel(
      vocabulary: vocabulary, unknownID: unknown, continuation: continuation, maximumCharacters: maximum)

    let splitter = try root.required("pre_tokenizer")
    guard try splitter.type() == "BertPreTokenizer" else { throw unsupported(splitter, for: "WordPiece") }
    let normalizer =
      try root.optional("normalizer").map(bertNormalizer)
      ?? BertNormalizer(cleansText: false, separatesIdeographs: false, stripsAccents: false, lowercases: false)
    var cleansUp = true
    if let decoder = root.optional("decoder") {
      guard try decoder.type() == "WordPiece" else { throw unsupported(decoder, for: "WordPiece") }
      cleansUp = try decoder.bool("cleanup", default: true)
    }
    let added = try addedTokens(root, &vocabulary)
    return Tokenizer(
      stages: Tokenizer.Stages(
        vocabulary: vocabulary, model: .wordPiece(normalizer, BertSplitter(), wordPiece),
        decoder: .wordPiece(prefix: continuation, cleansUp: cleansUp),
        template: try TemplateReader.template(root.optional("post_processor"), vocabulary), addedTokens: added))
  }

  private static func bertNormalizer(_ field: JSONField) throws -> BertNormalizer {
    guard try field.type() == "BertNormalizer" else { throw unsupported(field, for: "WordPiece") }
    let lowercases = try field.bool("lowercase", default: true)
    return BertNormalizer(
      cleansText: try field.bool("clean_text", default: true),
      separatesIdeographs: try field.bool("handle_chinese_chars", default: true),
      // Left open, accents follow the case.
      stripsAccents: try field.bool("strip_accents", default: lowercases), lowercases: lowercases)
  }

  // MARK: - All

  private static func vocabulary(_ model: JSONField) throws -> Vocabulary {
    let field = try model.required("vocab")
    return try VocabularyReader.vocabulary(field)
  }

  private static func unknownID(_ model: JSONField, _ vocabulary: Vocabulary) throws -> Int? {
    guard let field = model.optional("unk_token") else { return nil }
    let token = try field.string()
    if token.isEmpty { return nil }
    guard let id = vocabulary.id(of: token.utf8) else { throw field.error("\(quoted(token)) isn't in the vocabulary") }
    return id
  }

  /// Reads `added_tokens` and adds to the vocabulary those that it lacks.
  private static func addedTokens(_ root: JSONField, _ vocabulary: inout Vocabulary) throws -> [AddedToken] {
    guard let field = root.optional("added_tokens") else { return [] }
    var tokens: [AddedToken] = []
    for element in try field.elements() {
      let content = try element.required("content").string()
      if content.isEmpty { continue }
      let id = try element.required("id").integer(in: 0...Vocabulary.maximumID)
      try VocabularyReader.add(content, id: id, to: &vocabulary, element)
      let isSpecial = try element.bool("special", default: false)
      tokens.append(
        AddedToken(
          id: id, content: content, isSpecial: isSpecial,
          isNormalized: try element.bool("normalized", default: !isSpecial),
          stripsLeft: try element.bool("lstrip", default: false),
          stripsRight: try element.bool("rstrip", default: false),
          isSingleWord: try element.bool("single_word", default: false)))
    }
    return tokens
  }

  static func unsupported(_ field: JSONField, for purpose: String) -> SluiceError {
    let type = field.optional("type")?.value.string.map { " \(quoted($0))" } ?? ""
    return field.error(
      "this setting\(type) isn't supported for \(purpose)",
      remedy:
        "Sluice reads byte-level BPE, SentencePiece BPE, Unigram and WordPiece as GPT-2, Llama, Qwen, Gemma, "
        + "XLM-RoBERTa, DeBERTa and BERT have them.")
  }
}
