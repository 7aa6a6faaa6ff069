import Core
import Tokenizers

/// An encoder with a classification head, as a checkpoint folder holds them.
public final class SequenceClassifier: Sendable {
  public let weights: Weights
  public let head: ClassificationHead
  public let labels: [String]
  public let tokenizer: Tokenizer
  /// How prompt and response are joined (`config.json` key `prompt_template`), for example `{prompt}<|sep|>{response}`.
  public let promptTemplate: String?
  /// Longest input in tokens.
  public var context: Int { weights.architecture.context }

  public init(
    weights: Weights, head: ClassificationHead, labels: [String], tokenizer: Tokenizer, promptTemplate: String?
  ) {
    self.weights = weights
    self.head = head
    self.labels = labels
    self.tokenizer = tokenizer
    self.promptTemplate = promptTemplate
  }

  /// - Throws: `SluiceError` (usage) naming the file and what is wrong with it.
  public static func load(folder: String) throws -> SequenceClassifier {
    let configuration = try CheckpointConfiguration(folder: folder)
    let architecture = try Architecture(configuration)
    guard architecture.family.isEncoder else {
      throw configuration.error("this checkpoint is no encoder", remedy: "Name a bert checkpoint with a classifier.")
    }
    guard let labels = try configuration.labels(), labels.count > 1 else {
      throw configuration.error("id2label must name at least two labels")
    }
    let checkpoint = try CheckpointWeights.open(folder: folder)
    let (c, k) = (architecture.width, labels.count)
    func transposed(_ name: String, _ outputs: Int) throws -> [Float] {
      let stored = try checkpoint.tensor(name, shape: [outputs, c])
      return (0..<c * outputs).map { stored[($0 % outputs) * c + $0 / outputs] }
    }
    let head = try ClassificationHead(
      width: c, labels: k,
      values: transposed("bert.pooler.dense.weight", c) + checkpoint.tensor("bert.pooler.dense.bias", shape: [c])
        + transposed("classifier.weight", k) + checkpoint.tensor("classifier.bias", shape: [k]))
    return SequenceClassifier(
      weights: try CheckpointMapping.load(architecture, from: checkpoint), head: head, labels: labels,
      tokenizer: try loadTokenizer(folder, architecture, configuration),
      promptTemplate: try configuration.optionalString("prompt_template"))
  }

  /// Writes `config.json` and `model.safetensors`.
  public func save(folder: String, dtype: SafetensorsWriter.DataType = .f16) throws {
    var entries = try weights.architecture.configurationEntries
    entries["architectures"] = ["BertForSequenceClassification"]
    entries["prompt_template"] = promptTemplate
    entries["id2label"] = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ("\($0)", $1) })
    entries["label2id"] = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ($1, $0) })
    try writeConfiguration(entries, folder: folder)
    let (c, k) = (head.width, head.labels)
    func transposed(_ start: Int, _ outputs: Int) -> [Float] {
      (0..<c * outputs).map { head.values[start + ($0 % c) * outputs + $0 / c] }
    }
    let output = c * c + c
    try SafetensorsWriter.write(
      tensors: CheckpointMapping.tensors(weights) + [
        ("bert.pooler.dense.weight", [c, c], transposed(0, c)),
        ("bert.pooler.dense.bias", [c], Array(head.values[c * c..<output])),
        ("classifier.weight", [k, c], transposed(output, k)),
        ("classifier.bias", [k], Array(head.values[(output + c * k)...])),
      ], dtype: dtype, metadata: ["format": "pt"], to: folder + "/model.safetensors")
  }

  /// Label probabilities for each input of token ids (special tokens included). Longer ones are cut at the end.
  public func probabilities(_ inputs: [[Int]], workers: Int) -> [[Float]] {
    let cut = inputs.map { $0.prefix(context).map { Int32($0) } }
    return head.probabilities(Encoding(pooling: .first, workers: workers).pooled(cut, weights))
  }
}
