import Core
import Testing

@testable import LanguageModels

/// At a size where every operation is worth sharing.
@Suite("Workers")
struct WorkerTests {
  let prefix: [Int32] = [1, 2, 3]

  static let architectures: [Architecture] = {
    var gemma = Architecture(
      family: .gemma3, vocabulary: 301, context: 64, width: 96, layers: 2, heads: 4, feedForward: 200,
      keyValueHeads: 1, headSize: 24, tiesEmbeddings: true)
    gemma.window = 5
    gemma.globalLayers = [false, true]
    gemma.logitCap = 5
    return [
      Architecture(family: .gpt2, vocabulary: 301, context: 64, width: 96, layers: 2, heads: 4),
      Architecture(
        family: .llama, vocabulary: 301, context: 64, width: 96, layers: 2, heads: 4, feedForward: 200,
        keyValueHeads: 2, headSize: 24, tiesEmbeddings: false), gemma,
    ]
  }()

  @Test("any number gives the same log-probabilities, gradients and samples, bit for bit", arguments: architectures)
  func sameBits(_ architecture: Architecture) throws {
    let base = livelyWeights(architecture, seed: 5)
    let adapter = try LoRAAdapter(
      layout: base.layout, rank: 4, alpha: 8, projections: [architecture.family == .gpt2 ? "attn.c_attn" : "v_proj"],
      seed: 2)
    let sequences = randomSequences([20, 7, 15, 9, 20, 20, 3, 18, 20, 20, 20, 20], vocabulary: 301, seed: 3)
    let slopes = sequences.map { $0.indices.map { Float($0 % 5) - 2 } }
    let requests = (0..<20).map { GenerationRequest(prompt: [4, 5 + $0 % 3], seed: UInt64($0)) }
    let settings = DecodingSettings(maxTokens: 10, minTokens: 2, endTokens: [0])
    func results(_ workers: Int) -> (logs: [[Float]], all: [Float], adapter: [Float], samples: [Generation]) {
      let likelihood = Likelihood(prefix: prefix, workers: workers, microBatch: 8)
      return (
        likelihood.logProbabilities(sequences, base),
        likelihood.gradient(sequences, base) { _ in (0, slopes) }.gradient,
        likelihood.gradient(sequences, base, adapter: adapter) { _ in (0, slopes) }.gradient,
        Decoder(weights: base, prefix: [1, 2]).generate(requests, settings: settings, workers: workers)
      )
    }
    let alone = results(1)
    for workers in 2...4 {
      let shared = results(workers)
      #expect(shared.logs == alone.logs)
      #expect(shared.all == alone.all)
      #expect(shared.adapter == alone.adapter)
      #expect(shared.samples.map(\.tokens) == alone.samples.map(\.tokens))
      #expect(shared.samples.map(\.logProbability) == alone.samples.map(\.logProbability))
    }
  }
}
