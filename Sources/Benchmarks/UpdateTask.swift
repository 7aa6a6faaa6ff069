import Core
import Foundation
import LanguageModels

/// One GFlowNet update of a seeded random GPT-2: rollout, reference likelihood, gradient of the variance form of
/// trajectory balance, AdamW on a LoRA adapter of c_attn.
struct UpdateTask {
  struct Size {
    let name: String
    var layers: Int
    var width: Int
    var heads: Int
    var vocabulary: Int
    var batch: Int
    var prefix = 50
    var length = 20

    static let small = Size(name: "small", layers: 12, width: 768, heads: 12, vocabulary: 50_257, batch: 16)
    static let tiny = Size(name: "tiny", layers: 4, width: 128, heads: 4, vocabulary: 1_024, batch: 128)
  }

  /// Seconds of rollout, reference, learning.
  struct Timing {
    var parts: [Double]
    var total: Double { parts.reduce(0, +) }
  }

  let size: Size
  let workers: Int
  let reference: Weights
  private let prefix: [Int32]
  private var adapter: LoRAAdapter
  private var policy: Weights
  private var optimizer: AdamW
  private var seed: UInt64 = 0

  private static let rank = 32
  private static let alpha: Float = 16

  init(_ size: Size, workers: Int) throws {
    self.size = size
    self.workers = workers
    reference = Weights.random(
      Architecture(
        family: .gpt2, vocabulary: size.vocabulary, context: 1_024, width: size.width, layers: size.layers,
        heads: size.heads), seed: 1)
    var adapter = try LoRAAdapter(
      layout: reference.layout, rank: Self.rank, alpha: Self.alpha, projections: ["attn.c_attn"], seed: 1)
    var generator = SeededGenerator(seed: 1, stream: "bench")
    // Both factors random, so that both have a gradient.
    for i in adapter.values.indices { adapter.values[i] = 0.03 * Float(generator.normal()) }
    prefix = (0..<size.prefix).map { _ in Int32.random(in: 0..<Int32(size.vocabulary), using: &generator) }
    self.adapter = adapter
    policy = adapter.merged(into: reference)
    optimizer = AdamW(count: adapter.values.count, learningRate: 1e-4)
  }

  /// All sequences at once, so that weights are read once.
  private var microBatch: Int { size.batch }

  /// Sequences, and what the gradient needs of how they came about.
  mutating func rollout() -> (sequences: [[Int32]], recording: RolloutRecording) {
    seed += 1
    let requests = (0..<size.batch).map {
      GenerationRequest(prompt: [], seed: seed * 1_000_003 + UInt64($0))
    }
    let (generations, recording) = Decoder(weights: policy, prefix: prefix.map { Int($0) }, microBatch: microBatch)
      .record(
        requests, settings: DecodingSettings(maxTokens: size.length, endTokens: []), adapter: adapter, workers: workers)
    return (generations.map { $0.tokens.map { Int32($0) } }, recording)
  }

  func gradient(
    _ sequences: [[Int32]], reusing recording: RolloutRecording, reference logReference: [Double]
  ) -> (loss: Double, gradient: [Float]) {
    Likelihood(prefix: prefix, workers: workers, microBatch: microBatch).gradient(
      sequences, policy, adapter: adapter, reusing: recording
    ) { logProbabilities in
      let delta = zip(logProbabilities, logReference).map { logs, reference in
        logs.reduce(0.0) { $0 + Double($1) } - reference
      }
      let count = Double(delta.count)
      let mean = delta.reduce(0, +) / count
      let loss = delta.reduce(0.0) { $0 + ($1 - mean) * ($1 - mean) } / count
      return (
        loss, zip(delta, logProbabilities).map { [Float](repeating: Float(2 * ($0 - mean) / count), count: $1.count) }
      )
    }
  }

  func logReference(_ sequences: [[Int32]]) -> [Double] {
    Likelihood(prefix: prefix, workers: workers, microBatch: microBatch).logProbabilities(sequences, reference)
      .map { $0.reduce(0.0) { $0 + Double($1) } }
  }

  /// One whole update.
  mutating func run() -> Timing {
    let t0 = ContinuousClock.now
    let (sequences, recording) = rollout()
    let t1 = ContinuousClock.now
    let logReference = logReference(sequences)
    let t2 = ContinuousClock.now
    let (_, gradient) = gradient(sequences, reusing: recording, reference: logReference)
    optimizer.update(&adapter.values, gradient: gradient)
    policy = adapter.merged(into: reference, workers: workers)
    let t3 = ContinuousClock.now
    return Timing(parts: [t1 - t0, t2 - t1, t3 - t2].map { $0 / .seconds(1) })
  }

  /// Writes what the peers start from, and computes the same from it.
  /// - Returns: loss, and the folder of the gradient in the adapter's layout.
  mutating func prepare(_ folder: URL) throws -> (loss: Double, gradient: URL) {
    let (sequences, recording) = rollout()
    let values = reference.values
    try SafetensorsWriter.write(
      tensors: reference.layout.slots.map { slot in
        (name: slot.name, shape: slot.shape, values: Array(values[slot.offset..<slot.offset + slot.count]))
      }, dtype: .f32, metadata: ["format": "pt"], to: folder.path + "/model.safetensors")
    try adapter.save(folder: folder.path, base: "random")
    let task: [String: Any] = [
      "layers": size.layers, "width": size.width, "heads": size.heads, "vocabulary": size.vocabulary, "context": 1_024,
      "batch": size.batch, "length": size.length, "scaling": Double(adapter.scaling),
      "prefix": prefix.map { Int($0) }, "sequences": sequences.map { $0.map { Int($0) } },
    ]
    try JSONSerialization.data(withJSONObject: task).write(to: folder.appendingPathComponent("task.json"))
    let (loss, gradient) = gradient(sequences, reusing: recording, reference: logReference(sequences))
    var holder = adapter
    holder.values = gradient
    let place = folder.appendingPathComponent("gradient")
    try holder.save(folder: place.path, base: "random")
    return (loss, place)
  }
}
