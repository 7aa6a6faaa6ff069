import Core
import Foundation
import Tensors
import Tokenizers

/// A decoder with its tokenizer, as a checkpoint holds them.
public final class CausalLanguageModel: Sendable {
  /// Changes where equal weights would answer otherwise: part of a local model's identity.
  public var engineVersion: Int { weights.rolloutArithmetic == .float32 ? 2 : 3 }

  /// The decoder's weights.
  public let weights: Weights
  /// The vocabulary that its token ids are of.
  public let tokenizer: Tokenizer
  /// How a prompt is wrapped before it is completed (`config.json` key `prompt_template`), for example
  /// `<|user|>{prompt}<|assistant|>`.
  public let promptTemplate: String?
  /// Any of them ends a completion.
  public let endTokens: [Int]
  /// How the checkpoint marks turns, where it is a chat model; `promptTemplate` comes before it.
  public let chat: ChatSupport
  /// Tokens that an answer may have, as the checkpoint's `generation_config.json` says; nil where it doesn't.
  public let maxNewTokens: Int?

  public init(
    weights: Weights, tokenizer: Tokenizer, promptTemplate: String?, endTokens: [Int], chat: ChatSupport = .none,
    maxNewTokens: Int? = nil
  ) {
    self.weights = weights
    self.tokenizer = tokenizer
    self.promptTemplate = promptTemplate
    self.endTokens = endTokens
    self.chat = chat
    self.maxNewTokens = maxNewTokens
  }

  /// The same model with other weights of the same layout.
  public func with(_ weights: Weights) -> CausalLanguageModel { with(weights, promptTemplate: promptTemplate) }

  /// The same model with other weights of the same layout, and prompts wrapped in another way.
  public func with(_ weights: Weights, promptTemplate: String?) -> CausalLanguageModel {
    CausalLanguageModel(
      weights: weights, tokenizer: tokenizer, promptTemplate: promptTemplate, endTokens: endTokens, chat: chat,
      maxNewTokens: maxNewTokens)
  }

  /// Reads a Hugging Face folder, a GGUF file, or a LoRA adapter's folder whose base is here too.
  ///
  /// - Parameter precision: of the weights in memory; `stored` for a model that only answers, `frozen` for one that
  ///   adapters are trained over.
  /// - Throws: `SluiceError` (usage) naming the file and what is wrong with it.
  public static func load(
    folder: String, precision: WeightPrecision = .float32
  ) throws -> CausalLanguageModel {
    if folder.hasSuffix(".gguf") { return try loadGGUF(folder, precision) }
    if let adapted = try AdaptedCheckpoint.at(folder) { return try adapted.model(precision) }
    let configuration = try CheckpointConfiguration(folder: folder)
    var architecture = try Architecture(configuration)
    guard !architecture.family.isEncoder else {
      throw configuration.error(
        "this checkpoint is an encoder; a decoder is needed", remedy: "Decoders are \(Architecture.Family.decoders).")
    }
    let source = try CheckpointWeights.open(folder: folder)
    try architecture.untieIfNeeded(configuration, source)
    let tokenizer = try loadTokenizer(folder, architecture, configuration)
    let settings = try DecoderSettings(folder, configuration, architecture, tokenizer)
    giveBackFreedMemory()
    return CausalLanguageModel(
      weights: try CheckpointMapping.load(architecture, from: source, precision: precision), tokenizer: tokenizer,
      promptTemplate: try configuration.optionalString("prompt_template"), endTokens: settings.endTokens,
      chat: settings.chat, maxNewTokens: settings.maxNewTokens)
  }

  /// Writes `config.json` and `model.safetensors` (the tokenizer is the caller's to write).
  /// - Throws: `SluiceError` when the folder can't be written, or the type can't hold a weight.
  public func save(folder: String, dtype: SafetensorsWriter.DataType = .f16) throws {
    let values = weights.values
    guard values.allSatisfy({ $0.magnitude <= dtype.largest }) else {
      throw SluiceError(
        .usage, "the model has weights that \(dtype.rawValue) can't hold", at: SourceLocation(file: folder),
        remedy: "Write it as bf16 or f32.")
    }
    var entries = weights.architecture.configurationEntries
    entries["prompt_template"] = promptTemplate
    // One id as a number, as older readers expect it.
    if !endTokens.isEmpty { entries["eos_token_id"] = endTokens.count == 1 ? endTokens[0] : endTokens }
    entries["bos_token_id"] = tokenizer.encode("").first ?? endTokens.first
    try writeConfiguration(entries, folder: folder)
    try SafetensorsWriter.write(
      tensors: CheckpointMapping.tensors(weights), dtype: dtype, metadata: ["format": "pt"],
      to: folder + "/model.safetensors")
  }

  /// Samples completions; each depends on its own request alone. Requests past the context are cut from the front.
  public func generate(
    _ requests: [GenerationRequest], temperature: Float, topP: Float, maxTokens: Int, workers: Int
  ) -> [Generation] {
    let context = weights.architecture.context
    let room = max(1, context - min(maxTokens, context / 2))
    let cut = requests.map {
      GenerationRequest(prompt: Array($0.prompt.suffix(room)), seed: $0.seed, temperature: $0.temperature)
    }
    return Decoder(weights: weights).generate(
      cut,
      settings: DecodingSettings(temperature: temperature, topP: topP, maxTokens: maxTokens, endTokens: endTokens),
      workers: workers)
  }
}

/// The tokenizer of a checkpoint, checked against the model's vocabulary.
func loadTokenizer(
  _ folder: String, _ architecture: Architecture, _ configuration: CheckpointConfiguration
) throws -> Tokenizer {
  let tokenizer = try Tokenizer.load(folder: folder)
  if tokenizer.vocabularySize > architecture.vocabulary {
    throw configuration.error(
      "the tokenizer has \(tokenizer.vocabularySize) tokens, the model only \(architecture.vocabulary)",
      remedy: "The tokenizer and the weights come from different models.")
  }
  return tokenizer
}

/// Writes `config.json` with sorted keys, so that equal models have equal bytes.
func writeConfiguration(_ entries: [String: Any], folder: String) throws {
  try writeJSON(entries, folder: folder, name: "config.json")
}

/// Writes a JSON object with sorted keys into a folder, which is made where it is missing.
func writeJSON(_ entries: [String: Any], folder: String, name: String) throws {
  let data: Data
  do {
    data = try JSONSerialization.data(
      withJSONObject: entries, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes])
  } catch {
    throw InternalError("\(name) can't be encoded: \(error)")
  }
  let path = folder + "/" + name
  try OutputFile.makeFolder(of: path, what: name)
  try OutputFile.write([UInt8](data) + [UInt8(ascii: "\n")], to: path, what: name)
}
