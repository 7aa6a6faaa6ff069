import Core
import Foundation

/// A chat template's text and where it was found.
struct FoundTemplate {
  let text: String
  let source: String
  let file: String
  let isFile: Bool
  /// Why none of several can be taken; then there is no text.
  var problem: SluiceError?
}

/// Looks for chat templates where transformers does: a file of its own first, then a key of `tokenizer_config.json`, then
/// the file that processors had before.
enum ChatTemplateFiles {
  /// The names of templates, as a message lists them.
  private struct Named {
    var templates: [(name: String, text: String)] = []

    func chosen(_ source: String, _ file: String, isFile: Bool = false) -> FoundTemplate {
      guard let chosen = templates.first(where: { $0.name == "default" }) else { return noDefault(source, file) }
      return FoundTemplate(text: chosen.text, source: source, file: file, isFile: isFile)
    }

    func noDefault(_ source: String, _ file: String) -> FoundTemplate {
      FoundTemplate(
        text: "", source: source, file: file, isFile: false,
        problem: .badInput(
          "\(source) holds the chat templates " + templates.map { brief($0.name) }.joined(separator: ", ")
            + ", and none is the default", file: file,
          remedy: "State the target's template, with {prompt} where the attack goes."))
    }
  }

  /// The usual file.
  static let companion = "chat_template.jinja"

  /// The template of a Hugging Face folder, nil where there is none.
  /// - Throws: `SluiceError` (usage) for a file that can't be read.
  static func find(in folder: String) throws -> FoundTemplate? {
    let files = FileManager.default
    for name in [companion, "additional_chat_templates/default.jinja"] {
      let file = folder + "/" + name
      guard files.fileExists(atPath: file) else { continue }
      return FoundTemplate(text: try text(file), source: name, file: file, isFile: true)
    }
    let more = folder + "/additional_chat_templates"
    let names = ((try? files.contentsOfDirectory(atPath: more)) ?? []).filter { $0.hasSuffix(".jinja") }.sorted()
    // transformers knows these alone then, and takes none of them for the default.
    guard names.isEmpty else {
      return Named(templates: names.map { (String($0.dropLast(6)), "") }).noDefault(more, more)
    }
    for name in ["tokenizer_config.json", "chat_template.json"] {
      let file = folder + "/" + name
      guard files.fileExists(atPath: file) else { continue }
      if let found = try CheckpointConfiguration(path: file).chatTemplate(source: name) { return found }
    }
    return nil
  }

  private static func text(_ file: String) throws -> String {
    try BoundedFile.text(
      file, what: "the chat template", limit: 1_000_000, hint: "State it as the target's template.")
  }

  /// `chat_template` of a JSON file: one, a list of named ones, or an object of them.
  fileprivate static func chosen(_ value: JSON, _ source: String, _ file: String) -> FoundTemplate? {
    var named = Named()
    for entry in value.array ?? [] {
      guard let name = entry["name"]?.string, let text = entry["template"]?.string else { continue }
      named.templates.append((name, text))
    }
    for member in value.members ?? [] {
      if let text = member.value.string { named.templates.append((member.key, text)) }
    }
    return named.templates.isEmpty ? nil : named.chosen(source, file)
  }
}

extension CheckpointConfiguration {
  /// `chat_template`, nil where it is absent.
  fileprivate func chatTemplate(source: String) throws -> FoundTemplate? {
    guard let value = json("chat_template"), !value.isNull else { return nil }
    if value.array != nil || value.members != nil { return ChatTemplateFiles.chosen(value, source, path) }
    return FoundTemplate(text: try string("chat_template"), source: source, file: path, isFile: false)
  }
}

/// A special token and the name that templates know it by.
struct NamedToken: Hashable, Sendable {
  /// `bos_token` and its like.
  let name: String
  let text: String
}

/// Looks for special tokens by the names that templates know them by.
enum NamedTokens {
  private static let names = [
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
  ]

  /// The tokens of a Hugging Face folder: what `tokenizer_config.json` says, older files' `special_tokens_map.json`, and
  /// what the tokenizer's class in transformers has where neither says.
  static func of(folder: String) throws -> [NamedToken] {
    let files = FileManager.default
    let path = folder + "/tokenizer_config.json"
    let settings = files.fileExists(atPath: path) ? try CheckpointConfiguration(path: path) : nil
    let mapPath = folder + "/special_tokens_map.json"
    // Files that list their added tokens are complete without it.
    let map =
      try files.fileExists(atPath: mapPath) && settings?.has("added_tokens_decoder") != true
      ? CheckpointConfiguration(path: mapPath) : nil
    let defaults = try usual(settings?.optionalString("tokenizer_class"))
    return names.compactMap { name in
      // null says that there is none.
      if settings?.json(name)?.isNull == true, map?.json(name) == nil { return nil }
      let stated = (map?.json(name) ?? settings?.json(name)).flatMap { $0.string ?? $0["content"]?.string }
      return (stated ?? defaults[name]).map { NamedToken(name: name, text: $0) }
    }
  }

  /// The defaults of transformers' tokenizer classes, less those that no template mentions.
  private static func usual(_ tokenizerClass: String?) -> [String: String] {
    switch tokenizerClass?.replacingOccurrences(of: "Fast", with: "") {
    case "LlamaTokenizer", "CodeLlamaTokenizer": ["bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"]
    case "GemmaTokenizer":
      ["bos_token": "<bos>", "eos_token": "<eos>", "unk_token": "<unk>", "pad_token": "<pad>", "mask_token": "<mask>"]
    case "Qwen2Tokenizer":
      ["eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>", "pad_token": "<|endoftext|>"]
    case "GPT2Tokenizer":
      ["bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"]
    case "GPTNeoXTokenizer":
      [
        "bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>",
        "pad_token": "<|padding|>",
      ]
    case "CohereTokenizer":
      ["bos_token": "<BOS_TOKEN>", "eos_token": "<|END_OF_TURN_TOKEN|>", "unk_token": "<UNK>", "pad_token": "<PAD>"]
    default: [:]
    }
  }

  /// The tokens that a GGUF file's metadata name.
  static func of(_ file: GGUFFile) throws -> [NamedToken] {
    guard let tokens = try file.strings("tokenizer.ggml.tokens") else { return [] }
    return try [
      ("bos_token", "bos"), ("eos_token", "eos"), ("unk_token", "unknown"), ("sep_token", "seperator"),
      ("pad_token", "padding"),
    ].compactMap { name, key in
      try file.integer("tokenizer.ggml.\(key)_token_id", in: 0...max(0, tokens.count - 1)).map {
        NamedToken(name: name, text: tokens[$0])
      }
    }
  }
}
