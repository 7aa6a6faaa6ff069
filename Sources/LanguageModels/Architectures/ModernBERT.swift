import Core
import Tensors

/// ModernBERT (Warner et al., 2024), named as its classifiers save it: a norm before each half block but the very first,
/// rotary positions of two kinds, and layers that see a window between those that see everything.
extension GraphBuilder {
  mutating func buildModernBERT() {
    let (c, f) = (architecture.width, architecture.feedForward)
    let model = architecture.family.modelPrefix
    let hasNormBias = architecture.hasNormBias
    let tokens = table(model + "embeddings.tok_embeddings.weight", rows: architecture.vocabulary)
    var x = layerNorm(embed(tokens: tokens), model + "embeddings.norm", hasBias: hasNormBias)
    for layer in 0..<architecture.layers {
      let name = model + "layers.\(layer)."
      let input = layer == 0 ? x : layerNorm(x, name + "attn_norm", hasBias: hasNormBias)
      let qkv = linear(input, [(name + "attn.Wqkv", 3 * c)], hasBias: architecture.hasAttentionBias)
      let middle = linear(
        attend(qkv, layer: layer), [(name + "attn.Wo", c)], hasBias: architecture.hasAttentionBias, residual: x)
      let normed = layerNorm(middle, name + "mlp_norm", hasBias: hasNormBias)
      let wide = linear(normed, [(name + "mlp.Wi", 2 * f)], hasBias: architecture.hasFeedForwardBias)
      x = linear(
        activate(wide, isGated: true), [(name + "mlp.Wo", c)], hasBias: architecture.hasFeedForwardBias,
        residual: middle)
    }
    finish(layerNorm(x, model + "final_norm", hasBias: hasNormBias), head: tokens)
  }
}

extension Architecture {
  /// What a `config.json` of type modernbert states, with what transformers assumes where a key is absent.
  static func modernBERT(_ configuration: CheckpointConfiguration) throws -> Architecture {
    if configuration.has("rope_scaling") { throw configuration.error("rope_scaling is not supported for modernbert") }
    var architecture = Architecture(
      family: .modernBERT, vocabulary: try configuration.int("vocab_size", default: 50_368, in: sizes),
      context: try configuration.int("max_position_embeddings", default: 8192, in: sizes),
      width: try configuration.int("hidden_size", default: 768, in: widths),
      layers: try configuration.int("num_hidden_layers", default: 22, in: depths),
      heads: try configuration.int("num_attention_heads", default: 12, in: headCounts),
      feedForward: try configuration.int("intermediate_size", default: 1152, in: sizes),
      activation: try Activation(configuration, "hidden_activation", default: "gelu"),
      epsilon: Float(try configuration.double("norm_eps", default: 1e-5, in: 0...1)),
      headSize: try configuration.optionalInt("head_dim", in: widths))
    architecture.hasNormBias = try configuration.bool("norm_bias", default: false)
    architecture.hasAttentionBias = try configuration.bool("attention_bias", default: false)
    architecture.hasFeedForwardBias = try configuration.bool("mlp_bias", default: false)
    // The whole window's size is stated; half of it lies to either side.
    architecture.window = try configuration.int("local_attention", default: 128, in: 2...sizes.upperBound) / 2
    let every = try configuration.int("global_attn_every_n_layers", default: 3, in: depths)
    let kinds = try configuration.layerKinds()
    architecture.globalLayers =
      kinds.isEmpty ? (0..<architecture.layers).map { $0 % every == 0 } : kinds.map(\.isGlobal)
    let global = try configuration.double("global_rope_theta", default: 160_000, in: Rotary.bases)
    let isLocalNull = configuration.json("local_rope_theta")?.isNull == true
    let local = try configuration.double("local_rope_theta", default: isLocalNull ? global : 10_000, in: Rotary.bases)
    let parameters = try configuration.object("rope_parameters")
    func rotary(_ key: String, _ base: Double) throws -> Rotary {
      guard let parameters else { return Rotary(base: base) }
      if let own = try parameters.object(key) {
        let rotary = try Rotary(own, defaultBase: base, context: &architecture.context)
        guard rotary.scaling == .none else {
          throw own.error("scaled rotary positions are not supported for modernbert")
        }
        return rotary
      }
      if let stray = parameters.keys.first(where: { $0 != "full_attention" && $0 != "sliding_attention" }) {
        throw parameters.error("rope_parameters.\(brief(stray)) is not supported for modernbert")
      }
      return Rotary(base: base)
    }
    architecture.rotary = try rotary("full_attention", global)
    architecture.localRotary = try rotary("sliding_attention", local)
    return architecture
  }

  var modernBERTEntries: [String: Any] {
    [
      "model_type": family.rawValue, "vocab_size": vocabulary, "max_position_embeddings": context,
      "hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads,
      "intermediate_size": feedForward, "hidden_activation": activation.configurationName,
      "norm_eps": Self.decimal(epsilon), "norm_bias": hasNormBias, "attention_bias": hasAttentionBias,
      "mlp_bias": hasFeedForwardBias, "local_attention": 2 * (window ?? context), "layer_types": layerTypes,
      "global_rope_theta": rotary?.base ?? 160_000, "local_rope_theta": localRotary?.base ?? 10_000,
    ]
  }
}
