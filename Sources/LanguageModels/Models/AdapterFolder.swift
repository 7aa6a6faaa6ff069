import Core
import Foundation

/// Adapters as PEFT keeps them: `adapter_config.json` and `adapter_model.safetensors`, with lora_A [r,I] and lora_B
/// [O,r] of each module. Layout: https://huggingface.co/docs/peft/developer_guides/checkpoint
extension LoRAAdapter {
  private static let modelFile = "/adapter_model.safetensors"
  private static let configurationFile = "/adapter_config.json"

  /// Writes the adapter in float32, so that `peft` loads it on the same base model.
  ///
  /// - Parameter base: the base checkpoint, for the configuration.
  /// - Throws: `SluiceError` when the folder can't be written.
  public func save(folder: String, base: String) throws {
    let entries: [String: Any] = [
      "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": base, "r": rank,
      "lora_alpha": Double(alpha), "target_modules": projections, "lora_dropout": 0.0, "bias": "none",
      "fan_in_fan_out": ordered.contains { $0.shape.order == .inputsFirst }, "inference_mode": true,
      "use_rslora": false, "use_dora": false, "init_lora_weights": true,
    ]
    try writeJSON(entries, folder: folder, name: String(Self.configurationFile.dropFirst()))
    try SafetensorsWriter.write(tensors: tensors, dtype: .f32, metadata: ["format": "pt"], to: folder + Self.modelFile)
  }

  /// The factors under PEFT's names, transposed to its order.
  var tensors: [(name: String, shape: [Int], values: [Float])] {
    ordered.flatMap { factor -> [(name: String, shape: [Int], values: [Float])] in
      let module = "base_model.model." + factor.slot.name.dropLast(".weight".count)
      let (inputs, outputs) = (factor.shape.inputs, factor.shape.outputs)
      let a = (0..<rank * inputs).map { values[factor.a + ($0 % inputs) * rank + $0 / inputs] }
      let b = (0..<outputs * rank).map { values[factor.b + ($0 % rank) * outputs + $0 / rank] }
      return [(module + ".lora_A.weight", [rank, inputs], a), (module + ".lora_B.weight", [outputs, rank], b)]
    }
  }

  /// Reads an adapter that PEFT, or Sluice, wrote for a model of this layout.
  /// - Throws: `SluiceError` (usage) for an adapter of another kind or another model.
  public static func load(folder: String, layout: ParameterLayout) throws -> LoRAAdapter {
    let configuration = try CheckpointConfiguration(path: folder + configurationFile)
    let kind = try configuration.string("peft_type")
    guard kind == "LORA" else {
      throw configuration.error("adapters of type \(brief(kind)) are not supported", remedy: "Only LoRA is.")
    }
    for key in ["use_dora", "use_bdlora", "use_qalora", "lora_bias"] where try configuration.bool(key, default: false) {
      throw configuration.error("\(key) is not supported")
    }
    for key in ["rank_pattern", "alpha_pattern"] where try configuration.object(key)?.isEmpty == false {
      throw configuration.error("\(key): ranks that differ by module are not supported")
    }
    let bias = try configuration.string("bias", default: "none")
    guard bias == "none" else { throw configuration.error("trained biases are not supported") }
    let rank = try configuration.int("r", in: 1...4096)
    var alpha = Float(try configuration.double("lora_alpha", default: 8, in: 0...1e6))
    // There the factor is α/√r.
    if try configuration.bool("use_rslora", default: false) { alpha *= Float(rank).squareRoot() }
    let file = try SafetensorsFile(path: folder + modelFile)
    return try LoRAAdapter(file, layout: layout, rank: rank, alpha: alpha)
  }

  private init(_ file: SafetensorsFile, layout: ParameterLayout, rank: Int, alpha: Float) throws {
    /// Paths of the adapted modules as the file has them, by slot.
    var modules: [Int: String] = [:]
    for name in file.tensors.keys {
      guard let path = ["lora_A", "lora_B"].lazy.compactMap({ Self.module(name, $0) }).first else {
        throw SluiceError.badInput("tensor \(brief(name)) is no factor of an adapter", file: file.path)
      }
      // Models that are part of a larger one have more before the layer's number.
      guard
        let index = layout.slots.firstIndex(where: { slot in
          slot.linear != nil && path.hasSuffix("." + Self.fromLayer(slot.name.dropLast(".weight".count)))
        })
      else {
        throw SluiceError.badInput(
          "the base model has no projection \(brief(path))", file: file.path,
          remedy: "The adapter was trained on another model.")
      }
      modules[index] = path
    }
    guard !modules.isEmpty else { throw SluiceError.badInput("the adapter is empty", file: file.path) }
    // Everything fits before memory is taken for it.
    for (index, path) in modules {
      guard let shape = layout.slots[index].linear else { continue }
      try Self.check(path + ".lora_A.weight", [rank, shape.inputs], file)
      try Self.check(path + ".lora_B.weight", [shape.outputs, rank], file)
    }
    let slots = modules.keys.sorted().map { layout.slots[$0] }
    let names = layout.projections.filter { name in slots.contains { $0.name.hasSuffix(".\(name).weight") } }
    self.init(layout: layout, rank: rank, alpha: alpha, projections: names, slots: slots)
    for (index, path) in modules {
      guard let factor = factors[layout.slots[index].offset] else { continue }
      let (inputs, outputs) = (factor.shape.inputs, factor.shape.outputs)
      let a = try Self.tensor(path + ".lora_A.weight", file)
      let b = try Self.tensor(path + ".lora_B.weight", file)
      for i in 0..<rank * inputs { values[factor.a + (i % inputs) * rank + i / inputs] = a[i] }
      for i in 0..<outputs * rank { values[factor.b + (i % rank) * outputs + i / rank] = b[i] }
    }
  }

  private static func module(_ name: String, _ factor: String) -> String? {
    let suffix = ".\(factor).weight"
    return name.hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : nil
  }

  /// `h.0.attn.c_attn` of `transformer.h.0.attn.c_attn`: the part from the list of layers on.
  private static func fromLayer(_ path: Substring) -> String {
    let parts = path.split(separator: ".")
    guard let number = parts.firstIndex(where: { Int($0) != nil }), number > 0 else { return String(path) }
    return parts[(number - 1)...].joined(separator: ".")
  }

  private static func check(_ name: String, _ shape: [Int], _ file: SafetensorsFile) throws {
    guard let info = file.tensors[name] else {
      throw SluiceError.badInput("the adapter has no tensor \(brief(name))", file: file.path)
    }
    guard info.shape == shape else {
      throw SluiceError.badInput(
        "tensor \(brief(name)) has shape \(info.shape); the base model makes it \(shape)", file: file.path,
        remedy: "The adapter was trained on another model.")
    }
  }

  private static func tensor(_ name: String, _ file: SafetensorsFile) throws -> [Float] {
    let values = try file.floats(name)
    guard values.allSatisfy(\.isFinite) else {
      throw SluiceError.badInput("tensor \(brief(name)) holds a number that isn't finite", file: file.path)
    }
    return values
  }
}
