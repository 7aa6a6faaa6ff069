import Core

extension Tokenizer {
  /// Loads the tokenizer of a checkpoint folder: `tokenizer.json`, else `vocab.json` with `merges.txt` (GPT-2, RoBERTa),
  /// else `vocab.txt` (BERT), else a SentencePiece model (`sentencepiece.bpe.model` of XLM-RoBERTa, `spm.model` of
  /// DeBERTa v2 and v3).
  /// - Throws: `SluiceError` (exit 64) that names the file and what in it is wrong.
  public static func load(folder: String) throws -> Tokenizer {
    if TokenizerText.exists(folder + "/tokenizer.json") { return try TokenizerFile.load(folder + "/tokenizer.json") }
    if TokenizerText.exists(folder + "/vocab.json") { return try TokenizerFolder(folder).bytePair() }
    if TokenizerText.exists(folder + "/vocab.txt") { return try TokenizerFolder(folder).wordPiece() }
    if TokenizerText.exists(folder + "/sentencepiece.bpe.model") { return try TokenizerFolder(folder).fairseqUnigram() }
    if TokenizerText.exists(folder + "/spm.model") { return try TokenizerFolder(folder).unigram() }
    if TokenizerText.exists(folder + "/tokenizer.model") {
      throw SluiceError.badInput(
        "a SentencePiece model of this name isn't read: it doesn't say which special tokens go with it",
        file: folder + "/tokenizer.model",
        remedy: "Save the tokenizer as tokenizer.json beside the weights: load it with transformers' AutoTokenizer and "
          + "call save_pretrained.")
    }
    throw SluiceError.badInput(
      "no tokenizer.json, vocab.json, vocab.txt or SentencePiece model in the checkpoint folder", file: folder,
      remedy: "Copy the tokenizer's files beside the weights.")
  }
}

/// The files from before `tokenizer.json`.
private struct TokenizerFolder {
  let folder: String
  /// `tokenizer_config.json`, where there is one.
  let settings: JSONField?

  init(_ folder: String) throws {
    self.folder = folder
    let path = folder + "/tokenizer_config.json"
    settings = TokenizerText.exists(path) ? try JSONField(file: path) : nil
  }

  func bytePair() throws -> Tokenizer {
    var vocabulary = try VocabularyReader.vocabulary(JSONField(file: folder + "/vocab.json"))
    let mergesPath = folder + "/merges.txt"
    var merges: [(left: String, right: String)] = []
    var lineNumbers: [Int] = []
    for (index, line) in try TokenizerText.lines(mergesPath).enumerated() {
      if line.isEmpty || (index == 0 && line.hasPrefix("#version")) { continue }
      let parts = line.unicodeScalars.split(separator: " ").map(String.init)
      guard parts.count == 2 else {
        throw SluiceError.badInput("expected two tokens and a blank between them", file: mergesPath, line: index + 1)
      }
      merges.append((parts[0], parts[1]))
      lineNumbers.append(index + 1)
    }
    let model = try BytePairBuilder(vocabulary: vocabulary).model(
      merges: merges, unknownID: nil, fusesUnknown: false, ignoresMergesForWords: false
    ) { index, message in SluiceError.badInput(message, file: mergesPath, line: lineNumbers[index]) }
    let added = try addedTokens(&vocabulary, always: ["<|endoftext|>"])
    var template = SpecialTokenTemplate()
    if try settings?.string("tokenizer_class", default: "").hasPrefix("Roberta") == true,
      let start = vocabulary.id(of: "<s>".utf8), let end = vocabulary.id(of: "</s>".utf8)
    {
      template = SpecialTokenTemplate(before: [start], after: [end])
    }
    let splitter = ByteLevelSplitter(addsPrefixSpace: try settings?.bool("add_prefix_space", default: false) ?? false)
    return Tokenizer(
      stages: Tokenizer.Stages(
        vocabulary: vocabulary, model: .bytePair(nil, splitter, model), decoder: .byteLevel, template: template,
        addedTokens: added))
  }

