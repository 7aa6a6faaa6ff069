import Core
import Foundation
import LanguageModels

/// The attacker's policy π: the frozen reference model with trainable weights on top, and its optimizer.
struct AttackerModel: Sendable {
  let reference: CausalLanguageModel
  let prefix: [Int32]
  let settings: AttackerSettings
  private(set) var adapter: LoRAAdapter?
  private(set) var weights: Weights
  private var optimizer: AdamW

  init(reference: CausalLanguageModel, prefix: [Int32], settings: AttackerSettings, learningRate: Double, seed: UInt64)
    throws
  {
    self.reference = reference
    self.prefix = prefix
    self.settings = settings
    weights = reference.weights
    if settings.loraRank > 0 {
      let adapter = try LoRAAdapter(
        layout: reference.weights.layout, rank: settings.loraRank, alpha: Float(settings.loraAlpha),
        projections: reference.weights.layout.projections, seed: seed)
      optimizer = AdamW(count: adapter.values.count, learningRate: Float(learningRate))
      self.adapter = adapter
    } else {
      optimizer = AdamW(count: reference.weights.layout.count, learningRate: Float(learningRate))
    }
  }

  /// All cores; results are the same bits for any number.
  private static var workers: Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }

  /// Whether any step or stored state has moved it away from the reference model.
  private(set) var isTrained = false

  /// The trainable values: the adapter's, else all weights.
  var parameters: [Float] { adapter?.values ?? weights.values }

  /// One gradient step. `loss` maps token log-probabilities to (loss, slopes); returns the loss.
  ///
  /// - Parameter recording: of samples by these weights; what it holds of the sequences isn't computed again.
  mutating func step(
    _ sequences: [[Int32]], reusing recording: RolloutRecording? = nil,
    loss: ([[Float]]) -> (value: Double, slopes: [[Float]])
  ) -> Double {
    let likelihood = Likelihood(prefix: prefix, workers: Self.workers)
    var (value, gradient) = likelihood.gradient(
      sequences, weights, adapter: adapter, reusing: recording, loss: loss)
    clipNorm(&gradient, limit: 1)
    apply(gradient)
    return value
  }

  private mutating func apply(_ gradient: [Float]) {
    isTrained = true
    if var adapter {
      optimizer.update(&adapter.values, gradient: gradient)
      weights = adapter.merged(into: reference.weights, workers: Self.workers)
      self.adapter = adapter
    } else {
      var values = weights.values
      optimizer.update(&values, gradient: gradient)
      weights = Weights(layout: weights.layout, values: values)
    }
  }

  /// Samples prompts; the result depends on the seeds alone.
  ///
  /// - Parameter context: tokens to go on from instead of `prefix`.
  func sample(_ count: Int, temperatures: [Float], seeds: [UInt64], context: [Int32]? = nil) -> [Generation] {
    Decoder(weights: weights, prefix: (context ?? prefix).map { Int($0) }).generate(
      requests(temperatures, seeds), settings: decoding, workers: Self.workers)
  }

  /// Samples, and keeps what a gradient step on these samples needs, if it is the next one.
  func record(
    _ count: Int, temperatures: [Float], seeds: [UInt64]
  ) -> (generations: [Generation], recording: RolloutRecording) {
    Decoder(weights: weights, prefix: prefix.map { Int($0) }).record(
      requests(temperatures, seeds), settings: decoding, adapter: adapter, workers: Self.workers)
  }

  private func requests(_ temperatures: [Float], _ seeds: [UInt64]) -> [GenerationRequest] {
    zip(seeds, temperatures).map { GenerationRequest(prompt: [], seed: $0, temperature: $1) }
  }

  private var decoding: DecodingSettings {
    DecodingSettings(maxTokens: settings.maxTokens, endTokens: reference.endTokens)
  }

  /// log π of each token.
  func logProbabilities(_ sequences: [[Int32]]) -> [[Float]] {
    Likelihood(prefix: prefix, workers: Self.workers).logProbabilities(sequences, weights)
  }

  /// The mean of the last states over the meta prompt [C].
  var promptState: [Float] { Likelihood(prefix: prefix, workers: Self.workers).prefixState(weights) }

  /// Puts back what `parameters` gave.
  /// - Throws: `SluiceError` (usage) when the sizes are another model's.
  mutating func restore(parameters: [Float]) throws {
    guard parameters.count == self.parameters.count else {
      throw SluiceError(
        .usage, "the stored attacker state has \(parameters.count) parameters, this attacker \(self.parameters.count)",
        remedy: "The attacker's settings changed; set attacker.warm_start: off once.")
    }
    isTrained = true
    if var adapter {
      adapter.values = parameters
      weights = adapter.merged(into: reference.weights, workers: Self.workers)
      self.adapter = adapter
    } else {
      weights = Weights(layout: weights.layout, values: parameters)
    }
  }
}
