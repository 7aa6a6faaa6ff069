import Core
import Foundation
import LanguageModels

/// The GFlowNet attacker: samples attacks in proportion to their reward, learns from a replay buffer, and smooths what
/// it found by maximum likelihood (Lee et al., ICLR 2025).
public struct GFlowNetAttacker: Attacker {
  public let settings: AttackerSettings
  public let reference: CausalLanguageModel
  public let fingerprint: String
  private let prefix: [Int32]

  public var method: String { "gflownet" }

  /// - Parameters:
  ///   - reference: the supervised fine-tuned model, frozen.
  ///   - referenceFingerprint: identity of its checkpoint.
  /// - Throws: `SluiceError` (usage) when there is no prompt to start from.
  public init(reference: CausalLanguageModel, referenceFingerprint: String, settings: AttackerSettings) throws {
    self.reference = reference
    self.settings = settings
    prefix = try attackPrefix(reference, settings)
    fingerprint = try attackerFingerprint("gflownet", referenceFingerprint, settings)
  }

  public func search(
    start: [UInt8]?, seedPrompts: [String], oracle: any AttackOracle, budget: Int, seed: UInt64,
    progress: @escaping @Sendable (Int, String) -> Void
  ) async throws -> SearchResult {
    var search = try GFlowNetSearch(
      reference: reference, prefix: prefix, settings: settings, oracle: oracle, budget: budget, seed: seed,
      start: start.map { try AttackerState($0) }, progress: progress)
    return try await search.run(seedPrompts: seedPrompts)
  }
}

/// The tokens before every attack.
func attackPrefix(_ reference: CausalLanguageModel, _ settings: AttackerSettings) throws -> [Int32] {
  let template = settings.prompt ?? reference.promptTemplate ?? ""
  let text = template.replacing("{prompt}", with: "")
  let tokens = reference.tokenizer.encode(text).map { Int32($0) }
  if tokens.isEmpty {
    throw SluiceError(
      .usage, "the attacker has no prompt to start from",
      remedy: "Set attacker.prompt, or prompt_template in the checkpoint's config.json.")
  }
  let context = reference.weights.architecture.context
  if tokens.count + settings.maxTokens > context {
    throw SluiceError(
      .usage,
      "attacker.prompt (\(tokens.count) tokens) and max_tokens (\(settings.maxTokens)) don't fit a context of "
        + "\(context)", remedy: "Shorten the prompt or max_tokens.")
  }
  return tokens
}

func attackerFingerprint(_ method: String, _ reference: String, _ settings: AttackerSettings) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = .sortedKeys
  let json = try encoder.encode(settings)
  return "\(method):\(reference):\(String(hexadecimal: StableHash.fnv1a(json)))"
}
