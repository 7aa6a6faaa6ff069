import Core
import Foundation

/// Reads a Unigram tokenizer as `tokenizer.json` writes it (XLM-RoBERTa, DeBERTa v2 and v3).
enum UnigramReader {
  static func model(_ field: JSONField) throws -> UnigramModel {
    guard let unknown = field.optional("unk_id") else {
      throw field.error("the key 'unk_id' is missing: texts with other characters couldn't be encoded")
    }
    let list = try field.required("vocab")
    guard let entries = list.value.array else { throw list.wrongType("a list") }
    let tokens = try entries.enumerated().map { index, entry in
      guard let parts = entry.array, parts.count == 2, let token = parts[0].string, let score = parts[1].double else {
        throw JSONField(value: entry, name: "\(list.name)[\(index)]", file: list.file)
          .error("expected a token and its score")
      }
      return (token, score)
    }
    do {
      return try UnigramModel(
        tokens, unknownID: unknown.integer(in: 0...Vocabulary.maximumID),
        spellsBytes: field.bool("byte_fallback", default: false))
    } catch let fault as UnigramModel.Fault {
      throw list.error(fault.message)
    }
  }

  static func normalizer(_ field: JSONField?) throws -> TextNormalizer {
    TextNormalizer(
      steps: try steps(field, "normalizers").map { step in
        switch try step.type() {
        case "Precompiled": .map(try map(step.required("precompiled_charsmap")))
        case "Strip":
          .strip(left: try step.bool("strip_left", default: true), right: try step.bool("strip_right", default: true))
        case "Replace": try replacement(step)
        case "Lowercase": .lowercase
        case "NFC": .compose
        default: throw unsupported(step)
        }
      })
  }

  private static func map(_ field: JSONField) throws -> CharacterMap {
    guard let bytes = Data(base64Encoded: try field.string()) else { throw field.error("this isn't Base64") }
    do {
      return try CharacterMap(Array(bytes))
    } catch let fault as CharacterMap.Fault {
      throw field.error(fault.message, remedy: "The file is damaged: copy or export the tokenizer again.")
    }
  }

  private static func replacement(_ step: JSONField) throws -> TextNormalizer.Step {
    let pattern = try step.required("pattern")
    let content = Array(try step.required("content").string().utf8)
    if let text = try pattern.optional("String")?.string(), !text.isEmpty {
      return .replace(Array(text.utf8), with: content)
    }
    switch try pattern.optional("Regex")?.string() {
    case " {2,}": return .replaceBlanks(with: content)
    case #"\s{2,}|[\n\r\t]"#: return .replaceSpace(with: content)
    default: throw unsupported(step)
    }
  }

  static func splitter(_ field: JSONField?) throws -> PieceSplitter {
    PieceSplitter(
      steps: try steps(field, "pretokenizers").map { step in
        switch try step.type() {
        case "WhitespaceSplit": return .whitespace
        case "Punctuation":
          guard try step.string("behavior", default: "Isolated") == "Isolated" else { throw unsupported(step) }
          return .punctuation
        case "Metaspace":
          guard try step.string("replacement", default: "▁") == "▁" else { throw unsupported(step) }
          var marker = BlankMarker(prefixesOnce: true, splitsWords: try step.bool("split", default: true))
          switch try scheme(step) {
          case "always": marker.prefix = .always
          case "never": marker.prefix = .never
          // What comes first is told by places in the text as it was before normalisation.
          default: throw unsupported(step)
          }
          return .blanks(marker)
        default: throw unsupported(step)
        }
      })
  }

  static func decoder(_ field: JSONField?) throws -> TokenDecoder {
    guard let field else { return .metaspace(stripsFirst: true) }
    guard try field.type() == "Metaspace", try field.string("replacement", default: "▁") == "▁" else {
      throw unsupported(field)
    }
    return .metaspace(stripsFirst: try scheme(field) != "never")
  }

  private static func scheme(_ field: JSONField) throws -> String {
    try field.string("prepend_scheme", default: field.bool("add_prefix_space", default: true) ? "always" : "never")
  }

  private static func steps(_ field: JSONField?, _ key: String) throws -> [JSONField] {
    guard let field else { return [] }
    return try field.type() == "Sequence" ? try field.required(key).elements() : [field]
  }

  private static func unsupported(_ field: JSONField) -> SluiceError {
    TokenizerFile.unsupported(field, for: "Unigram")
  }
}
