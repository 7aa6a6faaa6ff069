import ChatTemplates
import Core
import Foundation
import Kinds
import LanguageModels
import Targets

/// Low-rank adaptation of a checkpoint in this process; the variant is the checkpoint with the adapter merged in.
public struct LocalTuner: Tuner {
  /// How the adapter is trained.
  public struct Settings: Codable, Hashable, Sendable {
    /// As published (Lee et al., ICLR 2025, appendix on safety tuning): r = 32, α = 16, 5e-5, two epochs.
    public var rank = 32
    /// Scale of the adapter, before it is divided by the rank.
    public var alpha = 16.0
    /// Step size of AdamW.
    public var learningRate = 5e-5
    /// Passes over the data set.
    public var epochs = 2
    /// Exchanges in one gradient step.
    public var batch = 16

    public init() {}
  }

  public let kind = "local"
  public let fingerprint: String
  public let readsDataFile = false
  private let checkpoint: String
  private let model: CausalLanguageModel
  private let prompts: LocalPrompt
  private let settings: Settings
  private let workers: Int

  /// - Parameters:
  ///   - checkpoint: a folder; its tokenizer files are copied to each variant.
  ///   - modelFingerprint: of the checkpoint's files.
  ///   - sampling: how the model is asked: training sees prompts wrapped in the same way.
  ///   - time: what a chat template is told that asks for the date.
  /// - Throws: an encoding error for settings that are no numbers; `SluiceError` (usage) where the checkpoint's chat
  ///   template can't be rendered.
  public init(
    checkpoint: String, model: CausalLanguageModel, modelFingerprint: String, sampling: SamplingSettings,
    settings: Settings, workers: Int, time: TemplateTime = .now
  ) throws {
    self.checkpoint = checkpoint
    self.model = model
    self.settings = settings
    self.workers = workers
    prompts = try LocalPrompt(model, sampling, time: time)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    fingerprint =
      "local|\(modelFingerprint)|\(try prompts.render("{}"))|"
      + String(decoding: try encoder.encode(settings), as: UTF8.self)
  }

  public func tune(_ job: TuningJob, progress: @escaping @Sendable (String) -> Void) async throws -> TunedModel {
    let folder = job.folder + "/checkpoint"
    let cancelled = CancellationFlag()
    try await withTaskCancellationHandler {
      try await offPool(named: "sluice-tuner") {
        try train(job, into: folder, cancelled: cancelled, progress: progress)
      }
    } onCancel: {
      cancelled.set()
    }
    return .checkpoint(folder)
  }

  private func train(
    _ job: TuningJob, into folder: String, cancelled: CancellationFlag, progress: (String) -> Void
  ) throws {
    let rows = try job.data.examples.compactMap(row)
    guard !rows.isEmpty else {
      throw TuningFailure(.noData, "no example of the data set fits the model's context")
    }
    let layout = model.weights.layout
    var trainer = AdapterTrainer(
      base: model.weights,
      adapter: try LoRAAdapter(
        layout: layout, rank: settings.rank, alpha: Float(settings.alpha), projections: layout.projections,
        seed: job.seed), learningRate: Float(settings.learningRate), workers: workers)
    var random = SeededGenerator(seed: job.seed, stream: "safety tuning")
    let steps = settings.epochs * ((rows.count + settings.batch - 1) / settings.batch)
    var step = 0
    for epoch in 0..<settings.epochs {
      var losses: [Double] = []
      for batch in Self.batches(rows, size: settings.batch, using: &random) {
        if cancelled.isSet { throw CancellationError() }
        // Five steps of warm-up, then linearly to zero.
        let rate = min(Float(step + 1) / 5, max(0.02, 1 - Float(step) / Float(max(1, steps))))
        losses.append(
          trainer.step(
            prefix: [batch[0].first], sequences: batch.map(\.rest), tokenWeights: batch.map(\.weights), rate: rate))
        step += 1
      }
      let mean = losses.reduce(0, +) / Double(max(1, losses.count))
      guard mean.isFinite else {
        throw TuningFailure(.crashed, "the loss is no number any more: the learning rate is too high")
      }
      progress("epoch \(epoch + 1) of \(settings.epochs), loss \((mean * 1000).rounded() / 1000)")
    }
    try save(trainer, folder: folder)
  }

