import Core
import Foundation
import Testing

import Tensors

@testable import LanguageModels

/// A checkpoint that `Fixtures/make_models.py` wrote, and what PyTorch computes with it.
struct ModelGolden {
  private struct Facts: Decodable {
    let sequences: [[Int32]]
    let losses: [Double]?
  }

  static func path(_ name: String) -> String {
    Bundle.module.bundleURL.appending(path: "Fixtures/models/\(name)").path(percentEncoded: false)
  }

  let folder: String
  let architecture: Architecture
  let weights: Weights
  let sequences: [[Int32]]
  /// Of ten optimizer steps; empty for encoders.
  let losses: [Double]
  private let file: SafetensorsFile

  init(_ name: String) throws {
    folder = Self.path(name)
    architecture = try Architecture(CheckpointConfiguration(folder: folder))
    weights = try CheckpointMapping.load(architecture, from: CheckpointWeights.open(folder: folder))
    let facts = try JSONDecoder().decode(
      Facts.self, from: Data(contentsOf: URL(filePath: folder + "/expected.json")))
    sequences = facts.sequences
    losses = facts.losses ?? []
    file = try SafetensorsFile(path: folder + "/expected.safetensors")
  }

  func tensor(_ name: String) throws -> [Float] { try file.floats(name) }

  func contains(_ name: String) -> Bool { file.tensors[name] != nil }

  /// Holds a gradient against the recorded one, tensor by tensor: 1e-3 of the tensor's norm.
  func check(_ gradient: [Float]) throws {
    for slot in weights.layout.slots {
      let ours = gradient[slot.offset..<slot.offset + slot.count]
      let name = "gradient." + slot.name
      guard contains(name) else {
        // Only an encoder's pooler goes unused; it is no part of the layout.
        Issue.record("no gradient recorded for \(slot.name)")
        continue
      }
      let expected = try tensor(name)
      let norm = expected.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      let error = zip(ours, expected).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }.squareRoot()
      // A key's bias has no effect on the softmax: its gradient is rounding alone.
      #expect(error <= 1e-3 * norm + 1e-6, "\(slot.name): off by \(error), norm \(norm)")
    }
  }
}

/// Logits [T,V] of one sequence.
func logits(_ tokens: [Int32], _ weights: Weights) -> [Float] {
  let activations = Transformer.forward(PackedBatch(prefix: [], sequences: [tokens[...]]), weights)
  let size = tokens.count * weights.architecture.vocabulary
  return [Float](unsafeUninitializedCapacity: size) { out, count in
    count = size
    activations.values.withUnsafeBufferPointer { values in
      guard let out = out.baseAddress, let values = values.baseAddress else { return }
      weights.withPointers { pointers in
        weights.layout.graph.head.logits(
          rows: tokens.count, weights.architecture, hidden: values + activations.hidden, pointers, into: out)
      }
    }
  }
}

@Suite("What PyTorch and transformers compute")
struct ModelParityTests {
  static let decoders = [
    "gpt2", "gpt2-half", "gpt2-bare-sharded", "llama", "smollm2", "mistral", "mistral-dynamic", "qwen2", "qwen2-yarn",
    "qwen3", "qwen3-yarn", "phi3", "phi3-longrope", "smollm3", "smollm3-window", "gemma2", "gemma3", "gemma3-capped",
  ]
  static let encoders = [
    "bert", "bert-classifier", "roberta", "roberta-classifier", "xlm-roberta", "modernbert", "modernbert-biased",
  ]
  /// Those that are read only.
  static let untrained = ["deberta", "deberta-c2p", "deberta-p2c", "deberta-absolute"]

