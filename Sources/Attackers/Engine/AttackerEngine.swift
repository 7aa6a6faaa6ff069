/// Runs the language model of an attacker: the frozen reference model with its tokenizer, and policies that are trained
/// from it.
///
/// The search owns the method (budget, replay, rewards, log Z, evidence); an engine owns weights and optimizers. The search
/// has one path for all engines.
public protocol AttackerEngine: Sendable {
  /// Identity of the reference model and of what runs it, known before either is loaded.
  var fingerprint: String { get }

  /// The reference model, which no step moves.
  var reference: any EnginePolicy { get }

  /// Finds what is wrong with a search as far as that is known before the model is loaded.
  /// - Throws: `SluiceError` (usage) for needs that the model doesn't meet.
  func check(_ needs: SearchNeeds) throws

  /// Loads the model where that is still to be done.
  /// - Throws: `SluiceError` (unavailable) where the model can't be loaded.
  func describe() async throws -> EngineDescription

  /// Token ids of each text.
  /// - Parameter addingSpecialTokens: whether the tokenizer's start token and the like are added, as before a prompt.
  func encode(_ texts: [String], addingSpecialTokens: Bool) async throws -> [[Int32]]

  /// The text of each sequence.
  func decode(_ sequences: [[Int32]]) async throws -> [String]

  /// A policy that starts at the reference model.
  /// - Throws: `SluiceError` (usage) for settings that the model can't have.
  func policy(_ training: PolicyTraining) async throws -> any EnginePolicy
}

extension AttackerEngine {
  /// Finds nothing: the model isn't known yet.
  public func check(_ needs: SearchNeeds) throws {}
}

/// What a search asks of the model of its engine.
public struct SearchNeeds: Sendable, Hashable {
  /// The meta prompt before every attack; nil takes the checkpoint's.
  public var prompt: String?
  /// Most tokens of one attack.
  public var maxTokens: Int
  /// Whether it learns from the model's last hidden states.
  public var usesStates: Bool

  public init(prompt: String?, maxTokens: Int, usesStates: Bool) {
    self.prompt = prompt
    self.maxTokens = maxTokens
    self.usesStates = usesStates
  }
}

/// What an engine tells of its model.
public struct EngineDescription: Sendable, Hashable {
  /// What the model is called, for people.
  public var model: String
  /// Most tokens in one sequence, the prefix included.
  public var context: Int
  /// Token ids go from 0 up to this.
  public var vocabulary: Int
  /// Any of them ends a sample; the first stands for all.
  public var endTokens: [Int32]
  /// Width of the last hidden states; nil where the engine doesn't give them.
  public var stateWidth: Int?
  /// How a prompt is wrapped, with `{prompt}`; nil where the checkpoint says nothing.
  public var promptTemplate: String?

  public init(
    model: String, context: Int, vocabulary: Int, endTokens: [Int32], stateWidth: Int?, promptTemplate: String?
  ) {
    self.model = model
    self.context = context
    self.vocabulary = vocabulary
    self.endTokens = endTokens
    self.stateWidth = stateWidth
    self.promptTemplate = promptTemplate
  }
}

/// What of a policy is trained, and how.
public struct PolicyTraining: Sendable, Hashable {
  /// Rank of the LoRA adapters; 0 trains all weights.
  public var rank: Int
  /// Scale of the adapters, before it is divided by the rank.
  public var alpha: Double
  /// Step size of AdamW.
  public var learningRate: Double
  /// What adapters start from.
  public var seed: UInt64

  public init(rank: Int, alpha: Double, learningRate: Double, seed: UInt64) {
    self.rank = rank
    self.alpha = alpha
    self.learningRate = learningRate
    self.seed = seed
  }
}

/// Samples that are wanted; each depends on its own seed and temperature alone.
public struct SampleRequest: Sendable, Hashable {
  /// Tokens to go on from.
  public var prefix: [Int32]
  /// One for each sample.
  public var temperatures: [Float]
  /// One for each sample, as many as temperatures.
  public var seeds: [UInt64]
  /// Most tokens of a sample.
  public var maxTokens: Int
  /// Whether the next step is likely to be on these samples: what it needs of them may be kept.
  public var isForStep: Bool

