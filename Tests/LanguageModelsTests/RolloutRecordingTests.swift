import Core
import Testing

@testable import LanguageModels

@Suite("What a rollout keeps for its gradient")
struct RolloutRecordingTests {
  private let prefix: [Int32] = [1, 2, 3]
  private let settings = DecodingSettings(maxTokens: 9, endTokens: [0, 5, 6])

  private struct Rolled {
    let weights: Weights
    let adapter: LoRAAdapter?
    /// With their end tokens.
    let sequences: [[Int32]]
    let recording: RolloutRecording
  }

  private func roll(
    _ architecture: Architecture, adapts: Bool, rows: Int = 11, mostKept: Int = .max
  ) throws -> Rolled {
    var weights = livelyWeights(architecture, seed: 9)
    var adapter: LoRAAdapter?
    if adapts {
      var made = try LoRAAdapter(
        layout: weights.layout, rank: 2, alpha: 4, projections: Array(weights.layout.projections.dropFirst()), seed: 3)
      var generator = SeededGenerator(seed: 8)
      for i in made.values.indices { made.values[i] = 0.2 * Float(generator.normal()) }
      weights = made.merged(into: weights)
      adapter = made
    }
    let requests = (0..<rows).map {
      GenerationRequest(prompt: [], seed: UInt64($0), temperature: 0.8 + 0.1 * Float($0))
    }
    var decoder = Decoder(weights: weights, prefix: prefix.map { Int($0) }, microBatch: 4)
    decoder.mostKept = mostKept
    let (generations, recording) = decoder.record(requests, settings: settings, adapter: adapter, workers: 2)
    let rollouts = recording.take()
    #expect(rollouts.count == (mostKept == .max ? (rows + 3) / 4 : 0))
    let sequences =
      mostKept == .max ? rollouts.flatMap(\.drawn) : generations.map { $0.tokens.map { Int32($0) } }
    return Rolled(
      weights: weights, adapter: adapter, sequences: sequences, recording: RolloutRecording(rollouts))
  }

  private func gradient(
    _ sequences: [[Int32]], _ rolled: Rolled, reusing recording: RolloutRecording?, weights: Weights? = nil
  ) -> (logs: [[Float]], gradient: [Float]) {
    var logs: [[Float]] = []
    let gradient = Likelihood(prefix: prefix, workers: 2, microBatch: 3).gradient(
      sequences, weights ?? rolled.weights, adapter: rolled.adapter, reusing: recording
    ) { logProbabilities in
      logs = logProbabilities
      // A slope for each token that tells sequences and places apart.
      return (
        0,
        logProbabilities.enumerated().map { sequence, tokens in
          tokens.indices.map { Float(1 + sequence) - 0.3 * Float($0) }
        }
      )
    }.gradient
    return (logs, gradient)
  }

  private func expectEqual(
    _ kept: (logs: [[Float]], gradient: [Float]), _ computed: (logs: [[Float]], gradient: [Float])
  ) {
    #expect(kept.logs.map(\.count) == computed.logs.map(\.count))
    #expect(zip(kept.logs.joined(), computed.logs.joined()).allSatisfy { abs($0 - $1) < 2e-4 })
    let scale = computed.gradient.map(\.magnitude).max() ?? 0
    #expect(scale > 0)
    #expect(zip(kept.gradient, computed.gradient).allSatisfy { abs($0 - $1) < 1e-4 * scale })
  }

  @Test(
    "its gradient is that of a teacher-forced pass, adapter or all weights", arguments: smallDecoders, [true, false])
  func agrees(_ architecture: Architecture, adapts: Bool) throws {
    let rolled = try roll(architecture, adapts: adapts)
    #expect(Set(rolled.sequences.map(\.count)).count > 2, "sequences end at different lengths")
    // Some in another order, some not at all, and one that nobody drew.
    let chosen = [7, 0, 3, 9, 2, 10].map { rolled.sequences[$0] } + [[4, 9, 11, 30, 2]]
    let computed = gradient(chosen, rolled, reusing: nil)
    expectEqual(gradient(chosen, rolled, reusing: rolled.recording), computed)
  }

  @Test("all of them, as they were drawn")
  func whole() throws {
    let rolled = try roll(smallDecoder, adapts: true)
    let computed = gradient(rolled.sequences, rolled, reusing: nil)
    expectEqual(gradient(rolled.sequences, rolled, reusing: rolled.recording), computed)
  }

  @Test("it is used: wrong activations would give a wrong gradient")
  func used() throws {
    let rolled = try roll(smallDecoder, adapts: true, rows: 4)
    let rollouts = rolled.recording.take()
    rollouts[0].values.withUnsafeMutableBufferPointer { $0.update(repeating: 0.5) }
    let computed = gradient(rolled.sequences, rolled, reusing: nil)
    let spoilt = gradient(rolled.sequences, rolled, reusing: RolloutRecording(rollouts))
    let scale = computed.gradient.map(\.magnitude).max() ?? 0
    #expect(zip(spoilt.gradient, computed.gradient).contains { abs($0 - $1) > 0.1 * scale })
  }

  @Test("it serves once, and only the weights, the prefix and the factors that it was made with")
  func servesOnce() throws {
    let rolled = try roll(smallDecoder, adapts: true)
    let computed = gradient(rolled.sequences, rolled, reusing: nil)
    _ = gradient(rolled.sequences, rolled, reusing: rolled.recording)
    expectEqual(gradient(rolled.sequences, rolled, reusing: rolled.recording), computed)

    let again = try roll(smallDecoder, adapts: true)
    let others = livelyWeights(smallDecoder, seed: 77)
    let moved = gradient(again.sequences, again, reusing: nil, weights: others)
    expectEqual(gradient(again.sequences, again, reusing: again.recording, weights: others), moved)

    let rollout = try #require(try roll(smallDecoder, adapts: true).recording.take().first)
    #expect(!rollout.serves(again.weights, prefix: prefix, .all))
  }

  @Test("where too much would have to be kept, nothing is, and the gradient makes its own pass")
  func declines() throws {
    let weights = livelyWeights(smallDecoder, seed: 9)
    let decoder = Decoder(weights: weights, prefix: [1])
    func recorder(_ most: Int) -> RolloutRecorder? {
      RolloutRecorder(weights: weights, prefix: prefix, rows: 4, most: most, mostKept: decoder.mostKept, for: .all)
    }
    #expect(recorder(20) != nil)
    #expect(recorder(10_000_000) == nil)
    let rolled = try roll(smallDecoder, adapts: true, mostKept: 1_000)
    #expect(rolled.sequences.count == 11)
    expectEqual(
      gradient(rolled.sequences, rolled, reusing: rolled.recording), gradient(rolled.sequences, rolled, reusing: nil))
  }

  @Test("the number of workers never changes a bit")
  func workers() throws {
    let requests = (0..<9).map { GenerationRequest(prompt: [], seed: UInt64($0)) }
    let weights = livelyWeights(smallDecoder, seed: 9)
    let gradients = [1, 2, 3].map { workers in
      let (generations, recording) = Decoder(weights: weights, prefix: [1, 2, 3], microBatch: 4)
        .record(
          requests, settings: DecodingSettings(maxTokens: 9, endTokens: []), adapter: nil, workers: workers)
      return Likelihood(prefix: prefix, workers: workers).gradient(
        generations.map { $0.tokens.map { Int32($0) } }, weights, reusing: recording
      ) { (0, $0.map { $0.map { _ in 1 } }) }.gradient
    }
    #expect(gradients[0] == gradients[1])
    #expect(gradients[0] == gradients[2])
  }
}
