import Core
import Testing

@testable import LanguageModels

@Suite("Decoding")
struct DecodingTests {
  let weights = livelyWeights(smallDecoder, seed: 9)
  let settings = DecodingSettings(maxTokens: 8, endTokens: [0])

  func requests(_ count: Int) -> [GenerationRequest] {
    var generator = SeededGenerator(seed: 4)
    return (0..<count).map { i in
      GenerationRequest(
        prompt: (0..<Int.random(in: 0..<6, using: &generator)).map { _ in Int.random(in: 1..<37, using: &generator) },
        seed: UInt64(100 + i))
    }
  }

  @Test("sampled log-probabilities are those of a teacher-forced pass", arguments: smallDecoders)
  func cacheAgreesWithForward(_ architecture: Architecture) {
    let weights = livelyWeights(architecture, seed: 9)
    let decoder = Decoder(weights: weights, prefix: [1, 2])
    for request in requests(20) {
      let generation = decoder.generate([request], settings: settings, workers: 1)[0]
      let tokens = generation.tokens + (generation.finished ? [0] : [])
      let forced = Likelihood(prefix: ([1, 2] + request.prompt).map { Int32($0) })
        .logProbabilities([tokens.map { Int32($0) }], weights)[0].reduce(0, +)
      #expect(abs(forced - generation.logProbability) < 2e-4)
    }
  }

  @Test("a row's tokens don't depend on the batch around it, its place or the workers")
  func batchInvariant() {
    let all = requests(600)
    let together = Decoder(weights: weights, prefix: [1], microBatch: 16).generate(all, settings: settings, workers: 2)
    let reversed = Decoder(weights: weights, prefix: [1], microBatch: 7)
      .generate(all.reversed(), settings: settings, workers: 1)
    // As many at once as fit.
    let whole = Decoder(weights: weights, prefix: [1]).generate(all, settings: settings, workers: 2)
    for other in [Array(reversed.reversed()), whole] {
      #expect(together.map(\.tokens) == other.map(\.tokens))
      #expect(together.map(\.logProbability) == other.map(\.logProbability))
    }
  }

  @Test("sample frequencies follow the model's probabilities (chi-square)")
  func chiSquare() {
    let n = 20_000
    let decoder = Decoder(weights: weights, prefix: [1, 5])
    let draws = decoder.generate(
      (0..<n).map { GenerationRequest(prompt: [], seed: UInt64($0)) },
      settings: DecodingSettings(maxTokens: 1, endTokens: []), workers: 2)
    var counts = [Int](repeating: 0, count: 37)
    for draw in draws { counts[draw.tokens[0]] += 1 }
    let log = Likelihood(prefix: [1, 5]).logProbabilities((0..<37).map { [Int32($0)] }, weights)
    var statistic = 0.0
    for token in 0..<37 {
      let draw = draws.first { $0.tokens[0] == token }
      if let draw { #expect(abs(draw.logProbability - log[token][0]) < 1e-4) }
      let expected = Double(n) * Double(probability(log[token][0]))
      statistic += (Double(counts[token]) - expected) * (Double(counts[token]) - expected) / expected
    }
    // 36 degrees of freedom: 99.9 % quantile 67.98.
    #expect(statistic < 67.98)
  }

  @Test("limits hold: no more than maxTokens, no end before minTokens, never past the context")
  func limits() {
    let decoder = Decoder(weights: weights, prefix: [1])
    let short = DecodingSettings(temperature: 3, maxTokens: 6, minTokens: 4, endTokens: Array(0..<18))
    for generation in decoder.generate(requests(40), settings: short, workers: 1) {
      #expect(generation.tokens.count >= 4 && generation.tokens.count <= 6)
    }
    let long = DecodingSettings(maxTokens: 500, endTokens: [])
    for (request, generation) in zip(requests(5), decoder.generate(requests(5), settings: long, workers: 1)) {
      #expect(generation.tokens.count <= smallDecoder.context - request.prompt.count)
      #expect(!generation.finished)
    }
  }

  @Test("temperature 0 is greedy; a nucleus keeps likely tokens only")
  func greedyAndNucleus() {
    let decoder = Decoder(weights: weights, prefix: [1, 5])
    let log = Likelihood(prefix: [1, 5]).logProbabilities((0..<37).map { [Int32($0)] }, weights).map { $0[0] }
    let best = log.indices.max { log[$0] < log[$1] }
    let many = (0..<200).map { GenerationRequest(prompt: [], seed: UInt64($0)) }
    let greedy = decoder.generate(
      many, settings: DecodingSettings(temperature: 0, maxTokens: 1, endTokens: []), workers: 1)
    #expect(greedy.allSatisfy { $0.tokens[0] == best })
    let nucleus = decoder.generate(
      many, settings: DecodingSettings(topP: 0.3, maxTokens: 1, endTokens: []), workers: 1)
    let sorted = log.indices.sorted { log[$0] > log[$1] }
    var kept: Set<Int> = []
    var mass: Float = 0
    for token in sorted {
      if mass >= 0.3 { break }
      kept.insert(token)
      mass += probability(log[token])
    }
    #expect(nucleus.allSatisfy { kept.contains($0.tokens[0]) })
  }

  private func probability(_ log: Float) -> Float {
    var generatorFree = 1.0
    let x = Double(log) / 256
    generatorFree += x + x * x / 2 + x * x * x / 6 + x * x * x * x / 24
    for _ in 0..<8 { generatorFree *= generatorFree }
    return Float(generatorFree)
  }
}
