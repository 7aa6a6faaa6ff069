import Core
import Foundation
import Tokenizers

/// An encoder whose pooled, normalised states are sentence embeddings, as sentence-transformers does.
public final class SentenceEncoder: Sendable {
  /// The encoder's weights.
  public let weights: Weights
  /// The vocabulary that its token ids are of.
  public let tokenizer: Tokenizer
  /// How a text is wrapped (`config.json` key `prompt_template`), for example `[CLS]{prompt}[SEP]`.
  public let promptTemplate: String?
  /// How token states become one vector.
  public let pooling: Pooling
  /// Longer texts are cut, in tokens.
  public let maximumLength: Int

  public init(
    weights: Weights, tokenizer: Tokenizer, promptTemplate: String? = nil, pooling: Pooling = .mean,
    maximumLength: Int? = nil
  ) {
    self.weights = weights
    self.tokenizer = tokenizer
    self.promptTemplate = promptTemplate
    self.pooling = pooling
    self.maximumLength = min(maximumLength ?? .max, weights.architecture.context)
  }

  /// Reads a Hugging Face folder; where sentence-transformers wrote it, also how it pools and where it cuts.
  /// - Throws: `SluiceError` (usage) naming the file and what is wrong with it.
  public static func load(folder: String) throws -> SentenceEncoder {
    let configuration = try CheckpointConfiguration(folder: folder)
    let architecture = try Architecture(configuration)
    guard architecture.family.isEncoder else {
      throw configuration.error(
        "this checkpoint is no encoder",
        remedy: "Name a checkpoint of one of these kinds: \(Architecture.Family.encoders).")
    }
    let settings = try SentenceTransformerSettings(folder: folder)
    return SentenceEncoder(
      weights: try CheckpointMapping.load(architecture, from: CheckpointWeights.open(folder: folder)),
      tokenizer: try loadTokenizer(folder, architecture, configuration),
      promptTemplate: try configuration.optionalString("prompt_template"), pooling: settings.pooling,
      maximumLength: settings.maximumLength)
  }

  /// Writes `config.json` and `model.safetensors`.
  public func save(folder: String, dtype: SafetensorsWriter.DataType = .f16) throws {
    var entries = weights.architecture.configurationEntries
    entries["architectures"] = [weights.architecture.family.className + "Model"]
    entries["prompt_template"] = promptTemplate
    try writeConfiguration(entries, folder: folder)
    try SafetensorsWriter.write(
      tensors: CheckpointMapping.tensors(weights), dtype: dtype, metadata: ["format": "pt"],
      to: folder + "/model.safetensors")
  }

  /// Token ids of one text, cut to the longest that the encoder takes; what the tokenizer puts at the end stays.
  public func tokens(_ text: String) -> [Int32] { input(text).tokens }

  /// Whether a text is longer than the encoder reads.
  public func isCut(_ text: String) -> Bool { input(text).isCut }

  private func input(_ text: String) -> (tokens: [Int32], isCut: Bool) {
    let wrapped = promptTemplate.map { $0.replacing("{prompt}", with: text) } ?? text
    let all = tokenizer.encode(wrapped)
    guard all.count > maximumLength else { return (all.map { Int32($0) }, false) }
    let after = tokenizer.surroundings.after.count
    let cut = all.prefix(max(0, maximumLength - after)) + all.suffix(after)
    return (cut.prefix(maximumLength).map { Int32($0) }, true)
  }

  /// One unit vector [C] for each text; a text without tokens gives zeros.
  public func embed(_ texts: [String], workers: Int) -> [[Float]] { embeddings(of: texts, workers: workers).vectors }

  /// One unit vector [C] for each text, and how many of the texts were longer than the encoder reads: these vectors stand
  /// for their beginnings alone.
  public func embeddings(of texts: [String], workers: Int) -> (vectors: [[Float]], cut: Int) {
    let read = texts.map(input)
    let inputs = read.map(\.tokens)
    // Texts of like length together: workers then finish together, and no result depends on its neighbours.
    let order = inputs.indices.sorted {
      inputs[$0].count != inputs[$1].count ? inputs[$0].count > inputs[$1].count : $0 < $1
    }
    let pooled = Encoding(pooling: pooling, workers: workers).pooled(order.map { inputs[$0] }, weights)
    var vectors = [[Float]](repeating: [], count: texts.count)
    for (place, vector) in zip(order, pooled) { vectors[place] = normalised(vector) }
    return (vectors, read.count(where: \.isCut))
  }
}

/// v / |v|, or zeros for zeros.
public func normalised(_ vector: [Float]) -> [Float] {
  let length = vector.reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
  return length > 0 ? vector.map { $0 / length } : vector
}

/// What sentence-transformers keeps beside a checkpoint: `modules.json`, the pooling's own `config.json`, and
/// `sentence_bert_config.json`.
private struct SentenceTransformerSettings {
  var pooling = Pooling.mean
  var maximumLength: Int?

  init(folder: String) throws {
    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: folder + "/" + name) }
    if exists("sentence_bert_config.json") {
      maximumLength = try CheckpointConfiguration(path: folder + "/sentence_bert_config.json")
        .optionalInt("max_seq_length", in: 2...Architecture.sizes.upperBound)
    }
    guard exists("modules.json") else { return }
    if maximumLength == nil, exists("tokenizer_config.json") {
      // Newer versions keep it here; without a limit it is a number that no text reaches, and no integer.
      let length = try CheckpointConfiguration(path: folder + "/tokenizer_config.json").optionalDouble(
        "model_max_length")
      maximumLength = length.flatMap { Int(exactly: $0) }.flatMap { Architecture.sizes.contains($0) ? max(2, $0) : nil }
    }
    let path = folder + "/modules.json"
    let modules: JSON
    do {
      modules = try JSON(
        parsing: try BoundedFile.read(path, what: "the file", limit: 1_000_000, hint: "It is no list of modules."))
    } catch let error as JSONSyntaxError {
      throw error.inFile(path)
    }
    for module in modules.array ?? [] {
      let type = module["type"]?.string ?? ""
      switch type.split(separator: ".").last {
      case "Transformer", "Normalize": break
      case "Pooling": try readPooling(folder, module["path"]?.string ?? "1_Pooling")
      default:
        throw SluiceError.badInput(
          "the module \(brief(type)) is not supported", file: path,
          remedy: "Use an encoder that pools and normalises, without further layers.")
      }
    }
  }

  private mutating func readPooling(_ folder: String, _ path: String) throws {
    guard !path.contains("/"), !path.contains("..") else {
      throw SluiceError.badInput("the pooling's folder \(brief(path)) isn't inside", file: folder + "/modules.json")
    }
    let file = folder + "/" + path + "/config.json"
    guard FileManager.default.fileExists(atPath: file) else { return }
    let configuration = try CheckpointConfiguration(path: file)
    let modes = ["cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken"]
    let chosen = try modes.filter { try configuration.bool("pooling_mode_\($0)", default: false) }
    // Newer versions name the mode.
    let named = try configuration.optionalString("pooling_mode")
    switch (named, chosen) {
    case ("mean", _), (nil, ["mean_tokens"]), (nil, []): pooling = .mean
    case ("cls", _), (nil, ["cls_token"]): pooling = .first
    default: throw configuration.error("only pooling by mean or by the first token is supported")
    }
  }
}
