import Tensors

/// The dimensions of a transformer. C = width, L = layers, H = heads, F = feedForward, V = vocabulary.
public struct Architecture: Hashable, Sendable {
  /// How blocks are arranged.
  public enum Family: String, Hashable, Sendable {
    /// GPT-2: norm before each half block, causal, a final norm, output weights tied to the token embedding.
    case gpt2
    /// BERT: norm after each half block, bidirectional, a norm on the embeddings.
    case bert
  }

  public var family: Family
  public var vocabulary: Int
  public var context: Int
  public var width: Int
  public var layers: Int
  public var heads: Int
  public var feedForward: Int
  public var activation: Activation
  public var epsilon: Float

  public init(
    family: Family, vocabulary: Int, context: Int, width: Int, layers: Int, heads: Int, feedForward: Int? = nil,
    activation: Activation? = nil, epsilon: Float? = nil
  ) {
    self.family = family
    self.vocabulary = vocabulary
    self.context = context
    self.width = width
    self.layers = layers
    self.heads = heads
    self.feedForward = feedForward ?? 4 * width
    self.activation = activation ?? (family == .gpt2 ? .geluTanh : .geluErf)
    self.epsilon = epsilon ?? (family == .gpt2 ? 1e-5 : 1e-12)
  }

  public var headSize: Int { width / heads }
  var isCausal: Bool { family == .gpt2 }
}

/// One row of a layout table: a named tensor in a flat buffer.
public struct ParameterSlot: Hashable, Sendable {
  /// The name in a Hugging Face checkpoint.
  public let name: String
  public let shape: [Int]
  public let offset: Int
  /// Weight decay applies to matrices, not to norms and biases.
  public let decays: Bool

  public var count: Int { shape.reduce(1, *) }
}

/// The one table from which sizes, offsets and checkpoint names of a transformer derive.
///
/// All matrices are stored [inputs, outputs]; q, k and v are fused to [C,3C], as GPT-2 has them. BERT checkpoints
/// store them apart and transposed; `CheckpointMapping` translates.
public struct ParameterLayout: Hashable, Sendable {
  /// Offsets of one block's tensors.
  public struct Block: Hashable, Sendable {
    public let norm1Gain, norm1Bias, qkvWeight, qkvBias, projectionWeight, projectionBias: Int
    public let norm2Gain, norm2Bias, upWeight, upBias, downWeight, downBias: Int
  }

  public let architecture: Architecture
  public let slots: [ParameterSlot]
  public let tokenEmbedding: Int
  public let positionEmbedding: Int
  /// GPT-2: the final norm. BERT: the norm on the embeddings.
  public let outerNormGain: Int
  public let outerNormBias: Int
  public let blocks: [Block]
  public let count: Int

  public init(_ architecture: Architecture) {
    let (v, c, f) = (architecture.vocabulary, architecture.width, architecture.feedForward)
    var slots: [ParameterSlot] = []
    var offset = 0
    func add(_ name: String, _ shape: Int...) -> Int {
      let slot = ParameterSlot(name: name, shape: shape, offset: offset, decays: shape.count > 1)
      slots.append(slot)
      offset += slot.count
      return slot.offset
    }
    tokenEmbedding = add("wte.weight", v, c)
    positionEmbedding = add("wpe.weight", architecture.context, c)
    blocks = (0..<architecture.layers).map { layer in
      let h = "h.\(layer)."
      return Block(
        norm1Gain: add(h + "ln_1.weight", c), norm1Bias: add(h + "ln_1.bias", c),
        qkvWeight: add(h + "attn.c_attn.weight", c, 3 * c), qkvBias: add(h + "attn.c_attn.bias", 3 * c),
        projectionWeight: add(h + "attn.c_proj.weight", c, c), projectionBias: add(h + "attn.c_proj.bias", c),
        norm2Gain: add(h + "ln_2.weight", c), norm2Bias: add(h + "ln_2.bias", c),
        upWeight: add(h + "mlp.c_fc.weight", c, f), upBias: add(h + "mlp.c_fc.bias", f),
        downWeight: add(h + "mlp.c_proj.weight", f, c), downBias: add(h + "mlp.c_proj.bias", c))
    }
    outerNormGain = add("ln_f.weight", c)
    outerNormBias = add("ln_f.bias", c)
    self.architecture = architecture
    self.slots = slots
    count = offset
  }
}

/// Immutable weights of one version of a model, shared by any number of threads.
public final class Weights: Sendable {
  public let layout: ParameterLayout
  /// All parameters, `layout.count` floats.
  public let values: [Float]

  public var architecture: Architecture { layout.architecture }

  public init(layout: ParameterLayout, values: [Float]) {
    precondition(values.count == layout.count, "weights must fill their layout")
    self.layout = layout
    self.values = values
  }
}
