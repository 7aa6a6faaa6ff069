import Tensors

/// BERT (Devlin et al., 2019), RoBERTa (Liu et al., 2019) and XLM-RoBERTa (Conneau et al., 2020), named as their
/// classifiers save them. The latter two differ in their positions, which start at 2, and in their name.
extension GraphBuilder {
  mutating func buildBERT() {
    let (c, f) = (architecture.width, architecture.feedForward)
    let model = architecture.family.modelPrefix
    let tokens = table(model + "embeddings.word_embeddings.weight", rows: architecture.vocabulary)
    let positions = table(
      model + "embeddings.position_embeddings.weight", rows: architecture.context + architecture.positionOffset)
    let segments = table(model + "embeddings.token_type_embeddings.weight", rows: architecture.segmentTypes)
    let embedded = embed(tokens: tokens, positions: positions, segments: segments)
    var x = layerNorm(embedded, model + "embeddings.LayerNorm")
    for layer in 0..<architecture.layers {
      let name = model + "encoder.layer.\(layer)."
      let qkv = linear(x, ["query", "key", "value"].map { (name + "attention.self.\($0)", c) }, hasBias: true)
      let attended = attend(qkv, layer: layer)
      let sum = linear(attended, [(name + "attention.output.dense", c)], hasBias: true, residual: x)
      let middle = layerNorm(sum, name + "attention.output.LayerNorm")
      let up = linear(middle, [(name + "intermediate.dense", f)], hasBias: true)
      let down = linear(activate(up), [(name + "output.dense", c)], hasBias: true, residual: middle)
      x = layerNorm(down, name + "output.LayerNorm")
    }
    finish(x, head: tokens)
  }
}

extension Architecture {
  /// What a `config.json` of type bert, roberta or xlm-roberta states.
  static func bert(_ configuration: CheckpointConfiguration, _ family: Family) throws -> Architecture {
    let positions = try configuration.string("position_embedding_type", default: "absolute")
    guard positions == "absolute" else {
      throw configuration.error("position_embedding_type \(brief(positions)) is not supported")
    }
    if try configuration.bool("is_decoder", default: false) {
      throw configuration.error("\(family.rawValue) as a decoder is not supported")
    }
    let offset = family.isRoBERTa ? 2 : 0
    // Positions are counted from behind this id.
    guard try !family.isRoBERTa || configuration.int("pad_token_id", default: 1) == 1 else {
      throw configuration.error("pad_token_id other than 1 is not supported for \(family.rawValue)")
    }
    for key in ["add_cross_attention", "is_cross_attention"] where try configuration.bool(key, default: false) {
      throw configuration.error("\(key) is not supported")
    }
    var architecture = Architecture(
      family: family, vocabulary: try configuration.int("vocab_size", in: sizes),
      context: try configuration.int("max_position_embeddings", in: (1 + offset)...sizes.upperBound) - offset,
      width: try configuration.int("hidden_size", in: widths),
      layers: try configuration.int("num_hidden_layers", in: depths),
      heads: try configuration.int("num_attention_heads", in: headCounts),
      feedForward: try configuration.int("intermediate_size", in: sizes),
      activation: try Activation(configuration, "hidden_act", default: "gelu"),
      epsilon: Float(try configuration.double("layer_norm_eps", default: 1e-12, in: 0...1)))
    architecture.segmentTypes = try configuration.int("type_vocab_size", default: 2, in: 1...1000)
    return architecture
  }

  var bertEntries: [String: Any] {
    [
      "model_type": family.rawValue, "vocab_size": vocabulary, "max_position_embeddings": context + positionOffset,
      "hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads,
      "intermediate_size": feedForward, "type_vocab_size": segmentTypes, "hidden_act": activation.configurationName,
      "layer_norm_eps": Self.decimal(epsilon),
    ]
  }
}
