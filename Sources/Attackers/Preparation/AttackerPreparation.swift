import Core
import LanguageModels

/// Makes the reference model of an attacker: a language model fine-tuned on seed prompts (Lee et al., ICLR 2025, step 1:
/// supervised fine-tuning before any reward is seen).
public struct AttackerPreparation: Sendable {
  /// How the model is trained, and on what share of the prompts.
  public struct Settings: Codable, Hashable, Sendable {
    /// What of the model is trained.
    public enum Trained: Codable, Hashable, Sendable {
      /// Every weight of the model.
      case allWeights
      /// `projections` nil for all of them.
      case adapter(rank: Int, alpha: Double, projections: [String]?)
    }

    /// What of the model is trained.
    public var trained = Trained.allWeights
    /// Batches, steps and when to stop.
    public var tuning: FineTuning.Settings
    /// Share of the distinct prompts that is held out.
    public var validationShare = 0.1
    /// Longer prompts are cut.
    public var maxTokens = 64
    /// The meta prompt before every attack; nil takes the checkpoint's, else its start or end token.
    public var prompt: String?
    /// Prompts to sample from the result.
    public var samples = 8

    /// Takes the defaults for everything but the step size of AdamW.
    public init(learningRate: Double) { tuning = FineTuning.Settings(learningRate: learningRate) }
  }

  /// A version to be kept: whole weights, and the adapter where one is trained.
  public struct Version: Sendable {
    /// The whole model, with the adapter in it where one is trained.
    public let model: CausalLanguageModel
    /// The adapter alone; nil where all weights are trained.
    public let adapter: LoRAAdapter?
  }

  /// What was done, apart from what the caller knows (files, hashes).
  public struct Result: Sendable {
    /// Losses by epoch, and why training ended.
    public let outcome: FineTuning.Outcome
    /// What became of the prompts.
    public let data: PreparationReport.Data
    /// Samples of the result, in the order of their seeds.
    public let samples: [String]
  }

  private let model: CausalLanguageModel
  private let settings: Settings
  private let split: SeedPromptSplit
  private let prefix: [Int32]
  private let template: String
  private let longest: Int
  private let workers: Int

  /// - Throws: `SluiceError` (usage) for prompts, or a meta prompt, that this model can't be trained on.
  public init(_ model: CausalLanguageModel, prompts: [String], settings: Settings, workers: Int) throws {
    self.model = model
    self.settings = settings
    self.workers = workers
    split = try SeedPromptSplit(prompts, share: settings.validationShare, seed: settings.tuning.seed)
    let hasStart = !model.tokenizer.encode("").isEmpty
    let mark = hasStart ? nil : model.endTokens.first.flatMap(model.tokenizer.token)
    template = settings.prompt ?? model.promptTemplate ?? mark ?? ""
    let needs = SearchNeeds(prompt: template, maxTokens: 1, usesStates: false)
    prefix = try LocalEngine(model, fingerprint: "").prefix(needs)
    longest = min(settings.maxTokens, model.weights.architecture.context - prefix.count)
  }

  /// Trains.
  ///
  /// - Parameter keep: gets every version that is better than the model was and than all versions before.
  /// - Throws: `SluiceError` (usage) where training diverges or there is no such projection; what `keep` throws.
  public func run(
    isCancelled: () -> Bool, report: (FineTuning.Event) -> Void, keep: (Version) throws -> Void
  ) throws -> Result {
    let training = split.training.map(tokens)
    let validation = split.validation.map(tokens)
    let tuning = FineTuning(
      settings: settings.tuning, prefix: prefix, training: training.map(\.ids), validation: validation.map(\.ids),
      workers: workers)
    let rate = Float(settings.tuning.learningRate)
    let outcome: FineTuning.Outcome
    switch settings.trained {
    case .allWeights:
      let trainer = SupervisedTrainer(weights: model.weights, learningRate: rate, workers: workers)
      outcome = try tuning.run(trainer, isCancelled: isCancelled, report: report) { trainer, _ in
        try keep(Version(model: tuned(trainer.weights), adapter: nil))
      }
    case .adapter(let rank, let alpha, let projections):
      let layout = model.weights.layout
      let adapter = try LoRAAdapter(
        layout: layout, rank: rank, alpha: Float(alpha), projections: projections ?? layout.projections,
        seed: settings.tuning.seed)
      let trainer = AdapterTrainer(base: model.weights, adapter: adapter, learningRate: rate, workers: workers)
      outcome = try tuning.run(trainer, isCancelled: isCancelled, report: report) { trainer, _ in
        try keep(Version(model: tuned(trainer.weights), adapter: trainer.adapter))
      }
    }
    return Result(
      outcome: outcome,
      data: PreparationReport.Data(
        duplicates: split.duplicates, trainingPrompts: training.count, validationPrompts: validation.count,
        trainingTokens: training.reduce(0) { $0 + $1.ids.count },
        validationTokens: validation.reduce(0) { $0 + $1.ids.count },
        cutPrompts: (training + validation).count(where: \.isCut)),
      samples: samples(outcome.bestWeights))
  }

  private func tuned(_ weights: Weights) -> CausalLanguageModel {
    model.with(weights, promptTemplate: template.isEmpty ? nil : template)
  }

  /// A prompt and the token that ends it; a prompt that is cut has no end.
  private func tokens(_ prompt: String) -> (ids: [Int32], isCut: Bool) {
    let ids = model.tokenizer.encode(prompt, addingSpecialTokens: false) + model.endTokens.prefix(1)
    return (ids.prefix(longest).map { Int32($0) }, ids.count > longest)
  }

  /// What the attacker would propose first.
  private func samples(_ weights: Weights) -> [String] {
    var random = SeededGenerator(seed: settings.tuning.seed, stream: "preparation samples")
    let requests = (0..<settings.samples).map { _ in
      GenerationRequest(prompt: [], seed: random.next(), temperature: 1)
    }
    return Decoder(weights: weights, prefix: prefix.map { Int($0) }).generate(
      requests, settings: DecodingSettings(maxTokens: min(longest, 32), endTokens: model.endTokens), workers: workers
    ).map { model.tokenizer.decode($0.tokens) }
  }
}
