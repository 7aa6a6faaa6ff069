import Core
import Foundation
import LanguageModels

/// The GFlowNet attacker: samples attacks in proportion to their reward, learns from what the target did (where that is
/// wanted, again from a replay buffer), and smooths what it found by maximum likelihood (Lee et al., ICLR 2025).
public struct GFlowNetAttacker: Attacker {
  public let settings: AttackerSettings
  public let reference: CausalLanguageModel
  public let fingerprint: String
  let embedder: any Embedder
  let prefix: [Int32]

  public var method: String { "gflownet" }

  /// - Parameters:
  ///   - reference: the supervised fine-tuned model, frozen.
  ///   - referenceFingerprint: identity of its checkpoint.
  ///   - embedder: tells which attacks are alike, for the screen.
  /// - Throws: `SluiceError` (usage) when there is no prompt to start from.
  public init(
    reference: CausalLanguageModel, referenceFingerprint: String, embedder: any Embedder, settings: AttackerSettings
  ) throws {
    self.init(
      reference: reference, fingerprint: try attackerFingerprint(referenceFingerprint, embedder, settings),
      embedder: embedder, settings: settings, prefix: try attackPrefix(reference, settings))
  }

  init(
    reference: CausalLanguageModel, fingerprint: String, embedder: any Embedder, settings: AttackerSettings,
    prefix: [Int32]
  ) {
    self.reference = reference
    self.fingerprint = fingerprint
    self.embedder = embedder
    self.settings = settings
    self.prefix = prefix
  }

  public func search(
    start: [UInt8]?, seedPrompts: [String], oracle: any AttackOracle, budget: SearchBudget, seed: UInt64,
    progress: @escaping @Sendable (Int, String) -> Void
  ) async throws -> SearchResult {
    var search = try GFlowNetSearch(
      self, oracle: oracle, budget: budget, seed: seed, start: start.map { try AttackerState($0) }, progress: progress)
    return try await search.run(seedPrompts: seedPrompts)
  }
}

extension AttackMethod {
  public static let gflownet = AttackMethod(
    name: "gflownet", summary: "samples in proportion to the reward, then smooths by maximum likelihood",
    forms: [Form(name: "gflownet-mle", smooths: true), Form(name: "gflownet", smooths: false)]
  ) { parts in
    try GFlowNetAttacker(
      reference: parts.reference, referenceFingerprint: parts.referenceFingerprint, embedder: parts.embedder,
      settings: parts.settings)
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

/// Counts the changes that make the same settings search in another way: what an older version stored isn't taken for this
/// one's.
private let searchVersion = 3

/// - Throws: `EncodingError` for settings that are no numbers.
func attackerFingerprint(_ reference: String, _ embedder: any Embedder, _ settings: AttackerSettings) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = .sortedKeys
  let json = try encoder.encode(settings)
  return "\(settings.method.name):\(searchVersion):\(reference):\(embedder.fingerprint):"
    + String(hexadecimal: StableHash.fnv1a(json))
}
