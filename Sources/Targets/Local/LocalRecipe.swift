import Core
import Foundation
import Kinds
import LanguageModels

extension TargetKind {
  static let local = TargetKind(
    name: "local", summary: "a checkpoint in this process",
    keys: [
      PolicyKey(
        name: "checkpoint", shape: .checkpoint, required: true,
        help: "Folder with config.json, model.safetensors and tokenizer.json, or a GGUF file."),
      PolicyKey(
        name: "max_tokens", shape: .integer(1...LocalTarget.Recipe.mostTokens),
        help: "Longest response (default: the checkpoint's own generation_config.json, else 512)."),
      PolicyKey(
        name: "batch", shape: .integer(1...4096), fallback: "64", help: "Responses under way at once, for each core."),
    ]
  ) { section in
    LocalTarget.Recipe(
      path: section.string("checkpoint"), settings: SamplingSettings(section, maxTokens: 0),
      maxTokens: section.optionalInteger("max_tokens"), batch: section.integer("batch"))
  }
}

extension LocalTarget {
  struct Recipe: TargetRecipe {
    var path: String
    /// Without the limit of tokens and the seed.
    var settings: SamplingSettings
    /// Nil for the checkpoint's own.
    var maxTokens: Int?
    var batch = 64

    /// The limit for a model that does not say how long its answers may be.
    private static let usualMaxTokens = 512
    /// The largest limit that a policy may state.
    static let mostTokens = 100_000

    var name: String { path }
    var checkpoint: String? { path }
    var served: ServedModel? { nil }

    func asking(checkpoint: String) -> any TargetRecipe {
      var recipe = self
      recipe.path = checkpoint
      return recipe
    }

    func asking(served name: String) -> (any TargetRecipe)? { nil }

    func make(_ context: TargetContext) throws -> any Target {
      let loaded = try context.decoder(path, .stored)
      var settings = settings
      settings.maxTokens =
        maxTokens ?? loaded.model.maxNewTokens.map { min($0, Self.mostTokens) } ?? Self.usualMaxTokens
      settings.seed = context.seed
      return try LocalTarget(
        name: path, fingerprint: identity(loaded, settings, context), model: loaded.model, settings: settings,
        batch: batch, workers: context.workers, time: context.time)
    }

    /// What stands for the model as it is asked.
    ///
    /// A chat template that tells the date makes other prompts tomorrow: they are another model's, as far as stored
    /// responses go.
    private func identity(
      _ loaded: LoadedDecoder, _ settings: SamplingSettings, _ context: TargetContext
    ) throws -> String {
      let identity = "\(loaded.fingerprint)/engine-\(loaded.model.engineVersion)"
      let prompts = try LocalPrompt(loaded.model, settings, time: context.time)
      // Going on from an opening rounds otherwise than reading it anew.
      let opening = prompts.opening(least: LocalTarget.leastOpening).count
      let engine = opening > 0 ? identity + "/opening-\(opening)" : identity
      return try prompts.identityInTime().map { engine + "/prompt-\(context.digest($0).prefix(16))" } ?? engine
    }
  }
}
