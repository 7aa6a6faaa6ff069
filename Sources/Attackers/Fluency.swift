import Core
import LanguageModels

/// Tells prompts that the reference model might write from those that nobody would: long enough, and by Min-K no odder than
/// its own 1 % quantile. One measure for every method, so that gibberish which happens to work can be counted apart.
public struct Fluency: Sendable {
  private let proposer: Proposer
  private let reward: Reward

  /// - Parameter settings: `minTokens`, `minK` and its threshold count; the rest shapes nothing here.
  /// - Throws: `SluiceError` (usage) when there is no prompt to start from.
  public init(reference: CausalLanguageModel, settings: AttackerSettings = AttackerSettings()) throws {
    let model = try AttackerModel(
      reference: reference, prefix: try attackPrefix(reference, settings), settings: settings, learningRate: 0, seed: 0)
    proposer = Proposer(settings: settings, reference: model)
    reward = Reward(settings: settings, threshold: proposer.minKThreshold())
  }

  /// Which of the prompts are fluent, in their order.
  public func fluent(_ prompts: [String]) -> [String] {
    proposer.experiences(prompts: prompts).filter {
      reward.isFluent($0.reference, tokens: proposer.length($0.tokens))
    }.map(\.prompt)
  }
}
