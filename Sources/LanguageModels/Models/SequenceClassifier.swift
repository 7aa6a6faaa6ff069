import Core
import Tokenizers

/// An encoder with a classification head, as a checkpoint folder holds them.
public final class SequenceClassifier: Sendable {
  /// The encoder's weights.
  public let weights: Weights
  /// From a pooled vector to the labels.
  public let head: ClassificationHead
  /// Names of the classes, in the order of the probabilities.
  public let labels: [String]
  /// The vocabulary that its token ids are of.
  public let tokenizer: Tokenizer
  /// How prompt and response are joined, for example `{prompt}<|sep|>{response}`: `config.json` key `prompt_template`,
  /// else as the tokenizer joins a pair of texts.
  public let promptTemplate: String?
  /// Which of the token states the head reads.
  public let pooling: Pooling
  /// The token behind which a pair's second text begins, where the encoder tells the two apart.
  private let separator: Int32?
  /// Longest input in tokens.
  public var context: Int { weights.architecture.context }

  /// - Parameter separator: see above; nil where all tokens are of the first segment.
  public init(
    weights: Weights, head: ClassificationHead, labels: [String], tokenizer: Tokenizer, promptTemplate: String?,
    pooling: Pooling = .first, separator: Int? = nil
  ) {
    self.weights = weights
    self.head = head
    self.labels = labels
    self.tokenizer = tokenizer
    self.promptTemplate = promptTemplate
    self.pooling = pooling
    self.separator = separator.map { Int32($0) }
  }

  /// - Throws: `SluiceError` (usage) naming the file and what is wrong with it.
  public static func load(folder: String) throws -> SequenceClassifier {
    let configuration = try CheckpointConfiguration(folder: folder)
    let architecture = try Architecture(configuration)
    guard architecture.family.isEncoder else {
      throw configuration.error(
        "this checkpoint is no encoder",
        remedy: "Name a checkpoint with a classifier of one of these kinds: \(Architecture.Family.encoders).")
    }
    try checkTask(configuration)
    guard let labels = try configuration.labels(), labels.count > 1 else {
      throw configuration.error("id2label must name at least two labels")
    }
    let source = try CheckpointWeights.open(folder: folder)
    let tokenizer = try loadTokenizer(folder, architecture, configuration)
    let own = try configuration.optionalString("prompt_template")
    let around = tokenizer.surroundings
    return SequenceClassifier(
      weights: try CheckpointMapping.load(architecture, from: source),
      head: try ClassificationHead(architecture, labels: labels.count, configuration, from: source), labels: labels,
      tokenizer: tokenizer, promptTemplate: own ?? pairTemplate(architecture.family, around),
      pooling: try pooling(architecture.family, configuration),
      separator: own == nil && architecture.segmentTypes > 1 ? around.after.first.flatMap(tokenizer.id) : nil)
  }

  /// - Throws: `SluiceError` (usage) for a classifier of something else than whole texts, or of labels that don't exclude
  ///   each other.
  private static func checkTask(_ configuration: CheckpointConfiguration) throws {
    let classes = try configuration.stringList("architectures")
    if !classes.isEmpty, !classes.contains(where: { $0.hasSuffix("ForSequenceClassification") }) {
      throw configuration.error(
        "\(brief(classes[0])) is no classifier of whole texts",
        remedy: "Name a checkpoint whose architecture ends in ForSequenceClassification.")
    }
    let problem = try configuration.string("problem_type", default: "single_label_classification")
    guard problem == "single_label_classification" else {
      throw configuration.error(
        "problem_type \(brief(problem)) is not supported",
        remedy: "A judge needs one verdict: use a classifier whose labels exclude each other.")
    }
  }

  private static func pooling(
    _ family: Architecture.Family, _ configuration: CheckpointConfiguration
  ) throws -> Pooling {
    guard family == .modernBERT else { return .first }
    switch try configuration.string("classifier_pooling", default: "cls") {
    case "cls": return .first
    case "mean": return .mean
    case let other: throw configuration.error("classifier_pooling \(brief(other)) is not supported")
    }
  }

  /// `[CLS]{prompt}[SEP]{response}[SEP]`; RoBERTa has two marks between. Nil where the tokenizer puts nothing around.
  private static func pairTemplate(
    _ family: Architecture.Family, _ around: (before: [String], after: [String])
  ) -> String? {
    guard !around.before.isEmpty, !around.after.isEmpty else { return nil }
    let (start, end) = (around.before.joined(), around.after.joined())
    return start + "{prompt}" + end + (family.isRoBERTa ? end : "") + "{response}" + end
  }

  /// Writes `config.json` and `model.safetensors`.
  public func save(folder: String, dtype: SafetensorsWriter.DataType = .f16) throws {
    var entries = weights.architecture.configurationEntries
    let family = weights.architecture.family
    entries["architectures"] = [family.className + "ForSequenceClassification"]
    entries.merge(head.configurationEntries(family)) { _, own in own }
    if family == .modernBERT { entries["classifier_pooling"] = pooling == .mean ? "mean" : "cls" }
    // The tokenizer's own way of joining a pair needs no words.
    if promptTemplate != Self.pairTemplate(family, tokenizer.surroundings) {
      entries["prompt_template"] = promptTemplate
    }
    entries["id2label"] = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ("\($0)", $1) })
    entries["label2id"] = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ($1, $0) })
    try writeConfiguration(entries, folder: folder)
    try SafetensorsWriter.write(
      tensors: CheckpointMapping.tensors(weights) + head.tensors(family), dtype: dtype,
      metadata: ["format": "pt"], to: folder + "/model.safetensors")
  }

  /// Label probabilities for each input of token ids (special tokens included). Inputs longer than `context` are cut at the
  /// end, and their last token stays, for it is a mark: a caller that mustn't lose text reads it in windows.
  public func probabilities(_ inputs: [[Int]], workers: Int) -> [[Float]] {
    head.probabilities(pooled(inputs, workers: workers))
  }

  /// The same before softmax.
  func logits(_ inputs: [[Int]], workers: Int) -> [[Float]] { head.logits(pooled(inputs, workers: workers)) }

  private func pooled(_ inputs: [[Int]], workers: Int) -> [[Float]] {
    let cut = inputs.map { input -> [Int32] in
      guard input.count > context, let last = input.last else { return input.map { Int32($0) } }
      return input.prefix(context - 1).map { Int32($0) } + [Int32(last)]
    }
    let encoding = Encoding(pooling: pooling, workers: workers, secondSegmentAfter: separator)
    return encoding.pooled(cut, weights)
  }
}
