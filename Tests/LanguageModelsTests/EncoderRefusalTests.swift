import Core
import Foundation
import Testing

@testable import LanguageModels

@Suite("What an encoder's checkpoint says and isn't computed is refused by name")
struct EncoderRefusalTests {
  /// A copy of a golden checkpoint with keys of its `config.json` changed (nil: removed).
  private func changed(_ name: String, _ changes: [String: Any?]) throws -> CheckpointFolder {
    let folder = try CheckpointFolder()
    for file in ["model.safetensors", "tokenizer.json"] {
      try folder.write([UInt8](Data(contentsOf: URL(filePath: ModelGolden.path(name) + "/" + file))), as: file)
    }
    let data = try Data(contentsOf: URL(filePath: ModelGolden.path(name) + "/config.json"))
    var entries = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    for (key, value) in changes { entries[key] = value }
    try folder.write([UInt8](JSONSerialization.data(withJSONObject: entries)), as: "config.json")
    return folder
  }

  private func message(_ name: String, _ changes: [String: Any?]) throws -> String? {
    let folder = try changed(name, changes)
    let error = #expect(throws: SluiceError.self) { try SequenceClassifier.load(folder: folder.path) }
    #expect(error?.exitCode == .usage)
    return error?.message
  }

  @Test("in DeBERTa's configuration")
  func deberta() throws {
    for (changes, expected) in [
      (["conv_kernel_size": 3], "conv_kernel_size: the convolution"), (["pos_att_type": "c2p|p2p"], "'p2p'"),
      (["embedding_size": 8], "embedding_size"), (["attention_head_size": 4], "attention_head_size"),
      (["pooler_hidden_size": 8], "pooler_hidden_size"), (["norm_rel_ebd": "rms"], "norm_rel_ebd"),
      (["pos_att_type": nil], "relative_attention without pos_att_type"), (["pooler_hidden_act": "mish"], "'mish'"),
      (["position_buckets": 2], "position_buckets 2"), (["position_buckets": 600], "position_buckets 600"),
      (["problem_type": "multi_label_classification"], "problem_type"),
      (["architectures": ["DebertaV2ForTokenClassification"]], "no classifier of whole texts"),
      (["quantization_config": ["bits": 4]], "quantised"),
      // The file holds more than these describe.
      (["norm_rel_ebd": "none"], "'deberta.encoder.LayerNorm.bias' is stored"),
      (["num_hidden_layers": 1], "'deberta.encoder.layer.1.attention.output.LayerNorm.bias' is stored"),
    ] as [([String: Any?], String)] {
      #expect(try message("deberta3-texts", changes)?.contains(expected) == true, "\(expected)")
    }
    #expect(try message("deberta2-texts", ["share_att_key": true])?.contains("pos_key_proj") == true)
  }

  @Test("in ModernBERT's and XLM-RoBERTa's configuration")
  func others() throws {
    for (name, changes, expected) in [
      ("modernbert-texts", ["classifier_pooling": "max"], "classifier_pooling 'max'"),
      ("modernbert-texts", ["classifier_activation": "mish"], "'mish'"),
      ("modernbert-texts", ["layer_types": ["chunked_attention"]], "layer_types: 'chunked_attention'"),
      ("modernbert-texts", ["layer_types": ["full_attention"]], "layer_types has 1 entries for 4 layers"),
      ("modernbert-texts", ["rope_scaling": ["type": "linear", "factor": 2]], "rope_scaling"),
      ("modernbert-texts", ["architectures": ["ModernBertForTokenClassification"]], "no classifier of whole texts"),
      ("modernbert-mean-texts", ["norm_bias": false], "'model.embeddings.norm.bias' is stored"),
      ("modernbert-mean-texts", ["classifier_bias": false], "'head.dense.bias' is stored"),
      (
        "modernbert-mean-texts",
        ["rope_parameters": ["full_attention": ["rope_type": "linear", "factor": 2.0, "rope_theta": 9.0]]],
        "scaled rotary positions"
      ),
      ("xlm-roberta-texts", ["pad_token_id": 0], "pad_token_id"),
      ("xlm-roberta-texts", ["position_embedding_type": "relative_key"], "position_embedding_type"),
      ("xlm-roberta-texts", ["add_cross_attention": true], "add_cross_attention"),
      ("xlm-roberta-texts", ["model_type": "xlm-roberta-xl"], "model_type 'xlm-roberta-xl' is not supported"),
    ] as [(String, [String: Any?], String)] {
      #expect(try message(name, changes)?.contains(expected) == true, "\(expected)")
    }
  }
}
