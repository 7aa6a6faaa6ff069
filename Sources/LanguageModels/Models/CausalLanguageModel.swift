import Core
import Foundation
import Tokenizers

/// A decoder with its tokenizer, as a checkpoint folder holds them.
public final class CausalLanguageModel: Sendable {
  public let weights: Weights
  public let tokenizer: Tokenizer
  /// How a prompt is wrapped before it is completed (`config.json` key `prompt_template`), for example
  /// `<|user|>{prompt}<|assistant|>`.
  public let promptTemplate: String?
  /// Ends a completion (`eos_token_id`).
  public let endTokens: [Int]

  public init(weights: Weights, tokenizer: Tokenizer, promptTemplate: String?, endTokens: [Int]) {
    self.weights = weights
    self.tokenizer = tokenizer
    self.promptTemplate = promptTemplate
    self.endTokens = endTokens
  }

  /// Reads `config.json`, `model.safetensors` and the tokenizer.
  /// - Throws: `SluiceError` (usage) naming the file and what is wrong with it.
  public static func load(folder: String) throws -> CausalLanguageModel {
    let configuration = try CheckpointConfiguration(folder: folder)
    let architecture = try Architecture(configuration)
    guard !architecture.family.isEncoder else {
      throw configuration.error("this checkpoint is an encoder; a decoder is needed", remedy: "Name a gpt2 checkpoint.")
    }
    let tokenizer = try loadTokenizer(folder, architecture, configuration)
    let weights = try CheckpointMapping.load(architecture, from: CheckpointWeights.open(folder: folder))
    let end = try configuration.optionalInt("eos_token_id", in: 0...architecture.vocabulary - 1)
    return CausalLanguageModel(
      weights: weights, tokenizer: tokenizer, promptTemplate: try configuration.optionalString("prompt_template"),
      endTokens: end.map { [$0] } ?? [])
  }

  /// Writes `config.json` and `model.safetensors` (the tokenizer is the caller's to write).
  /// - Throws: `SluiceError` when the folder can't be written.
  public func save(folder: String, dtype: SafetensorsWriter.DataType = .f16) throws {
    var entries = try weights.architecture.configurationEntries
    entries["prompt_template"] = promptTemplate
    entries["eos_token_id"] = endTokens.first
    entries["bos_token_id"] = endTokens.first
    try writeConfiguration(entries, folder: folder)
    try SafetensorsWriter.write(
      tensors: CheckpointMapping.tensors(weights), dtype: dtype, metadata: ["format": "pt"],
      to: folder + "/model.safetensors")
  }

  /// Samples completions; each depends on its own request alone. Requests past the context are cut from the front.
  public func generate(
    _ requests: [GenerationRequest], temperature: Float, topP: Float, maxTokens: Int, workers: Int
  ) -> [Generation] {
    let room = max(1, weights.architecture.context - min(maxTokens, weights.architecture.context / 2))
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
  do {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var data = try JSONSerialization.data(
      withJSONObject: entries, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes])
    data.append(UInt8(ascii: "\n"))
    try data.write(to: URL(fileURLWithPath: folder + "/config.json"), options: .atomic)
  } catch {
    throw SluiceError(
      .usage, "can't write config.json: \(error.localizedDescription)", at: SourceLocation(file: folder),
      remedy: "Check that the folder can be written and the disk isn't full.")
  }
}
