import Tensors

/// The dimensions of a transformer. C = width, L = layers, H = heads, F = feedForward, V = vocabulary.
public struct Architecture: Hashable, Sendable {
  /// How blocks are arranged, named as `model_type` in a Hugging Face `config.json`.
  public enum Family: String, Hashable, Sendable, CaseIterable {
    /// GPT-2: norm before each half block, causal, learned positions, a final norm.
    case gpt2
    /// BERT: norm after each half block, bidirectional, learned positions, a norm on the embeddings.
    case bert
    /// RoBERTa: BERT's blocks; positions start at 2.
    case roberta
    /// XLM-RoBERTa: RoBERTa with a vocabulary of a hundred languages.
    case xlmRoberta = "xlm-roberta"
    /// DeBERTa v2 and v3: BERT's blocks with scores that distances add to.
    case debertaV2 = "deberta-v2"
    /// ModernBERT: norm before each half block, rotary positions, gated feed-forward; most layers see a window only.
    case modernBERT = "modernbert"
    /// Llama, and whatever has its blocks (SmolLM2): RMS norms, rotary positions, gated feed-forward.
    case llama
    /// Mistral: Llama, with a window in every layer or none.
    case mistral
    /// Qwen 2 and 2.5: Llama with biases on query, key and value.
    case qwen2
    /// Qwen 3: Llama with norms on the heads of queries and keys.
    case qwen3
    /// Phi-3 and Phi-4: Llama with query, key and value in one matrix, and gate and up in another.
    case phi3
    /// SmolLM3: Llama with layers that have no positions.
    case smollm3
    /// Gemma 2: norms on both sides of each half block, soft caps; every other layer sees a window only.
    case gemma2
    /// Gemma 3, the text model: norms on both sides of each half block and on queries and keys; most layers see a
    /// window only.
    case gemma3 = "gemma3_text"

    /// Whether it is read from both sides: no language model, but an encoder.
    public var isEncoder: Bool {
      switch self {
      case .bert, .roberta, .xlmRoberta, .debertaV2, .modernBERT: true
      case .gpt2, .llama, .mistral, .qwen2, .qwen3, .phi3, .smollm3, .gemma2, .gemma3: false
      }
    }

    /// What transformers calls an encoder's classes, less what they are for.
    var className: String {
      switch self {
      case .roberta: "Roberta"
      case .xlmRoberta: "XLMRoberta"
      case .debertaV2: "DebertaV2"
      case .modernBERT: "ModernBert"
      default: "Bert"
      }
    }

    /// RoBERTa and XLM-RoBERTa, which differ in their vocabularies alone.
    var isRoBERTa: Bool { self == .roberta || self == .xlmRoberta }

    /// Whether its blocks are Llama's but for parts that the configuration and the family's name tell.
    var isLlamaLike: Bool {
      switch self {
      case .llama, .mistral, .qwen2, .qwen3, .phi3, .smollm3: true
      case .gpt2, .bert, .roberta, .xlmRoberta, .debertaV2, .modernBERT, .gemma2, .gemma3: false
      }
    }

    /// Names of all decoders, for messages.
    static let decoders = names { !$0.isEncoder }

    /// Names of all encoders, for messages.
    static let encoders = names(\.isEncoder)

    private static func names(_ isIncluded: (Family) -> Bool) -> String {
      let names = allCases.filter(isIncluded).map { $0 == .gemma3 ? "gemma3" : $0.rawValue }
      return names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
    }
  }

  /// How its blocks are arranged.
  public var family: Family
  /// V: rows of the token embedding.
  public var vocabulary: Int
  /// Longest sequence in tokens.
  public var context: Int
  /// C: floats of a hidden state.
  public var width: Int
  /// L.
  public var layers: Int
  /// H: heads of queries.
  public var heads: Int
  /// F: inner width of the feed-forward block.
  public var feedForward: Int
  /// The feed-forward block's nonlinearity; of its gate where it has one.
  public var activation: Activation
  /// Added to the variance, or to the mean square, in every norm.
  public var epsilon: Float
  /// Heads of keys and values: fewer than `heads` where queries share them.
  public var keyValueHeads: Int
  /// D; H·D need not be the width.
  public var headSize: Int
  /// Whether the output weights are the token embedding.
  public var tiesEmbeddings: Bool
  /// BERT's kinds of segments; 0 where there are none.
  public var segmentTypes: Int
  /// Where rotary positions are used: those of layers that see everything.
  public var rotary: Rotary?
  /// Those of layers that see a window; nil where all layers are alike.
  public var localRotary: Rotary?
  /// Tokens that a windowed layer sees, the current one included; an encoder's, to either side. Nil for no window.
  public var window: Int?
  /// Which layers see everything although there is a window [L]; empty for none.
  public var globalLayers: [Bool]
  /// Which layers don't turn queries and keys by their position [L]; empty for none.
  public var unrotatedLayers: [Bool]
  /// Biases on query, key, value and attention output (`attention_bias`).
  public var hasAttentionBias: Bool
  /// Biases in the feed-forward block, where a family may go without (ModernBERT).
  public var hasFeedForwardBias: Bool
  /// Biases in norms, where a family may go without (ModernBERT).
  public var hasNormBias: Bool
  /// Whether positions are added to the embeddings (`position_biased_input`, DeBERTa).
  public var addsPositions: Bool
  /// What distances add to the scores (DeBERTa); nil for nothing.
  public var disentangled: Disentangled?
  /// Factor on q·k; nil for 1/√D.
  public var attentionScale: Float?
  /// Soft cap on attention scores (Gemma 2); nil for none.
  public var attentionCap: Float?
  /// Soft cap on logits (Gemma 2); nil for none.
  public var logitCap: Float?

