import Core

/// Attackers whose attacks are conversations, behind the same protocol. Each starts anew in every search, also in one that broke off:
/// the ledger has what target and driver said.
struct ConversationAttacker: Attacker {
  /// One search.
  struct Search: Sendable {
    let settings: AttackerSettings
    let driver: any TurnWriter
    let partner: any ConversationOracle
    let embedder: any Embedder
    let budget: SearchBudget
    let seed: UInt64
    let progress: @Sendable (_ responses: Int, _ note: String) -> Void
  }

  let settings: AttackerSettings
  let fingerprint: String
  /// Runs the attacker's own model; nil where another writes the turns.
  private let engine: (any AttackerEngine)?
  private let embedder: any Embedder
  private let run: @Sendable (Search) async throws -> SearchResult

  var method: String { settings.method.name }
  var converses: Bool { true }
  var turnsPerAnswer: Double { settings.method.turnsPerAnswer }

  /// - Throws: `EncodingError` for settings that are no numbers; `SluiceError` (usage) where no model writes the turns.
  init(_ parts: AttackerParts, run: @escaping @Sendable (Search) async throws -> SearchResult) throws {
    settings = parts.settings
    embedder = parts.embedder
    engine = settings.driver == nil ? try parts.engine : nil
    fingerprint = try parts.fingerprint()
    self.run = run
  }

  func load() async throws {
    if let engine { _ = try await LocalDriver(engine, settings: settings) }
  }

  func search(
    start: [UInt8]?, seedPrompts: [String], oracle: any AttackOracle, budget: SearchBudget, seed: UInt64,
    checkpoints: (any SearchCheckpoints)?, progress: @escaping @Sendable (Int, String) -> Void
  ) async throws -> SearchResult {
    guard let partner = oracle.conversations else {
      throw InternalError("attack method \(method) was given a target that takes single prompts")
    }
    let driver: any TurnWriter =
      if let engine { try await LocalDriver(engine, settings: settings) } else { ServedDriver(partner: partner) }
    return try await run(
      Search(
        settings: settings, driver: driver, partner: partner, embedder: embedder, budget: budget, seed: seed,
        progress: progress))
  }
}
