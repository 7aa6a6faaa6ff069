import Core
import LanguageModels

/// The field's baselines behind the same protocol: REINFORCE, PPO with novelty, in-context, plain sampling. Each starts
/// from the reference model in every search; known attacks are left out.
package struct BaselineAttacker: Attacker {
  /// One search, from the reference model.
  package struct Search: Sendable {
    let attacker: BaselineAttacker
    package let oracle: any AttackOracle
    package let budget: SearchBudget
    package let seed: UInt64
    package let progress: @Sendable (_ responses: Int, _ note: String) -> Void

    package var settings: AttackerSettings { attacker.settings }
  }

  let settings: AttackerSettings
  let reference: CausalLanguageModel
  package let fingerprint: String
  let embedder: any Embedder
  let prefix: [Int32]
  private let run: @Sendable (Search) async throws -> SearchResult

  package var method: String { settings.method.name }

  /// - Throws: `SluiceError` (usage) when there is no prompt to start from.
  package init(_ parts: AttackerParts, run: @escaping @Sendable (Search) async throws -> SearchResult) throws {
    reference = parts.reference
    settings = parts.settings
    embedder = parts.embedder
    prefix = try parts.prefix()
    fingerprint = try parts.fingerprint()
    self.run = run
  }

  package func search(
    start: [UInt8]?, seedPrompts: [String], oracle: any AttackOracle, budget: SearchBudget, seed: UInt64,
    progress: @escaping @Sendable (Int, String) -> Void
  ) async throws -> SearchResult {
    try await run(Search(attacker: self, oracle: oracle, budget: budget, seed: seed, progress: progress))
  }
}

extension AttackMethod {
  public static let sft = AttackMethod(
    name: "sft", summary: "samples of the supervised fine-tuned reference model, nothing is trained"
  ) { parts in
    try BaselineAttacker(parts) { search in
      // Sampling is the GFlowNet's own search with all learning off.
      var plain = search.attacker.settings
      plain.training = false
      plain.smoothing = false
      plain.screenPool = 1
      plain.replay = ReplayRules()
      let sampler = GFlowNetAttacker(
        reference: search.attacker.reference, fingerprint: search.attacker.fingerprint,
        embedder: search.attacker.embedder, settings: plain, prefix: search.attacker.prefix)
      return try await sampler.search(
        start: nil, seedPrompts: [], oracle: search.oracle, budget: search.budget, seed: search.seed,
        progress: search.progress)
    }
  }
}
