import Core

extension Tokenizer {
  /// Loads the tokenizer of a checkpoint folder: `tokenizer.json`, else `vocab.json` with `merges.txt` (GPT-2, RoBERTa),
  /// else `vocab.txt` (BERT).
  /// - Throws: `SluiceError` (exit 64) that names the file and what in it is wrong.
  public static func load(folder: String) throws -> Tokenizer {
    if TokenizerText.exists(folder + "/tokenizer.json") { return try TokenizerFile.load(folder + "/tokenizer.json") }
    if TokenizerText.exists(folder + "/vocab.json") { return try TokenizerFolder(folder).bytePair() }
    if TokenizerText.exists(folder + "/vocab.txt") { return try TokenizerFolder(folder).wordPiece() }
    throw SluiceError.badInput(
      "no tokenizer.json, vocab.json or vocab.txt in the checkpoint folder", file: folder,
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
