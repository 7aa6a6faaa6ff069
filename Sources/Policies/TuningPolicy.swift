import Attackers
import Core
import Decisions
import Kinds
import SafetyTuning

/// What is safety-tuned, on what, and how the variants are compared.
public struct TuningPolicy: Sendable, Hashable {
  /// Where refusals come from.
  public enum Refusals: String, Sendable, CaseIterable {
    /// From the model under an instruction to refuse; else its own; else templates.
    case instructed
    /// What the model says when it refuses by itself; else templates.
    case own
    /// Sentences that fit any attack, the same for all models.
    case templates
  }

  /// Attack methods: each makes training data for one variant, and attacks all of them.
  public var methods: [AttackVariant]
  /// Whether there is a variant on the attacks of all methods together.
  public var combines: Bool
  /// What makes a variant of training data.
  public var tuner: TunerChoice
  /// Target responses for one search: one method on one model in one restart, confirmation included.
  public var responses: Int
  /// Independent searches of each method on each model.
  public var restarts: Int
  /// The last proposals of each search, asked anew: what success rates are measured on.
  public var proposals: Int
  /// Share of the clusters that nothing is tuned on.
  public var heldOut: Double
  /// Most attacks in one data set.
  public var mostAttacks: Int
  /// Harmless prompts for training (JSON Lines), and how many for each attack.
  public var benign: String
  /// Harmless prompts for each attack of a data set.
  public var benignRatio: Double
  /// Where refusals come from.
  public var refusals: Refusals
  /// Asks the model to refuse; `{prompt}` is the attack.
  public var instruction: String
  /// Questions with one right answer (JSON Lines).
  public var quiz: String
  /// Times to tune, attack again and tune again.
  public var rounds: Int
  /// Whether a variant that can't be made or used fails the run instead of leaving it open.
  public var failsWhenUnusable: Bool
  /// Where variants are kept.
  public var folder: String

  /// Name of the variant on all methods' attacks.
  public static let combined = "all"

  /// Names of the variants, in the order of reports.
  public var variants: [String] { methods.map(\.name) + (combines ? [Self.combined] : []) }

  /// A run whose variants can't be made or used must not pass unseen, asked for or not.
  func completing(_ checks: [Check]) -> [Check] {
    guard let metric = Metric.named("tuning.variants") else { return checks }
    var checks = checks
    if !checks.contains(where: { $0.metric == metric }) {
      checks.append(Check(metric: metric, limit: Limit(atLeast: 1)))
    }
    for index in checks.indices where checks[index].metric == metric { checks[index].adequacy = !failsWhenUnusable }
    return checks
  }
}
