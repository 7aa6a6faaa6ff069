import Core
import Tensors
import Testing

@testable import LanguageModels

@Suite("Rows that enter and leave")
struct RolloutTests {
  private typealias Entry = Rollout.Entry

  /// Enough tokens end a row that rows are of many lengths.
  private func settings(_ weights: Weights) -> DecodingSettings {
    DecodingSettings(
      temperature: 0.9, maxTokens: 9, endTokens: (0..<weights.architecture.vocabulary).filter { $0 % 7 == 2 })
  }

  private let prefix = [1, 7, 3, 4, 9]

  /// Prompts of many lengths: some go on from the opening, of which some add nothing to it, and some don't.
  private func entries(_ count: Int, longest: Int = 9) -> [Entry] {
    var generator = SeededGenerator(seed: 4)
    return (0..<count).map { number in
      let opening = number % 3 == 1 ? 1 : 0
      let length = Int.random(in: opening..<longest, using: &generator)
      return Entry(
        number: number,
        request: GenerationRequest(
          prompt: (0..<length).map { _ in Int.random(in: 3..<12, using: &generator) }, seed: UInt64(100 + number),
          temperature: number % 4 == 2 ? 0 : nil), opening: opening)
    }
  }

  private func openings(_ weights: Weights, workers: Int = 1) -> [Opening] {
    [Opening.compute(prefix, of: weights, workers: workers), Opening.compute([], of: weights, workers: 1)]
  }

  /// What each entry samples, by number.
  /// - Parameter holdsBack: asked before each entry; says no where the next one waits for a later step.
  private func sample(
    _ weights: Weights, _ entries: [Entry], most: Int, workers: Int, openings: [Opening]? = nil,
    settings: DecodingSettings? = nil, holdsBack: () -> Bool = { false }
  ) -> [Int: Generation] {
    var rollout = Rollout(
      weights: weights, openings: openings ?? self.openings(weights), settings: settings ?? self.settings(weights),
      most: most)
    var waiting = entries[...]
    var made: [Int: Generation] = [:]
    while made.count < entries.count {
      _ = rollout.run(workers: workers) {
        holdsBack() ? nil : waiting.popFirst()
      } onEnd: {
        #expect(made[$0] == nil, "it ends once")
        made[$0] = $1
      } while: {
        true
      }
    }
    return made
  }

  private func expectEqual(_ made: [Int: Generation], _ expected: [Int: Generation], _ comment: Comment) {
    for (number, generation) in expected {
      #expect(made[number]?.tokens == generation.tokens, comment)
      #expect(made[number]?.logProbability == generation.logProbability, comment)
      #expect(made[number]?.finished == generation.finished, comment)
    }
  }

  /// Each entry by itself, which nothing can have an influence on.
  private func alone(_ weights: Weights, _ entries: [Entry], _ settings: DecodingSettings? = nil) -> [Int: Generation] {
    entries.reduce(into: [:]) { all, entry in
      all.merge(sample(weights, [entry], most: 1, workers: 1, settings: settings)) { first, _ in first }
    }
  }

  private func expectIndependence(_ weights: Weights, _ name: Comment) {
    let entries = entries(30)
    let expected = alone(weights, entries)
    #expect(Set(expected.values.map(\.tokens.count)).count > 2, "rows end at different steps")
    for (most, workers) in [(1, 2), (2, 1), (5, 2), (13, 3), (30, 2)] {
      expectEqual(sample(weights, entries, most: most, workers: workers), expected, name)
    }
    expectEqual(sample(weights, entries.reversed(), most: 7, workers: 2), expected, name)
    // Every other time nobody enters although there is a place, so that rows meet others in each stage.
    var turn = 0
    let late = sample(weights, entries, most: 40, workers: 2) {
      turn += 1
      return turn.isMultiple(of: 2)
    }
    expectEqual(late, expected, name)
    expectEqual(
      sample(weights, entries, most: 9, workers: 2, openings: openings(weights, workers: 3)), expected, name)
  }

