import Core
import Foundation
import Tokenizers

/// What stands beside a decoder's weights: where texts end, and how turns are marked.
struct DecoderSettings: Sendable {
  let endTokens: [Int]
  /// Tokens that an answer may have, as the checkpoint itself says; nil where it doesn't.
  let maxNewTokens: Int?
  let chat: ChatSupport

  /// Reads a Hugging Face folder: the end tokens of `generation_config.json`, else of `config.json`, as transformers
  /// generates.
  init(
    _ folder: String, _ configuration: CheckpointConfiguration, _ architecture: Architecture, _ tokenizer: Tokenizer
  ) throws {
    let range = 0...architecture.vocabulary - 1
    var tokens = try configuration.integers("eos_token_id", in: range)
    let generation = folder + "/generation_config.json"
    var maxNewTokens: Int?
    if FileStatus(generation, followsLinks: false) != nil {
      let settings = try CheckpointConfiguration(path: generation)
      maxNewTokens = try settings.optionalInt("max_new_tokens", in: 1...Int.max)
      let stated = try settings.integers("eos_token_id", in: range)
      // What training ends a text with is the configuration's first, where both name it.
      if !stated.isEmpty { tokens = tokens.filter(stated.contains) + stated }
    }
    let chat = try ChatSupport(
      { try ChatTemplateFiles.find(in: folder) }, tokens: { try NamedTokens.of(folder: folder) })
    self.init(tokens, chat, maxNewTokens)
  }

  /// Tokens that llama.cpp takes for the end of a turn by their text, where a GGUF file doesn't say.
  private static let turnEnds = [
    "<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|eom_id|>", "<|endoftext|>", "<EOT>", "<|return|>",
    "<|call|>", "<|END_OF_TURN_TOKEN|>", "<end_of_utterance>",
  ]

  /// Reads a GGUF file's metadata.
  init(_ file: GGUFFile, _ architecture: Architecture, _ tokenizer: Tokenizer) throws {
    let tokens = try ["eos", "eot", "eom"].compactMap {
      try file.integer("tokenizer.ggml.\($0)_token_id", in: 0...architecture.vocabulary - 1)
    }
    let chat = try ChatSupport({ try file.chatTemplate() }, tokens: { try NamedTokens.of(file) })
    let ends = Self.turnEnds.compactMap { tokenizer.id(of: $0) }.filter(tokenizer.specialTokenIDs.contains)
    self.init(tokens + (chat == .none ? [] : ends), chat, nil)
  }

  private init(_ tokens: [Int], _ chat: ChatSupport, _ maxNewTokens: Int?) {
    endTokens = tokens.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    self.chat = chat
    self.maxNewTokens = maxNewTokens
  }
}

extension GGUFFile {
  /// `tokenizer.chat_template`; nil where there is none.
  fileprivate func chatTemplate() throws -> FoundTemplate? {
    let key = "tokenizer.chat_template"
    return try (string(key) ?? string(key + ".default")).map {
      FoundTemplate(text: $0, source: key, file: path, isFile: false)
    }
  }
}
