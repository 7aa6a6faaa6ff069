import Core
import Tensors

extension Architecture {
  /// The dimensions that a GGUF file's metadata state.
  /// - Throws: `SluiceError` (usage) for a missing key, a value out of range, or an architecture that isn't supported.
  init(_ file: GGUFFile) throws {
    let name = try file.required("general.architecture", file.string("general.architecture"))
    let family: Family
    switch name {
    case "llama": family = .llama
    case "qwen2": family = .qwen2
    case "gemma3": family = .gemma3
    default:
      throw file.error(
        "the architecture \(brief(name)) is not supported", remedy: "Supported are llama, qwen2 and gemma3.")
    }
    func integer(_ key: String, _ range: ClosedRange<Int>) throws -> Int {
      try file.required("\(name).\(key)", file.integer("\(name).\(key)", in: range))
    }
    guard let vocabulary = file.tensors["token_embd.weight"]?.shape.first else {
      throw file.error("the file has no tensor 'token_embd.weight'")
    }
    guard Architecture.sizes.contains(vocabulary) else { throw file.error("a vocabulary of \(vocabulary) tokens") }
    let heads = try integer("attention.head_count", Architecture.headCounts)
    self.init(
      family: family, vocabulary: vocabulary, context: try integer("context_length", Architecture.sizes),
      width: try integer("embedding_length", Architecture.widths),
      layers: try integer("block_count", Architecture.depths), heads: heads,
      feedForward: try integer("feed_forward_length", Architecture.sizes),
      epsilon: try Float(
        file.required(
          "\(name).attention.layer_norm_rms_epsilon",
          file.number("\(name).attention.layer_norm_rms_epsilon", in: 0...1))),
      keyValueHeads: try file.integer("\(name).attention.head_count_kv", in: Architecture.headCounts),
      headSize: try file.integer("\(name).attention.key_length", in: Architecture.widths),
      tiesEmbeddings: file.tensors["output.weight"] == nil)
    guard heads % keyValueHeads == 0, headSize % 2 == 0, headSize > 0 else {
      throw file.error("\(heads) heads of \(headSize) with \(keyValueHeads) for keys and values don't fit together")
    }
    if let turned = try file.integer("\(name).rope.dimension_count", in: 0...65_536), turned != headSize {
      throw file.error("rotary positions over \(turned) of \(headSize) dimensions are not supported")
    }
    hasAttentionBias = family == .llama && file.tensors["blk.0.attn_q.bias"] != nil
    rotary = try Self.rotary(file, name, headSize: headSize)
    if family == .gemma3 {
      window = try integer("attention.sliding_window", Architecture.sizes)
      let pattern = try file.integer("\(name).attention.sliding_window_pattern", in: Architecture.depths) ?? 6
      globalLayers = (0..<layers).map { ($0 + 1) % pattern == 0 }
      localRotary = Rotary(base: try file.number("\(name).rope.freq_base_swa", in: 1e-6...1e12) ?? 10_000)
      // The 27-billion-parameter model alone scales by its width instead of its head's.
      attentionScale = 1 / Float(layers == 62 ? width / heads : headSize).squareRoot()
      attentionCap = try file.number("\(name).attn_logit_softcapping", in: 1e-3...1e6).map { Float($0) }
      logitCap = try file.number("\(name).final_logit_softcapping", in: 1e-3...1e6).map { Float($0) }
    }
  }

  private static func rotary(_ file: GGUFFile, _ name: String, headSize: Int) throws -> Rotary {
    var rotary = Rotary(base: try file.number("\(name).rope.freq_base", in: 1e-6...1e12) ?? 10_000)
    switch try file.string("\(name).rope.scaling.type") ?? "none" {
    case "none": break
    case "linear":
      let key = "\(name).rope.scaling.factor"
      rotary.scaling = .linear(factor: try file.required(key, file.number(key, in: 1e-6...1e6)))
    case let type: throw file.error("rotary scaling of type \(brief(type)) is not supported")
    }
    if let factors = file.tensors["rope_freqs.weight"] {
      guard factors.shape == [headSize / 2] else {
        throw file.error("rope_freqs.weight has shape \(factors.shape); \(headSize / 2) were expected")
      }
      var values = [Float](repeating: 0, count: headSize / 2)
      try values.withUnsafeMutableBufferPointer { try file.read("rope_freqs.weight", into: $0) }
      guard values.allSatisfy({ $0 > 0 }) else {
        throw file.error("rope_freqs.weight holds a factor that isn't positive")
      }
      rotary.scaling = .factors(values)
    }
    return rotary
  }
}