  func wordPiece() throws -> Tokenizer {
    let path = folder + "/vocab.txt"
    var vocabulary = Vocabulary()
    for (index, token) in try TokenizerText.lines(path).enumerated() {
      guard index <= Vocabulary.maximumID, vocabulary.insert(token.utf8, id: index) else {
        throw SluiceError.badInput("\(quoted(token)) is there twice", file: path, line: index + 1)
      }
    }
    func id(_ token: String) throws -> Int {
      guard let id = vocabulary.id(of: token.utf8) else {
        throw SluiceError.badInput("no \(token) in the vocabulary", file: path)
      }
      return id
    }
    let template = SpecialTokenTemplate(before: [try id("[CLS]")], after: [try id("[SEP]")])
    let model = WordPieceModel(vocabulary: vocabulary, unknownID: try id("[UNK]"))
    let lowercases = try settings?.bool("do_lower_case", default: true) ?? true
    let normalizer = BertNormalizer(
      separatesIdeographs: try settings?.bool("tokenize_chinese_chars", default: true) ?? true,
      stripsAccents: try settings?.bool("strip_accents", default: lowercases) ?? lowercases, lowercases: lowercases)
    let added = try addedTokens(&vocabulary, always: ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    return Tokenizer(
      stages: Tokenizer.Stages(
        vocabulary: vocabulary, model: .wordPiece(normalizer, BertSplitter(), model),
        decoder: .wordPiece(prefix: Array("##".utf8), cleansUp: true), template: template, addedTokens: added))
  }

  /// XLM-RoBERTa's: four tokens of its own stand before the model's pieces from the fourth on.
  func fairseqUnigram() throws -> Tokenizer {
    let file = try SentencePieceModelFile(path: folder + "/sentencepiece.bpe.model")
    let own = ["<s>", "<pad>", "</s>", "<unk>"]
    let pieces = own.map { ($0, 0.0) } + file.pieces.dropFirst(3).map { ($0.text, Double($0.score)) }
    var normalizer = TextNormalizer()
    if let map = file.map { normalizer.steps.append(.map(map)) }
    // As the reference reads it: no white space behind a text, and several blanks in it are one mark.
    normalizer.steps += [.strip(left: false, right: true), .replaceBlanks(with: TokenDecoder.blankMark)]
    return try unigram(
      file, pieces + [("<mask>", 0)], unknown: 3, normalizer, PieceSplitter(steps: [Self.blanks]),
      around: (before: ["<s>"], after: ["</s>"]), specials: own + ["<mask>"])
  }

  /// DeBERTa's.
  func unigram() throws -> Tokenizer {
    let file = try SentencePieceModelFile(path: folder + "/spm.model")
    var normalizer = TextNormalizer()
    if try settings?.bool("do_lower_case", default: false) ?? false { normalizer.steps.append(.lowercase) }
    normalizer.steps.append(.strip(left: true, right: true))
    if let map = file.map { normalizer.steps.append(.map(map)) }
    normalizer.steps.append(.replaceBlanks(with: [0x20]))
    var splitter = PieceSplitter()
    if try settings?.bool("split_by_punct", default: false) ?? false { splitter.steps.append(.punctuation) }
    splitter.steps.append(Self.blanks)
    var pieces = file.pieces.map { ($0.text, Double($0.score)) }
    if !pieces.contains(where: { $0.0 == "[MASK]" }) { pieces.append(("[MASK]", 0)) }
    return try unigram(
      file, pieces, unknown: file.unknownID, normalizer, splitter, around: (before: ["[CLS]"], after: ["[SEP]"]),
      specials: ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"])
  }

  /// A blank before every text, and words that start with their blank.
  private static let blanks = PieceSplitter.Step.blanks(
    BlankMarker(prefix: .always, prefixesOnce: true, splitsWords: true))

  private func unigram(
    _ file: SentencePieceModelFile, _ tokens: [(token: String, score: Double)], unknown: Int,
    _ normalizer: TextNormalizer, _ splitter: PieceSplitter, around: (before: [String], after: [String]),
    specials: [String]
  ) throws -> Tokenizer {
    let model: UnigramModel
    do {
      model = try UnigramModel(tokens, unknownID: unknown, spellsBytes: file.spellsBytes)
    } catch let fault as UnigramModel.Fault {
      throw file.error(fault.message)
    }
    var vocabulary = model.tokens
    // Control and user-defined pieces are looked for in the text itself.
    let marked = file.pieces.filter { $0.kind == 3 || $0.kind == 4 }.map(\.text)
    let controls = Set(file.pieces.filter { $0.kind == 3 }.map(\.text) + specials)
    var added = try addedTokens(&vocabulary, always: specials + marked)
    for index in added.indices {
      added[index].isSpecial = controls.contains(added[index].content)
      // XLM-RoBERTa's mask swallows the blank before it.
      if added[index].content == "<mask>" { (added[index].stripsLeft, added[index].isNormalized) = (true, true) }
    }
    func ids(_ names: [String]) throws -> [Int] {
      try names.map { name in
        guard let id = vocabulary.id(of: name.utf8) else { throw file.error("no \(name) in the vocabulary") }
        return id
      }
    }
    return Tokenizer(
      stages: Tokenizer.Stages(
        vocabulary: vocabulary, model: .unigram(normalizer, splitter, model), decoder: .metaspace(stripsFirst: true),
        template: SpecialTokenTemplate(before: try ids(around.before), after: try ids(around.after)),
        addedTokens: added))
  }

  /// The tokens of `special_tokens_map.json` and of `always` that the vocabulary has, and those of `added_tokens.json`.
  private func addedTokens(_ vocabulary: inout Vocabulary, always: [String]) throws -> [AddedToken] {
    var specials = always
    let mapPath = folder + "/special_tokens_map.json"
    if TokenizerText.exists(mapPath) {
      for member in try JSONField(file: mapPath).members() {
        // A token, one with its settings, or a list of either.
        for value in member.value.array ?? [member.value] {
          if let token = value.string ?? value["content"]?.string { specials.append(token) }
        }
      }
    }
    var tokens: [AddedToken] = []
    let addedPath = folder + "/added_tokens.json"
    if TokenizerText.exists(addedPath) {
      let field = try JSONField(file: addedPath)
      for member in try field.members() where !member.key.isEmpty {
        guard let id = member.value.integer else {
          throw field.error("the id of \(quoted(member.key)) isn't an integer")
        }
        try VocabularyReader.add(member.key, id: id, to: &vocabulary, field)
        tokens.append(AddedToken(id: id, content: member.key, isSpecial: specials.contains(member.key)))
      }
    }
    for special in specials {
      guard let id = vocabulary.id(of: special.utf8), !special.isEmpty, !tokens.contains(where: { $0.id == id }),
        special.utf8.count <= AddedTokenMatcher.maximumLength
      else { continue }
      tokens.append(AddedToken(id: id, content: special))
    }
    return tokens
  }
}
