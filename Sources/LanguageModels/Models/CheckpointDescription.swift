import ChatTemplates
import Core
import Foundation
import Tokenizers

/// What a checkpoint is, without reading its weights: every tensor's name and shape is checked, no element looked at.
public struct CheckpointDescription: Codable, Sendable {
  /// What a checkpoint can be used as.
  public enum Role: String, Codable, Sendable {
    /// A language model: it scores and writes texts.
    case decoder
    /// An encoder with a head: it tells labels.
    case classifier
    /// An encoder alone: it gives vectors.
    case encoder
  }

  /// A checkpoint's tokenizer.
  public struct Tokens: Codable, Sendable {
    /// Its algorithm, for example `byte-level BPE`.
    public let kind: String
    /// Tokens of its vocabulary.
    public let size: Int
    /// Tokens that are put before every text.
    public let before: [String]
    /// Tokens that are put behind every text.
    public let after: [String]
  }

  /// The file or folder, as it was named.
  public private(set) var path: String
  /// `safetensors` or `gguf`.
  public let format: String
  /// What it is.
  public let role: Role
  /// As `model_type` names it.
  public let architecture: String
  /// Blocks, one after the other.
  public let layers: Int
  /// Floats of a hidden state.
  public let width: Int
  /// Heads of queries.
  public let heads: Int
  /// Heads of keys and values; fewer than `heads` where queries share them.
  public let keyValueHeads: Int
  /// Floats of one head.
  public let headSize: Int
  /// Inner width of the feed-forward block.
  public let feedForward: Int
  /// Rows of the token embedding.
  public let vocabulary: Int
  /// Longest sequence in tokens.
  public let context: Int
  /// Tokens that windowed layers see; nil where every layer sees all.
  public let window: Int?
  /// Whether the output weights are the token embedding.
  public let tiedEmbeddings: Bool
  /// Floats of all tensors together, tied ones once.
  public let parameters: Int
  /// Stored tensors by element type.
  public let tensorTypes: [String: Int]
  /// What turns texts into token ids.
  public let tokenizer: Tokens
  /// Any of them ends a text.
  public let endTokens: [String]
  /// How prompts are wrapped, with `{prompt}` for one; nil where they aren't, and where the template can't be rendered.
  public private(set) var template: String?
  /// Where that comes from: a file or key of the checkpoint.
  public private(set) var templateSource: String?
  /// Why the checkpoint's own chat template can't be rendered; nil where it can, or there is none.
  public private(set) var templateProblem: String?
  /// The chat template as the checkpoint holds it.
  public private(set) var chatTemplate: String?
  /// A classifier's.
  public let labels: [String]?
  /// The adapter on these weights, where the path is one's folder.
  public private(set) var adapter: Adapter?

  /// A LoRA adapter.
  public struct Adapter: Codable, Sendable {
    /// The base checkpoint, which the rest describes.
    public let base: String
    /// r: columns of A, rows of B.
    public let rank: Int
    /// α: A·B counts α/r.
    public let alpha: Float
    /// Names of the adapted projections, as `LoRAAdapter` has them.
    public let projections: [String]
    /// Floats of all its factors.
    public let parameters: Int
  }

  /// - Throws: `SluiceError` (usage) naming the file and what is wrong with it.
  public static func load(_ path: String) throws -> CheckpointDescription {
    if path.hasSuffix(".gguf") { return try gguf(path) }
    if let adapted = try AdaptedCheckpoint.at(path) { return try CheckpointDescription(adapted) }
    let configuration = try CheckpointConfiguration(folder: path)
    var architecture = try Architecture(configuration)
    let source = try CheckpointWeights.open(folder: path)
    try architecture.untieIfNeeded(configuration, source)
    let tokenizer = try loadTokenizer(path, architecture, configuration)
    var role = Role.decoder
    var labels: [String]?
    if architecture.family.isEncoder {
      let heads = ["classifier.weight", "classifier.out_proj.weight"]
      role = heads.contains(where: source.contains) ? .classifier : .encoder
      if role == .classifier { labels = try configuration.labels() }
    }
    let settings = try role == .decoder ? DecoderSettings(path, configuration, architecture, tokenizer) : nil
    return try CheckpointDescription(
      path, "safetensors", role, architecture, source, types: source.tensorTypes, tokenizer, settings, labels,
      template: configuration.optionalString("prompt_template"))
  }

  private static func gguf(_ path: String) throws -> CheckpointDescription {
    let file = try GGUFFile(path: path)
    let architecture = try Architecture(file)
    let tokenizer = try Tokenizer(gguf: file)
    var types: [String: Int] = [:]
    for tensor in file.tensors.values { types[GGUFTensorType.name(of: tensor.typeCode), default: 0] += 1 }
    return try CheckpointDescription(
      path, "gguf", .decoder, architecture, GGUFWeights(file: file, architecture: architecture), types: types,
      tokenizer, DecoderSettings(file, architecture, tokenizer), nil, template: nil)
  }

  private init(_ adapted: AdaptedCheckpoint) throws {
    self = try .load(adapted.base)
    guard role == .decoder else {
      throw SluiceError.badInput(
        "the adapter's base \(brief(adapted.base)) is no decoder", file: adapted.folder,
        remedy: "Only adapters of decoders are read: \(Architecture.Family.decoders).")
    }
    let adapter = try LoRAAdapter.load(
      folder: adapted.folder, layout: ParameterLayout(try .of(checkpoint: adapted.base)))
    path = adapted.folder
    if let own = try AdaptedCheckpoint.promptTemplate(folder: adapted.folder) {
      template = own
      (templateSource, templateProblem, chatTemplate) = (AdaptedCheckpoint.settingsFile, nil, nil)
    }
    self.adapter = Adapter(
      base: adapted.base, rank: adapter.rank, alpha: adapter.alpha, projections: adapter.projections,
      parameters: adapter.values.count)
  }

  private init(
    _ path: String, _ format: String, _ role: Role, _ architecture: Architecture, _ source: some TensorSource,
    types: [String: Int], _ tokenizer: Tokenizer, _ settings: DecoderSettings?, _ labels: [String]?, template: String?
  ) throws {
    let layout = try CheckpointMapping.check(architecture, source)
    self.path = path
    self.format = format
    self.role = role
    self.architecture = architecture.family.rawValue
    layers = architecture.layers
    width = architecture.width
    heads = architecture.heads
    keyValueHeads = architecture.keyValueHeads
    headSize = architecture.headSize
    feedForward = architecture.feedForward
    vocabulary = architecture.vocabulary
    context = architecture.context
    window = architecture.window
    tiedEmbeddings = architecture.tiesEmbeddings
    parameters = layout.count
    tensorTypes = types
    let around = tokenizer.surroundings
    self.tokenizer = Tokens(
      kind: tokenizer.kind, size: tokenizer.vocabularySize, before: around.before, after: around.after)
    endTokens = (settings?.endTokens ?? []).map { tokenizer.token(of: $0) ?? "\($0)" }
    if let template {
      self.template = template
      templateSource = "config.json, prompt_template"
    } else {
      switch settings?.chat {
      case .template(let chat)?:
        templateSource = chat.source
        chatTemplate = chat.text
        do {
          self.template = try chat.render("{prompt}", system: nil, time: .now).text
        } catch let error as SluiceError {
          templateProblem = error.message
        }
      case .unreadable(let error)?: templateProblem = "\(error.location.map { "\($0): " } ?? "")\(error.message)"
      case .some(.none), nil: break
      }
    }
    self.labels = labels
  }
}
