import Core
import Foundation
import LanguageModels

/// The plainest baseline: samples from the reference model and asks ("SFT sampling").
public struct SamplingAttacker: Attacker {
  public let fingerprint: String
  private let gflownet: GFlowNetAttacker

  public var method: String { "sft" }

  /// - Throws: `SluiceError` (usage) when there is no prompt to start from.
  public init(reference: CausalLanguageModel, referenceFingerprint: String, settings: AttackerSettings) throws {
    var plain = settings
    plain.training = false
    plain.smoothing = false
    gflownet = try GFlowNetAttacker(
      reference: reference, referenceFingerprint: referenceFingerprint, settings: plain)
    fingerprint = "sft:" + gflownet.fingerprint
  }

  /// Learns nothing: start state and known attacks are left out.
  public func search(
    start: [UInt8]?, seedPrompts: [String], oracle: any AttackOracle, budget: Int, seed: UInt64,
    progress: @escaping @Sendable (Int, String) -> Void
  ) async throws -> SearchResult {
    try await gflownet.search(
      start: nil, seedPrompts: [], oracle: oracle, budget: budget, seed: seed, progress: progress)
  }
}
