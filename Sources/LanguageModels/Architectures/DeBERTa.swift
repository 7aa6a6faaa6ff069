import Core
import Tensors

/// How attention tells content and positions apart (DeBERTa).
public struct Disentangled: Hashable, Sendable {
  /// Which row of the table a distance has.
  public var positions: RelativePositions
  /// Content to position (`c2p`): whether queries meet the table.
  public var meetsKeys: Bool
  /// Position to content (`p2c`): whether keys meet the table.
  public var meetsQueries: Bool
  /// Whether positions go through the projections of content (`share_att_key`).
  public var sharesProjections: Bool
  /// Whether the table of positions is normed (`norm_rel_ebd`).
  public var isNormed: Bool
}

/// DeBERTa v2 (He et al., 2021) and v3 (He et al., 2023), named as their classifiers save them.
extension GraphBuilder {
  mutating func buildDeBERTa() {
    let (c, f) = (architecture.width, architecture.feedForward)
    let model = architecture.family.modelPrefix
    let tokens = table(model + "embeddings.word_embeddings.weight", rows: architecture.vocabulary)
    let positions =
      architecture.addsPositions
      ? table(model + "embeddings.position_embeddings.weight", rows: architecture.context) : nil
    let segments =
      architecture.segmentTypes > 0
      ? table(model + "embeddings.token_type_embeddings.weight", rows: architecture.segmentTypes) : nil
    let embedded = embed(tokens: tokens, positions: positions, segments: segments)
    var x = layerNorm(embedded, model + "embeddings.LayerNorm")
    var distances: (table: Int, norm: Graph.Relative.Projection?)?
    if let disentangled = architecture.disentangled {
      distances = (table(model + "encoder.rel_embeddings.weight", rows: 2 * disentangled.positions.span), nil)
      if disentangled.isNormed {
        let name = model + "encoder.LayerNorm"
        distances?.norm = Graph.Relative.Projection(
          weight: gain(name + ".weight", width: c), bias: bias(name + ".bias", width: c))
      }
    }
    for layer in 0..<architecture.layers {
      let name = model + "encoder.layer.\(layer)."
      let own = name + "attention.self."
      let qkv = linear(x, ["query_proj", "key_proj", "value_proj"].map { (own + $0, c) }, hasBias: true)
      var relative: Graph.Relative?
      if let disentangled = architecture.disentangled, let distances {
        let names = disentangled.sharesProjections ? ["key_proj", "query_proj"] : ["pos_key_proj", "pos_query_proj"]
        relative = Graph.Relative(
          positions: disentangled.positions, table: distances.table, norm: distances.norm,
          key: disentangled.meetsKeys ? projection(own + names[0], outputs: c) : nil,
          query: disentangled.meetsQueries ? projection(own + names[1], outputs: c) : nil)
      }
      let attended = attend(qkv, layer: layer, relative: relative)
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
  /// What a `config.json` of type deberta-v2 states.
  static func debertaV2(_ configuration: CheckpointConfiguration) throws -> Architecture {
    if try configuration.int("conv_kernel_size", default: 0) > 0 {
      throw configuration.error("conv_kernel_size: the convolution of deberta-v2-xlarge is not supported")
    }
    let width = try configuration.int("hidden_size", default: 1536, in: widths)
    let heads = try configuration.int("num_attention_heads", default: 24, in: headCounts)
    for (key, size) in [
      ("embedding_size", width), ("attention_head_size", width / heads), ("pooler_hidden_size", width),
    ]
    where try configuration.int(key, default: size) != size {
      throw configuration.error("\(key) other than \(size) is not supported")
    }
    var architecture = Architecture(
      family: .debertaV2, vocabulary: try configuration.int("vocab_size", default: 128_100, in: sizes),
      context: try configuration.int("max_position_embeddings", default: 512, in: sizes), width: width,
      layers: try configuration.int("num_hidden_layers", default: 24, in: depths), heads: heads,
      feedForward: try configuration.int("intermediate_size", default: 6144, in: sizes),
      activation: try Activation(configuration, "hidden_act", default: "gelu"),
      epsilon: Float(try configuration.double("layer_norm_eps", default: 1e-7, in: 0...1)))
    architecture.segmentTypes = try configuration.int("type_vocab_size", default: 0, in: 0...1000)
    architecture.addsPositions = try configuration.bool("position_biased_input", default: true)
    try architecture.setDistances(configuration)
    return architecture
  }

  private mutating func setDistances(_ configuration: CheckpointConfiguration) throws {
    let key = "pos_att_type"
    let stated =
      configuration.json(key)?.array != nil
      ? try configuration.stringList(key)
      : try configuration.string(key, default: "").split(separator: "|").map(String.init)
    let kinds = stated.map { $0.lowercased().filter { !$0.isWhitespace } }.filter { !$0.isEmpty }
    if let unknown = kinds.first(where: { $0 != "c2p" && $0 != "p2c" }) {
      throw configuration.error("\(key): \(brief(unknown)) is not supported")
    }
    let (meetsKeys, meetsQueries) = (kinds.contains("c2p"), kinds.contains("p2c"))
    // The kinds that are named count for the scale, used or not.
    let terms = 1 + (meetsKeys ? 1 : 0) + (meetsQueries ? 1 : 0)
    attentionScale = 1 / (Float(headSize) * Float(terms)).squareRoot()
    guard try configuration.bool("relative_attention", default: false) else { return }
    guard terms > 1 else { throw configuration.error("relative_attention without \(key) is not supported") }
    let norms = try configuration.string("norm_rel_ebd", default: "none").lowercased().split(separator: "|")
      .map { $0.filter { !$0.isWhitespace } }
    if let unknown = norms.first(where: { $0 != "none" && $0 != "layer_norm" }) {
      throw configuration.error("norm_rel_ebd: \(brief(unknown)) is not supported")
    }
    let maximum = try configuration.int("max_relative_positions", default: -1, in: -1...Self.sizes.upperBound)
    let buckets = try configuration.int("position_buckets", default: -1, in: -1...Self.sizes.upperBound)
    let limit = maximum < 1 ? context : maximum
    guard buckets < 1 || buckets >= 4 && limit - 1 > buckets / 2 else {
      throw configuration.error("position_buckets \(buckets) don't fit distances of up to \(limit)")
    }
    disentangled = Disentangled(
      positions: RelativePositions(buckets: buckets < 1 ? nil : buckets, maximum: limit), meetsKeys: meetsKeys,
      meetsQueries: meetsQueries, sharesProjections: try configuration.bool("share_att_key", default: false),
      isNormed: norms.contains("layer_norm"))
  }

  var debertaEntries: [String: Any] {
    var entries: [String: Any] = [
      "model_type": family.rawValue, "vocab_size": vocabulary, "max_position_embeddings": context,
      "hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads,
      "intermediate_size": feedForward, "type_vocab_size": segmentTypes, "hidden_act": activation.configurationName,
      "layer_norm_eps": Self.decimal(epsilon), "position_biased_input": addsPositions,
      "relative_attention": disentangled != nil,
    ]
    guard let disentangled else { return entries }
    entries["pos_att_type"] = (disentangled.meetsKeys ? ["c2p"] : []) + (disentangled.meetsQueries ? ["p2c"] : [])
    entries["max_relative_positions"] = disentangled.positions.maximum
    entries["position_buckets"] = disentangled.positions.buckets ?? -1
    entries["share_att_key"] = disentangled.sharesProjections
    entries["norm_rel_ebd"] = disentangled.isNormed ? "layer_norm" : "none"
    return entries
  }
}
