import Core
import Foundation
import LanguageModels
import Synchronization

/// Runs a checkpoint in this process.
public struct LocalEngine: AttackerEngine {
  let model: CausalLanguageModel
  public let fingerprint: String

  /// - Parameter fingerprint: identity of the checkpoint.
  public init(_ model: CausalLanguageModel, fingerprint: String) {
    self.model = model
    // Searches of the second version are stored without a version.
    self.fingerprint = model.engineVersion > 2 ? "\(fingerprint)/engine-\(model.engineVersion)" : fingerprint
  }

  public var reference: any EnginePolicy { LocalPolicy(model) }

  var description: EngineDescription {
    let architecture = model.weights.architecture
    return EngineDescription(
      model: "\(architecture.family) in this process", context: architecture.context,
      vocabulary: architecture.vocabulary, endTokens: model.endTokens.map { Int32($0) },
      stateWidth: architecture.width, promptTemplate: model.promptTemplate)
  }

  /// The tokens before every attack.
  /// - Throws: `SluiceError` (usage) for needs that the model doesn't meet.
  func prefix(_ needs: SearchNeeds) throws -> [Int32] {
    try description.attackPrefix(encode(description.attackStart(needs), addingSpecialTokens: true), needs)
  }

  public func check(_ needs: SearchNeeds) throws { _ = try prefix(needs) }

  private func encode(_ text: String, addingSpecialTokens: Bool) -> [Int32] {
    model.tokenizer.encode(text, addingSpecialTokens: addingSpecialTokens).map { Int32($0) }
  }

  public func describe() -> EngineDescription { description }

  public func encode(_ texts: [String], addingSpecialTokens: Bool) -> [[Int32]] {
    texts.map { encode($0, addingSpecialTokens: addingSpecialTokens) }
  }

  public func decode(_ sequences: [[Int32]]) -> [String] {
    sequences.map { model.tokenizer.decode($0.map { Int($0) }) }
  }

  public func policy(_ training: PolicyTraining) throws -> any EnginePolicy {
    try LocalPolicy(model, training)
  }
}

/// A policy in this process: the frozen reference model with trainable weights on top, and its optimizer.
final class LocalPolicy: EnginePolicy {
  private struct State {
    var adapter: LoRAAdapter?
    var weights: Weights
    /// Nil for the reference model.
    var optimizer: AdamW?
    /// What a step needs of the last samples that it is likely to be on.
    var recording: RolloutRecording?
  }

  private let model: CausalLanguageModel
  private let state: Mutex<State>

  /// The reference model.
  init(_ model: CausalLanguageModel) {
    self.model = model
    state = Mutex(State(weights: model.weights))
  }

  init(_ model: CausalLanguageModel, _ training: PolicyTraining) throws {
    // What adapters are trained over stays as it is stored.
    let model = training.rank > 0 ? model : model.with(model.weights.inFloat32)
    self.model = model
    let layout = model.weights.layout
    let adapter =
      training.rank > 0
      ? try LoRAAdapter(
        layout: layout, rank: training.rank, alpha: Float(training.alpha), projections: layout.projections,
        seed: training.seed) : nil
    let optimizer = AdamW(
      count: adapter?.values.count ?? layout.count, learningRate: Float(training.learningRate))
    state = Mutex(State(adapter: adapter, weights: model.weights, optimizer: optimizer))
  }

