import Testing

@testable import LanguageModels

@Suite("Vocabularies too large for their logits to be kept")
struct LargeVocabularyTests {
  @Test("The gradient of many rows, whose logits are computed again, is that of the same rows in small batches")
  func recomputed() throws {
    let vocabulary = 600_000
    let weights = Weights.random(
      Architecture(family: .gpt2, vocabulary: vocabulary, context: 16, width: 8, layers: 1, heads: 2), seed: 5)
    // 15 rows each and the prefix's: 121 in all, 73 million logits; in small batches 31 rows and 19 million.
    let sequences = (0..<8).map { sequence in
      (0..<15).map { Int32((sequence * 71_993 + $0 * 37_501 + 11) % vocabulary) }
    }
    let adapter = try LoRAAdapter(
      layout: weights.layout, rank: 2, alpha: 2, projections: weights.layout.projections, seed: 1)
    func gradient(microBatch: Int) -> [Float] {
      Likelihood(prefix: [3], microBatch: microBatch).gradient(sequences, weights, adapter: adapter) { logs in
        (0, logs.map { $0.map { _ in -1 } })
      }.gradient
    }
    let (whole, parts) = (gradient(microBatch: 64), gradient(microBatch: 2))
    let scale = parts.map(\.magnitude).max() ?? 0
    #expect(scale > 0)
    #expect(zip(whole, parts).allSatisfy { abs($0 - $1) < 1e-3 * scale })
  }

  @Test("The same for what rollouts keep")
  func recorded() throws {
    let weights = Weights.random(
      Architecture(family: .gpt2, vocabulary: 700_000, context: 16, width: 8, layers: 1, heads: 2), seed: 5)
    let requests = (0..<8).map { GenerationRequest(prompt: [], seed: UInt64($0)) }
    // 1 + 8 · 12 rows: 68 million logits; in small batches 25 and 17 million.
    func gradient(microBatch: Int) -> [Float] {
      let (generations, recording) = Decoder(weights: weights, prefix: [3], microBatch: microBatch)
        .record(requests, settings: DecodingSettings(maxTokens: 13, endTokens: []), adapter: nil, workers: 2)
      return Likelihood(prefix: [3], microBatch: microBatch).gradient(
        generations.map { $0.tokens.map { Int32($0) } }, weights, reusing: recording
      ) { logs in (0, logs.map { $0.map { _ in -1 } }) }.gradient
    }
    let (whole, parts) = (gradient(microBatch: 8), gradient(microBatch: 2))
    let scale = parts.map(\.magnitude).max() ?? 0
    #expect(scale > 0)
    #expect(zip(whole, parts).allSatisfy { abs($0 - $1) < 1e-3 * scale })
  }

  @Test("A large vocabulary in parts gives what it gives whole, stored or not", arguments: [100_003, 49_152 + 16_400])
  func parts(vocabulary: Int) throws {
    var architecture = Architecture(
      family: .gemma3, vocabulary: vocabulary, context: 16, width: 32, layers: 1, heads: 2, keyValueHeads: 1,
      headSize: 16)
    architecture.logitCap = 5
    let folder = try CheckpointFolder()
    try SafetensorsWriter.write(
      tensors: CheckpointMapping.tensors(Weights.random(architecture, seed: 5)), dtype: .bf16, metadata: [:],
      to: folder.path + "/model.safetensors")
    let source = try CheckpointWeights.open(folder: folder.path)
    let stored = try CheckpointMapping.load(architecture, from: source, precision: .frozen)
    let float = try CheckpointMapping.load(architecture, from: source)
    #expect(stored.precision == .stored)
    // Of every part, and of its ends.
    let sequences: [[Int32]] = [[0, 24_575, 24_576, 49_151], [49_152, Int32(vocabulary - 1), 7], [65_000, 30_000]]
    let adapter = try LoRAAdapter(
      layout: float.layout, rank: 2, alpha: 2, projections: float.layout.projections, seed: 1)
    func gradient(_ weights: Weights, isWhole: Bool) -> (logs: [[Float]], gradient: [Float]) {
      var logs: [[Float]] = []
      var likelihood = Likelihood(prefix: [3], workers: 2, microBatch: 1)
      // Logits that are kept are whole.
      if !isWhole { likelihood.mostKept = 1 }
      let gradient = likelihood.gradient(sequences, weights, adapter: adapter) { values in
        logs = values
        return (0, values.map { $0.indices.map { Float($0) - 1.5 } })
      }.gradient
      return (logs, gradient)
    }
    let (whole, parts, packed) = (
      gradient(float, isWhole: true), gradient(float, isWhole: false), gradient(stored, isWhole: false)
    )
    #expect(packed.logs == parts.logs && packed.gradient == parts.gradient)
    #expect(zip(whole.logs.joined(), parts.logs.joined()).allSatisfy { abs($0 - $1) < 1e-5 })
    #expect(Likelihood(prefix: [3], workers: 2).logProbabilities(sequences, stored) == parts.logs)
    let scale = whole.gradient.map(\.magnitude).max() ?? 0
    #expect(scale > 0)
    #expect(zip(whole.gradient, parts.gradient).allSatisfy { abs($0 - $1) < 1e-5 * scale })
  }
}
