import Core
import Tokenizers

/// An encoder whose mean-pooled, normalised states are sentence embeddings, as sentence-transformers does.
public final class SentenceEncoder: Sendable {
  public let weights: Weights
  public let tokenizer: Tokenizer
  /// How a text is wrapped (`config.json` key `prompt_template`), for example `[CLS]{prompt}[SEP]`.
  public let promptTemplate: String?

  public init(weights: Weights, tokenizer: Tokenizer, promptTemplate: String? = nil) {
    self.weights = weights
    self.tokenizer = tokenizer
    self.promptTemplate = promptTemplate
  }

  /// - Throws: `SluiceError` (usage) naming the file and what is wrong with it.
  public static func load(folder: String) throws -> SentenceEncoder {
    let configuration = try CheckpointConfiguration(folder: folder)
    let architecture = try Architecture(configuration)
    guard architecture.family.isEncoder else {
      throw configuration.error("this checkpoint is no encoder", remedy: "Name a bert checkpoint.")
    }
    return SentenceEncoder(
      weights: try CheckpointMapping.load(architecture, from: CheckpointWeights.open(folder: folder)),
      tokenizer: try loadTokenizer(folder, architecture, configuration),
      promptTemplate: try configuration.optionalString("prompt_template"))
  }

  /// Writes `config.json` and `model.safetensors`.
  public func save(folder: String, dtype: SafetensorsWriter.DataType = .f16) throws {
    var entries = try weights.architecture.configurationEntries
    entries["architectures"] = ["BertModel"]
    entries["prompt_template"] = promptTemplate
    try writeConfiguration(entries, folder: folder)
    try SafetensorsWriter.write(
      tensors: CheckpointMapping.tensors(weights), dtype: dtype, metadata: ["format": "pt"],
      to: folder + "/model.safetensors")
  }

  /// Token ids of one text, cut to the context.
  public func tokens(_ text: String) -> [Int32] {
    let wrapped = promptTemplate.map { $0.replacing("{prompt}", with: text) } ?? text
    return tokenizer.encode(wrapped).prefix(weights.architecture.context).map { Int32($0) }
  }

  /// One unit vector [C] for each text; a text without tokens gives zeros.
  public func embed(_ texts: [String], workers: Int) -> [[Float]] {
    Encoding(pooling: .mean, workers: workers).pooled(texts.map(tokens), weights).map(normalised)
  }
}

/// v / |v|, or zeros for zeros.
public func normalised(_ vector: [Float]) -> [Float] {
  let length = vector.reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
  return length > 0 ? vector.map { $0 / length } : vector
}
