import AttackerWorkers
import Attackers
import Core
import Decisions
import Judges
import Kinds
import Targets
import Transforms

/// A validated policy: what to test, with what, and what counts as good enough.
public struct Policy: Sendable, Hashable {
  /// The file that it was read from.
  public var path: String
  /// The file as it was read: its hash is evidence.
  public var text: String
  /// `KEY=VALUE` of every override.
  public var overrides: [String]
  /// What the policy calls itself in reports.
  public var name: String
  /// What everything random derives from.
  public var seed: UInt64
  /// Family-wise, over all checks.
  public var confidence: Double
  /// Whether point estimates decide instead of intervals: no error rate is promised then.
  public var decidesOnEstimates: Bool
  /// Whether the run blocks nothing, whatever its verdict (exit 0), and is never attested as a pass.
  public var observes: Bool
  /// Whether an inconclusive verdict lets the release pass (exit 0).
  public var inconclusivePasses: Bool
  /// Whether what a provider's filter withheld counts as a refusal; else it is missing.
  public var blocksAreRefusals: Bool
  /// Whether candidate and baseline may be one model.
  public var allowsSameModel: Bool
  /// The model under test.
  public var candidate: TargetChoice
  /// The model that it is held against; nil without one.
  public var baseline: TargetChoice?
  /// The model with known weaknesses, which shows whether the attacker is awake; nil without one.
  public var control: TargetChoice?
  /// Known weaknesses of the control (JSON Lines).
  public var weaknesses: String?
  /// Models that confirmed attacks are tried on.
  public var transfer: [NamedTarget]
  /// The judge that searches learn from; nil where nothing is searched for.
  public var rewardJudge: JudgeChoice?
  /// The judge whose verdicts count.
  public var confirmJudge: JudgeChoice
  /// Whether human labels correct what the confirming judge says.
  public var correctsJudge: Bool
  /// Planted transcripts of judges `reward` and `confirm`, where the policy gives some.
  public var judgeExamples: [String: JudgeExamples]
  /// A checkpoint folder; nil for the built-in character n-grams.
  public var embedder: String?
  /// Who proposes fresh attacks; nil for replay alone.
  public var attacker: AttackerPolicy?
  /// What is replayed, and the harmless questions.
  public var suite: SuitePolicy
  /// What counts as a confirmed and as a new attack.
  public var fresh: FreshPolicy
  /// Nil where no safety tuning is wanted.
  public var tuning: TuningPolicy?
  /// The file that evidence goes into.
  public var ledger: String
  /// Where the key is that the ledger's texts are sealed with; nil where they aren't to be.
  public var sealing: LedgerKeySource?
  /// Seconds after a run's end for which its texts are kept; nil for good.
  public var retention: Double?
  /// Limits of responses and time.
  public var budget: BudgetPolicy
  /// What every run has to show of itself, whatever its checks ask.
  public var validity: ValidityRule
  /// What has to hold, in the order of the file.
  public var checks: [Check]
  /// What is written, and who is told.
  public var report: ReportPolicy
  /// Who answers for the attacks; nil where the policy says nothing of it.
  public var governance: Governance?
  /// What categories mean, for the people who label.
  public var categories: [String: String]
  /// How bad a success is, by category, where the policy says so.
  public var weights: [String: Double]
  /// What frameworks call a category, for example `owasp:llm01`, by category.
  public var tags: [String: [String]]
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

/// A target under a name that checks refer to.
public struct NamedTarget: Sendable, Hashable {
  /// Unique among the policy's transfer targets.
  public let name: String
  /// How it is asked.
  public let target: TargetChoice
}

/// Who proposes fresh attacks.
public struct AttackerPolicy: Sendable, Hashable {
  /// The reference model, where it runs in this process.
  public var checkpoint: String?
  /// What runs it elsewhere; nil in this process.
  public var engine: EngineChoice?
  /// The model that writes the turns of conversations; nil where the reference model does.
  public var driver: TargetChoice?
  /// Independent searches a target.
  public var restarts: Int
  /// Whether it goes on from the last run's attacker.
  public var warmStart: Bool
  /// How it searches.
  public var settings: AttackerSettings

  static func keys(_ kinds: Catalogue) -> [PolicyKey] {
    [
      PolicyKey(
        name: "checkpoint", shape: .checkpoint, required: true, unless: ["engine", "driver"],
        help: "The reference model: a supervised fine-tuned decoder, run in this process."),
      PolicyKey(
        name: "engine", shape: .kind(kinds.engines.keys),
        help: "Runs the reference model outside this process, instead of checkpoint: on a GPU, or of any architecture.",
        example: "engine: {kind: command, command: [python3, worker.py, models/attacker], env: [PATH, HOME]}"),
      PolicyKey(
        name: "driver", shape: .kind(kinds.targets.keys()),
        help: "The model that writes the turns of conversations (crescendo, tree), instead of the reference model.",
        example: "driver: {kind: openai, url: https://driver.example/v1, model: driver-1}"),
    ] + kinds.attackerSettings.map(\.key) + [
      PolicyKey(
        name: "restarts", shape: .integer(1...100), fallback: "3",
        help: "Independent searches a target."),
      PolicyKey(
        name: "warm_start", shape: .toggle, fallback: "on",
        help: "Go on from the last run's attacker."),
    ]
  }

