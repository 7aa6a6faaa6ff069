import Core

/// The field's baselines behind the same protocol: REINFORCE, PPO with novelty, in-context, plain sampling. Each starts
/// from the reference model in every search, also in one that broke off; known attacks are left out.
package struct BaselineAttacker: Attacker {
  /// One search, from the reference model.
  package struct Search: Sendable {
    let attacker: BaselineAttacker
    package let loaded: LoadedEngine
    package let oracle: any AttackOracle
    package let budget: SearchBudget
    package let seed: UInt64
    let checkpoints: (any SearchCheckpoints)?
    package let progress: @Sendable (_ responses: Int, _ note: String) -> Void

    package var settings: AttackerSettings { attacker.settings }
  }

  let settings: AttackerSettings
  let engine: any AttackerEngine
  package let fingerprint: String
  let embedder: any Embedder
  private let run: @Sendable (Search) async throws -> SearchResult

  package var method: String { settings.method.name }

  /// - Throws: `EncodingError` for settings that are no numbers; `SluiceError` (usage) where there is no engine.
  package init(_ parts: AttackerParts, run: @escaping @Sendable (Search) async throws -> SearchResult) throws {
    engine = try parts.engine
    settings = parts.settings
    embedder = parts.embedder
    fingerprint = try parts.fingerprint()
    self.run = run
  }

  package func load() async throws { _ = try await LoadedEngine(engine, settings: settings) }

  package func search(
    start: [UInt8]?, seedPrompts: [String], oracle: any AttackOracle, budget: SearchBudget, seed: UInt64,
    checkpoints: (any SearchCheckpoints)?, progress: @escaping @Sendable (Int, String) -> Void
  ) async throws -> SearchResult {
    let loaded = try await LoadedEngine(engine, settings: settings)
    return try await run(
      Search(
        attacker: self, loaded: loaded, oracle: oracle, budget: budget, seed: seed, checkpoints: checkpoints,
        progress: progress))
  }
}

extension AttackMethod {
  /// Samples of the reference model, without any training.
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
        engine: search.attacker.engine, fingerprint: search.attacker.fingerprint,
        embedder: search.attacker.embedder, settings: plain)
      return try await sampler.search(
        start: nil, seedPrompts: [], oracle: search.oracle, budget: search.budget, seed: search.seed,
        checkpoints: search.checkpoints, progress: search.progress)
    }
  }
}
