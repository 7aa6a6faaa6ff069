import Core
import Foundation
import Tensors

/// Gemma 2 (Gemma Team, 2024) and the text model of Gemma 3 (Gemma Team, 2025): four norms a block that multiply by 1 + w,
/// embeddings scaled by √C, and windowed layers between those that see everything. Gemma 3 has norms on queries and keys,
/// and a rotation of its own in windowed layers.
extension GraphBuilder {
  mutating func buildGemma() {
    let (c, f) = (architecture.width, architecture.feedForward)
    let tokens = table("model.embed_tokens.weight", rows: architecture.vocabulary)
    var x = embed(tokens: tokens, scale: Float(c).squareRoot())
    for layer in 0..<architecture.layers {
      let name = "model.layers.\(layer)."
      let qkv = queryKeyValue(
        rmsNorm(x, name + "input_layernorm", storedLess: 1), name + "self_attn.", layer: layer,
        hasBias: architecture.hasAttentionBias)
      let normed =
        architecture.family == .gemma2
        ? qkv
        : headNorm(qkv, layer: layer, query: name + "self_attn.q_norm", key: name + "self_attn.k_norm", storedLess: 1)
      let attended = linear(
        attend(normed, layer: layer), [(name + "self_attn.o_proj", c)], hasBias: architecture.hasAttentionBias)
      let middle = rmsNorm(attended, name + "post_attention_layernorm", storedLess: 1, residual: x)
      let input = rmsNorm(middle, name + "pre_feedforward_layernorm", storedLess: 1)
      let wide = linear(input, [(name + "mlp.gate_proj", f), (name + "mlp.up_proj", f)], hasBias: false)
      let down = linear(activate(wide, isGated: true), [(name + "mlp.down_proj", c)], hasBias: false)
      x = rmsNorm(down, name + "post_feedforward_layernorm", storedLess: 1, residual: middle)
    }
    finish(rmsNorm(x, "model.norm", storedLess: 1), head: outputWeights(tokens: tokens))
  }
}

extension Architecture {
  /// What a `config.json` of type gemma2 states.
  static func gemma2(_ configuration: CheckpointConfiguration) throws -> Architecture {
    var architecture = try gemma(
      configuration, .gemma2, vocabulary: 256_000, context: 8192, attentionCap: 50, logitCap: 30)
    // null says that no layer has one.
    architecture.window =
      configuration.json("sliding_window")?.isNull == true
      ? nil : try configuration.int("sliding_window", default: 4096, in: sizes)
    try architecture.setGlobalLayers(configuration, pattern: 2)
    if architecture.window == nil {
      guard !architecture.globalLayers.contains(false) else {
        throw configuration.error("there are layers with a window, and sliding_window is null")
      }
      architecture.globalLayers = []
    }
    architecture.rotary = try Rotary(configuration, defaultBase: 10_000, context: &architecture.context)
    return architecture
  }

  /// What a `config.json` of type gemma3_text, or the text part of one of type gemma3, states.
  static func gemma3(_ configuration: CheckpointConfiguration) throws -> Architecture {
    var architecture = try gemma(
      configuration, .gemma3, vocabulary: 262_208, context: 131_072, attentionCap: nil, logitCap: nil)
    architecture.window = try configuration.int("sliding_window", default: 4096, in: sizes)
    try architecture.setGlobalLayers(
      configuration, pattern: try configuration.int("sliding_window_pattern", default: 6, in: depths))
    if let nested = try configuration.object("rope_parameters"), nested.has("full_attention") {
      architecture.rotary = try Rotary(
        nested.object("full_attention") ?? nested, defaultBase: 1_000_000, context: &architecture.context)
      architecture.localRotary = try Rotary(
        nested.object("sliding_attention") ?? nested, defaultBase: 10_000, context: &architecture.context)
    } else {
      architecture.rotary = try Rotary(configuration, defaultBase: 1_000_000, context: &architecture.context)
      architecture.localRotary = Rotary(
        base: try configuration.double("rope_local_base_freq", default: 10_000, in: 1e-6...1e12))
    }
    return architecture
  }

  /// What both state, with what transformers assumes where a key is absent. A soft cap that is null is none.
  private static func gemma(
    _ configuration: CheckpointConfiguration, _ family: Family, vocabulary: Int, context: Int, attentionCap: Double?,
    logitCap: Double?
  ) throws -> Architecture {
    try configuration.requireCausal()
    func cap(_ key: String, _ silent: Double?) throws -> Float? {
      let stated = try configuration.optionalDouble(key, in: 1e-3...1e6)
      return (configuration.json(key) == nil ? silent : stated).map { Float($0) }
    }
    var architecture = Architecture(
      family: family, vocabulary: try configuration.int("vocab_size", default: vocabulary, in: sizes),
      context: try configuration.int("max_position_embeddings", default: context, in: sizes),
      width: try configuration.int("hidden_size", in: widths),
      layers: try configuration.int("num_hidden_layers", in: depths),
      heads: try configuration.int("num_attention_heads", default: 8, in: headCounts),
      feedForward: try configuration.int("intermediate_size", in: sizes),
      activation: try Activation(configuration, "hidden_activation", default: "gelu_pytorch_tanh"),
      epsilon: Float(try configuration.double("rms_norm_eps", default: 1e-6, in: 0...1)),
      keyValueHeads: try configuration.int("num_key_value_heads", default: 4, in: headCounts),
      headSize: try configuration.int("head_dim", default: 256, in: widths),
      tiesEmbeddings: try configuration.bool("tie_word_embeddings", default: true))
    architecture.hasAttentionBias = try configuration.bool("attention_bias", default: false)
    architecture.attentionScale =
      1 / Float(try configuration.double("query_pre_attn_scalar", default: 256, in: 1e-6...1e9)).squareRoot()
    architecture.attentionCap = try cap("attn_logit_softcapping", attentionCap)
    architecture.logitCap = try cap("final_logit_softcapping", logitCap)
    return architecture
  }

  /// - Parameter pattern: every so many layers one sees everything, where the configuration names no kinds.
  private mutating func setGlobalLayers(_ configuration: CheckpointConfiguration, pattern: Int) throws {
    let kinds = try configuration.layerKinds()
    globalLayers = kinds.isEmpty ? (0..<layers).map { ($0 + 1) % pattern == 0 } : kinds.map(\.isGlobal)
  }

  var gemmaEntries: [String: Any] {
    let scalar = attentionScale.map { 1 / (Double($0) * Double($0)) } ?? Double(headSize)
    var entries: [String: Any] = [
      "model_type": family.rawValue,
      "architectures": [family == .gemma2 ? "Gemma2ForCausalLM" : "Gemma3ForCausalLM"],
      "hidden_activation": activation == .geluTanh ? "gelu_pytorch_tanh" : activation.configurationName,
      "attention_bias": hasAttentionBias,
      "query_pre_attn_scalar": abs(scalar - scalar.rounded()) < 1e-4 ? scalar.rounded() : scalar,
      "sliding_window": window ?? context, "layer_types": layerTypes,
      "attn_logit_softcapping": attentionCap.map(Self.decimal) as Any? ?? NSNull(),
      "final_logit_softcapping": logitCap.map(Self.decimal) as Any? ?? NSNull(),
    ]
    if family == .gemma3 { entries["rope_local_base_freq"] = localRotary?.base ?? 10_000 }
    rotary?.write(to: &entries, headSize: headSize, context: context)
    return entries.merging(decoderEntries) { own, _ in own }
  }
}
