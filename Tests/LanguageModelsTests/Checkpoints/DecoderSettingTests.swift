import Core
import Foundation
import Testing

@testable import LanguageModels

@Suite("Settings of decoders that change what they compute")
struct DecoderSettingTests {
  /// A fixture's `config.json` with members replaced; nil removes one.
  private func architecture(_ name: String, _ changes: [String: Any?]) throws -> Architecture {
    let original = try Data(contentsOf: URL(filePath: ModelGolden.path(name) + "/config.json"))
    var settings = try #require(try JSONSerialization.jsonObject(with: original) as? [String: Any])
    for (key, value) in changes { settings[key] = value }
    let folder = try CheckpointFolder()
    try folder.write([UInt8](JSONSerialization.data(withJSONObject: settings)), as: "config.json")
    return try Architecture(CheckpointConfiguration(folder: folder.path))
  }

  private func rope(_ type: String, _ more: [String: Any]) -> [String: Any?] {
    ["rope_parameters": more.merging(["rope_type": type, "rope_theta": 100.0]) { own, _ in own }]
  }

  @Test("are refused by name where they aren't supported")
  func refused() throws {
    let longRope = ["short_factor": [1.0], "long_factor": [1.0]]
    for (name, changes, words) in [
      ("llama", ["mlp_bias": true], "mlp_bias"), ("llama", ["is_causal": false], "is_causal"),
      ("llama", ["use_sliding_window": true], "sliding window"),
      ("llama", rope("default", ["partial_rotary_factor": 0.5]), "partial_rotary_factor"),
      ("llama", rope("ntk-by-parts", ["factor": 2.0]), "'ntk-by-parts'"),
      ("llama", rope("yarn", ["factor": 2.0, "mystery": 3]), "'mystery'"),
      ("llama", rope("linear", ["factor": 2.0, "beta_fast": 3]), "'beta_fast'"),
      ("llama", rope("default", ["mrope_section": [1, 1]]), "'mrope_section'"),
      ("llama", ["rope_parameters": ["full_attention": ["rope_theta": 1.0]]], "'full_attention'"),
      ("mistral", ["layer_types": ["full_attention", "sliding_attention"]], "layer_types"),
      ("qwen2", ["layer_types": ["full_attention", "sliding_attention"]], "layer_types"),
      ("qwen3", ["layer_types": ["full_attention", "chunked_attention"]], "'chunked_attention'"),
      ("phi3", rope("yarn", ["factor": 2.0]), "'yarn'"),
      ("phi3", rope("longrope", longRope), "short_factor has 1 numbers"),
      ("phi3", rope("default", ["partial_rotary_factor": 0.4]), "partial_rotary_factor"),
      ("smollm3", ["no_rope_layers": [1, 0]], "no_rope_layers"), ("smollm3", ["mlp_bias": true], "mlp_bias"),
      ("gemma2", ["use_bidirectional_attention": true], "use_bidirectional_attention"),
      ("gemma2", ["sliding_window": NSNull()], "sliding_window"),
    ] as [(String, [String: Any?], String)] {
      let error = #expect(throws: SluiceError.self, "\(name), \(words)") { try architecture(name, changes) }
      #expect(error?.exitCode == .usage && error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
  }

  @Test("have transformers' values where the file is silent, and null is no silence")
  func silent() throws {
    #expect(try architecture("mistral", ["sliding_window": nil]).window == 4096)
    #expect(try architecture("mistral", ["sliding_window": NSNull()]).window == nil)
    #expect(try architecture("phi3", ["sliding_window": nil]).window == nil)
    #expect(try architecture("gemma2", ["final_logit_softcapping": nil]).logitCap == 30)
    #expect(try architecture("gemma2", ["final_logit_softcapping": NSNull()]).logitCap == nil)
    #expect(try architecture("qwen3", ["head_dim": nil]).headSize == 128)
    let unrotated = [false, false, false, true]
    #expect(try architecture("smollm3", ["no_rope_layers": nil]).unrotatedLayers == unrotated)
    #expect(try architecture("qwen2", ["use_sliding_window": false]).window == nil)
    let windowed: [String: Any?] = [
      "use_sliding_window": true, "sliding_window": 5, "max_window_layers": 1, "layer_types": nil,
    ]
    let qwen = try architecture("qwen2", windowed)
    #expect(qwen.window == 5 && qwen.globalLayers == [true, false])
    #expect(try architecture("mistral", ["num_key_value_heads": NSNull()]).keyValueHeads == 4)
  }

  @Test("give texts beyond LongRoPE's original context no room: their tokens would have other states")
  func longRope() throws {
    #expect(try ModelGolden("phi3-longrope").architecture.context == 16)
    let model = try CausalLanguageModel.load(folder: ModelGolden.path("phi3-longrope.gguf"))
    #expect(model.weights.architecture.context == 16)
  }
}