  @Test(
    "sample the same bits whatever is beside them, their order, their step and the threads",
    arguments: StoredWeightsTests.models)
  func independent(name: String) throws {
    expectIndependence(try StoredWeightsTests.pair(name).stored, "\(name)")
  }

  @Test("do so over quantised weights")
  func independentOverCodes() throws { expectIndependence(try RolloutArithmeticTests.quantised(), "quantised") }

  @Test("do so in half precision and bfloat16", arguments: [SafetensorsWriter.DataType.f16, .bf16])
  func independentInHalf(_ type: SafetensorsWriter.DataType) throws {
    let golden = try ModelGolden("llama")
    let folder = try CheckpointFolder()
    try SafetensorsWriter.write(
      tensors: CheckpointMapping.tensors(golden.weights), dtype: type, metadata: [:],
      to: folder.path + "/model.safetensors")
    let weights = try CheckpointMapping.load(
      golden.architecture, from: CheckpointWeights.open(folder: folder.path), precision: .stored)
    #expect(weights.precision == .stored)
    expectIndependence(weights, "\(type)")
  }

  @Test("do so at every height of a product's tile, and beside prompts of many rows")
  func wide() {
    let weights = Weights.random(
      Architecture(family: .gpt2, vocabulary: 256, context: 700, width: 128, layers: 2, heads: 4), seed: 1)
    var entries = entries(90)
    // Longer than what enters in a step, and longer than a block of attention.
    for (number, length) in [(4, 300), (17, 600), (40, 130)] {
      entries[number].request.prompt = (0..<length).map { 3 + $0 % 200 }
    }
    let expected = alone(weights, entries)
    for most in [2, 3, 6, 12, 33, 90] {
      expectEqual(sample(weights, entries, most: most, workers: 2), expected, "\(most)")
    }
  }

  @Test("leave as soon as they end, and the next one takes the place")
  func places() {
    let weights = livelyWeights(smallDecoder, seed: 9)
    let entries = entries(40)
    var rollout = Rollout(weights: weights, openings: openings(weights), settings: settings(weights), most: 3)
    var (entered, ended, order) = (0, 0, [Int]())
    var largest = 0
    let isDone = rollout.run(workers: 1) {
      guard entered < entries.count else { return nil }
      entered += 1
      largest = max(largest, entered - ended)
      return entries[entered - 1]
    } onEnd: { number, _ in
      ended += 1
      order.append(number)
    } while: {
      true
    }
    #expect(isDone && ended == entries.count && largest == 3)
    #expect(order != order.sorted(), "a short row overtakes a long one that entered before it")
  }

  @Test("have memory that those which follow use again", arguments: [CachePrecision.float32, .half])
  func memory(_ precision: CachePrecision) {
    let shapes = [
      AttentionShape(heads: 2, headSize: 8, isCausal: true),
      AttentionShape(heads: 4, keyValueHeads: 1, headSize: 20, isCausal: true),
    ]
    let memory = CacheBlocks(shapes, precision)
    // A layer's part is no shorter than its keys and values.
    #expect(memory.offsets[0] == 0 && memory.offsets[1] >= 2 * BlockedKeys.tokens * 16)
    func lengths(_ counts: [Int]) -> (caches: [RowCache], places: Set<UnsafeMutableRawPointer>) {
      let caches = counts.map { _ in RowCache(memory) }
      // They grow in turns.
      for tokens in 1...(counts.max() ?? 1) {
        for (cache, count) in zip(caches, counts) where tokens <= count { cache.makeRoom(for: tokens) }
      }
      for (cache, count) in zip(caches, counts) {
        #expect(cache.blocks.count == (count + BlockedKeys.tokens - 1) / BlockedKeys.tokens)
      }
      return (caches, Set(caches.flatMap(\.blocks)))
    }
    var first = lengths([5, 17, 0, 40])
    #expect(first.places.count == first.caches.reduce(0) { $0 + $1.blocks.count }, "no two rows have the same place")
    let places = first.places
    first.caches = []
    #expect(lengths([40, 5, 17]).places == places)
    #expect(lengths([3, 3, 3]).places.isSubset(of: places))
  }

