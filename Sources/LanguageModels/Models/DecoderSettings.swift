import Core
import Foundation
import Tokenizers

/// What stands beside a decoder's weights: where texts end, and how turns are marked.
struct DecoderSettings: Sendable {
  let endTokens: [Int]
  let chat: ChatSupport

  /// Of a Hugging Face folder: `config.json` and `generation_config.json` name one end token or several.
  init(
    _ folder: String, _ configuration: CheckpointConfiguration, _ architecture: Architecture, _ tokenizer: Tokenizer
  ) throws {
    let range = 0...architecture.vocabulary - 1
    var tokens = try configuration.integers("eos_token_id", in: range)
    let generation = folder + "/generation_config.json"
    if FileManager.default.fileExists(atPath: generation) {
      tokens += try CheckpointConfiguration(path: generation).integers("eos_token_id", in: range)
    }
    self.init(tokens, ChatSupport(template: try Self.chatTemplate(folder), tokenizer), tokenizer)
  }

  /// Of a GGUF file's metadata.
  init(_ file: GGUFFile, _ architecture: Architecture, _ tokenizer: Tokenizer) throws {
    let tokens = try ["eos", "eot", "eom"].compactMap {
      try file.integer("tokenizer.ggml.\($0)_token_id", in: 0...architecture.vocabulary - 1)
    }
    self.init(tokens, ChatSupport(template: try file.string("tokenizer.chat_template"), tokenizer), tokenizer)
  }

  /// The end of a turn ends a text, too.
  private init(_ tokens: [Int], _ chat: ChatSupport, _ tokenizer: Tokenizer) {
    var tokens = tokens
    if case .known(let format) = chat, let end = tokenizer.id(of: format.endOfTurn) { tokens.append(end) }
    endTokens = tokens.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    self.chat = chat
  }

  /// The checkpoint's chat template: a file of its own, or a key of `tokenizer_config.json`.
  private static func chatTemplate(_ folder: String) throws -> String? {
    let file = folder + "/chat_template.jinja"
    if FileManager.default.fileExists(atPath: file) {
      return try BoundedFile.text(
        file, what: "the chat template", limit: 1_000_000, hint: "State it as the target's template.")
    }
    let settings = folder + "/tokenizer_config.json"
    guard FileManager.default.fileExists(atPath: settings) else { return nil }
    return try CheckpointConfiguration(path: settings).chatTemplate()
  }
}
