import Tensors

/// GPT-2 (Radford et al., 2019), named as `GPT2LMHeadModel` saves it.
extension GraphBuilder {
  mutating func buildGPT2() {
    let (c, f) = (architecture.width, architecture.feedForward)
    let tokens = table("transformer.wte.weight", rows: architecture.vocabulary)
    let positions = table("transformer.wpe.weight", rows: architecture.context)
    var x = embed(tokens: tokens, positions: positions)
    for layer in 0..<architecture.layers {
      let name = "transformer.h.\(layer)."
      let normed = layerNorm(x, name + "ln_1")
      let qkv = linear(normed, [(name + "attn.c_attn", 3 * c)], order: .inputsFirst, hasBias: true)
      let attended = attend(qkv, layer: layer)
      let middle = linear(
        attended, [(name + "attn.c_proj", c)], order: .inputsFirst, hasBias: true, residual: x)
      let up = linear(
        layerNorm(middle, name + "ln_2"), [(name + "mlp.c_fc", f)], order: .inputsFirst, hasBias: true)
      x = linear(activate(up), [(name + "mlp.c_proj", c)], order: .inputsFirst, hasBias: true, residual: middle)
    }
    let hidden = layerNorm(x, "transformer.ln_f")
    finish(hidden, head: outputWeights(tokens: tokens))
  }

  /// The token embedding where it is tied, else `lm_head.weight`.
  mutating func outputWeights(tokens: Int) -> Int {
    architecture.tiesEmbeddings ? tokens : table("lm_head.weight", rows: architecture.vocabulary)
  }
}

extension Architecture {
  /// What a `config.json` of type gpt2 states.
  static func gpt2(_ configuration: CheckpointConfiguration) throws -> Architecture {
    for key in ["scale_attn_by_inverse_layer_idx", "add_cross_attention"]
    where try configuration.bool(key, default: false) {
      throw configuration.error("\(key) is not supported")
    }
    return Architecture(
      family: .gpt2, vocabulary: try configuration.int("vocab_size", in: sizes),
      context: try configuration.int("n_positions", default: 1024, in: sizes),
      width: try configuration.int("n_embd", in: widths), layers: try configuration.int("n_layer", in: depths),
      heads: try configuration.int("n_head", in: headCounts),
      feedForward: try configuration.optionalInt("n_inner", in: sizes),
      activation: try Activation(configuration, "activation_function", default: "gelu_new"),
      epsilon: Float(try configuration.double("layer_norm_epsilon", default: 1e-5, in: 0...1)),
      tiesEmbeddings: try configuration.bool("tie_word_embeddings", default: true))
  }

  var gpt2Entries: [String: Any] {
    [
      "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": vocabulary, "n_positions": context,
      "n_embd": width, "n_layer": layers, "n_head": heads, "n_inner": feedForward,
      "activation_function": activation.configurationName, "layer_norm_epsilon": Self.decimal(epsilon),
      "tie_word_embeddings": tiesEmbeddings,
    ]
  }
}
