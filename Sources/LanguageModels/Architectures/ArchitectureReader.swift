import Core
import Tensors

extension Architecture {
  /// The dimensions that a `config.json` states.
  /// - Throws: `SluiceError` (usage) for a missing key, a value out of range, or a model type that isn't supported.
  init(_ configuration: CheckpointConfiguration) throws {
    let type = try configuration.string("model_type")
    if configuration.has("quantization_config") {
      throw configuration.error(
        "the weights are quantised", remedy: "Use the unquantised checkpoint, or one in GGUF format.")
    }
    switch type {
    case "gpt2": self = try .gpt2(configuration)
    case "bert": self = try .bert(configuration, .bert)
    case "roberta": self = try .bert(configuration, .roberta)
    case "xlm-roberta": self = try .bert(configuration, .xlmRoberta)
    case "deberta-v2": self = try .debertaV2(configuration)
    case "modernbert": self = try .modernBERT(configuration)
    case "gemma2": self = try .gemma2(configuration)
    case "gemma3_text": self = try .gemma3(configuration)
    case "gemma3":
      guard let text = try configuration.object("text_config") else {
        throw configuration.error("gemma3 without text_config")
      }
      self = try .gemma3(text)
    default:
      if let family = Family(rawValue: type), family.isLlamaLike {
        self = try .llama(configuration, family)
        break
      }
      throw configuration.error(
        "model_type \(brief(type)) is not supported",
        remedy: "Supported are the decoders \(Family.decoders), and the encoders \(Family.encoders).")
    }
    try validate(configuration)
  }

  private func validate(_ configuration: CheckpointConfiguration) throws {
    if headSize < 1 || (family.isEncoder || family == .gpt2) && headSize * heads != width {
      throw configuration.error("\(heads) heads don't divide a width of \(width)")
    }
    if heads % keyValueHeads != 0 {
      throw configuration.error("\(keyValueHeads) heads of keys and values don't divide \(heads) heads")
    }
    if rotary != nil && headSize % 2 != 0 {
      throw configuration.error("rotary positions need an even head size, not \(headSize)")
    }
    if !globalLayers.isEmpty && globalLayers.count != layers {
      throw configuration.error("layer_types has \(globalLayers.count) entries for \(layers) layers")
    }
  }

  /// Bounds that no real model reaches; beyond them sizes could overflow.
  static let sizes = 1...2_000_000
  static let widths = 1...65_536
  static let depths = 1...512
  static let headCounts = 1...1024

  /// The `config.json` keys that `init(_:)` reads back.
  var configurationEntries: [String: Any] {
    switch family {
    case .gpt2: gpt2Entries
    case .bert, .roberta, .xlmRoberta: bertEntries
    case .debertaV2: debertaEntries
    case .modernBERT: modernBERTEntries
    case .llama, .mistral, .qwen2, .qwen3, .phi3, .smollm3: llamaEntries
    case .gemma2, .gemma3: gemmaEntries
    }
  }

  /// A float as the shortest decimal that reads back as the same float.
  static func decimal(_ value: Float) -> Double { Double("\(value)") ?? Double(value) }
}

extension Activation {
  /// - Throws: `SluiceError` (usage) for a name that isn't supported.
  init(_ configuration: CheckpointConfiguration, _ key: String, default fallback: String) throws {
    let name = try configuration.string(key, default: fallback)
    switch name {
    case "gelu": self = .geluErf
    case "gelu_new", "gelu_pytorch_tanh", "gelu_fast": self = .geluTanh
    case "silu", "swish": self = .silu
    default: throw configuration.error("\(key) \(brief(name)) is not supported")
    }
  }

  /// The name in a `config.json`.
  var configurationName: String {
    switch self {
    case .geluErf: "gelu"
    case .geluTanh: "gelu_new"
    case .silu: "silu"
    }
  }
}
