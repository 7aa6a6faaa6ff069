import Core
import Foundation
import Tensors

/// Llama (Touvron et al., 2023) and its relatives: Mistral (Jiang et al., 2023), Qwen 2.5 (Yang et al., 2024) with biases on
/// query, key and value, Qwen 3 (Yang et al., 2025) with norms on the heads of queries and keys, Phi-3 (Abdin et al., 2024)
/// with joined matrices, and SmolLM3 with layers that have no positions.
extension GraphBuilder {
  mutating func buildLlama() {
    let (c, f) = (architecture.width, architecture.feedForward)
    let isJoined = architecture.family == .phi3
    let tokens = table("model.embed_tokens.weight", rows: architecture.vocabulary)
    var x = embed(tokens: tokens)
    for layer in 0..<architecture.layers {
      let name = "model.layers.\(layer)."
      var qkv = queryKeyValue(
        rmsNorm(x, name + "input_layernorm"), name + "self_attn.", layer: layer,
        hasBias: architecture.hasAttentionBias || architecture.family == .qwen2, isJoined: isJoined)
      if architecture.family == .qwen3 {
        qkv = headNorm(
          qkv, layer: layer, query: name + "self_attn.q_norm", key: name + "self_attn.k_norm", storedLess: 0)
      }
      let middle = linear(
        attend(qkv, layer: layer), [(name + "self_attn.o_proj", c)], hasBias: architecture.hasAttentionBias,
        residual: x)
      let normed = rmsNorm(middle, name + "post_attention_layernorm")
      let wide = linear(
        normed,
        isJoined
          ? [(name + "mlp.gate_up_proj", 2 * f)] : [(name + "mlp.gate_proj", f), (name + "mlp.up_proj", f)],
        hasBias: false)
      x = linear(activate(wide, isGated: true), [(name + "mlp.down_proj", c)], hasBias: false, residual: middle)
    }
    finish(rmsNorm(x, "model.norm"), head: outputWeights(tokens: tokens))
  }

  /// q, k and v side by side, from the projections that Llama and its relatives have, or the one that they are joined in.
  mutating func queryKeyValue(
    _ x: Graph.Value, _ name: String, layer: Int, hasBias: Bool, isJoined: Bool = false
  ) -> Graph.Value {
    let shape = architecture.attention(layer: layer)
    if isJoined { return linear(x, [(name + "qkv_proj", shape.rowWidth)], hasBias: hasBias) }
    return linear(
      x,
      [
        (name + "q_proj", shape.queryWidth), (name + "k_proj", shape.keyValueWidth),
        (name + "v_proj", shape.keyValueWidth),
      ], hasBias: hasBias)
  }
}

extension Architecture {
  /// What transformers assumes where a `config.json` is silent.
  private struct Silent {
    let context: Int
    let keyValueHeads: Int?
    var headSize: Int?
    var tiesEmbeddings = false
    var window: Int?

    init(_ family: Family) {
      switch family {
      case .mistral: (context, keyValueHeads, window) = (131_072, 8, 4096)
      case .qwen2: (context, keyValueHeads) = (32_768, 32)
      case .qwen3: (context, keyValueHeads, headSize) = (32_768, 32, 128)
      case .phi3: (context, keyValueHeads) = (4096, nil)
      case .smollm3: (context, keyValueHeads, tiesEmbeddings) = (32_768, 4, true)
      default: (context, keyValueHeads) = (2048, nil)
      }
    }
  }

  /// What a `config.json` of Llama's type or a relative's states.
  static func llama(_ configuration: CheckpointConfiguration, _ family: Family) throws -> Architecture {
    try configuration.requireCausal()
    if try configuration.bool("mlp_bias", default: false) { throw configuration.error("mlp_bias is not supported") }
    let silent = Silent(family)
    let heads = try configuration.int("num_attention_heads", in: headCounts)
    // null says as many as heads, and no key the family's own number.
    let keyValueHeads = configuration.json("num_key_value_heads") == nil ? silent.keyValueHeads : nil
    var architecture = Architecture(
      family: family, vocabulary: try configuration.int("vocab_size", in: sizes),
      context: try configuration.int("max_position_embeddings", default: silent.context, in: sizes),
      width: try configuration.int("hidden_size", in: widths),
      layers: try configuration.int("num_hidden_layers", in: depths), heads: heads,
      feedForward: try configuration.int("intermediate_size", in: sizes),
      activation: try Activation(configuration, "hidden_act", default: "silu"),
      epsilon: try configuration.optionalDouble("rms_norm_eps", in: 0...1).map { Float($0) },
      keyValueHeads: try configuration.optionalInt("num_key_value_heads", in: headCounts) ?? keyValueHeads,
      headSize: try configuration.optionalInt("head_dim", in: widths) ?? silent.headSize,
      tiesEmbeddings: try configuration.bool("tie_word_embeddings", default: silent.tiesEmbeddings))
    let mayHaveBias = [.llama, .qwen3, .smollm3].contains(family)
    architecture.hasAttentionBias = try mayHaveBias && configuration.bool("attention_bias", default: false)
    let base = architecture.rotary?.base ?? 10_000
    architecture.rotary = try Rotary(
      configuration, defaultBase: base, headSize: family == .phi3 ? architecture.headSize : nil,
      context: &architecture.context)
    if family == .phi3, case .yarn? = architecture.rotary?.scaling {
      throw configuration.error("rotary scaling of type 'yarn' is not supported for phi3")
    }
    if family == .smollm3 { try architecture.setUnrotatedLayers(configuration) }
    try architecture.setWindow(configuration, silent: silent.window)
    return architecture
  }

