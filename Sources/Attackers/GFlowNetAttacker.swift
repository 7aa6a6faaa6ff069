import Core
import Foundation
import LanguageModels

/// The GFlowNet attacker: samples attacks in proportion to their reward, learns from what the target did (where that is
/// wanted, again from a replay buffer), and smooths what it found by maximum likelihood (Lee et al., ICLR 2025).
public struct GFlowNetAttacker: Attacker {
  /// How it searches.
  public let settings: AttackerSettings
  let engine: any AttackerEngine
  public let fingerprint: String
  let embedder: any Embedder

  public var method: String { "gflownet" }

  /// - Parameters:
  ///   - reference: the supervised fine-tuned model, frozen.
  ///   - referenceFingerprint: identity of its checkpoint.
  ///   - embedder: tells which attacks are alike, for the screen.
  /// - Throws: `SluiceError` (usage) when there is no prompt to start from.
  public init(
    reference: CausalLanguageModel, referenceFingerprint: String, embedder: any Embedder, settings: AttackerSettings
  ) throws {
    let engine = LocalEngine(reference, fingerprint: referenceFingerprint)
    try engine.check(settings.needs)
    try self.init(engine: engine, embedder: embedder, settings: settings)
  }

  /// - Throws: `EncodingError` for settings that are no numbers.
  public init(engine: any AttackerEngine, embedder: any Embedder, settings: AttackerSettings) throws {
    self.init(
      engine: engine, fingerprint: try attackerFingerprint(engine.fingerprint, embedder, settings),
      embedder: embedder, settings: settings)
  }

  init(engine: any AttackerEngine, fingerprint: String, embedder: any Embedder, settings: AttackerSettings) {
    self.engine = engine
    self.fingerprint = fingerprint
    self.embedder = embedder
    self.settings = settings
  }

  public func load() async throws { _ = try await LoadedEngine(engine, settings: settings) }

  public func search(
    start: [UInt8]?, seedPrompts: [String], oracle: any AttackOracle, budget: SearchBudget, seed: UInt64,
    checkpoints: (any SearchCheckpoints)?, progress: @escaping @Sendable (Int, String) -> Void
  ) async throws -> SearchResult {
    var search = try await GFlowNetSearch(
      self, oracle: oracle, budget: budget, seed: seed, start: start.map { try AttackerState($0) },
      checkpoints: checkpoints, progress: progress)
    return try await search.run(seedPrompts: seedPrompts)
  }
}

extension AttackMethod {
  /// The GFlowNet, with smoothing and without.
  public static let gflownet = AttackMethod(
    name: "gflownet", summary: "samples in proportion to the reward, then smooths by maximum likelihood",
    forms: [Form(name: "gflownet-mle", smooths: true), Form(name: "gflownet", smooths: false)]
  ) { parts in
    try GFlowNetAttacker(engine: try parts.engine, embedder: parts.embedder, settings: parts.settings)
  }
}

/// Counts the changes that make the same settings search in another way: what an older version stored isn't taken for this
/// one's.
private let searchVersion = 4

/// - Throws: `EncodingError` for settings that are no numbers.
func attackerFingerprint(_ reference: String, _ embedder: any Embedder, _ settings: AttackerSettings) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = .sortedKeys
  let json = try encoder.encode(settings)
  return "\(settings.method.name):\(searchVersion):\(reference):\(embedder.fingerprint):"
    + String(hexadecimal: StableHash.fnv1a(json))
}
