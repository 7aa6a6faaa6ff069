import ChatTemplates
import Core
import Evidence
import LanguageModels
import Targets

/// What stands for a checkpoint in ledgers and reports.
enum CheckpointIdentity {
  /// The hash of its files; an adapter's holds its base's too, which it is nothing without.
  /// - Throws: `SluiceError` (usage) when it is missing or can't be read in full.
  static func fingerprint(_ path: String) throws -> String {
    let own = try files(path)
    guard let adapted = try AdaptedCheckpoint.at(path) else { return own }
    return SHA256.hex("adapter \(own) on \(try files(adapted.base))")
  }

  /// A split model is the same whichever of its shards is named.
  private static func files(_ path: String) throws -> String {
    let shards = path.hasSuffix(".gguf") ? try GGUFShards.paths(of: path) : [path]
    if shards.count == 1 { return try SHA256.fingerprint(folder: path) }
    return SHA256.hex("shards " + (try shards.map { try SHA256.fingerprint(folder: $0) }.joined(separator: " ")))
  }

  /// What stands for a local model that is asked in this way.
  ///
  /// A chat template that tells the date makes other prompts tomorrow: they are another model's, as far as stored
  /// responses go.
  /// - Parameter fingerprint: of the checkpoint's files, its chat template among them.
  /// - Throws: `SluiceError` (usage) where the chat template can't be rendered, or refuses the settings.
  static func asked(
    _ fingerprint: String, _ model: CausalLanguageModel, _ settings: SamplingSettings, time: TemplateTime
  ) throws -> String {
    let identity = "\(fingerprint)/engine-\(CausalLanguageModel.engineVersion)"
    let prompts = try LocalPrompt(model, settings, time: time)
    return prompts.usesTime ? identity + "/prompt-\(SHA256.hex(try prompts.render("")).prefix(16))" : identity
  }
}
