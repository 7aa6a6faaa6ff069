import Core
import Tensors
import Testing

@testable import LanguageModels

/// What adapters are trained over: a base that stays as it is stored, beside the same base in float32.
@Suite("A frozen base as it is stored")
struct FrozenWeightsTests {
  private let sequences: [[Int32]] = [[5, 6, 7, 8], [9, 10, 11], [4], [8, 6, 12, 3, 9]]

  private func adapter(_ layout: ParameterLayout, seed: UInt64, isLively: Bool = true) throws -> LoRAAdapter {
    var adapter = try LoRAAdapter(layout: layout, rank: 3, alpha: 6, projections: layout.projections, seed: seed)
    guard isLively else { return adapter }
    var generator = SeededGenerator(seed: seed)
    for i in adapter.values.indices { adapter.values[i] = 0.05 * Float(generator.normal()) }
    return adapter
  }

  private func gradient(
    _ weights: Weights, _ adapter: LoRAAdapter, _ change: (inout Likelihood) -> Void = { _ in }
  ) -> (logs: [[Float]], gradient: [Float]) {
    var logs: [[Float]] = []
    var likelihood = Likelihood(prefix: [1, 2], workers: 2, microBatch: 3)
    change(&likelihood)
    let gradient = likelihood.gradient(sequences, weights, adapter: adapter) { values in
      logs = values
      return (0, values.enumerated().map { index, tokens in tokens.indices.map { Float(1 + index) - 0.4 * Float($0) } })
    }.gradient
    return (logs, gradient)
  }

  /// ‖a − b‖ / ‖b‖.
  private func distance(_ a: [Float], _ b: [Float]) -> Double {
    func square(_ values: some Sequence<Float>) -> Double { values.reduce(0) { $0 + Double($1) * Double($1) } }
    return (square(zip(a, b).map { $0 - $1 }) / square(b)).squareRoot()
  }

  @Test("gives adapters the gradient of float32, bit by bit", arguments: StoredWeightsTests.models)
  func gradients(name: String) throws {
    let (stored, float) = try StoredWeightsTests.pair(name)
    // Adapters begin without effect.
    let fresh = try adapter(float.layout, seed: 4, isLively: false)
    let (ours, theirs) = (gradient(stored, fresh), gradient(float, fresh))
    #expect(ours.logs == theirs.logs && ours.gradient == theirs.gradient)
    #expect(theirs.gradient.contains { $0 != 0 })
  }

  @Test(
    "takes adapters beside it: log-probabilities and gradients of merged ones but for rounding",
    arguments: StoredWeightsTests.models)
  func beside(name: String) throws {
    let (stored, float) = try StoredWeightsTests.pair(name)
    let (first, second) = (try adapter(float.layout, seed: 4), try adapter(float.layout, seed: 5))
    let ours = second.applied(to: first.applied(to: stored))
    let theirs = second.applied(to: first.applied(to: float))
    #expect(ours.precision == stored.precision && theirs.precision == .float32)
    #expect(ours.values == theirs.values && ours.inFloat32.values == theirs.values)
    #expect(zip(theirs.values, float.values).contains { $0 != $1 })
    if stored.precision == .stored {
      #expect(ours.byteCount == stored.byteCount + 4 * (first.values.count + second.values.count))
    }
    let (a, b, before) = (gradient(ours, second), gradient(theirs, second), gradient(float, second))
    let flat = (Array(a.logs.joined()), Array(b.logs.joined()))
    #expect(zip(flat.0, flat.1).allSatisfy { abs($0 - $1) < 1e-4 })
    #expect(distance(a.gradient, b.gradient) < 1e-5, "\(distance(a.gradient, b.gradient))")
    // Both have moved what is compared.
    #expect(distance(Array(before.logs.joined()), flat.1) > 1e-3)
    // Rollouts follow the same model: what they say of their samples is what the likelihood says.
    let requests = (0..<4).map { GenerationRequest(prompt: [], seed: UInt64($0)) }
    let settings = DecodingSettings(maxTokens: 6, endTokens: [])
    for (arithmetic, most) in [(RolloutArithmetic.float32, Float(1e-3)), (ours.rolloutArithmetic, 6e-3)] {
      var decoder = Decoder(weights: ours, prefix: [1, 2])
      decoder.arithmetic = arithmetic
      for rollout in decoder.generate(requests, settings: settings, workers: 2) {
        let exact = Likelihood(prefix: [1, 2]).logProbabilities([rollout.tokens.map { Int32($0) }], theirs)[0]
        #expect(abs(rollout.logProbability - exact.reduce(0, +)) < most, "1e-3 a token where keys are rounded")
      }
    }
  }

  @Test(
    "computes passes again that are too many to keep, and gives the same gradient", arguments: ["llama", "gemma3.gguf"])
  func recomputed(name: String) throws {
    let (stored, _) = try StoredWeightsTests.pair(name)
    let lively = try adapter(stored.layout, seed: 4)
    let weights = lively.applied(to: stored)
    let whole = gradient(weights, lively)
    // Of two units, one more than there is room for; the larger one alone fits.
    let needs = BackwardNeeds(weights.layout, .adapter(lively))
    let plan = AttentionPlan(prefix: 2, lengths: sequences.prefix(3).map { $0.count - 1 })
    let largest = ActivationPlaces(weights.layout.graph, rows: plan.rows, needs: needs, plan: plan).count
    let again = gradient(weights, lively) { $0.mostKept = largest }
    #expect(again.logs == whole.logs && again.gradient == whole.gradient)
    // Units of a single sequence, none of which is kept.
    let single = gradient(weights, lively) { $0.mostKept = 1 }
    #expect(distance(single.gradient, whole.gradient) < 1e-5)
    #expect(zip(single.logs.joined(), whole.logs.joined()).allSatisfy { abs($0 - $1) < 1e-4 })
    Crew.gather(1) { crew in
      func kept(_ room: Int) -> Int {
        LikelihoodPiece(
          prefix: [1, 2], sequences: Array(sequences.prefix(3)), weights: weights, for: .adapter(lively),
          keeping: room, crew
        ).keptFloats
      }
      #expect(kept(largest - 1) == 0 && kept(largest) >= largest)
    }
  }

  @Test("is what an adapter's folder gives, with the adapter beside it")
  func folder() throws {
    let base = ModelGolden.path("gemma3.gguf")
    let layout = try CausalLanguageModel.load(folder: base).weights.layout
    let folder = try CheckpointFolder()
    try AdaptedCheckpoint.write(try adapter(layout, seed: 6), base: base, promptTemplate: "a {prompt}", to: folder.path)
    func load(_ precision: WeightPrecision) throws -> CausalLanguageModel {
      try CausalLanguageModel.load(folder: folder.path, precision: precision)
    }
    let (frozen, merged, float) = (try load(.frozen), try load(.stored), try load(.float32))
    #expect(frozen.weights.values == float.weights.values && frozen.promptTemplate == "a {prompt}")
    #expect(frozen.weights.precision == .stored && frozen.weights.byteCount < merged.weights.byteCount)
    let tokens = Array(0..<Int32(12))
    #expect(logits(tokens, merged.weights) == logits(tokens, float.weights))
    #expect(zip(logits(tokens, frozen.weights), logits(tokens, float.weights)).allSatisfy { abs($0 - $1) < 1e-4 })
  }
}
