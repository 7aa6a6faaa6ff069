import AttackerWorkers
import Attackers
import Core
import Decisions
import Judges
import Kinds
import Reports
import Targets
import Transforms

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
  /// Whether the run blocks nothing, whatever its verdict (exit 0), and is never attested as a pass.
  public var observes: Bool
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
  /// Where the key is that the ledger's texts are sealed with; nil where they aren't to be.
  public var sealing: LedgerKeySource?
  /// Seconds after a run's end for which its texts are kept; nil for good.
  public var retention: Double?
  public var budget: BudgetPolicy
  public var validity: ValidityRule
  public var checks: [Check]
  public var report: ReportPolicy
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

public struct NamedTarget: Sendable, Hashable {
  public let name: String
  public let target: TargetChoice
}

/// Who proposes fresh attacks.
public struct AttackerPolicy: Sendable, Hashable {
  /// The reference model, where it runs in this process.
  public var checkpoint: String?
  /// What runs it elsewhere; nil in this process.
  public var engine: EngineChoice?
  /// Independent searches a target.
  public var restarts: Int
  /// Whether it goes on from the last run's attacker.
  public var warmStart: Bool
  public var settings: AttackerSettings

  static func keys(_ kinds: Catalogue) -> [PolicyKey] {
    [
      PolicyKey(
        name: "checkpoint", shape: .checkpoint, required: true, unless: "engine",
        help: "The reference model: a supervised fine-tuned decoder, run in this process."),
      PolicyKey(
        name: "engine", shape: .kind(kinds.engines.keys),
        help: "Runs the reference model outside this process, instead of checkpoint: on a GPU, or of any architecture.",
        example: "engine: {kind: command, command: [python3, worker.py, models/attacker], env: [PATH, HOME]}"),
    ] + kinds.attackerSettings.map(\.key) + [
      PolicyKey(
        name: "restarts", shape: .integer(1...100), fallback: "3",
        help: "Independent searches a target."),
      PolicyKey(
        name: "warm_start", shape: .toggle, fallback: "on",
        help: "Go on from the last run's attacker."),
    ]
  }

  /// - Parameter section: was held against the keys; what doesn't go together in it is noted.
  init(_ section: Section, _ kinds: Catalogue, _ problems: inout Diagnostics) {
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
  }
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
  /// What every attack is asked as, beside its own words.
  public var transforms: [SuiteTransform]
  /// Whether replay stops as soon as every check on it is decided.
  public var stopsEarly: Bool
  public var benign: String?
  public var benignResponses: Int

  /// The models that rewrite attacks, each once, in the order of the transforms.
  public var rewriters: [SuiteTransform.Rewriter] {
    transforms.compactMap(\.rewriter).reduce(into: []) { all, next in if !all.contains(next) { all.append(next) } }
  }
}

public struct FreshPolicy: Sendable, Hashable {
  /// Cosine from which two attacks count as one.
  public var similarity: Double
  /// What confirms a claimed attack.
  public var confirmation: ConfirmationRule
}

public struct BudgetPolicy: Sendable, Hashable {
  /// For regenerate and confirm, over all roles and restarts.
  public var targetResponses: Int
  /// Seconds; nil for no limit.
  public var wallClock: Double?
}

/// Which reports a run writes.
public struct ReportPolicy: Sendable, Hashable {
  /// A report and its file.
  public struct Output: Sendable, Hashable {
    public let reporter: Reporter
    public let path: String
    /// What its owner calls it: a policy's key or an option.
    public let key: String

    /// - Parameter key: nil for the policy's.
    public init(_ reporter: Reporter, path: String, key: String? = nil) {
      self.reporter = reporter
      self.path = path
      self.key = key ?? "report.\(reporter.name)"
    }
  }

  /// A service that is told of the verdict, and how it is reached.
  public struct Delivery: Sendable, Hashable {
    public let subscriber: Subscriber
    public let url: String
    /// Names and values of header fields; values may be secrets.
    public let headers: [String: String]
    /// The environment variable that holds the secret to sign with; nil where nothing is signed.
    public let secretVariable: String?
    public let timeout: Duration

    public init(
      _ subscriber: Subscriber, url: String, headers: [String: String] = [:], secretVariable: String? = nil,
      timeout: Duration = .seconds(10)
    ) {
      self.subscriber = subscriber
      self.url = url
      self.headers = headers
      self.secretVariable = secretVariable
      self.timeout = timeout
    }

    init?(_ subscriber: Subscriber, _ section: Section) {
      guard let url = section.text("url") else { return nil }
      self.init(
        subscriber, url: url,
        headers: Dictionary((section.headers["headers"] ?? []).map { ($0.name, $0.value) }) { first, _ in first },
        secretVariable: section.text("secret_env"), timeout: section.duration("timeout") ?? .seconds(10))
    }
  }

  public var outputs: [Output]
  /// In the order of the schema.
  public var deliveries: [Delivery]
  /// Whether reports may show attack and response text.
  public var reveal: Bool
  /// Whether reports name the machine that the run was on.
  public var namesHost: Bool
  /// What people read is in this language.
  public var language: Language

  public init(
    _ outputs: [Output], deliveries: [Delivery] = [], reveal: Bool, namesHost: Bool = false,
    language: Language = .english
  ) {
    self.outputs = outputs
    self.deliveries = deliveries
    self.reveal = reveal
    self.namesHost = namesHost
    self.language = language
  }

  /// The same beside the usual reports: `junit.partial.xml` for `junit.xml`. No service is told: a part's verdict is not the release's.
  public var partial: ReportPolicy {
    var report = self
    report.deliveries = []
    report.outputs = outputs.map { Output($0.reporter, path: Self.partial($0.path), key: $0.key) }
    return report
  }

  /// Where the report of a partial run goes instead of a path.
  public static func partial(_ path: String) -> String {
    // A device is no file that could be overwritten.
    if path.hasPrefix("/dev/") { return path }
    let folder = path.folderOfPath
    let name = folder.isEmpty ? path : String(path.dropFirst(folder.count))
    let dot = name.dropFirst().lastIndex(of: ".")
    return folder + (dot.map { String(name[..<$0]) + ".partial" + String(name[$0...]) } ?? name + ".partial")
  }

  init(_ section: Section, _ kinds: Catalogue) {
    self.init(
      kinds.reporters.compactMap { reporter in
        section.text(reporter.name).map {
          Output(reporter, path: $0)
        }
      },
      deliveries: kinds.subscribers.compactMap { kind in section.child(kind.name).flatMap { Delivery(kind, $0) } },
      reveal: section.toggle("reveal"), namesHost: section.toggle("host"),
      language: section.text("language").flatMap(Language.init) ?? .english)
  }

  /// Where a report goes; nil for one that isn't wanted.
  public subscript(reporter: String) -> String? {
    outputs.first { $0.reporter.name == reporter }?.path
  }
}
