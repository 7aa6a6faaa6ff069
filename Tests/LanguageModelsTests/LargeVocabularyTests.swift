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
}
