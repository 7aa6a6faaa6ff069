import Core
import Tensors

extension Architecture {
  /// The dimensions that a GGUF file's metadata state.
  /// - Throws: `SluiceError` (usage) for a missing key, a value out of range, or an architecture that isn't supported.
  init(_ file: GGUFFile) throws {
    let name = try file.required("general.architecture", file.string("general.architecture"))
    guard let family = Self.families[name] else {
      throw file.error(
        "the architecture \(brief(name)) is not supported",
        remedy: "Supported are \(Self.families.keys.sorted().joined(separator: ", ")).")
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
    hasAttentionBias =
      [.llama, .qwen3, .smollm3].contains(family) && file.tensors["blk.0.attn_q.bias"] != nil
    rotary = try Rotary(file, name, headSize: headSize, maySplit: family == .phi3, context: &context)
    switch family {
    case .phi3:
      // 0 says that there is none.
      let stated = try file.integer("\(name).attention.sliding_window", in: 0...Architecture.sizes.upperBound) ?? 0
      window = stated == 0 ? nil : stated
    case .smollm3:
      // llama.cpp knows no other pattern, and its files state none.
      unrotatedLayers = (0..<layers).map { ($0 + 1) % 4 == 0 }
    case .gemma2, .gemma3: try readGemma(file, name)
    default:
      if try file.integer("\(name).attention.sliding_window", in: 0...Int.max) ?? 0 > 0 {
        throw file.error("\(name).attention.sliding_window is not supported")
      }
    }
  }

  /// Names that llama.cpp gives to architectures; it calls Mistral a Llama.
  private static let families: [String: Family] = [
    "llama": .llama, "qwen2": .qwen2, "qwen3": .qwen3, "phi3": .phi3, "smollm3": .smollm3, "gemma2": .gemma2,
    "gemma3": .gemma3,
  ]

  private mutating func readGemma(_ file: GGUFFile, _ name: String) throws {
    let key = "\(name).attention.sliding_window"
    window = try file.required(key, file.integer(key, in: Architecture.sizes))
    let usual = family == .gemma2 ? 2 : 6
    let pattern = try file.integer("\(name).attention.sliding_window_pattern", in: Architecture.depths) ?? usual
    globalLayers = (0..<layers).map { ($0 + 1) % pattern == 0 }
    if family == .gemma3 {
      localRotary = Rotary(base: try file.number("\(name).rope.freq_base_swa", in: 1e-6...1e12) ?? 10_000)
    }
    // The 27-billion-parameter models alone scale by their width instead of their head's.
    let scalesByWidth = layers == (family == .gemma2 ? 46 : 62)
    attentionScale = 1 / Float(scalesByWidth ? width / heads : headSize).squareRoot()
    attentionCap = try file.number("\(name).attn_logit_softcapping", in: 1e-3...1e6).map { Float($0) }
    logitCap = try file.number("\(name).final_logit_softcapping", in: 1e-3...1e6).map { Float($0) }
  }
}

/// A GGUF file's tensors under the names of a Hugging Face checkpoint.
struct GGUFWeights: TensorSource {
  let file: GGUFFile
  let architecture: Architecture

  var path: String { file.path }

  /// Converters write 1 + w for Gemma's norms.
  var storesWholeGains: Bool { true }

  var names: [String] { Array(file.tensors.keys) }

  func shape(of name: String) -> [Int]? { translated(name).flatMap { file.tensors[$0]?.shape } }

  func strays(_ used: Set<String>, prefix: String) -> [String] {
    let known = Set(used.compactMap(translated))
    return file.tensors.keys.filter { !known.contains($0) && !Self.isRotation($0) }
  }

  /// Whether a tensor holds frequencies, which are read with the architecture.
  private static func isRotation(_ name: String) -> Bool {
    ["rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"].contains(name)
      || name.hasSuffix("inv_freq")
  }

  func read(_ name: String, into values: UnsafeMutableBufferPointer<Float>) throws {
    guard let stored = translated(name) else { throw file.error("no tensor \(brief(name))") }
    try file.read(stored, into: values)
    guard let heads = pairedHeads(stored) else { return }
    let paired = Array(values)
    let columns = values.count / (heads * architecture.headSize)
    for row in 0..<heads * architecture.headSize {
      let from = pairedRow(row) * columns
      for column in 0..<columns { values[row * columns + column] = paired[from + column] }
    }
  }

  func stored(_ name: String, in memory: MatrixMemory, crew: Crew?) throws -> StoredMatrix {
    guard let stored = translated(name) else { throw file.error("no tensor \(brief(name))") }
    let isPaired = pairedHeads(stored) != nil
    return try file.stored(stored, in: memory, crew: crew) { isPaired ? pairedRow($0) : $0 }
  }

  /// Heads of a projection whose rows the file has in another order; nil for other tensors.
  ///
  /// Llama's converters pair neighbours for the rotation; here, as in Hugging Face's files, the halves are paired.
  private func pairedHeads(_ stored: String) -> Int? {
    guard [.llama, .smollm3].contains(architecture.family) else { return nil }
    if stored.contains(".attn_q.") { return architecture.heads }
    return stored.contains(".attn_k.") ? architecture.keyValueHeads : nil
  }

  /// The file's row that comes at a place: within each head 0, 2, 4, … first, then 1, 3, 5, ….
  private func pairedRow(_ row: Int) -> Int {
    let (head, place) = row.quotientAndRemainder(dividingBy: architecture.headSize)
    let half = architecture.headSize / 2
    return head * architecture.headSize + (place < half ? 2 * place : 2 * (place - half) + 1)
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
    let isGemma = [.gemma2, .gemma3].contains(architecture.family)
    let tensor: String
    switch parts[3..<parts.count - 1].joined(separator: ".") {
    case "input_layernorm": tensor = "attn_norm"
    case "self_attn.q_proj": tensor = "attn_q"
    case "self_attn.k_proj": tensor = "attn_k"
    case "self_attn.v_proj": tensor = "attn_v"
    case "self_attn.qkv_proj": tensor = "attn_qkv"
    case "self_attn.o_proj": tensor = "attn_output"
    case "self_attn.q_norm": tensor = "attn_q_norm"
    case "self_attn.k_norm": tensor = "attn_k_norm"
    case "post_attention_layernorm": tensor = isGemma ? "post_attention_norm" : "ffn_norm"
    case "pre_feedforward_layernorm": tensor = "ffn_norm"
    case "post_feedforward_layernorm": tensor = "post_ffw_norm"
    case "mlp.gate_proj": tensor = "ffn_gate"
    case "mlp.up_proj", "mlp.gate_up_proj": tensor = "ffn_up"
    case "mlp.down_proj": tensor = "ffn_down"
    default: return nil
    }
    return "blk.\(parts[2]).\(tensor).\(kind)"
  }
}