  @Test("logits, within 1e-3", arguments: decoders)
  func decoderLogits(name: String) throws {
    let golden = try ModelGolden(name)
    for (index, tokens) in golden.sequences.enumerated() {
      let ours = logits(tokens, golden.weights)
      let expected = try golden.tensor("logits.\(index)")
      #expect(ours.count == expected.count)
      for (a, b) in zip(ours, expected) { #expect(abs(a - b) < 1e-3) }
    }
  }

  @Test("the gradient of every tensor, within 1e-3 of its norm", arguments: decoders)
  func decoderGradients(name: String) throws {
    let golden = try ModelGolden(name)
    // The sequences share their first token.
    let rest = golden.sequences.map { Array($0.dropFirst()) }
    let total = Float(rest.reduce(0) { $0 + $1.count })
    let (_, gradient) = Likelihood(prefix: [golden.sequences[0][0]]).gradient(rest, golden.weights) { _ in
      (0, rest.map { $0.map { _ in -1 / total } })
    }
    try golden.check(gradient)
  }

  @Test("the losses of ten AdamW steps, within 1e-3", arguments: decoders)
  func training(name: String) throws {
    let golden = try ModelGolden(name)
    let rest = golden.sequences.map { Array($0.dropFirst()) }
    var trainer = SupervisedTrainer(weights: golden.weights, learningRate: 1e-2)
    #expect(golden.losses.count == 10)
    for expected in golden.losses {
      let loss = trainer.step(prefix: [golden.sequences[0][0]], sequences: rest)
      #expect(abs(loss - expected) < 1e-3)
    }
    #expect(golden.losses[9] < golden.losses[0] - 0.1)
  }

  @Test("token by token what the whole text gives", arguments: decoders)
  func decoding(name: String) throws {
    let golden = try ModelGolden(name)
    let prompt = golden.sequences[0].prefix(4)
    let generation = Decoder(weights: golden.weights).generate(
      [GenerationRequest(prompt: prompt.map { Int($0) }, seed: 1)],
      settings: DecodingSettings(temperature: 1, topP: 1, maxTokens: 12, endTokens: []), workers: 1)[0]
    let tokens = prompt + generation.tokens.map { Int32($0) }
    #expect(tokens.count == 16)
    let (all, v) = (logits(Array(tokens), golden.weights), golden.architecture.vocabulary)
    var whole = 0.0
    for (index, token) in tokens.enumerated().dropFirst(prompt.count) {
      let row = all[(index - 1) * v..<index * v].map { Double($0) }
      let largest = row.max() ?? 0
      whole += row[Int(token)] - largest - log(row.reduce(0) { $0 + exp($1 - largest) })
    }
    #expect(abs(whole - Double(generation.logProbability)) < 1e-3)
  }

  @Test("an encoder's hidden states, within 1e-3", arguments: encoders + untrained)
  func encoderStates(name: String) throws {
    let golden = try ModelGolden(name)
    for (index, tokens) in golden.sequences.enumerated() {
      let activations = Transformer.forward(PackedBatch(prefix: [], sequences: [tokens[...]]), golden.weights)
      let expected = try golden.tensor("hidden.\(index)")
      let hidden = activations.values.withUnsafeBufferPointer { Array($0[activations.hidden...]) }
      #expect(hidden.count >= expected.count)
      for (a, b) in zip(hidden, expected) { #expect(abs(a - b) < 1e-3) }
    }
  }

  @Test(
    "many sequences of an encoder at once, by several workers, are what each is alone", arguments: encoders + untrained)
  func encodersInBatches(name: String) throws {
    let golden = try ModelGolden(name)
    let inputs = (0..<20).map { golden.sequences[$0 % golden.sequences.count] }
    let together = Encoding(pooling: .mean, workers: 2, microBatch: 7).pooled(inputs, golden.weights)
    for (input, vector) in zip(inputs, together) {
      let alone = Encoding(pooling: .mean).pooled([input], golden.weights)[0]
      for (a, b) in zip(alone, vector) { #expect(abs(a - b) < 1e-5) }
    }
  }

  @Test("an encoder's gradients through mean pooling", arguments: encoders)
  func encoderGradients(name: String) throws {
    let golden = try ModelGolden(name)
    let width = golden.architecture.width
    let slopes = try golden.tensor("slopes")
    let rows = golden.sequences.indices.map { Array(slopes[$0 * width..<($0 + 1) * width]) }
    let (_, gradient) = Encoding(pooling: .mean).gradient(golden.sequences, golden.weights) { _ in (0, rows) }
    try golden.check(gradient)
  }

  @Test("a model saved again gives the same logits", arguments: decoders)
  func saving(name: String) throws {
    let golden = try ModelGolden(name)
    let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try writeConfiguration(golden.architecture.configurationEntries, folder: folder)
    try SafetensorsWriter.write(
      tensors: CheckpointMapping.tensors(golden.weights), dtype: .f32, to: folder + "/model.safetensors")
    let read = try Architecture(CheckpointConfiguration(folder: folder))
    #expect(read == golden.architecture)
    let weights = try CheckpointMapping.load(read, from: CheckpointWeights.open(folder: folder))
    for (a, b) in zip(logits(golden.sequences[0], weights), logits(golden.sequences[0], golden.weights)) {
      #expect(abs(a - b) < 1e-4)
    }
  }

  @Test("a classifier's label probabilities", arguments: ["bert-classifier", "roberta-classifier"])
  func classification(name: String) throws {
    let golden = try ModelGolden(name)
    let head = try ClassificationHead(
      golden.architecture, labels: 2, CheckpointConfiguration(folder: golden.folder),
      from: CheckpointWeights.open(folder: golden.folder))
    let pooled = Encoding(pooling: .first).pooled(golden.sequences, golden.weights)
    for (index, ours) in head.probabilities(pooled).enumerated() {
      for (a, b) in zip(ours, try golden.tensor("probabilities.\(index)")) { #expect(abs(a - b) < 1e-4) }
    }
  }
}

@Suite("Whole checkpoints with their tokenizers")
struct CheckpointParityTests {
  private struct Pair: Decodable {
    let prompt: String
    let response: String
    let ids: [Int]
    let probabilities: [Float]
  }

  private struct Embeddings: Decodable {
    let texts: [String]
    let vectors: [[Float]]
  }

  private func decoded<Value: Decodable>(_: Value.Type, _ path: String) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(contentsOf: URL(filePath: path)))
  }

  @Test("a pair of texts is joined and classified as transformers does", arguments: ["bert-pairs", "roberta-pairs"])
  func pairs(name: String) throws {
    let folder = ModelGolden.path(name)
    let classifier = try SequenceClassifier.load(folder: folder)
    #expect(classifier.labels == ["safe", "unsafe"])
    let template = try #require(classifier.promptTemplate)
    let pairs = try decoded([Pair].self, folder + "/pairs.json")
    for pair in pairs {
      let joined = template.replacing("{prompt}", with: pair.prompt).replacing("{response}", with: pair.response)
      #expect(classifier.tokenizer.encode(joined, addingSpecialTokens: false) == pair.ids)
    }
    let ours = classifier.probabilities(pairs.map(\.ids), workers: 2)
    for (pair, row) in zip(pairs, ours) {
      for (a, b) in zip(row, pair.probabilities) { #expect(abs(a - b) < 1e-4) }
    }
  }

  private struct Text: Decodable {
    let prompt: String
    let response: String
    let ids: [Int]
    let logits: [Float]
  }

  static let texts = [
    "xlm-roberta-texts", "deberta2-texts", "deberta3-texts", "modernbert-texts", "modernbert-mean-texts",
  ]

  @Test("fifty pairs of texts get transformers' ids and logits, within 1e-3", arguments: texts)
  func classifiedTexts(name: String) throws {
    let folder = ModelGolden.path(name)
    let classifier = try SequenceClassifier.load(folder: folder)
    let texts = try decoded([Text].self, folder + "/texts.json")
    #expect(texts.count == 50)
    let template = try #require(classifier.promptTemplate)
    for text in texts {
      // Each text is encoded by itself, between the marks of the template.
      let ids = template.replacing("{prompt}", with: "\0p\0").replacing("{response}", with: "\0r\0")
        .split(separator: "\0", omittingEmptySubsequences: false).flatMap { part -> [Int] in
          let literal = part == "p" ? text.prompt : part == "r" ? text.response : String(part)
          return classifier.tokenizer.encode(literal, addingSpecialTokens: false)
        }
      #expect(ids == text.ids, "\(text.prompt) | \(text.response)")
    }
    let ours = classifier.logits(texts.map(\.ids), workers: 2)
    var largest: Float = 0
    for (text, row) in zip(texts, ours) {
      #expect(row.count == text.logits.count)
      for (a, b) in zip(row, text.logits) { largest = max(largest, abs(a - b)) }
    }
    #expect(largest < 1e-3)
    // The texts make a difference.
    #expect(Set(ours.map { $0[0] }).count > 40)
  }

  @Test("distances fall into transformers' buckets")
  func buckets() throws {
    struct Table: Decodable {
      let buckets: Int
      let maximum: Int
      let rows: [Int]
    }
    let tables = try decoded([Table].self, ModelGolden.path("deberta3-texts") + "/buckets.json")
    #expect(tables.count == 4)
    for table in tables {
      let positions = RelativePositions(buckets: table.buckets, maximum: table.maximum)
      let ours = (1 - table.maximum..<table.maximum).map { positions.row(distance: $0) }
      #expect(ours == table.rows, "\(table.buckets) buckets for \(table.maximum)")
    }
  }

  @Test("a classifier saved again decides the same", arguments: ["bert-pairs", "roberta-pairs"])
  func savedClassifier(name: String) throws {
    let folder = try CheckpointFolder()
    let classifier = try SequenceClassifier.load(folder: ModelGolden.path(name))
    try classifier.save(folder: folder.path, dtype: .f32)
    try FileManager.default.copyItem(
      atPath: ModelGolden.path(name) + "/tokenizer.json", toPath: folder.path + "/tokenizer.json")
    let again = try SequenceClassifier.load(folder: folder.path)
    let ids = try decoded([Pair].self, ModelGolden.path(name) + "/pairs.json").map(\.ids)
    #expect(again.head.values == classifier.head.values)
    #expect(again.weights.values == classifier.weights.values)
    #expect(again.promptTemplate == classifier.promptTemplate)
    #expect(again.probabilities(ids, workers: 1) == classifier.probabilities(ids, workers: 1))
  }

  @Test("a classifier of another family saved again decides the same", arguments: texts)
  func savedFamilies(name: String) throws {
    let folder = try CheckpointFolder()
    let classifier = try SequenceClassifier.load(folder: ModelGolden.path(name))
    try classifier.save(folder: folder.path, dtype: .f32)
    try FileManager.default.copyItem(
      atPath: ModelGolden.path(name) + "/tokenizer.json", toPath: folder.path + "/tokenizer.json")
    let again = try SequenceClassifier.load(folder: folder.path)
    let ids = try decoded([Text].self, ModelGolden.path(name) + "/texts.json").map(\.ids)
    #expect(again.weights.layout == classifier.weights.layout)
    #expect(again.logits(ids, workers: 1) == classifier.logits(ids, workers: 1))
  }

  @Test(
    "sentence embeddings are sentence-transformers', long and empty texts included",
    arguments: [
      "sentence", "sentence-cls",
    ])
  func sentences(name: String) throws {
    let folder = ModelGolden.path(name)
    let encoder = try SentenceEncoder.load(folder: folder)
    #expect(encoder.maximumLength == 12)
    let expected = try decoded(Embeddings.self, folder + "/embeddings.json")
    let ours = encoder.embed(expected.texts, workers: 2)
    for (a, b) in zip(ours, expected.vectors) {
      for (x, y) in zip(a, b) { #expect(abs(x - y) < 1e-4) }
    }
  }
}

@Suite("Adapters in PEFT's layout")
struct AdapterParityTests {
  @Test(
    "an adapter that peft wrote gives peft's logits",
    arguments: [("gpt2-adapter", "gpt2"), ("gemma3-adapter", "gemma3")])
  func loaded(name: String, base: String) throws {
    let golden = try ModelGolden(base)
    let adapter = try LoRAAdapter.load(folder: ModelGolden.path(name), layout: golden.weights.layout)
    #expect(adapter.rank == 3 && adapter.alpha == 6)
    let file = try SafetensorsFile(path: ModelGolden.path(name) + "/expected.safetensors")
    struct Facts: Decodable { let sequences: [[Int32]] }
    let facts = try JSONDecoder().decode(
      Facts.self, from: Data(contentsOf: URL(filePath: ModelGolden.path(name) + "/expected.json")))
    let merged = adapter.merged(into: golden.weights)
    for (a, b) in zip(logits(facts.sequences[0], merged), try file.floats("logits.0")) { #expect(abs(a - b) < 1e-3) }
    // It makes a difference at all, and the whole weights are the shared ones with it.
    #expect(merged.values != golden.weights.values)
    let whole = Weights(layout: golden.weights.layout, values: merged.values)
    #expect(logits(facts.sequences[0], whole) == logits(facts.sequences[0], merged))
  }

  @Test(
    "an adapter saved again is the file that peft wrote, tensor for tensor",
    arguments: [
      ("gpt2-adapter", "gpt2"), ("gemma3-adapter", "gemma3"),
    ])
  func saved(name: String, base: String) throws {
    let folder = try CheckpointFolder()
    let layout = try ModelGolden(base).weights.layout
    let adapter = try LoRAAdapter.load(folder: ModelGolden.path(name), layout: layout)
    try adapter.save(folder: folder.path, base: base)
    let theirs = try SafetensorsFile(path: ModelGolden.path(name) + "/adapter_model.safetensors")
    let ours = try SafetensorsFile(path: folder.path + "/adapter_model.safetensors")
    #expect(Set(ours.tensors.keys) == Set(theirs.tensors.keys))
    for (tensor, info) in theirs.tensors {
      #expect(ours.tensors[tensor]?.shape == info.shape)
      #expect(try ours.floats(tensor) == theirs.floats(tensor))
    }
    let again = try LoRAAdapter.load(folder: folder.path, layout: layout)
    #expect(again.values == adapter.values && again.alpha == adapter.alpha)
  }

  @Test("an adapter of another model, another kind or with a damaged tensor is refused by name")
  func refused() throws {
    let layout = try ModelGolden("llama").weights.layout
    let other = #expect(throws: SluiceError.self) {
      try LoRAAdapter.load(folder: ModelGolden.path("gpt2-adapter"), layout: layout)
    }
    #expect(other?.exitCode == .usage && other?.message.hasPrefix("the base model has no projection") == true)
    let sizes = #expect(throws: SluiceError.self) {
      try LoRAAdapter.load(folder: ModelGolden.path("gemma3-adapter"), layout: layout)
    }
    #expect(sizes?.exitCode == .usage)
    let folder = try CheckpointFolder()
    try folder.write(#"{"peft_type": "LOHA", "r": 3}"#, as: "adapter_config.json")
    let kind = #expect(throws: SluiceError.self) { try LoRAAdapter.load(folder: folder.path, layout: layout) }
    #expect(kind?.message == "adapters of type 'LOHA' are not supported")
    try folder.write(#"{"peft_type": "LORA", "r": 0}"#, as: "adapter_config.json")
    #expect(throws: SluiceError.self) { try LoRAAdapter.load(folder: folder.path, layout: layout) }
  }

  @Test("a projection that isn't there is named, with those that are")
  func unknownProjection() throws {
    let layout = try ModelGolden("qwen2").weights.layout
    let error = #expect(throws: SluiceError.self) {
      try LoRAAdapter(layout: layout, rank: 2, alpha: 2, projections: ["c_attn"], seed: 1)
    }
    #expect(error?.remedy?.contains("self_attn.q_proj, self_attn.k_proj") == true)
    for name in layout.projections {
      #expect(try LoRAAdapter(layout: layout, rank: 2, alpha: 2, projections: [name], seed: 1).values.count > 0)
    }
  }
}
