import Core
import Tensors
import Tokenizers

extension CausalLanguageModel {
  /// Reads a GGUF file: weights, and the tokenizer inside it.
  /// - Throws: `SluiceError` (usage) naming the file and what is wrong with it.
  static func loadGGUF(_ path: String, _ precision: WeightPrecision) throws -> CausalLanguageModel {
    let file = try GGUFFile(path: path)
    let architecture = try Architecture(file)
    let tokenizer = try Tokenizer(gguf: file)
    guard tokenizer.vocabularySize <= architecture.vocabulary else {
      throw file.error(
        "the tokenizer has \(tokenizer.vocabularySize) tokens, the model only \(architecture.vocabulary)")
    }
    let settings = try DecoderSettings(file, architecture, tokenizer)
    giveBackFreedMemory()
    return CausalLanguageModel(
      weights: try CheckpointMapping.load(
        architecture, from: GGUFWeights(file: file, architecture: architecture), precision: precision),
      tokenizer: tokenizer, promptTemplate: nil, endTokens: settings.endTokens, chat: settings.chat)
  }
}

extension Tokenizer {
  /// The tokenizer that a GGUF file carries in its metadata.
  /// - Throws: `SluiceError` (usage) for one that is of another kind or inconsistent.
  init(gguf file: GGUFFile) throws {
    func key(_ name: String) -> String { "tokenizer.ggml.\(name)" }
    let model = try file.required(key("model"), file.string(key("model")))
    let tokens = try file.required(key("tokens"), file.strings(key("tokens")))
    let kinds = try file.integers(key("token_type")) ?? []
    let known = 0...max(0, tokens.count - 1)
    let start = try file.integer(key("bos_token_id"), in: known)
    let end = try file.integer(key("eos_token_id"), in: known)
    let isSentencePiece = model == "llama"
    let startsWith = try file.bool(key("add_bos_token")) ?? isSentencePiece
    let endsWith = try file.bool(key("add_eos_token")) ?? false
    let parts = VocabularyParts(
      tokens: tokens, kinds: kinds.map { VocabularyParts.Kind(rawValue: $0) ?? .normal },
      unknownID: try file.integer(key("unknown_token_id"), in: known),
      before: startsWith ? start.map { [$0] } ?? [] : [], after: endsWith ? end.map { [$0] } ?? [] : [])
    do {
      switch model {
      case "llama":
        self = try .sentencePiece(
          parts, scores: try file.required(key("scores"), file.numbers(key("scores"))),
          addsPrefix: try file.bool(key("add_space_prefix")) ?? true)
      case "gpt2":
        self = try .byteLevel(
          parts, merges: try file.required(key("merges"), file.strings(key("merges"))),
          preTokenizer: try file.string(key("pre")) ?? "default")
      default:
        throw VocabularyParts.Fault("the tokenizer \(brief(model)) is not supported: gpt2 and llama are")
      }
    } catch let fault as VocabularyParts.Fault {
      throw file.error(fault.message, remedy: "Convert the model again, or use its Hugging Face folder.")
    }
  }
}
