import Core

/// Reads the stages of a SentencePiece tokenizer as `tokenizer.json` writes them (Gemma, Llama 2).
enum SentencePieceReader {
  /// Whether the file describes one: its blanks are marked, or its unknown characters spelt in bytes.
  static func applies(_ root: JSONField, _ model: JSONField) throws -> Bool {
    if try model.bool("byte_fallback", default: false) { return true }
    return try root.optional("pre_tokenizer").map { try $0.type() == "Metaspace" } ?? false
  }

  /// How blanks are marked.
  static func marker(_ root: JSONField) throws -> BlankMarker {
    var marker = BlankMarker()
    var marksBlanks = false
    for step in try steps(root.optional("normalizer"), "normalizers") {
      switch try step.type() {
      case "Replace":
        guard try step.required("pattern").optional("String")?.string() == " ",
          try step.required("content").string() == "▁"
        else { throw unsupported(step) }
        marksBlanks = true
      case "Prepend" where !marksBlanks:
        guard try step.required("prepend").string() == "▁" else { throw unsupported(step) }
        marker.prefix = .always
      default: throw unsupported(step)
      }
    }
    guard let splitter = root.optional("pre_tokenizer") else {
      guard marksBlanks else { throw root.error("nothing marks blanks") }
      return marker
    }
    switch try splitter.type() {
    case "Split" where marksBlanks:
      // Cuts at blanks, of which there are none left.
      guard try splitter.required("pattern").optional("String")?.string() == " " else { throw unsupported(splitter) }
    case "Metaspace" where !marksBlanks && marker.prefix == .never:
      guard try splitter.string("replacement", default: "▁") == "▁" else { throw unsupported(splitter) }
      marker.prefixesOnce = true
      marker.splitsWords = try splitter.bool("split", default: true)
      let scheme = try splitter.string(
        "prepend_scheme", default: splitter.bool("add_prefix_space", default: true) ? "always" : "never")
      switch scheme {
      case "always": marker.prefix = .always
      case "first": marker.prefix = .first
      case "never": marker.prefix = .never
      default: throw unsupported(splitter)
      }
    default: throw unsupported(splitter)
    }
    return marker
  }

  /// How tokens become text again.
  static func decoder(_ root: JSONField, _ marker: BlankMarker) throws -> TokenDecoder {
    var stripsBlank = false
    for step in try steps(root.optional("decoder"), "decoders") {
      switch try step.type() {
      case "Replace":
        guard try step.required("pattern").optional("String")?.string() == "▁",
          try step.required("content").string() == " "
        else { throw unsupported(step) }
      case "ByteFallback", "Fuse": break
      case "Strip":
        guard try step.string("content", default: " ") == " ", try step.required("start").integer(in: 0...1) == 1,
          try step.required("stop").integer(in: 0...1) == 0
        else { throw unsupported(step) }
        stripsBlank = true
      case "Metaspace": stripsBlank = marker.prefix != .never
      default: throw unsupported(step)
      }
    }
    return .sentencePiece(stripsBlank: stripsBlank)
  }

  private static func steps(_ field: JSONField?, _ key: String) throws -> [JSONField] {
    guard let field else { return [] }
    return try field.type() == "Sequence" ? try field.required(key).elements() : [field]
  }

  private static func unsupported(_ field: JSONField) -> SluiceError {
    TokenizerFile.unsupported(field, for: "SentencePiece BPE")
  }
}
