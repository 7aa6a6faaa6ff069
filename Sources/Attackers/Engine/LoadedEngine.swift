import Core

/// An engine that has told what it runs, and the tokens before every attack.
package struct LoadedEngine: Sendable {
  let engine: any AttackerEngine
  package let description: EngineDescription
  package let prefix: [Int32]

  /// - Throws: `SluiceError`: (usage) where there is no prompt to start from, or the model can't do what the settings ask;
  ///   (unavailable) where the model can't be loaded.
  package init(_ engine: any AttackerEngine, settings: AttackerSettings) async throws {
    let description = try await engine.describe()
    let text = description.attackStart(settings)
    let tokens = try await engine.encode([text], addingSpecialTokens: true).first ?? []
    prefix = try description.attackPrefix(tokens, settings)
    self.engine = engine
    self.description = description
  }
}

extension EngineDescription {
  /// The text before every attack.
  func attackStart(_ settings: AttackerSettings) -> String {
    (settings.prompt ?? promptTemplate ?? "").replacing("{prompt}", with: "")
  }

  /// The tokens before every attack.
  /// - Parameter tokens: those of `attackStart`.
  /// - Throws: `SluiceError` (usage) for settings that don't fit the model.
  func attackPrefix(_ tokens: [Int32], _ settings: AttackerSettings) throws -> [Int32] {
    if tokens.isEmpty {
      throw SluiceError(
        .usage, "the attacker has no prompt to start from",
        remedy: "Set attacker.prompt, or prompt_template in the checkpoint's config.json.")
    }
    if tokens.count + settings.maxTokens > context {
      throw SluiceError(
        .usage,
        "attacker.prompt (\(tokens.count) tokens) and max_tokens (\(settings.maxTokens)) don't fit a context of "
          + "\(context)", remedy: "Shorten the prompt or max_tokens.")
    }
    if settings.objective.learnsLogZ, settings.logZ == .linear, stateWidth == nil {
      throw SluiceError(
        .usage, "attacker.log_z: linear needs the model's hidden states, which its engine doesn't give",
        remedy: "Set attacker.log_z: scalar.")
    }
    return tokens
  }
}
