import Core
import LanguageModels

/// Tells prompts that the reference model might write from those that nobody would: long enough, and by Min-K no odder than
/// its own 1 % quantile. One measure for every method, so that gibberish which happens to work can be counted apart.
public struct Fluency: Sendable {
  private let proposer: Proposer
  private let reward: Reward

  /// - Parameter settings: `minTokens`, `minK` and its threshold count; the rest shapes nothing here.
  /// - Throws: `SluiceError` (usage) when there is no prompt to start from.
  public init(reference: CausalLanguageModel, settings: AttackerSettings = AttackerSettings()) async throws {
    let engine = LocalEngine(reference, fingerprint: "")
    proposer = Proposer(try await LoadedEngine(engine, settings: settings), settings: settings)
    reward = Reward(settings: settings, threshold: try await proposer.minKThreshold())
  }

  /// Which of the prompts are fluent, in their order.
  public func fluent(_ prompts: [String]) async throws -> [String] {
    try await proposer.experiences(prompts: prompts).filter {
      reward.isFluent($0.reference, tokens: proposer.length($0.tokens))
    }.map(\.prompt)
  }
}