  /// What isn't named here gets the family's usual value, and can be set afterwards.
  public init(
    family: Family, vocabulary: Int, context: Int, width: Int, layers: Int, heads: Int, feedForward: Int? = nil,
    activation: Activation? = nil, epsilon: Float? = nil, keyValueHeads: Int? = nil, headSize: Int? = nil,
    tiesEmbeddings: Bool = true
  ) {
    self.family = family
    self.vocabulary = vocabulary
    self.context = context
    self.width = width
    self.layers = layers
    self.heads = heads
    self.feedForward = feedForward ?? 4 * width
    self.keyValueHeads = keyValueHeads ?? heads
    self.headSize = headSize ?? width / max(1, heads)
    self.tiesEmbeddings = tiesEmbeddings
    segmentTypes = 0
    globalLayers = []
    unrotatedLayers = []
    hasAttentionBias = false
    hasFeedForwardBias = false
    hasNormBias = family != .modernBERT
    addsPositions = true
    switch family {
    case .gpt2:
      self.activation = activation ?? .geluTanh
      self.epsilon = epsilon ?? 1e-5
    case .bert, .roberta, .xlmRoberta:
      self.activation = activation ?? .geluErf
      self.epsilon = epsilon ?? (family == .bert ? 1e-12 : 1e-5)
      segmentTypes = family == .bert ? 2 : 1
    case .debertaV2:
      self.activation = activation ?? .geluErf
      self.epsilon = epsilon ?? 1e-7
    case .modernBERT:
      self.activation = activation ?? .geluErf
      self.epsilon = epsilon ?? 1e-5
      rotary = Rotary(base: 160_000)
      localRotary = Rotary(base: 10_000)
    case .llama, .mistral, .qwen2, .qwen3, .phi3, .smollm3:
      self.activation = activation ?? .silu
      self.epsilon = epsilon ?? (family == .phi3 ? 1e-5 : 1e-6)
      rotary = Rotary(base: family == .smollm3 ? 2_000_000 : 10_000)
    case .gemma2:
      self.activation = activation ?? .geluTanh
      self.epsilon = epsilon ?? 1e-6
      rotary = Rotary(base: 10_000)
    case .gemma3:
      self.activation = activation ?? .geluTanh
      self.epsilon = epsilon ?? 1e-6
      rotary = Rotary(base: 1_000_000)
      localRotary = Rotary(base: 10_000)
    }
  }

  var isCausal: Bool { !family.isEncoder }

  /// Rows of the position table that no token uses: RoBERTa counts from behind its padding id.
  var positionOffset: Int { family.isRoBERTa ? 2 : 0 }

  func isGlobal(layer: Int) -> Bool {
    window == nil || (globalLayers.indices.contains(layer) && globalLayers[layer])
  }

  /// How the layer attends.
  func attention(layer: Int) -> AttentionShape {
    let window = isGlobal(layer: layer) ? nil : window
    return AttentionShape(
      heads: heads, keyValueHeads: keyValueHeads, headSize: headSize, scale: attentionScale, isCausal: isCausal,
      window: isCausal ? window : nil, reach: isCausal ? nil : window, softCap: attentionCap)
  }

  /// The rotation of the layer's queries and keys; nil where they have no positions.
  func rotary(layer: Int) -> Rotary? {
    if unrotatedLayers.indices.contains(layer), unrotatedLayers[layer] { return nil }
    return isGlobal(layer: layer) ? rotary : localRotary ?? rotary
  }
}