  @Test("stay where they are when the run is interrupted, and go on as if it hadn't been")
  func interrupted() {
    let weights = livelyWeights(smallDecoder, seed: 9)
    let entries = entries(20)
    var rollout = Rollout(weights: weights, openings: openings(weights), settings: settings(weights), most: 4)
    var waiting = entries[...]
    var made: [Int: Generation] = [:]
    var interruptions = 0
    var isDone = false
    while !isDone {
      var steps = 0
      isDone = rollout.run(workers: 2) {
        waiting.popFirst()
      } onEnd: {
        made[$0] = $1
      } while: {
        steps += 1
        return steps <= 2
      }
      if !isDone { interruptions += 1 }
    }
    #expect(interruptions > 5)
    expectEqual(made, alone(weights, entries), "interrupted")
  }

  @Test("end at their limits: one token, and the end of the context")
  func limits() {
    let weights = livelyWeights(smallDecoder, seed: 9)
    let endless = DecodingSettings(maxTokens: 500, endTokens: [])
    // The opening and this prompt leave room for no token beside the one that follows.
    let full = Entry(number: 0, request: GenerationRequest(prompt: (0..<19).map { 3 + $0 }, seed: 1))
    let short = Entry(number: 1, request: GenerationRequest(prompt: [], seed: 2))
    let made = sample(weights, [full, short], most: 2, workers: 1, settings: endless)
    #expect(made[0]?.tokens.count == 1 && made[0]?.finished == false)
    #expect(made[1]?.tokens.count == smallDecoder.context - prefix.count + 1)
    expectEqual(made, alone(weights, [full, short], endless), "endless")
    let one = DecodingSettings(maxTokens: 1, endTokens: [])
    for generation in sample(weights, entries(12), most: 5, workers: 2, settings: one).values {
      #expect(generation.tokens.count == 1 && !generation.finished)
    }
  }
}

@Suite("A nucleus")
struct NucleusTests {
  /// Sorts all tokens.
  private func plain(_ logits: [Float], topP: Float, at draw: Float) -> Int {
    var p = logits
    softmax(p.count, &p)
    var nucleus = [Float](repeating: 0, count: p.count)
    var sum: Float = 0
    for token in p.indices.sorted(by: { p[$0] != p[$1] ? p[$0] > p[$1] : $0 < $1 }) {
      nucleus[token] = p[token]
      sum += p[token]
      if sum >= topP { break }
    }
    return drawIndex(nucleus.count, nucleus, at: draw)
  }

  @Test("is what sorting all tokens makes it, where few are likely, all alike, or rounding leaves them short")
  func same() {
    var generator = SeededGenerator(seed: 5)
    for (spread, topP) in [(8.0, 0.9), (1.0, 0.5), (0.0, 0.7), (3.0, 0.999_999_9), (12.0, 0.01), (0.01, 0.99)] {
      let logits = (0..<3_000).map { _ in Float(spread * generator.normal()) }
      let settings = DecodingSettings(topP: Float(topP), maxTokens: 1, endTokens: [])
      let sampler = Sampler(vocabulary: logits.count, settings: settings)
      for seed in 0..<40 {
        var (ours, theirs) = (SeededGenerator(seed: UInt64(seed)), SeededGenerator(seed: UInt64(seed)))
        let token = sampler.choose(logits, temperature: 1, mayEnd: true, generator: &ours).token
        #expect(token == plain(logits, topP: settings.topP, at: theirs.uniform()), "\(spread), \(topP), \(seed)")
      }
    }
  }
}
