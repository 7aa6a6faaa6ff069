import Core
import Tensors

/// Translates between `ParameterLayout` and the tensors of a Hugging Face checkpoint.
enum CheckpointMapping {
  /// Reads all weights of `architecture`.
  /// - Throws: `SluiceError` (usage) for a missing, wrongly shaped or non-finite tensor.
  static func load(_ architecture: Architecture, from checkpoint: CheckpointWeights) throws -> Weights {
    let layout = ParameterLayout(architecture)
    var values = [Float](repeating: 0, count: layout.count)
    let prefix = prefix(architecture.family, in: checkpoint)
    for slot in layout.slots {
      let tensor: [Float]
      switch architecture.family {
      case .gpt2: tensor = try checkpoint.tensor(prefix + slot.name, shape: slot.shape)
      case .bert: tensor = try loadBERT(slot, prefix: prefix, from: checkpoint)
      }
      values.replaceSubrange(slot.offset..<slot.offset + slot.count, with: tensor)
    }
    return Weights(layout: layout, values: values)
  }

  /// The tensors to write for `weights`, in layout order.
  static func tensors(_ weights: Weights) -> [(name: String, shape: [Int], values: [Float])] {
    weights.layout.slots.flatMap { slot -> [(name: String, shape: [Int], values: [Float])] in
      let values = Array(weights.values[slot.offset..<slot.offset + slot.count])
      switch weights.architecture.family {
      case .gpt2: return [("transformer." + slot.name, slot.shape, values)]
      case .bert: return bertTensors(slot, values)
      }
    }
  }

  /// Checkpoints of the bare model have no prefix; those with a head have one.
  private static func prefix(_ family: Architecture.Family, in checkpoint: CheckpointWeights) -> String {
    switch family {
    case .gpt2: checkpoint.contains("transformer.wte.weight") ? "transformer." : ""
    case .bert: checkpoint.contains("bert.embeddings.word_embeddings.weight") ? "bert." : ""
    }
  }

  private static func loadBERT(
    _ slot: ParameterSlot, prefix: String, from checkpoint: CheckpointWeights
  ) throws -> [Float] {
    let names = bertNames(slot.name).map { prefix + $0 }
    if slot.name == "wpe.weight" {
      // Every token is of type 0 here, so its embedding folds into the positions'.
      let width = slot.shape[1]
      let types = checkpoint.shape(of: names[1])?.first ?? 2
      var positions = try checkpoint.tensor(names[0], shape: slot.shape)
      let typeEmbedding = try checkpoint.tensor(names[1], shape: [types, width])
      for i in positions.indices { positions[i] += typeEmbedding[i % width] }
      return positions
    }
    if slot.shape.count == 1 {
      let part = slot.shape[0] / names.count
      return try names.flatMap { try checkpoint.tensor($0, shape: [part]) }
    }
    if slot.name == "wte.weight" { return try checkpoint.tensor(names[0], shape: slot.shape) }
    // Stored [outputs, inputs]; the layout wants [inputs, outputs], parts side by side.
    let (inputs, outputs) = (slot.shape[0], slot.shape[1])
    let part = outputs / names.count
    var fused = [Float](repeating: 0, count: inputs * outputs)
    for (index, name) in names.enumerated() {
      let stored = try checkpoint.tensor(name, shape: [part, inputs])
      for o in 0..<part {
        for i in 0..<inputs { fused[i * outputs + index * part + o] = stored[o * inputs + i] }
      }
    }
    return fused
  }

  private static func bertTensors(
    _ slot: ParameterSlot, _ values: [Float]
  ) -> [(name: String, shape: [Int], values: [Float])] {
    let names = bertNames(slot.name).map { "bert." + $0 }
    if slot.name == "wpe.weight" {
      let width = slot.shape[1]
      return [(names[0], slot.shape, values), (names[1], [2, width], [Float](repeating: 0, count: 2 * width))]
    }
    if slot.name == "wte.weight" || slot.shape.count == 1 && names.count == 1 {
      return [(names[0], slot.shape, values)]
    }
    if slot.shape.count == 1 {
      let part = slot.shape[0] / names.count
      return names.enumerated().map { ($1, [part], Array(values[$0 * part..<($0 + 1) * part])) }
    }
    let (inputs, outputs) = (slot.shape[0], slot.shape[1])
    let part = outputs / names.count
    return names.enumerated().map { index, name in
      var stored = [Float](repeating: 0, count: part * inputs)
      for o in 0..<part {
        for i in 0..<inputs { stored[o * inputs + i] = values[i * outputs + index * part + o] }
      }
      return (name, [part, inputs], stored)
    }
  }