  /// One exchange: its first token conditions, the prompt's others are given, the response's are learnt.
  private struct Row {
    let first: Int32
    let rest: [Int32]
    let weights: [Float]
  }

  /// Nil for an exchange that the model's context can't hold.
  private func row(_ example: TuningExample) throws -> Row? {
    let prompt = prompts.tokens(rendered: try prompts.render(example.prompt)).map { Int32($0) }
    let response =
      (model.tokenizer.encode(example.response, addingSpecialTokens: false) + model.endTokens.prefix(1))
      .map { Int32($0) }
    guard let first = prompt.first, !response.isEmpty,
      prompt.count + response.count <= model.weights.architecture.context
    else { return nil }
    let rest = prompt.dropFirst() + response
    return Row(
      first: first, rest: Array(rest),
      weights: [Float](repeating: 0, count: prompt.count - 1) + [Float](repeating: 1, count: response.count))
  }

  /// Shuffled; rows of one batch begin with the same token (with nearly every model, all do).
  private static func batches(_ rows: [Row], size: Int, using random: inout SeededGenerator) -> [[Row]] {
    let groups = Dictionary(grouping: rows.shuffled(using: &random), by: \.first).sorted { $0.key < $1.key }
    return groups.flatMap { _, rows in
      stride(from: 0, to: rows.count, by: size).map { Array(rows[$0..<min($0 + size, rows.count)]) }
    }.shuffled(using: &random)
  }

  private func save(_ trainer: AdapterTrainer, folder: String) throws {
    try CheckpointFolder.replace(folder) { draft in
      try model.with(trainer.weights).save(folder: draft, dtype: .f32)
      try trainer.adapter.save(
        folder: draft + "/adapter", base: AdaptedCheckpoint.name(of: checkpoint, from: folder + "/adapter"))
      try CheckpointFolder.copyTokenizer(from: checkpoint, to: draft)
    }
  }
}

extension TunerKind {
  static let local = TunerKind(
    name: "local", summary: "LoRA in this process",
    keys: [
      PolicyKey(name: "rank", shape: .integer(1...1024), fallback: "32", help: "Of the adapters."),
      PolicyKey(name: "alpha", shape: .number(0.001...10_000), fallback: "16", help: "Scale of the adapters."),
      PolicyKey(name: "learning_rate", shape: .number(1e-8...1), fallback: "0.00005", help: "AdamW step size."),
      epochs, PolicyKey(name: "batch", shape: .integer(1...4096), fallback: "16", help: "Examples in one step."),
    ], tunes: { $0.recipe.checkpoint != nil }
  ) { section, _ in
    var settings = LocalTuner.Settings()
    settings.rank = section.integer("rank")
    settings.alpha = section.number("alpha")
    settings.learningRate = section.number("learning_rate")
    settings.epochs = section.integer("epochs")
    settings.batch = section.integer("batch")
    return LocalTuner.Recipe(settings: settings)
  }
}

extension LocalTuner {
  struct Recipe: TunerRecipe {
    let settings: Settings

    func make(tuning candidate: TargetChoice, _ context: TargetContext) throws -> any Tuner {
      guard let checkpoint = candidate.recipe.checkpoint else {
        throw SluiceError(
          .usage, "a served model can't be tuned in this process", at: SourceLocation(file: context.policy),
          remedy: "Use another kind of tuner.")
      }
      let loaded = try context.decoder(checkpoint, .float32)
      let asked = candidate.recipe.settings
      return try LocalTuner(
        checkpoint: checkpoint, model: loaded.model, modelFingerprint: loaded.fingerprint,
        sampling: SamplingSettings(system: asked.system, template: asked.template), settings: settings,
        workers: context.workers, time: context.time)
    }
  }
}
