import Core
import Foundation
import Tensors
import Testing

@testable import LanguageModels

/// Weights in the precision of their file beside the same weights in float32: what is computed is the same bits.
@Suite("Weights as they are stored")
struct StoredWeightsTests {
  static let models = ModelParityTests.decoders.map { $0 } + GGUFTests.models.map { $0 + ".gguf" }

  static func pair(_ name: String) throws -> (stored: Weights, float: Weights) {
    let path = ModelGolden.path(name)
    if name.hasSuffix(".gguf") {
      return (
        try CausalLanguageModel.load(folder: path, precision: .stored).weights,
        try CausalLanguageModel.load(folder: path).weights
      )
    }
    let golden = try ModelGolden(name)
    let source = try CheckpointWeights.open(folder: path)
    return (try CheckpointMapping.load(golden.architecture, from: source, precision: .stored), golden.weights)
  }

  @Test("hold the same values, and compute the same logits and samples", arguments: models)
  func same(name: String) throws {
    let (stored, float) = try Self.pair(name)
    #expect(stored.precision == (name.hasPrefix("gpt2") ? .float32 : .stored))
    #expect(stored.values == float.values && stored.inFloat32.precision == .float32)
    #expect(stored.inFloat32.values == float.values)
    let tokens = Array(0..<Int32(min(24, float.architecture.context)))
    #expect(logits(tokens, stored) == logits(tokens, float))
    let prompts = (0..<5).map { GenerationRequest(prompt: Array(1...$0 + 2), seed: UInt64($0)) }
    let settings = DecodingSettings(temperature: 0.9, maxTokens: 8, endTokens: [2])
    func samples(_ weights: Weights, workers: Int) -> [[Int]] {
      var decoder = Decoder(weights: weights)
      decoder.arithmetic = .float32
      return decoder.generate(prompts, settings: settings, workers: workers).map(\.tokens)
    }
    #expect(samples(stored, workers: 1) == samples(float, workers: 1))
    #expect(samples(stored, workers: 3) == samples(float, workers: 1))
  }

  @Test("take an adapter's changes as float32 does, and changes of changes")
  func adapted() throws {
    let (stored, float) = try Self.pair("llama")
    var adapter = try LoRAAdapter(
      layout: float.layout, rank: 2, alpha: 4, projections: ["self_attn.q_proj", "mlp.down_proj"], seed: 3)
    adapter.values = adapter.values.indices.map { Float($0 % 13 - 6) / 40 }
    let (ours, theirs) = (adapter.merged(into: stored), adapter.merged(into: float))
    #expect(ours.precision == .stored && ours.values == theirs.values && theirs.values != float.values)
    let tokens = Array(0..<Int32(12))
    #expect(logits(tokens, ours) == logits(tokens, theirs))
    #expect(adapter.merged(into: ours).values == adapter.merged(into: theirs).values)
  }

  @Test("are trained as float32 is: whole, and under an adapter")
  func trained() throws {
    let (stored, float) = try Self.pair("llama")
    let sequences: [[Int32]] = [[5, 6, 7, 8], [9, 10, 11]]
    func losses(_ trainer: some MaximumLikelihoodTrainer) -> [Double] {
      var trainer = trainer
      return (0..<3).map { _ in trainer.step(prefix: [1], sequences: sequences, tokenWeights: nil, rate: 1) }
    }
    func whole(_ weights: Weights) -> [Double] { losses(SupervisedTrainer(weights: weights, learningRate: 1e-2)) }
    func adapted(_ weights: Weights) throws -> [Double] {
      let adapter = try LoRAAdapter(
        layout: float.layout, rank: 2, alpha: 4, projections: ["self_attn.q_proj"], seed: 3)
      let trainer = AdapterTrainer(base: weights, adapter: adapter, learningRate: 1e-2)
      #expect(trainer.weights.precision == weights.precision, "a frozen base stays as it is stored")
      return losses(trainer)
    }
    let (first, second, third) = (whole(stored), try adapted(stored), try adapted(float))
    #expect(first == whole(float) && Set(first).count == 3)
    #expect(zip(second, third).allSatisfy { abs($0 - $1) < 1e-5 } && Set(second).count == 3)
  }

