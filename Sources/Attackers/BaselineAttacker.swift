import Core
import LanguageModels

/// The field's baselines behind the same protocol: REINFORCE, PPO with novelty, in-context, plain sampling. Each starts
/// from the reference model in every search; known attacks are left out.
public struct BaselineAttacker: Attacker {
  public let settings: AttackerSettings
  public let reference: CausalLanguageModel
  public let fingerprint: String
  let embedder: any Embedder
  let prefix: [Int32]

  public var method: String { settings.method.rawValue }

  /// - Throws: `SluiceError` (usage) when there is no prompt to start from.
  public init(
    reference: CausalLanguageModel, referenceFingerprint: String, embedder: any Embedder, settings: AttackerSettings
  ) throws {
    self.reference = reference
    self.settings = settings
    self.embedder = embedder
    prefix = try attackPrefix(reference, settings)
    fingerprint = try attackerFingerprint(referenceFingerprint, embedder, settings)
  }

  public func search(
    start: [UInt8]?, seedPrompts: [String], oracle: any AttackOracle, budget: SearchBudget, seed: UInt64,
    progress: @escaping @Sendable (Int, String) -> Void
  ) async throws -> SearchResult {
    switch settings.method {
    case .reinforce, .ppo:
      var search = try PolicyGradientSearch(self, oracle: oracle, budget: budget, seed: seed, progress: progress)
      return try await search.run()
    case .inContext:
      var search = try InContextSearch(self, oracle: oracle, budget: budget, seed: seed, progress: progress)
      return try await search.run()
    case .sft, .gflownet:
      // Sampling is the GFlowNet's own search with all learning off.
      var plain = settings
      plain.training = false
      plain.smoothing = false
      plain.screenPool = 1
      plain.replay = ReplayRules()
      let sampler = GFlowNetAttacker(
        reference: reference, fingerprint: fingerprint, embedder: embedder, settings: plain, prefix: prefix)
      return try await sampler.search(
        start: nil, seedPrompts: [], oracle: oracle, budget: budget, seed: seed, progress: progress)
    }
  }
}
