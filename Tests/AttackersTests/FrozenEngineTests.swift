import Core
import Foundation
import LanguageModels
import Testing

@testable import Attackers

/// A policy over a checkpoint whose base stays as it is stored, beside one over the same base in float32.
@Suite("A policy over a base as it is stored")
struct FrozenEngineTests {
  private static let checkpoint = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../LanguageModelsTests/Checkpoints/Fixtures/models/gemma3.gguf").path
  private let prefix: [Int32] = [1, 5, 9]

  private func engine(_ precision: WeightPrecision) throws -> LocalEngine {
    LocalEngine(try CausalLanguageModel.load(folder: Self.checkpoint, precision: precision), fingerprint: "")
  }

  private func policy(_ precision: WeightPrecision, rank: Int = 4) throws -> LocalPolicy {
    let training = PolicyTraining(rank: rank, alpha: 8, learningRate: 1e-2, seed: 3)
    return try #require(try engine(precision).policy(training) as? LocalPolicy)
  }

  @Test("is another engine to stored searches where it samples in fewer bits")
  func fingerprint() throws {
    #expect(try engine(.float32).fingerprint == "" && engine(.frozen).fingerprint == "/engine-3")
  }

  /// Makes the first sequence likelier and the second less likely.
  private func train(_ policy: LocalPolicy, steps: Int) throws -> [Double] {
    let sequences: [[Int32]] = [[7, 8, 9, 10], [11, 12, 13]]
    return try (0..<steps).map { _ in
      try policy.step(sequences, after: prefix) { values in
        let sums = values.map { $0.reduce(0, +) }
        return (Double(sums[1] - sums[0]), zip(values, [Float(-1), 1]).map { [Float](repeating: $1, count: $0.count) })
      }
    }
  }

  private func sample(_ policy: any EnginePolicy, isForStep: Bool = false) async throws -> [EngineSample] {
    let seeds = (0..<12).map { UInt64($0) }
    return try await policy.sample(
      SampleRequest(
        prefix: prefix, temperatures: seeds.map { 0.8 + 0.1 * Float($0) }, seeds: seeds, maxTokens: 8,
        isForStep: isForStep)
    )
    // In fewer bits log p is near, not the same.
    .map(\.withoutLogProbabilities)
  }

  @Test("samples, scores and learns as in float32")
  func same() async throws {
    let (stored, float) = (try engine(.frozen), try engine(.float32))
    #expect(stored.model.weights.precision == .stored && float.model.weights.precision == .float32)
    let probe: [[Int32]] = [[7, 8, 9, 10], [20, 21], [30]]
    // The reference model has no adapter: the same bits.
    let (ours, theirs) = (stored.reference, float.reference)
    #expect(
      try await ours.logProbabilities(probe, after: prefix) == (try await theirs.logProbabilities(probe, after: prefix))
    )
    #expect(try await sample(ours) == (try await sample(theirs)))
    #expect(try await ours.promptState(prefix) == (try await theirs.promptState(prefix)))
    let (first, second) = (try policy(.frozen), try policy(.float32))
    let before = second.logProbabilities(probe, after: prefix)
    let (losses, expected) = (try train(first, steps: 6), try train(second, steps: 6))
    #expect(zip(losses, expected).allSatisfy { abs($0 - $1) < 1e-3 } && expected[5] < expected[0] - 1)
    let (after, wanted) = (
      first.logProbabilities(probe, after: prefix), second.logProbabilities(probe, after: prefix)
    )
    #expect(zip(after.joined(), wanted.joined()).allSatisfy { abs($0 - $1) < 1e-3 })
    #expect(zip(wanted.joined(), before.joined()).contains { abs($0 - $1) > 0.1 })
    let texts = (try await sample(first), try await sample(second))
    #expect(texts.0 == texts.1)
  }

  @Test("takes a step on what it has sampled, and goes on from a snapshot bit by bit")
  func snapshots() async throws {
    let (policy, other) = (try policy(.frozen), try policy(.frozen))
    _ = try train(policy, steps: 2)
    let kept = try #require(policy.snapshot())
    #expect(kept.parameters.count < 100_000 && kept.step == 2)
    // As a search does: through the protocol, whose own version forgets the moments.
    try await (other as any EnginePolicy).restore(kept)
    #expect(try train(policy, steps: 3) == (try train(other, steps: 3)))
    #expect(policy.parameters() == other.parameters())
    let samples = try await sample(policy, isForStep: true).filter { !$0.tokens.isEmpty }
    let loss = try policy.step(samples.map(\.tokens), after: prefix) { values in
      (1, values.map { [Float](repeating: -0.01, count: $0.count) })
    }
    #expect(loss == 1 && policy.parameters() != other.parameters())
  }

  @Test("trains all weights in float32")
  func whole() throws {
    let (stored, float) = (try policy(.frozen, rank: 0), try policy(.float32, rank: 0))
    #expect(try train(stored, steps: 3) == (try train(float, steps: 3)))
    #expect(stored.parameters() == float.parameters())
  }
}