  /// BERT's name, or names where the layout fuses tensors.
  private static func bertNames(_ name: String) -> [String] {
    switch name {
    case "wte.weight": return ["embeddings.word_embeddings.weight"]
    case "wpe.weight": return ["embeddings.position_embeddings.weight", "embeddings.token_type_embeddings.weight"]
    case "ln_f.weight": return ["embeddings.LayerNorm.weight"]
    case "ln_f.bias": return ["embeddings.LayerNorm.bias"]
    default:
      // h.LAYER.REST.KIND
      let parts = name.split(separator: ".")
      let layer = "encoder.layer.\(parts[1])."
      let kind = parts[parts.count - 1]
      switch parts[2..<parts.count - 1].joined(separator: ".") {
      case "attn.c_attn": return ["query", "key", "value"].map { layer + "attention.self.\($0).\(kind)" }
      case "attn.c_proj": return [layer + "attention.output.dense.\(kind)"]
      case "ln_1": return [layer + "attention.output.LayerNorm.\(kind)"]
      case "mlp.c_fc": return [layer + "intermediate.dense.\(kind)"]
      case "mlp.c_proj": return [layer + "output.dense.\(kind)"]
      default: return [layer + "output.LayerNorm.\(kind)"]
      }
    }
  }
}

extension Architecture {
  /// The dimensions that a `config.json` states.
  /// - Throws: `SluiceError` (usage) for a missing key, a value out of range, or a model type that isn't supported.
  init(_ configuration: CheckpointConfiguration) throws {
    let type = try configuration.string("model_type")
    let size = 1...1_000_000
    let family: Family
    let activationKey: String
    let allowed: [String: Activation]
    switch type {
    case "gpt2":
      family = .gpt2
      activationKey = "activation_function"
      allowed = ["gelu_new": .geluTanh, "gelu_pytorch_tanh": .geluTanh, "gelu": .geluErf]
      self.init(
        family: family, vocabulary: try configuration.int("vocab_size", in: size),
        context: try configuration.int("n_positions", default: 1024, in: size),
        width: try configuration.int("n_embd", in: 1...65_536), layers: try configuration.int("n_layer", in: 1...512),
        heads: try configuration.int("n_head", in: 1...1024),
        feedForward: try configuration.optionalInt("n_inner", in: size),
        epsilon: Float(try configuration.double("layer_norm_epsilon", default: 1e-5)))
    case "bert":
      family = .bert
      activationKey = "hidden_act"
      allowed = ["gelu": .geluErf, "gelu_new": .geluTanh]
      self.init(
        family: family, vocabulary: try configuration.int("vocab_size", in: size),
        context: try configuration.int("max_position_embeddings", in: size),
        width: try configuration.int("hidden_size", in: 1...65_536),
        layers: try configuration.int("num_hidden_layers", in: 1...512),
        heads: try configuration.int("num_attention_heads", in: 1...1024),
        feedForward: try configuration.int("intermediate_size", in: size),
        epsilon: Float(try configuration.double("layer_norm_eps", default: 1e-12)))
    default:
      throw configuration.error(
        "model_type '\(type)' is not supported", remedy: "Supported are gpt2 decoders and bert encoders.")
    }
    if width % heads != 0 { throw configuration.error("\(heads) heads don't divide a width of \(width)") }
    let name = try configuration.string(activationKey, default: family == .gpt2 ? "gelu_new" : "gelu")
    guard let activation = allowed[name] else {
      throw configuration.error("\(activationKey) '\(name)' is not supported")
    }
    self.activation = activation
  }

  /// The `config.json` keys that `init(_:)` reads back.
  var configurationEntries: [String: Any] {
    switch family {
    case .gpt2:
      [
        "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": vocabulary, "n_positions": context,
        "n_embd": width, "n_layer": layers, "n_head": heads, "n_inner": feedForward,
        "activation_function": activation == .geluTanh ? "gelu_new" : "gelu",
        "layer_norm_epsilon": Double("\(epsilon)") ?? 1e-5, "tie_word_embeddings": true,
      ]
    case .bert:
      [
        "model_type": "bert", "vocab_size": vocabulary, "max_position_embeddings": context, "hidden_size": width,
        "num_hidden_layers": layers, "num_attention_heads": heads, "intermediate_size": feedForward,
        "type_vocab_size": 2, "hidden_act": activation == .geluErf ? "gelu" : "gelu_new",
        "layer_norm_eps": Double("\(epsilon)") ?? 1e-12,
      ]
    }
  }
}
