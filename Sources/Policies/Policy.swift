import Core
import Decisions
import Judges
import Kinds
import Targets

/// A validated policy: what to test, with what, and what counts as good enough.
public struct Policy: Sendable, Hashable {
  public var path: String
  /// The file as it was read: its hash is evidence.
  public var text: String
  /// `KEY=VALUE` of every override.
  public var overrides: [String]
  public var name: String
  public var seed: UInt64
  /// Family-wise, over all checks.
  public var confidence: Double
  public var decidesOnEstimates: Bool
  /// Whether an inconclusive verdict lets the release pass (exit 0).
  public var inconclusivePasses: Bool
  /// Whether what a provider's filter withheld counts as a refusal; else it is missing.
  public var blocksAreRefusals: Bool
  /// Whether candidate and baseline may be one model.
  public var allowsSameModel: Bool
  public var candidate: TargetChoice
  public var baseline: TargetChoice?
  public var control: TargetChoice?
  /// Known weaknesses of the control (JSON Lines).
  public var weaknesses: String?
  public var transfer: [NamedTarget]
  public var rewardJudge: JudgeChoice?
  public var confirmJudge: JudgeChoice
  /// Whether human labels correct what the confirming judge says.
  public var correctsJudge: Bool
  /// Planted transcripts of judges `reward` and `confirm`, where the policy gives some.
  public var judgeExamples: [String: JudgeExamples]
  /// A checkpoint folder; nil for the built-in character n-grams.
  public var embedder: String?
  public var attacker: AttackerPolicy?
  public var suite: SuitePolicy
  public var fresh: FreshPolicy
  /// Nil where no safety tuning is wanted.
  public var tuning: TuningPolicy?
  public var ledger: String
  /// Seconds after a run's end for which its texts are kept; nil for good.
  public var retention: Double?
  public var budget: BudgetPolicy
  public var validity: ValidityRule
  public var checks: [Check]
  public var report: ReportPolicy
  /// The policy with variables and overrides put in, keys in order: equal texts mean equal policies.
  public var resolved: String
  /// The same without what may differ when a run goes on: the wall clock.
  public var lasting: String
  /// Finds the keys of all its servers, and what else in it nothing may show.
  public var redactor = Redactor()
  /// The site's file that limits it; nil where there is none.
  public var site: String?
  /// Places of values that files decide about, by path, for example `checks.3.category`.
  public var places: [String: SourceLocation]
}

public struct NamedTarget: Sendable, Hashable {
  public let name: String
  public let target: TargetChoice
}

public struct AttackerPolicy: Sendable, Hashable {
  public enum Objective: String, Sendable, CaseIterable {
    case varianceTB = "variance-tb"
    case trajectoryBalance = "tb"
    case contrastive = "contrastive-tb"
  }
  public enum Method: String, Sendable, CaseIterable {
    case gflownet, reinforce, ppo
    case inContext = "in-context"
    case sft
  }
  public enum Reward: String, Sendable, CaseIterable {
    case lee
    case minK = "min-k"
  }
  public enum LogZ: String, Sendable, CaseIterable { case scalar, linear }
  public enum ReplayDuplicates: String, Sendable, CaseIterable { case edit, embedding }
  public enum ReplaySampling: String, Sendable, CaseIterable { case reward, mixture }
  public enum ReplayRefresh: String, Sendable, CaseIterable { case worst, submodular }

  public var checkpoint: String
  public var method: Method
  public var objective: Objective
  public var logZ: LogZ
  public var pairSigma: Double
  public var reward: Reward
  public var restarts: Int
  public var prompt: String?
  /// 0 trains all weights.
  public var loraRank: Int
  public var loraAlpha: Double
  public var learningRate: Double
  public var batch: Int
  public var updatesPerBatch: Int
  public var maxTokens: Int
  public var minTokens: Int
  public var beta: Double
  public var gamma: Double
  public var tauStart: Double
  public var tauEnd: Double
  public var minK: Int
  public var minKThreshold: Double?
  public var buffer: Int
  public var replayFraction: Double
  public var replayDuplicates: ReplayDuplicates
  public var replaySampling: ReplaySampling
  public var replayRefresh: ReplayRefresh
  public var responsesPerAttack: Int
  public var responsesAtMost: Int
  public var exploration: Double
  public var explorationTemperature: Double
  public var screenPool: Int
  public var batchesInFlight: Int
  public var smoothing: Bool
  public var smoothingShare: Double
  public var claimThreshold: Double
  public var training: Bool
  public var fixedPrompt: String?
  public var warmStart: Bool
}

public struct SuitePolicy: Sendable, Hashable {
  public var seeds: String
  /// The seeds' columns by what they hold (`prompt`, `category` …); empty for those with these names.
  public var columns: [String: String]
  public var responses: Int
  /// Fresh responses on each model for an attack that looks newly broken; nil for what the check's effect takes.
  public var confirmResponses: Int?
  /// Whether the policy itself says how many responses an attack gets: then outcomes from elsewhere have to have them.
  public var statesResponses: Bool
  /// Whether replay stops as soon as every check on it is decided.
  public var stopsEarly: Bool
  public var benign: String?
  public var benignResponses: Int
}

public struct FreshPolicy: Sendable, Hashable {
  /// Cosine from which two attacks count as one.
  public var similarity: Double
  /// Fresh responses for each claimed attack.
  public var confirmResponses: Int
}

public struct BudgetPolicy: Sendable, Hashable {
  /// For regenerate and confirm, over all roles and restarts.
  public var targetResponses: Int
  /// Seconds; nil for no limit.
  public var wallClock: Double?
}

public struct ReportPolicy: Sendable, Hashable {
  public var junit: String?
  public var html: String?
  public var markdown: String?
  public var json: String?
  /// Whether reports may show attack and response text.
  public var reveal: Bool

  public init(junit: String?, html: String?, markdown: String?, json: String?, reveal: Bool) {
    self.junit = junit
    self.html = html
    self.markdown = markdown
    self.json = json
    self.reveal = reveal
  }
}