/// A GGUF file's tensors under the names of a Hugging Face checkpoint.
struct GGUFWeights: TensorSource {
  let file: GGUFFile
  let architecture: Architecture

  var path: String { file.path }

  /// Converters write 1 + w for Gemma's norms.
  var storesWholeGains: Bool { true }

  func shape(of name: String) -> [Int]? { translated(name).flatMap { file.tensors[$0]?.shape } }

  func strays(_ used: Set<String>, prefix: String) -> [String] {
    let known = Set(used.compactMap(translated))
    return file.tensors.keys.filter { !known.contains($0) && $0 != "rope_freqs.weight" && !$0.hasSuffix("inv_freq") }
  }

  func read(_ name: String, into values: UnsafeMutableBufferPointer<Float>) throws {
    guard let stored = translated(name) else { throw file.error("no tensor \(brief(name))") }
    try file.read(stored, into: values)
    if architecture.family == .llama {
      // Llama's converters pair neighbours for the rotation; here, as in Hugging Face's, the halves are paired.
      if stored.contains(".attn_q.") { separatePairs(values, heads: architecture.heads) }
      if stored.contains(".attn_k.") { separatePairs(values, heads: architecture.keyValueHeads) }
    }
  }

  /// Within each head, rows 0, 2, 4, … come first, then 1, 3, 5, ….
  private func separatePairs(_ values: UnsafeMutableBufferPointer<Float>, heads: Int) {
    let size = architecture.headSize
    let columns = values.count / (heads * size)
    let paired = Array(values)
    for head in 0..<heads {
      for row in 0..<size {
        let from = (head * size + (row < size / 2 ? 2 * row : 2 * row - size + 1)) * columns
        let to = (head * size + row) * columns
        for column in 0..<columns { values[to + column] = paired[from + column] }
      }
    }
  }

  /// `model.layers.3.self_attn.q_proj.weight` → `blk.3.attn_q.weight`.
  private func translated(_ name: String) -> String? {
    switch name {
    case "model.embed_tokens.weight": return "token_embd.weight"
    case "model.norm.weight": return "output_norm.weight"
    case "lm_head.weight": return "output.weight"
    default: break
    }
    let parts = name.split(separator: ".")
    guard parts.count >= 5, name.hasPrefix("model.layers."), let kind = parts.last else { return nil }
    let isGemma = architecture.family == .gemma3
    let tensor: String
    switch parts[3..<parts.count - 1].joined(separator: ".") {
    case "input_layernorm": tensor = "attn_norm"
    case "self_attn.q_proj": tensor = "attn_q"
    case "self_attn.k_proj": tensor = "attn_k"
    case "self_attn.v_proj": tensor = "attn_v"
    case "self_attn.o_proj": tensor = "attn_output"
    case "self_attn.q_norm": tensor = "attn_q_norm"
    case "self_attn.k_norm": tensor = "attn_k_norm"
    case "post_attention_layernorm": tensor = isGemma ? "post_attention_norm" : "ffn_norm"
    case "pre_feedforward_layernorm": tensor = "ffn_norm"
    case "post_feedforward_layernorm": tensor = "post_ffw_norm"
    case "mlp.gate_proj": tensor = "ffn_gate"
    case "mlp.up_proj": tensor = "ffn_up"
    case "mlp.down_proj": tensor = "ffn_down"
    default: return nil
    }
    return "blk.\(parts[2]).\(tensor).\(kind)"
  }
}