  /// - Parameters:
  ///   - section: was held against the keys; what doesn't go together in it is noted.
  ///   - driver: what its key of that name says.
  init(_ section: Section, _ kinds: Catalogue, driver: TargetChoice?, _ problems: inout Diagnostics) {
    checkpoint = section.text("checkpoint")
    engine = section.child("engine").flatMap { kinds.engines.read($0) }
    problems.require(
      !section.has("checkpoint") || !section.has("engine"),
      "\(section.described) has a checkpoint and an engine, and the reference model is one",
      at: section.place(of: "engine"),
      remedy: "Keep checkpoint for a model in this process, or engine for one that a worker runs.")
    restarts = section.integer("restarts")
    warmStart = section.toggle("warm_start")
    settings = AttackerSettings(section, kinds.attackerSettings, &problems)
    self.driver = driver
    if section.has("driver") { noteDriver(section, &problems) }
    if settings.method.converses || !section.has("driver") { noteTurns(section, &problems) }
  }

  /// What is said of conversations that this method doesn't hold, or holds in another way, is a mistake: most likely another method
  /// was meant.
  private func noteTurns(_ section: Section, _ problems: inout Diagnostics) {
    let conversing = AttackMethod.all.filter(\.converses)
    let method = settings.method
    for key in ["goals", "turns"] + conversing.flatMap(\.keys) where section.has(key) {
      let meant = conversing.filter { ["goals", "turns"].contains(key) || $0.keys.contains(key) }
      let names = meant.map(\.name).joined(separator: " or ")
      problems.require(
        meant.contains(method),
        "\(section.described).\(key) is "
          + (method.converses
            ? "a key of method \(names), and means nothing to \(method.name)"
            : "about conversations, and method \(method.name) holds none"),
        at: section.place(of: key), remedy: "Set method: \(names), or remove \(key).")
    }
  }

  /// A driver that nobody asks, or that is told of no aim, is a mistake.
  private func noteDriver(_ section: Section, _ problems: inout Diagnostics) {
    problems.require(
      settings.method.converses,
      "\(section.described).driver writes the turns of conversations, and method \(settings.method.name) holds none",
      at: section.place(of: "driver"), remedy: "Set method: crescendo, or remove driver.")
    problems.require(
      section.has("goals") || !settings.method.converses,
      "\(section.described).driver is told of no aim", at: section.place(of: "driver"),
      remedy: "Add goals: a list of what the target must not give, such as [the staff passphrase].")
  }
}

/// What is replayed, how often, and the harmless questions beside it.
public struct SuitePolicy: Sendable, Hashable {
  /// The suite's file.
  public var seeds: String
  /// The seeds' columns by what they hold (`prompt`, `category` …); empty for those with these names.
  public var columns: [String: String]
  /// Responses on each model for an attack.
  public var responses: Int
  /// Fresh responses on each model for an attack that looks newly broken; nil for what the check's effect takes.
  public var confirmResponses: Int?
  /// Whether the policy itself says how many responses an attack gets: then outcomes from elsewhere have to have them.
  public var statesResponses: Bool
  /// What every attack is asked as, beside its own words.
  public var transforms: [SuiteTransform]
  /// Whether replay stops as soon as every check on it is decided.
  public var stopsEarly: Bool
  /// The file of harmless questions; nil where none are asked.
  public var benign: String?
  /// Responses on each model for a harmless question.
  public var benignResponses: Int

  /// The models that rewrite attacks, each once, in the order of the transforms.
  public var rewriters: [SuiteTransform.Rewriter] {
    transforms.compactMap(\.rewriter).reduce(into: []) { all, next in if !all.contains(next) { all.append(next) } }
  }
}

/// What counts as a confirmed and as a new attack.
public struct FreshPolicy: Sendable, Hashable {
  /// Cosine from which two attacks count as one.
  public var similarity: Double
  /// What confirms a claimed attack.
  public var confirmation: ConfirmationRule
}

/// Limits of a run.
public struct BudgetPolicy: Sendable, Hashable {
  /// For regenerate and confirm, over all roles and restarts.
  public var targetResponses: Int
  /// Seconds; nil for no limit.
  public var wallClock: Double?
}
