import Tensors

/// Llama (Touvron et al., 2023) and Qwen 2.5 (Yang et al., 2024), which adds biases on query, key and value.
extension GraphBuilder {
  mutating func buildLlama() {
    let (c, f) = (architecture.width, architecture.feedForward)
    let tokens = table("model.embed_tokens.weight", rows: architecture.vocabulary)
    var x = embed(tokens: tokens)
    for layer in 0..<architecture.layers {
      let name = "model.layers.\(layer)."
      let qkv = queryKeyValue(
        rmsNorm(x, name + "input_layernorm"), name + "self_attn.", layer: layer,
        hasBias: architecture.hasAttentionBias || architecture.family == .qwen2)
      let middle = linear(
        attend(qkv, layer: layer), [(name + "self_attn.o_proj", c)], hasBias: architecture.hasAttentionBias,
        residual: x)
      let normed = rmsNorm(middle, name + "post_attention_layernorm")
      let wide = linear(normed, [(name + "mlp.gate_proj", f), (name + "mlp.up_proj", f)], hasBias: false)
      x = linear(activate(wide, isGated: true), [(name + "mlp.down_proj", c)], hasBias: false, residual: middle)
    }
    finish(rmsNorm(x, "model.norm"), head: outputWeights(tokens: tokens))
  }

  /// q, k and v side by side, from the projections that Llama and its relatives have.
  mutating func queryKeyValue(_ x: Graph.Value, _ name: String, layer: Int, hasBias: Bool) -> Graph.Value {
    let shape = architecture.attention(layer: layer)
    return linear(
      x,
      [
        (name + "q_proj", shape.queryWidth), (name + "k_proj", shape.keyValueWidth),
        (name + "v_proj", shape.keyValueWidth),
      ], hasBias: hasBias)
  }
}

extension Architecture {
  /// What a `config.json` of type llama or qwen2 states.
  static func llama(_ configuration: CheckpointConfiguration, _ family: Family) throws -> Architecture {
    if try configuration.bool("mlp_bias", default: false) { throw configuration.error("mlp_bias is not supported") }
    if try configuration.bool("use_sliding_window", default: false) {
      throw configuration.error("use_sliding_window is not supported for \(family.rawValue)")
    }
    let heads = try configuration.int("num_attention_heads", in: headCounts)
    var architecture = Architecture(
      family: family, vocabulary: try configuration.int("vocab_size", in: sizes),
      context: try configuration.int("max_position_embeddings", default: 2048, in: sizes),
      width: try configuration.int("hidden_size", in: widths),
      layers: try configuration.int("num_hidden_layers", in: depths), heads: heads,
      feedForward: try configuration.int("intermediate_size", in: sizes),
      activation: try Activation(configuration, "hidden_act", default: "silu"),
      epsilon: Float(try configuration.double("rms_norm_eps", default: 1e-6, in: 0...1)),
      keyValueHeads: try configuration.int("num_key_value_heads", default: heads, in: headCounts),
      headSize: try configuration.optionalInt("head_dim", in: widths),
      tiesEmbeddings: try configuration.bool("tie_word_embeddings", default: false))
    architecture.hasAttentionBias = try family == .llama && configuration.bool("attention_bias", default: false)
    architecture.rotary = try Rotary(configuration, defaultBase: 10_000)
    return architecture
  }

  var llamaEntries: [String: Any] {
    get throws {
      var entries: [String: Any] = [
        "model_type": family.rawValue,
        "architectures": [family == .llama ? "LlamaForCausalLM" : "Qwen2ForCausalLM"],
        "hidden_act": activation.configurationName,
      ]
      if family == .llama { entries["attention_bias"] = hasAttentionBias }
      try rotary?.write(to: &entries)
      return entries.merging(decoderEntries) { own, _ in own }
    }
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
}