  public init(prefix: [Int32], temperatures: [Float], seeds: [UInt64], maxTokens: Int, isForStep: Bool = false) {
    self.prefix = prefix
    self.temperatures = temperatures
    self.seeds = seeds
    self.maxTokens = maxTokens
    self.isForStep = isForStep
  }
}

/// What was sampled.
public struct EngineSample: Sendable, Hashable {
  /// Without the end token.
  public var tokens: [Int32]
  /// Whether the end token was sampled before the limit.
  public var finished: Bool
  /// Untempered log p of each token as it was sampled, which may be rounded: near what `EnginePolicy.logProbabilities`
  /// gives; nil where the engine doesn't tell.
  public var logProbabilities: [Float]?

  public init(tokens: [Int32], finished: Bool, logProbabilities: [Float]? = nil) {
    self.tokens = tokens
    self.finished = finished
    self.logProbabilities = logProbabilities
  }
}

extension EngineSample {
  /// What was drawn alone: where log p is another model's, or not all engines tell it.
  package var withoutLogProbabilities: EngineSample { EngineSample(tokens: tokens, finished: finished) }
}

/// A model that an engine runs: the reference model, or one that is trained from it.
public protocol EnginePolicy: Sendable {
  /// Samples in the order of the seeds.
  /// - Throws: `SluiceError` (unavailable) where the engine is lost.
  func sample(_ request: SampleRequest) async throws -> [EngineSample]

  /// log π of every token of every sequence after the prefix: untempered, natural logarithm.
  func logProbabilities(_ sequences: [[Int32]], after prefix: [Int32]) async throws -> [[Float]]

  /// One step of AdamW against the gradient Σ slope · ∇ log π, whose norm is clipped to 1.
  /// - Parameter loss: from token log-probabilities to (loss, ∂loss/∂log π for each token).
  /// - Returns: the loss.
  func step(
    _ sequences: [[Int32]], after prefix: [Int32], loss: ([[Float]]) -> (value: Double, slopes: [[Float]])
  ) async throws -> Double

  /// The mean over the prefix of the last hidden states, those that logits are made from.
  func promptState(_ prefix: [Int32]) async throws -> [Float]

  /// What is trained, as one list.
  func parameters() async throws -> [Float]

  /// Puts back what `parameters` gave; the optimizer begins anew.
  /// - Throws: `SluiceError` (usage) where their number is another policy's.
  func restore(_ parameters: [Float]) async throws

  /// What is trained, with the optimizer's moments; nil where the engine doesn't give those.
  func snapshot() async throws -> PolicySnapshot?

  /// Puts back what `snapshot` gave: the next step is the same, bit for bit.
  /// - Throws: `SluiceError` (usage) where its size is another policy's.
  func restore(_ snapshot: PolicySnapshot) async throws
}

extension EnginePolicy {
  /// Nil: parameters alone don't tell the next step.
  public func snapshot() async throws -> PolicySnapshot? { nil }

  /// Puts back the parameters; the optimizer begins anew.
  public func restore(_ snapshot: PolicySnapshot) async throws { try await restore(snapshot.parameters) }
}

/// A policy and its optimizer between two steps.
public struct PolicySnapshot: Sendable, Hashable {
  /// What is trained, as one list.
  public var parameters: [Float]
  /// Steps of AdamW so far, and its first and second moments, as long as the parameters.
  public var step: Int
  /// First moments of AdamW, in the order of the parameters.
  public var first: [Float]
  /// Second moments of AdamW, in the order of the parameters.
  public var second: [Float]

  public init(parameters: [Float], step: Int, first: [Float], second: [Float]) {
    self.parameters = parameters
    self.step = step
    self.first = first
    self.second = second
  }
}
