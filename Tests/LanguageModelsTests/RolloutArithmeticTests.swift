import Core
import Tensors
import Testing

@testable import LanguageModels

@Suite("Samples over weights of few bits")
struct RolloutArithmeticTests {
  /// A Llama whose matrices are quantised, every other one with an offset.
  static func quantised(seed: UInt64 = 7) -> Weights {
    var architecture = Architecture(
      family: .llama, vocabulary: 61, context: 96, width: 64, layers: 2, heads: 4, feedForward: 96, keyValueHeads: 2,
      headSize: 16, tiesEmbeddings: false)
    architecture.rotary = Rotary(base: 10_000)
    let weights = livelyWeights(architecture, seed: seed)
    let (layout, values) = (weights.layout, weights.values)
    var matrices: [StoredMatrix?] = []
    var vectors: [Float] = []
    var places: [Int: Int] = [:]
    for slot in layout.slots {
      let own = Array(values[slot.offset..<slot.offset + slot.count])
      if slot.shape.count == 1 {
        matrices.append(nil)
        places[slot.offset] = vectors.count
        vectors += own
      } else {
        matrices.append(
          matrix(own, outputs: slot.shape[0], inputs: slot.shape[1], hasOffset: matrices.count.isMultiple(of: 2)))
      }
    }
    let projected = Set(layout.graph.projections.flatMap { $0.parts.map(\.slot) })
    let tables = layout.slots.indices.filter { !projected.contains($0) }
    return Weights(
      layout: layout,
      stored: StoredWeights(
        projections: layout.graph.projections.map { $0.parts.compactMap { matrices[$0.slot] } },
        tables: Dictionary(
          uniqueKeysWithValues: tables.compactMap { slot in matrices[slot].map { (layout.slots[slot].offset, $0) } }),
        vectors: vectors, places: places))
  }

  /// Five bits a weight, or eight without an offset.
  private static func matrix(_ values: [Float], outputs: Int, inputs: Int, hasOffset: Bool) -> StoredMatrix {
    var blocks = StoredFormat.Blocks(elements: 32, group: 32, bits: hasOffset ? 5 : 8)
    blocks.hasOffset = hasOffset
    return StoredMatrix(blocks, inputs: inputs, outputs: outputs) { output, block, parts in
      let own = values[output * inputs + 32 * block..<output * inputs + 32 * (block + 1)]
      let (least, most) = (own.min() ?? 0, own.max() ?? 0)
      let scale = Float16(hasOffset ? (most - least) / 31 : max(most, -least) / 126)
      parts.scale = scale.bitPattern
      parts.offset = Float16(least).bitPattern
      for (i, value) in own.enumerated() {
        let code = Int(((value - (hasOffset ? Float(Float16(least)) : 0)) / Float(scale)).rounded())
        parts.codes[i] = hasOffset ? UInt8(max(0, min(31, code))) : UInt8(bitPattern: Int8(code))
      }
    }
  }

  private let requests = (0..<12).map { GenerationRequest(prompt: Array(1...$0 % 5 + 2), seed: UInt64($0)) }
  private let settings = DecodingSettings(maxTokens: 24, endTokens: [])

  @Test("are those of float32 where nothing is rounded")
  func float32() {
    let weights = Self.quantised()
    #expect(weights.precision == .stored)
    #expect(weights.rolloutArithmetic == RolloutArithmetic(roundsRows: true, cache: .half))
    var decoder = Decoder(weights: weights)
    decoder.arithmetic = .float32
    let ours = decoder.generate(requests, settings: settings, workers: 2)
    let theirs = Decoder(weights: weights.inFloat32).generate(requests, settings: settings, workers: 1)
    #expect(ours.map(\.tokens) == theirs.map(\.tokens))
    #expect(ours.map(\.logProbability) == theirs.map(\.logProbability))
  }

  @Test("differ from likelihoods in float32 by the rounding alone", arguments: 1...4)
  func rounded(seed: Int) {
    let weights = Self.quantised(seed: UInt64(seed))
    let made = Decoder(weights: weights).generate(requests, settings: settings, workers: 2)
    var largest: Float = 0
    for (request, generation) in zip(requests, made) {
      let exact = Likelihood(prefix: request.prompt.map { Int32($0) })
        .logProbabilities([generation.tokens.map { Int32($0) }], weights)[0]
      largest = max(
        largest, abs(generation.logProbability - exact.reduce(0, +)) / Float(max(1, generation.tokens.count)))
    }
    #expect(largest > 0 && largest < 0.05, "\(largest) a token")
  }

  @Test("that a gradient will follow from aren't rounded")
  func recorded() {
    let weights = Self.quantised()
    let seeds = (0..<6).map { GenerationRequest(prompt: [], seed: UInt64($0)) }
    var decoder = Decoder(weights: weights, prefix: [1, 5, 9])
    let recorded = decoder.record(seeds, settings: settings, adapter: nil, workers: 2).generations
    decoder.arithmetic = .float32
    let exact = decoder.generate(seeds, settings: settings, workers: 2)
    #expect(recorded.map(\.tokens) == exact.map(\.tokens))
    #expect(recorded.map(\.logProbability) == exact.map(\.logProbability))
    decoder.arithmetic = nil
    #expect(
      decoder.generate(seeds, settings: settings, workers: 2).map(\.logProbability) != exact.map(\.logProbability))
  }

  @Test("keep half-precision keys over half-precision weights, and no more bits than float32 ones elsewhere")
  func worth() throws {
    #expect(Self.quantised().inFloat32.rolloutArithmetic == .float32)
    let golden = try ModelGolden("llama")
    for (type, cache) in [(SafetensorsWriter.DataType.f16, CachePrecision.half), (.bf16, .half), (.f32, .float32)] {
      let folder = try CheckpointFolder()
      try SafetensorsWriter.write(
        tensors: CheckpointMapping.tensors(golden.weights), dtype: type, metadata: [:],
        to: folder.path + "/model.safetensors")
      let weights = try CheckpointMapping.load(
        golden.architecture, from: CheckpointWeights.open(folder: folder.path), precision: .stored)
      #expect(weights.rolloutArithmetic == RolloutArithmetic(roundsRows: false, cache: cache))
    }
  }
}
