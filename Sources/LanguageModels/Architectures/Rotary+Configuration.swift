import Core
import Foundation

extension Rotary {
  static let bases = 1e-6...1e12
  private static let factors = 1e-6...1e6
  private static let contexts = 1.0...1e9

  /// What `rope_parameters` or `rope_scaling` may hold, by kind of scaling.
  private static let keys: [String: Set<String>] = [
    "default": [], "linear": ["factor"],
    // Within the context that the model states, frequencies are the plain ones.
    "dynamic": ["factor", "original_max_position_embeddings"],
    "llama3": ["factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"],
    "yarn": [
      "factor", "original_max_position_embeddings", "attention_factor", "beta_fast", "beta_slow", "mscale",
      "mscale_all_dim", "truncate",
    ],
    "longrope": [
      "factor", "original_max_position_embeddings", "attention_factor", "short_factor", "long_factor",
    ],
  ]

  /// From a `config.json` as transformers 4 writes it (`rope_theta`, `rope_scaling`) or as 5 does (`rope_parameters`),
  /// or from the object of the latter itself.
  ///
  /// - Parameters:
  ///   - headSize: D, where a part of a head may be turned alone; nil where it can't.
  ///   - context: of the model; made shorter where the frequencies would be others beyond.
  /// - Throws: `SluiceError` (usage) for a kind of scaling or a setting that isn't supported.
  init(
    _ configuration: CheckpointConfiguration, defaultBase: Double, headSize: Int? = nil, context: inout Int
  ) throws {
    let parameters = try configuration.object("rope_parameters")
    let stated =
      try parameters ?? configuration.object("rope_scaling") ?? (configuration.has("rope_type") ? configuration : nil)
    let scaling = stated ?? configuration
    base =
      try parameters?.optionalDouble("rope_theta", in: Self.bases)
      ?? configuration.double("rope_theta", default: defaultBase, in: Self.bases)
    self.scaling = .none
    let share = try (parameters ?? configuration).double("partial_rotary_factor", default: 1, in: 0...1)
    if share != 1 {
      guard let headSize else { throw configuration.error("partial_rotary_factor is not supported") }
      let turned = Int(Double(headSize) * share)
      guard turned > 1, turned % 2 == 0 else {
        throw configuration.error("partial_rotary_factor \(share) turns \(turned) of \(headSize) dimensions of a head")
      }
      dimensions = turned
    }
    var kind = try scaling.optionalString("rope_type") ?? scaling.string("type", default: "default")
    // Phi-3's first name for it.
    if kind == "su" { kind = "longrope" }
    guard let known = Self.keys[kind] else {
      throw scaling.error("rotary scaling of type \(brief(kind)) is not supported")
    }
    if let stated {
      let others: Set = ["rope_type", "type", "rope_theta", "partial_rotary_factor", "finetuned"]
      if let unknown = stated.keys.first(where: { stated.has($0) && !known.contains($0) && !others.contains($0) }) {
        throw stated.error("\(brief(unknown)) is not supported for rotary scaling of type \(brief(kind))")
      }
    }
    let original =
      try configuration.optionalDouble("original_max_position_embeddings", in: Self.contexts)
      ?? scaling.optionalDouble("original_max_position_embeddings", in: Self.contexts)
    switch kind {
    case "linear": self.scaling = .linear(factor: try scaling.double("factor", in: Self.factors))
    case "llama3":
      self.scaling = .llama3(
        factor: try scaling.double("factor", in: Self.factors),
        lowFrequency: try scaling.double("low_freq_factor", in: Self.factors),
        highFrequency: try scaling.double("high_freq_factor", in: Self.factors),
        originalContext: original ?? Double(context))
    case "yarn":
      let original = original ?? Double(context)
      try setYaRN(scaling, original: original, context: context)
    case "longrope":
      let original = original ?? Double(context)
      try setLongRoPE(scaling, original: original, headSize: headSize, &context)
    default: break
    }
  }

  private mutating func setYaRN(_ settings: CheckpointConfiguration, original: Double, context: Int) throws {
    let factor = try settings.optionalDouble("factor", in: Self.factors) ?? Double(context) / original
    var yarn = YaRN(factor: factor, originalContext: original)
    yarn.fastTurns = try settings.double("beta_fast", default: yarn.fastTurns, in: Self.factors)
    yarn.slowTurns = try settings.double("beta_slow", default: yarn.slowTurns, in: Self.factors)
    yarn.truncates = try settings.bool("truncate", default: yarn.truncates)
    scaling = .yarn(yarn)
    let weights = try ["mscale", "mscale_all_dim"].map { try settings.double($0, default: 0, in: 0...1e6) }
    let recommended =
      weights.allSatisfy { $0 > 0 }
      ? YaRN.magnitude(factor, weight: weights[0]) / YaRN.magnitude(factor, weight: weights[1])
      : YaRN.magnitude(factor)
    magnitude = try settings.double("attention_factor", default: recommended, in: Self.factors)
  }

  /// LongRoPE (Ding et al., 2024, arXiv 2402.13753) has one set of factors within the original context and another for longer
  /// texts, under which the same tokens get other states: such texts are no part of the context here.
  private mutating func setLongRoPE(
    _ settings: CheckpointConfiguration, original: Double, headSize: Int?, _ context: inout Int
  ) throws {
    let short = try settings.doubles("short_factor", in: Self.factors)
    let count = (dimensions ?? headSize ?? 2 * short.count) / 2
    guard short.count == count, !short.isEmpty else {
      throw settings.error("short_factor has \(short.count) numbers; \(count) were expected")
    }
    scaling = .factors(short.map { Float($0) })
    let factor = try settings.optionalDouble("factor", in: Self.factors) ?? Double(context) / original
    let recommended = factor <= 1 ? 1 : (1 + log(factor) / log(original)).squareRoot()
    magnitude = try settings.double("attention_factor", default: recommended, in: Self.factors)
    context = min(context, Int(original))
  }

  /// - Parameters:
  ///   - context: of the model.
  func write(to entries: inout [String: Any], headSize: Int, context: Int) {
    entries["rope_theta"] = base
    if let dimensions { entries["partial_rotary_factor"] = Double(dimensions) / Double(headSize) }
    switch scaling {
    case .none: break
    case .linear(let factor): entries["rope_scaling"] = ["rope_type": "linear", "factor": factor]
    case .llama3(let factor, let low, let high, let context):
      entries["rope_scaling"] = [
        "rope_type": "llama3", "factor": factor, "low_freq_factor": low, "high_freq_factor": high,
        "original_max_position_embeddings": Int(context),
      ]
    case .yarn(let yarn):
      entries["rope_scaling"] = [
        "rope_type": "yarn", "factor": yarn.factor, "original_max_position_embeddings": Int(yarn.originalContext),
        "beta_fast": yarn.fastTurns, "beta_slow": yarn.slowTurns, "truncate": yarn.truncates,
        "attention_factor": magnitude,
      ]
    case .factors(let factors):
      let factors = factors.map(Architecture.decimal)
      entries["rope_scaling"] = [
        "rope_type": "longrope", "short_factor": factors, "long_factor": factors, "attention_factor": magnitude,
        "original_max_position_embeddings": context,
      ]
      entries["original_max_position_embeddings"] = context
    }
  }
}
