import Core
import Tensors
import Testing

@testable import LanguageModels

let smallDecoder = Architecture(
  family: .gpt2, vocabulary: 37, context: 24, width: 16, layers: 2, heads: 2, feedForward: 24)

/// One small decoder of every family, with whatever is special about it switched on.
let smallDecoders: [Architecture] = {
  func small(_ family: Architecture.Family, keyValueHeads: Int, headSize: Int, ties: Bool) -> Architecture {
    Architecture(
      family: family, vocabulary: 37, context: 24, width: 16, layers: 2, heads: 4, feedForward: 24,
      keyValueHeads: keyValueHeads, headSize: headSize, tiesEmbeddings: ties)
  }
  var untied = smallDecoder
  untied.tiesEmbeddings = false
  var llama = small(.llama, keyValueHeads: 2, headSize: 4, ties: false)
  llama.rotary = Rotary(
    base: 100, scaling: .llama3(factor: 4, lowFrequency: 1, highFrequency: 4, originalContext: 16))
  var gemma = small(.gemma3, keyValueHeads: 1, headSize: 6, ties: true)
  gemma.window = 3
  gemma.globalLayers = [false, true]
  gemma.attentionScale = 0.25
  gemma.attentionCap = 2
  gemma.logitCap = 5
  return [smallDecoder, untied, llama, small(.qwen2, keyValueHeads: 4, headSize: 4, ties: true), gemma]
}()

func randomSequences(_ lengths: [Int], vocabulary: Int, seed: UInt64) -> [[Int32]] {
  var generator = SeededGenerator(seed: seed)
  return lengths.map { length in (0..<length).map { _ in Int32.random(in: 0..<Int32(vocabulary), using: &generator) } }
}

/// Weights far from their start, so that no gradient is tiny.
func livelyWeights(_ architecture: Architecture, seed: UInt64) -> Weights {
  let start = Weights.random(architecture, seed: seed)
  var generator = SeededGenerator(seed: seed + 1)
  return Weights(layout: start.layout, values: start.values.map { $0 + 0.15 * Float(generator.normal()) })
}

@Suite("Likelihood")
struct LikelihoodTests {
  let sequences = randomSequences([5, 1, 7, 3, 4], vocabulary: 37, seed: 3)
  let likelihood = Likelihood(prefix: [1, 2, 3], workers: 2, microBatch: 2)

  @Test(
    "every tensor's gradient agrees with finite differences, prefix and tied embedding included",
    arguments: smallDecoders)
  func finiteDifferences(_ architecture: Architecture) {
    let weights = livelyWeights(architecture, seed: 5)
    var generator = SeededGenerator(seed: 11)
    let slopes = sequences.map { $0.map { _ in Float(generator.normal()) } }
    func value(_ weights: Weights) -> Double {
      zip(likelihood.logProbabilities(sequences, weights), slopes).reduce(0.0) { total, pair in
        total + zip(pair.0, pair.1).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
      }
    }
    let (_, gradient) = likelihood.gradient(sequences, weights) { _ in (0, slopes) }
    for slot in weights.layout.slots {
      let range = slot.offset..<slot.offset + slot.count
      // Along the gradient itself, where the signal is strongest.
      let norm = range.reduce(0.0) { $0 + Double(gradient[$1]) * Double(gradient[$1]) }.squareRoot()
      guard norm > 0 else {
        Issue.record("\(slot.name) has no gradient")
        continue
      }
      let step = 4e-3
      func moved(_ sign: Double) -> Weights {
        var values = weights.values
        for i in range { values[i] += Float(sign * step * Double(gradient[i]) / norm) }
        return Weights(layout: weights.layout, values: values)
      }
      let slope = (value(moved(1)) - value(moved(-1))) / (2 * step)
      #expect(abs(slope - norm) < 0.01 * norm + 2e-3, "\(slot.name): \(slope) against \(norm)")
    }
  }