  private mutating func setUnrotatedLayers(_ configuration: CheckpointConfiguration) throws {
    // 1 for a layer with positions.
    let stated = try configuration.integers("no_rope_layers", in: 0...1)
    let interval = try configuration.int("no_rope_layer_interval", default: 4, in: 1...Self.sizes.upperBound)
    unrotatedLayers = stated.isEmpty ? (0..<layers).map { ($0 + 1) % interval == 0 } : stated.map { $0 == 0 }
    guard unrotatedLayers.count >= layers else {
      throw configuration.error("no_rope_layers has \(stated.count) entries for \(layers) layers")
    }
    unrotatedLayers = Array(unrotatedLayers.prefix(layers))
  }

  private mutating func setWindow(_ configuration: CheckpointConfiguration, silent: Int?) throws {
    let stated = try configuration.optionalInt("sliding_window", in: Self.sizes)
    let kinds = try configuration.layerKinds()
    switch family {
    case .mistral, .phi3:
      // Every layer has it; null says that there is none.
      window = configuration.json("sliding_window") == nil ? silent : stated
      if kinds.contains(where: { $0.isGlobal != (window == nil) }) {
        throw configuration.error("layer_types is not supported for \(family.rawValue)")
      }
    case .qwen2, .qwen3, .smollm3:
      let isUsed = try configuration.bool("use_sliding_window", default: false)
      let silent = family == .smollm3 || configuration.json("sliding_window") != nil ? nil : 4096
      let first = try configuration.int("max_window_layers", default: 28, in: 0...Self.sizes.upperBound)
      window = isUsed ? stated ?? silent : nil
      globalLayers =
        kinds.isEmpty
        ? (0..<layers).map { family == .smollm3 ? !unrotatedLayers[$0] : $0 < first } : kinds.map(\.isGlobal)
      if window == nil {
        if globalLayers.contains(false), !kinds.isEmpty {
          throw configuration.error("layer_types names layers with a window, and there is none")
        }
        globalLayers = []
      }
    default:
      if try configuration.bool("use_sliding_window", default: false) || kinds.contains(where: { !$0.isGlobal }) {
        throw configuration.error("a sliding window is not supported for \(family.rawValue)")
      }
    }
  }

  var llamaEntries: [String: Any] {
    let name = [
      Family.llama: "Llama", .mistral: "Mistral", .qwen2: "Qwen2", .qwen3: "Qwen3", .phi3: "Phi3", .smollm3: "SmolLM3",
    ]
    var entries: [String: Any] = [
      "model_type": family.rawValue, "architectures": [(name[family] ?? "Llama") + "ForCausalLM"],
      "hidden_act": activation.configurationName,
    ]
    if [.llama, .qwen3, .smollm3].contains(family) { entries["attention_bias"] = hasAttentionBias }
    switch family {
    case .mistral, .phi3: entries["sliding_window"] = window as Any? ?? NSNull()
    case .qwen2, .qwen3, .smollm3:
      entries["use_sliding_window"] = window != nil
      entries["sliding_window"] = window as Any? ?? NSNull()
      if window != nil { entries["layer_types"] = layerTypes }
    default: break
    }
    if family == .smollm3 { entries["no_rope_layers"] = unrotatedLayers.map { $0 ? 0 : 1 } }
    rotary?.write(to: &entries, headSize: headSize, context: context)
    return entries.merging(decoderEntries) { own, _ in own }
  }

  /// The keys that Llama and its relatives share.
  var decoderEntries: [String: Any] {
    [
      "vocab_size": vocabulary, "max_position_embeddings": context, "hidden_size": width,
      "num_hidden_layers": layers, "num_attention_heads": heads, "num_key_value_heads": keyValueHeads,
      "head_dim": headSize, "intermediate_size": feedForward, "rms_norm_eps": Self.decimal(epsilon),
      "tie_word_embeddings": tiesEmbeddings,
    ]
  }

  /// What each layer sees, as transformers names it [L].
  var layerTypes: [String] { (0..<layers).map { LayerKind(isGlobal: isGlobal(layer: $0)).rawValue } }
}

/// What a layer sees, as `layer_types` says it.
enum LayerKind: String {
  case full = "full_attention"
  case window = "sliding_attention"

  init(isGlobal: Bool) { self = isGlobal ? .full : .window }

  var isGlobal: Bool { self == .full }
}

extension CheckpointConfiguration {
  /// `layer_types` [L], empty where it is absent.
  /// - Throws: `SluiceError` (usage) for a kind that isn't supported.
  func layerKinds() throws -> [LayerKind] {
    try stringList("layer_types").map { name in
      guard let kind = LayerKind(rawValue: name) else { throw error("layer_types: \(brief(name)) is not supported") }
      return kind
    }
  }

  /// - Throws: `SluiceError` (usage) for a decoder whose tokens see those behind them.
  func requireCausal() throws {
    if try bool("use_bidirectional_attention", default: false) {
      throw error("use_bidirectional_attention is not supported")
    }
    guard try bool("is_causal", default: true) else { throw error("is_causal: false is not supported") }
  }
}
