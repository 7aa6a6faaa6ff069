/// Everything that a report shows, and nothing that it must not: no attack or response text unless revealed.
///
/// Reporters are pure functions of this value, a date and a version; the ledger stores it as JSON.
public struct RunSummary: Hashable, Codable, Sendable {
  /// Version of this JSON schema.
  public static let schemaVersion = 1

  /// The version that wrote this value, so that a reader knows what to expect.
  public var schema = RunSummary.schemaVersion
  /// The run's identifier in the ledger.
  public var run: String
  /// Which policy decided, and with what.
  public var policy: PolicyIdentity
  /// The gate's answer, from all checks together.
  public var verdict: Verdict
  /// The process exit code that goes with the verdict and the policy's `inconclusive` rule.
  public var exitCode: Int32
  /// Why, most important first, each one sentence.
  public var reasons: [String]
  /// Every model that took part, the candidate first.
  public var models: [ModelIdentity]
  /// Every judge that took part, by what it was used for.
  public var judges: [JudgeIdentity]
  /// Every stage in its order, also those that did not run.
  public var stages: [StageSummary]
  /// Every check in the order of the policy.
  public var checks: [CheckResult]
  /// Attacks that the baseline resists and the candidate does not, the clearest first.
  public var newlyBroken: [BrokenAttack]
  /// Success rates by kind of harm, sorted by name.
  public var categories: [CategoryRow]
  /// The attacks as they were written first, then in the order of the policy; nil where it has no transforms.
  public var transforms: [TransformRow]?
  /// ASR within several tries; nil where attacks have one response only, and in summaries of older versions.
  public var tries: [TriesRow]?
  /// What searches found, a row for each model that was searched.
  public var fresh: [FreshSummary]
  /// Nil where nothing was tuned.
  public var tuning: TuningSummary?
  /// What was asked and how long it took, a row for each role.
  public var cost: [CostRow]
  /// What human labels say of the confirming judge; nil where there are none.
  public var calibration: Calibration?
  /// Where the proof of this verdict is.
  public var evidence: EvidenceIdentity
  /// Loud remarks: fingerprints that changed, what was reused, what replay left out.
  public var notices: [String]
  /// What weakens the verdict (low confidence, overrides, vacuous limits, attacks that no check looks at): the first lines of every report.
  /// Nil in summaries of version 0.1, as are the fields below.
  public var weakenings: [String]?
  /// What the policy's checks are about.
  public var question: Question?
  /// What became of every planned response, by model and stage.
  public var outcomes: [OutcomeRow]?
  /// The checks that need no asking.
  public var validity: [ValidityResult]?
  /// What would decide an inconclusive verdict, each one sentence.
  public var remedies: [String]?
  /// Attacks and responses in the clear; nil unless somebody asked for them.
  public var revealed: [RevealedAttack]?
  /// Since when failing checks fail, each one sentence; nil where no earlier run says anything of it.
  public var since: [String]?
  /// Set where the policy says `mode: observe`: then no verdict blocks, and `exitCode` is 0.
  public var observed: Observed?
  /// By tag, in their order; nil where no attack carries one.
  public var tags: [TagRow]?
  /// By number of turns, ascending; nil where every attack is a single prompt.
  public var turns: [TurnsRow]?
  /// Clusters of several attacks of which some succeed, those first that got worse most; nil where there are none.
  public var clusters: [ClusterRow]?
  /// Earlier releases, oldest first; nil where the ledger has none.
  public var trend: [Release]?

  public init(
    run: String, policy: PolicyIdentity, verdict: Verdict, exitCode: Int32, reasons: [String],
    models: [ModelIdentity] = [], judges: [JudgeIdentity] = [], stages: [StageSummary] = [],
    checks: [CheckResult] = [], newlyBroken: [BrokenAttack] = [], categories: [CategoryRow] = [],
    transforms: [TransformRow]? = nil, tries: [TriesRow]? = nil, fresh: [FreshSummary] = [],
    tuning: TuningSummary? = nil, cost: [CostRow] = [],
    calibration: Calibration? = nil,
    evidence: EvidenceIdentity, notices: [String] = [], weakenings: [String]? = nil, question: Question? = nil,
    outcomes: [OutcomeRow]? = nil, validity: [ValidityResult]? = nil, remedies: [String]? = nil
  ) {
    self.run = run
    self.policy = policy
    self.verdict = verdict
    self.exitCode = exitCode
    self.reasons = reasons
    self.models = models
    self.judges = judges
    self.stages = stages
    self.checks = checks
    self.newlyBroken = newlyBroken
    self.categories = categories
    self.transforms = transforms
    self.tries = tries
    self.fresh = fresh
    self.tuning = tuning
    self.cost = cost
    self.calibration = calibration
    self.evidence = evidence
    self.notices = notices
    self.weakenings = weakenings
    self.question = question
    self.outcomes = outcomes
    self.validity = validity
    self.remedies = remedies
  }
}
