import Tensors

/// The text model of Gemma 3 (Gemma Team, 2025): four norms a block that multiply by 1 + w, norms on queries and keys,
/// embeddings scaled by √C, and windowed layers with a rotation of their own between those that see everything.
extension GraphBuilder {
  mutating func buildGemma3() {
    let (c, f) = (architecture.width, architecture.feedForward)
    let tokens = table("model.embed_tokens.weight", rows: architecture.vocabulary)
    var x = embed(tokens: tokens, scale: Float(c).squareRoot())
    for layer in 0..<architecture.layers {
      let name = "model.layers.\(layer)."
      let qkv = queryKeyValue(
        rmsNorm(x, name + "input_layernorm", storedLess: 1), name + "self_attn.", layer: layer,
        hasBias: architecture.hasAttentionBias)
      let normed = headNorm(
        qkv, layer: layer, query: name + "self_attn.q_norm", key: name + "self_attn.k_norm", storedLess: 1)
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
  /// What a `config.json` of type gemma3_text, or the text part of one of type gemma3, states.
  static func gemma3(_ configuration: CheckpointConfiguration) throws -> Architecture {
    if try configuration.bool("use_bidirectional_attention", default: false) {
      throw configuration.error("use_bidirectional_attention is not supported")
    }
    let layers = try configuration.int("num_hidden_layers", in: depths)
    var architecture = Architecture(
      family: .gemma3, vocabulary: try configuration.int("vocab_size", default: 262_208, in: sizes),
      context: try configuration.int("max_position_embeddings", default: 131_072, in: sizes),
      width: try configuration.int("hidden_size", in: widths), layers: layers,
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
    architecture.attentionCap = try configuration.optionalDouble("attn_logit_softcapping", in: 1e-3...1e6)
      .map { Float($0) }
    architecture.logitCap = try configuration.optionalDouble("final_logit_softcapping", in: 1e-3...1e6)
      .map { Float($0) }
    architecture.window = try configuration.int("sliding_window", default: 4096, in: sizes)
    let kinds = try configuration.stringList("layer_types")
    if kinds.isEmpty {
      let pattern = try configuration.int("sliding_window_pattern", default: 6, in: depths)
      architecture.globalLayers = (0..<layers).map { ($0 + 1) % pattern == 0 }
    } else {
      architecture.globalLayers = try kinds.map { kind in
        guard kind == "full_attention" || kind == "sliding_attention" else {
          throw configuration.error("layer_types: \(brief(kind)) is not supported")
        }
        return kind == "full_attention"
      }
    }
    if let nested = try configuration.object("rope_parameters"), nested.has("full_attention") {
      architecture.rotary = try Rotary(nested.object("full_attention") ?? nested, defaultBase: 1_000_000)
      architecture.localRotary = try Rotary(nested.object("sliding_attention") ?? nested, defaultBase: 10_000)
    } else {
      architecture.rotary = try Rotary(configuration, defaultBase: 1_000_000)
      architecture.localRotary = Rotary(
        base: try configuration.double("rope_local_base_freq", default: 10_000, in: 1e-6...1e12))
    }
    return architecture
  }

  var gemma3Entries: [String: Any] {
    get throws {
      let scalar = attentionScale.map { 1 / (Double($0) * Double($0)) } ?? Double(headSize)
      var entries: [String: Any] = [
        "model_type": "gemma3_text", "architectures": ["Gemma3ForCausalLM"],
        "hidden_activation": activation == .geluTanh ? "gelu_pytorch_tanh" : activation.configurationName,
        "attention_bias": hasAttentionBias,
        "query_pre_attn_scalar": abs(scalar - scalar.rounded()) < 1e-4 ? scalar.rounded() : scalar,
        "sliding_window": window ?? context,
        "layer_types": (0..<layers).map { isGlobal(layer: $0) ? "full_attention" : "sliding_attention" },
        "rope_local_base_freq": localRotary?.base ?? 10_000,
      ]
      entries["attn_logit_softcapping"] = attentionCap.map(Self.decimal)
      entries["final_logit_softcapping"] = logitCap.map(Self.decimal)
      try rotary?.write(to: &entries)
      return entries.merging(decoderEntries) { own, _ in own }
    }
  }
}