  /// All cores; results are the same bits for any number.
  private static var workers: Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }

  func sample(_ request: SampleRequest) -> [EngineSample] {
    let decoder = { (weights: Weights) in Decoder(weights: weights, prefix: request.prefix.map { Int($0) }) }
    let decoding = DecodingSettings(maxTokens: request.maxTokens, endTokens: model.endTokens)
    let rows = zip(request.seeds, request.temperatures).map {
      GenerationRequest(prompt: [], seed: $0, temperature: $1)
    }
    let generations = state.withLock { state in
      guard request.isForStep, state.optimizer != nil else {
        return decoder(state.weights).generate(rows, settings: decoding, workers: Self.workers)
      }
      let (generations, recording) = decoder(state.weights).record(
        rows, settings: decoding, adapter: state.adapter, workers: Self.workers)
      state.recording = recording
      return generations
    }
    return generations.map {
      EngineSample(
        tokens: $0.tokens.map { Int32($0) }, finished: $0.finished,
        logProbabilities: Array($0.logProbabilities.prefix($0.tokens.count)))
    }
  }

  func logProbabilities(_ sequences: [[Int32]], after prefix: [Int32]) -> [[Float]] {
    let weights = state.withLock(\.weights)
    return Likelihood(prefix: prefix, workers: Self.workers).logProbabilities(sequences, weights)
  }

  func step(
    _ sequences: [[Int32]], after prefix: [Int32], loss: ([[Float]]) -> (value: Double, slopes: [[Float]])
  ) throws -> Double {
    try state.withLock { state in
      guard var optimizer = state.optimizer.take() else { throw InternalError("a step of the frozen reference model") }
      defer { state.optimizer = optimizer }
      var (value, gradient) = Likelihood(prefix: prefix, workers: Self.workers).gradient(
        sequences, state.weights, adapter: state.adapter, reusing: state.recording, loss: loss)
      clipNorm(&gradient, limit: 1)
      if var adapter = state.adapter {
        optimizer.update(&adapter.values, gradient: gradient)
        state.adapter = adapter
      } else {
        var values = state.weights.values
        optimizer.update(&values, gradient: gradient)
        state.weights = Weights(layout: state.weights.layout, values: values)
      }
      apply(&state)
      return value
    }
  }

  private func apply(_ state: inout State) {
    guard let adapter = state.adapter else { return }
    state.weights = adapter.applied(to: model.weights, workers: Self.workers)
  }

  func promptState(_ prefix: [Int32]) -> [Float] {
    let weights = state.withLock(\.weights)
    return Likelihood(prefix: prefix, workers: Self.workers).prefixState(weights)
  }

  func parameters() -> [Float] { state.withLock { $0.adapter?.values ?? $0.weights.values } }

  func restore(_ parameters: [Float]) throws {
    try state.withLock { state in
      try put(parameters, &state)
      if let optimizer = state.optimizer {
        state.optimizer = AdamW(count: parameters.count, learningRate: optimizer.learningRate)
      }
    }
  }

  private func put(_ parameters: [Float], _ state: inout State) throws {
    try requireParameters(parameters.count, of: state.adapter?.values.count ?? state.weights.layout.count)
    if state.adapter != nil {
      state.adapter?.values = parameters
      apply(&state)
    } else {
      state.weights = Weights(layout: state.weights.layout, values: parameters)
    }
  }

  func snapshot() -> PolicySnapshot? {
    state.withLock { state in
      state.optimizer.map {
        PolicySnapshot(
          parameters: state.adapter?.values ?? state.weights.values, step: $0.step, first: $0.first, second: $0.second)
      }
    }
  }

  func restore(_ snapshot: PolicySnapshot) throws {
    try state.withLock { state in
      guard let optimizer = state.optimizer else { throw InternalError("the frozen reference model has no snapshot") }
      let count = snapshot.parameters.count
      for moments in [snapshot.first, snapshot.second] { try requireParameters(moments.count, of: count) }
      try put(snapshot.parameters, &state)
      state.optimizer = AdamW(
        restoring: optimizer, step: snapshot.step, first: snapshot.first, second: snapshot.second)
    }
  }
}

/// - Throws: `SluiceError` (usage) where a stored state is another policy's.
package func requireParameters(_ count: Int, of expected: Int) throws {
  guard count == expected else {
    throw SluiceError(
      .usage, "the stored attacker state has \(count) parameters, this attacker \(expected)",
      remedy: "The attacker's settings changed; set attacker.warm_start: off once.")
  }
}
