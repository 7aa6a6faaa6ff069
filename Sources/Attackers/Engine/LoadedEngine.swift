import Core

/// An engine that has told what it runs, and the tokens before every attack.
package struct LoadedEngine: Sendable {
  let engine: any AttackerEngine
  package let description: EngineDescription
  package let prefix: [Int32]

  /// - Throws: `SluiceError`: (usage) where there is no prompt to start from, or the model can't do what the search asks;
  ///   (unavailable) where the model can't be loaded.
  package init(_ engine: any AttackerEngine, needs: SearchNeeds) async throws {
    let description = try await engine.describe()
    let text = description.attackStart(needs)
    let tokens = try await engine.encode([text], addingSpecialTokens: true).first ?? []
    prefix = try description.attackPrefix(tokens, needs)
    self.engine = engine
    self.description = description
  }
}

extension EngineDescription {
  /// The text before every attack.
  func attackStart(_ needs: SearchNeeds) -> String {
    (needs.prompt ?? promptTemplate ?? "").replacing("{prompt}", with: "")
  }

  /// The tokens before every attack.
  /// - Parameter tokens: those of `attackStart`.
  /// - Throws: `SluiceError` (usage) for needs that the model doesn't meet.
  func attackPrefix(_ tokens: [Int32], _ needs: SearchNeeds) throws -> [Int32] {
    if tokens.isEmpty {
      throw SluiceError(
        .usage, "the attacker has no prompt to start from",
        remedy: "Set attacker.prompt, or prompt_template in the checkpoint's config.json.")
    }
    if tokens.count + needs.maxTokens > context {
      throw SluiceError(
        .usage,
        "attacker.prompt (\(tokens.count) tokens) and max_tokens (\(needs.maxTokens)) don't fit a context of "
          + "\(context)", remedy: "Shorten the prompt or max_tokens.")
    }
    if needs.usesStates, stateWidth == nil {
      throw SluiceError(
        .usage, "attacker.log_z: linear needs the model's hidden states, which its engine doesn't give",
        remedy: "Set attacker.log_z: scalar.")
    }
    return tokens
  }
}
