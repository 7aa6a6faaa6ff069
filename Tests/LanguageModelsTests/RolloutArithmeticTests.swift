import Core
import Tensors
import Testing

@testable import LanguageModels

@Suite("Samples over weights of few bits")
struct RolloutArithmeticTests {
  /// A Llama whose matrices are quantised.
  static func quantised(seed: UInt64 = 7) throws -> Weights {
    var architecture = Architecture(
      family: .llama, vocabulary: 61, context: 96, width: 64, layers: 2, heads: 4, feedForward: 96, keyValueHeads: 2,
      headSize: 16, tiesEmbeddings: false)
    architecture.rotary = Rotary(base: 10_000)
    return try CheckpointMapping.load(
      architecture, from: QuantisedSource(livelyWeights(architecture, seed: seed)), precision: .stored)
  }

  private let requests = (0..<12).map { GenerationRequest(prompt: Array(1...$0 % 5 + 2), seed: UInt64($0)) }
  private let settings = DecodingSettings(maxTokens: 24, endTokens: [])

  @Test("are those of float32 where nothing is rounded")
  func float32() throws {
    let weights = try Self.quantised()
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
  func rounded(seed: Int) throws {
    let weights = try Self.quantised(seed: UInt64(seed))
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
  func recorded() throws {
    let weights = try Self.quantised()
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
    #expect(try Self.quantised().inFloat32.rolloutArithmetic == .float32)
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

  @Test("make their model another one to a ledger")
  func version() throws {
    let path = ModelGolden.path("qwen3.gguf")
    #expect(try CausalLanguageModel.load(folder: path, precision: .stored).engineVersion == 3)
    #expect(try CausalLanguageModel.load(folder: path).engineVersion == 2)
  }
}

/// Weights as a quantised file would have them: every other matrix of five bits a weight and an offset, or of eight bits.
private struct QuantisedSource: TensorSource {
  let path = "quantised"
  let tensors: [String: (place: Int, shape: [Int], values: [Float])]

  init(_ weights: Weights) {
    tensors = Dictionary(
      uniqueKeysWithValues: CheckpointMapping.tensors(weights).enumerated().map { ($1.name, ($0, $1.shape, $1.values)) }
    )
  }

  var names: [String] { tensors.keys.sorted() }

  func shape(of name: String) -> [Int]? { tensors[name]?.shape }

  func read(_ name: String, into values: UnsafeMutableBufferPointer<Float>) throws {
    _ = values.update(from: try #require(tensors[name]).values)
  }

  func stored(_ name: String, in memory: MatrixMemory, crew: Crew?) throws -> StoredMatrix {
    let (place, shape, values) = try #require(tensors[name])
    let hasOffset = place.isMultiple(of: 2)
    var blocks = StoredFormat.Blocks(elements: 32, group: 32, bits: hasOffset ? 5 : 8)
    blocks.hasOffset = hasOffset
    return StoredMatrix(blocks, inputs: shape[1], outputs: shape[0], in: memory, crew: crew) { output, block, parts in
      let first = output * shape[1] + 32 * block
      let own = values[first..<first + 32]
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
}