  @Test("take the memory that the file's type takes")
  func memory() throws {
    let golden = try ModelGolden("llama")
    let folder = try CheckpointFolder()
    let tensors = CheckpointMapping.tensors(golden.weights)
    try SafetensorsWriter.write(
      tensors: tensors, dtype: .bf16, metadata: [:], to: folder.path + "/model.safetensors")
    let source = try CheckpointWeights.open(folder: folder.path)
    let stored = try CheckpointMapping.load(golden.architecture, from: source, precision: .stored)
    let float = try CheckpointMapping.load(golden.architecture, from: source)
    #expect(stored.values == float.values)
    // Matrices of few outputs are filled up to sixteen.
    #expect(Double(stored.byteCount) < 0.7 * Double(float.byteCount))
  }

  @Test("are kept bit by bit, in every type", arguments: GGUFTensorType.allCases)
  func types(type: GGUFTensorType) throws {
    let file = try GGUFFile(path: CheckpointFixtures.path("quantised.gguf"))
    let shape = try #require(file.tensors[type.name]?.shape)
    var expected = [Float](repeating: .nan, count: shape.reduce(1, *))
    try expected.withUnsafeMutableBufferPointer { try file.read(type.name, into: $0) }
    let matrix = try file.stored(type.name, crew: nil) { $0 }
    var values = [Float](repeating: .nan, count: expected.count)
    matrix.read(into: &values)
    #expect(values == expected && matrix.outputs == shape[0] && matrix.inputs == shape[1])
    let slopes = (0..<5 * shape[0]).map { Float($0 % 17 - 8) / 9 }
    var (ours, theirs) = ([Float](repeating: .nan, count: 5 * shape[1]), [Float](repeating: 0, count: 5 * shape[1]))
    StoredMatrix.inputGradient([matrix], rows: 5, dy: slopes, dx: &ours)
    linearInputGradient(
      LinearShape(inputs: shape[1], outputs: shape[0], order: .outputsFirst), rows: 5, dy: slopes, weight: expected,
      dx: &theirs)
    #expect(ours == theirs)
    let turned = try file.stored(type.name, crew: nil) { shape[0] - 1 - $0 }
    turned.read(0, into: &values)
    #expect(Array(values.prefix(shape[1])) == Array(expected.suffix(shape[1])))
  }

  @Test("that aren't finite are refused with the words of float32", arguments: ["numbers.gguf", "folder"])
  func broken(kind: String) throws {
    let folder = try CheckpointFolder()
    let path: String
    if kind == "folder" {
      let golden = try ModelGolden("llama")
      path = folder.path
      try FileManager.default.copyItem(atPath: golden.folder + "/config.json", toPath: path + "/config.json")
      let file = path + "/model.safetensors"
      let tensors = CheckpointMapping.tensors(golden.weights)
      try SafetensorsWriter.write(tensors: tensors, dtype: .f32, metadata: [:], to: file)
      let name = "model.layers.0.self_attn.k_proj.weight"
      let place = try #require(SafetensorsFile(path: file).tensors[name]).byteRange.lowerBound + 4 * 7
      var bytes = try CheckpointFixtures.bytes(file)
      bytes.replaceSubrange(place..<place + 4, with: [0, 0, 0xc0, 0x7f])
      try folder.write(bytes, as: "model.safetensors")
      let source = try CheckpointWeights.open(folder: path)
      func message(_ precision: WeightPrecision) -> String? {
        do {
          _ = try CheckpointMapping.load(golden.architecture, from: source, precision: precision)
          return nil
        } catch { return (error as? SluiceError)?.message }
      }
      let said = message(.stored)
      #expect(said == message(.float32) && said?.contains("nan at element 7") == true)
      return
    }
    var bytes = try CheckpointFixtures.bytes(ModelGolden.path("qwen3.gguf"))
    let file = try GGUFFile(path: ModelGolden.path("qwen3.gguf"))
    let tensor = try #require(file.tensors["blk.0.attn_q.weight"])
    #expect(tensor.type == .bf16)
    let place = tensor.byteRange.lowerBound + 2 * 10
    bytes.replaceSubrange(place..<place + 2, with: [0xc0, 0x7f])
    path = try folder.write(bytes, as: kind)
    let stored = #expect(throws: SluiceError.self) { try CausalLanguageModel.load(folder: path, precision: .stored) }
    let float = #expect(throws: SluiceError.self) { try CausalLanguageModel.load(folder: path) }
    #expect(stored?.message == float?.message && stored?.message.contains("nan at element 10") == true)
  }
}