  @Test("an adapter's gradient agrees with finite differences and touches nothing else", arguments: smallDecoders)
  func adapterFiniteDifferences(_ architecture: Architecture) throws {
    let base = livelyWeights(architecture, seed: 5)
    // One projection that is alone, and one that is fused with others that stay frozen.
    let names = architecture.family == .gpt2 ? ["attn.c_attn", "mlp.c_proj"] : ["v_proj", "mlp.down_proj"]
    var adapter = try LoRAAdapter(layout: base.layout, rank: 3, alpha: 6, projections: names, seed: 2)
    var generator = SeededGenerator(seed: 17)
    for i in adapter.values.indices { adapter.values[i] += 0.2 * Float(generator.normal()) }
    let slopes = sequences.map { $0.map { _ in Float(generator.normal()) } }
    func value(_ adapter: LoRAAdapter) -> Double {
      let all = likelihood.logProbabilities(sequences, adapter.merged(into: base))
      return zip(all, slopes).reduce(0.0) { total, pair in
        total + zip(pair.0, pair.1).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
      }
    }
    let (_, gradient) = likelihood.gradient(sequences, adapter.merged(into: base), adapter: adapter) { _ in
      (0, slopes)
    }
    #expect(gradient.count == adapter.values.count)
    for (_, factor) in adapter.factors {
      let outputs = factor.shape.outputs
      for range in [factor.a..<factor.b, factor.b..<factor.b + adapter.rank * outputs] {
        let norm = range.reduce(0.0) { $0 + Double(gradient[$1]) * Double(gradient[$1]) }.squareRoot()
        let step = 4e-3
        func moved(_ sign: Double) -> LoRAAdapter {
          var copy = adapter
          for i in range { copy.values[i] += Float(sign * step * Double(gradient[i]) / norm) }
          return copy
        }
        let slope = (value(moved(1)) - value(moved(-1))) / (2 * step)
        #expect(abs(slope - norm) < 0.01 * norm + 2e-3, "\(factor.slot.name): \(slope) against \(norm)")
      }
    }
  }

  @Test("the number of workers never changes a bit")
  func workersAgree() {
    let weights = livelyWeights(smallDecoder, seed: 5)
    let one = Likelihood(prefix: [1, 2, 3], workers: 1, microBatch: 2)
    let slopes = sequences.map { $0.map { _ in Float(1) } }
    #expect(one.logProbabilities(sequences, weights) == likelihood.logProbabilities(sequences, weights))
    let a = one.gradient(sequences, weights) { _ in (0, slopes) }.gradient
    let b = likelihood.gradient(sequences, weights) { _ in (0, slopes) }.gradient
    #expect(a == b)
  }

  @Test("a shared prefix gives what the same prefix copied into each sequence gives")
  func sharedPrefix() {
    let weights = livelyWeights(smallDecoder, seed: 5)
    let shared = likelihood.logProbabilities(sequences, weights)
    let copied = Likelihood(prefix: [1], microBatch: 3).logProbabilities(sequences.map { [2, 3] + $0 }, weights)
    for (a, b) in zip(shared, copied) {
      for (x, y) in zip(a, b.dropFirst(2)) { #expect(abs(x - y) < 1e-4) }
    }
  }

  @Test("probabilities of all first tokens sum to one")
  func normalised() {
    let weights = livelyWeights(smallDecoder, seed: 5)
    let all = likelihood.logProbabilities((0..<37).map { [Int32($0)] }, weights)
    let total = all.reduce(0.0) { $0 + Double($1[0]).exponential }
    #expect(abs(total - 1) < 1e-5)
  }

  @Test("the prefix's state is the mean of what its logits are made from", arguments: smallDecoders)
  func prefixState(_ architecture: Architecture) {
    let weights = livelyWeights(architecture, seed: 12)
    let v = architecture.vocabulary
    func state(_ prefix: [Int32]) -> [Float] { Likelihood(prefix: prefix, workers: 2).prefixState(weights) }
    let alone = state([3])
    // The second of two tokens' own state is twice the mean less the first's.
    let second = zip(state([3, 7]), alone).map { 2 * $0 - $1 }
    for (hidden, prefix) in [(alone, [Int32(3)]), (second, [3, 7])] {
      var logits = [Float](repeating: 0, count: v)
      weights.withPointers {
        weights.layout.graph.head.logits(rows: 1, architecture, hidden: hidden, $0, into: &logits)
      }
      let normaliser = logSumExp(v, logits)
      let computed = Likelihood(prefix: prefix).logProbabilities((0..<v).map { [Int32($0)] }, weights).map { $0[0] }
      #expect(zip(logits, computed).allSatisfy { abs($0 - normaliser - $1) < 1e-3 })
    }
  }
}

extension Double {
  fileprivate var exponential: Double {
    // e^x by repeated squaring of a short series: independent of the code under test.
    var term = 1.0
    var sum = 1.0
    let x = self / 1024
    for n in 1..<12 {
      term *= x / Double(n)
      sum += term
    }
    for _ in 0..<10 { sum *= sum }
    return sum
  }
}
