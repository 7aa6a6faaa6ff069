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

  /// Which policy decided, as text and as it was resolved.
  public struct PolicyIdentity: Hashable, Codable, Sendable {
    /// What the policy calls itself.
    public var name: String
    /// The file that it was read from.
    public var path: String
    /// SHA-256 of the policy text, hexadecimal.
    public var hash: String
    /// What everything random derives from.
    public var seed: UInt64
    /// Family-wise confidence.
    public var confidence: Double
    /// `KEY=VALUE` of every `--set`.
    public var overrides: [String]
    /// SHA-256 of the resolved policy (variables, overrides, seed) and of every input; nil in summaries of version 0.1.
    public var digest: String?
    /// Files that the verdict rests on; nil in summaries of version 0.1.
    public var inputs: [InputIdentity]?
    /// Nil where the policy says nothing of it.
    public var governance: Governance?

    public init(
      name: String, path: String, hash: String, seed: UInt64, confidence: Double, overrides: [String] = [],
      digest: String? = nil, inputs: [InputIdentity]? = nil, governance: Governance? = nil
    ) {
      self.name = name
      self.path = path
      self.hash = hash
      self.seed = seed
      self.confidence = confidence
      self.overrides = overrides
      self.digest = digest
      self.inputs = inputs
      self.governance = governance
    }
  }

  /// A model that took part in the run.
  public struct ModelIdentity: Hashable, Codable, Sendable {
    /// The part that it played, as `Role` writes it.
    public var role: String
    /// What the policy, the server or the checkpoint's path calls it.
    public var name: String
    /// Changes when anything changes that could change its answers, as far as that can be seen from here.
    public var fingerprint: String
    /// The name of the target's kind; `outcomes` for what was asked elsewhere.
    public var kind: String
    /// Nil in summaries of version 0.1 and for outcomes from elsewhere.
    public var signs: ModelSigns?

    public init(role: String, name: String, fingerprint: String, kind: String, signs: ModelSigns? = nil) {
      self.role = role
      self.name = name
      self.fingerprint = fingerprint
      self.kind = kind
      self.signs = signs
    }

    /// Whether its files were read here: then its name is their path, and its fingerprint begins with their digest.
    public var isCheckpoint: Bool {
      // Summaries of version 0.1 don't say it; it had two kinds.
      signs?.isCheckpoint ?? (kind == "local")
    }
  }

  /// A judge that took part in the run.
  public struct JudgeIdentity: Hashable, Codable, Sendable {
    /// `reward` or `confirm`.
    public var use: String
    /// What the policy calls it.
    public var name: String
    /// Changes when anything changes that could change its scores.
    public var fingerprint: String
    /// Fingerprints of the judges that this one is made of; nil where it is made of no others.
    public var members: [String]?
    /// How its verdict follows from stored scores; nil in summaries of older versions.
    public var rule: VerdictRule?

    public init(
      use: String, name: String, fingerprint: String, members: [String]? = nil, rule: VerdictRule? = nil
    ) {
      self.use = use
      self.name = name
      self.fingerprint = fingerprint
      self.members = members
      self.rule = rule
    }
  }

  /// How one stage went.
  public struct StageSummary: Hashable, Codable, Sendable {
    /// The stage's name, as `Stage` writes it.
    public var name: String
    /// False where the stage was not asked for.
    public var ran: Bool
    /// Time from its beginning to its end.
    public var seconds: Double
    /// What it did, in a few words for people.
    public var detail: String

    public init(name: String, ran: Bool, seconds: Double, detail: String) {
      self.name = name
      self.ran = ran
      self.seconds = seconds
      self.detail = detail
    }
  }

  /// One line of the policy's `checks`, decided.
  public struct CheckResult: Hashable, Codable, Sendable {
    /// Unique in the policy: the metric and what narrows it, for example `replay.asr[category=passphrase]`.
    public var name: String
    /// The metric's key, as the policy writes it.
    public var metric: String
    /// The stage whose responses are measured.
    public var stage: String
    /// The bound that the estimate is held against.
    public var limit: Limit
    /// Nil where nothing was measured; then the verdict is inconclusive.
    public var estimate: Estimate?
    /// What this check says by itself.
    public var verdict: Verdict
    /// True for checks of whether the gate itself worked (attacker, diversity, errors): these are never `fail`.
    public var adequacy: Bool
    /// What the metric means and its unit, one sentence.
    public var explanation: String
    /// The reason for the verdict, one sentence.
    public var reason: String
    /// What else the same responses say; decides nothing.
    public var readings: Readings?
    /// What would decide the check, one sentence; nil where it is decided.
    public var remedy: String?
    /// Nil in summaries of older versions: blocking.
    public var tier: Tier?
    /// Who answers for its failing; it takes effect where the check fails, and nowhere else.
    public var waiver: Waiver?

    public init(
      name: String, metric: String, stage: String, limit: Limit, estimate: Estimate?, verdict: Verdict, adequacy: Bool,
      explanation: String, reason: String, readings: Readings? = nil, remedy: String? = nil, tier: Tier? = nil,
      waiver: Waiver? = nil
    ) {
      self.name = name
      self.metric = metric
      self.stage = stage
      self.limit = limit
      self.estimate = estimate
      self.verdict = verdict
      self.adequacy = adequacy
      self.explanation = explanation
      self.reason = reason
      self.readings = readings
      self.remedy = remedy
      self.tier = tier
      self.waiver = waiver
    }
  }

  /// Other ways to read what a check about the suite rests on.
  public struct Readings: Hashable, Codable, Sendable {
    /// Interval at the check's confidence for exactly the attacks asked, where only responses are random. The check's own
    /// interval speaks about attacks like them, and is wider.
    public var suiteLower: Double
    /// The upper end of that interval.
    public var suiteUpper: Double
    /// Attacks on which the candidate was unsafe more often than the baseline, and less often; nil where nothing is paired.
    public var worsened: Int?
    /// Attacks on which the candidate was unsafe less often than the baseline; nil where nothing is paired.
    public var improved: Int?
    /// McNemar's two-sided mid-p of these two.
    public var midP: Double?
    /// The same metric with the other weighting (every cluster once, or every attack once); nil where clusters are of one size.
    public var otherWeighting: Weighted?

    /// An estimate by another weighting.
    public struct Weighted: Hashable, Codable, Sendable {
      /// `attacks` or `clusters`.
      public var weight: String
      /// The point estimate, in the metric's unit.
      public var value: Double
      /// The lower end of its interval, at the check's confidence.
      public var lower: Double
      /// The upper end of its interval.
      public var upper: Double

      public init(weight: String, value: Double, lower: Double, upper: Double) {
        self.weight = weight
        self.value = value
        self.lower = lower
        self.upper = upper
      }
    }

    public init(
      suiteLower: Double, suiteUpper: Double, worsened: Int? = nil, improved: Int? = nil, midP: Double? = nil,
      otherWeighting: Weighted? = nil
    ) {
      self.suiteLower = suiteLower
      self.suiteUpper = suiteUpper
      self.worsened = worsened
      self.improved = improved
      self.midP = midP
      self.otherWeighting = otherWeighting
    }
  }

  /// An attack that the baseline resists and the candidate does not.
  public struct BrokenAttack: Hashable, Codable, Sendable {
    /// The attack's identifier in the suite and the ledger.
    public var id: AttackID
    /// The kind of harm that the suite files it under; nil where it says nothing.
    public var category: String?
    /// The suite's group of attacks like it; nil where the suite names none.
    public var cluster: String?
    /// What rewrote the attack; nil for one as it was written.
    public var transform: String?
    /// Unsafe responses of the candidate.
    public var candidateUnsafe: Int
    /// Responses of the candidate with a verdict.
    public var candidateScored: Int
    /// Unsafe responses of the baseline.
    public var baselineUnsafe: Int
    /// Responses of the baseline with a verdict.
    public var baselineScored: Int
    /// One-sided p-value after the multiplicity correction.
    public var adjustedP: Double
    /// Only where the policy says `reveal: true`.
    public var prompt: String?

    public init(
      id: AttackID, category: String?, cluster: String?, transform: String? = nil, candidateUnsafe: Int,
      candidateScored: Int, baselineUnsafe: Int, baselineScored: Int, adjustedP: Double, prompt: String? = nil
    ) {
      self.id = id
      self.category = category
      self.cluster = cluster
      self.transform = transform
      self.candidateUnsafe = candidateUnsafe
      self.candidateScored = candidateScored
      self.baselineUnsafe = baselineUnsafe
      self.baselineScored = baselineScored
      self.adjustedP = adjustedP
      self.prompt = prompt
    }
  }

  /// What the attacker found on one target.
  public struct FreshSummary: Hashable, Codable, Sendable {
    /// The searched model's part in the run, as `Role` writes it.
    public var role: String
    /// True where the search was taken from the ledger.
    public var reused: Bool
    /// Searches with seeds of their own, in their order.
    public var restarts: [Restart]
    /// Unique attacks over all restarts, by clustering threshold (cosine), for example `0.7`.
    public var uniqueAttacks: [String: Int]
    /// Effective number of different attacks (Friedman and Dieng, 2023); nil without confirmed attacks.
    public var vendiScore: Double?
    /// Mean of one minus the cosine over all pairs of confirmed attacks; nil with fewer than two.
    public var meanCosineDistance: Double?
    /// Unique attacks by the kind of harm that the judge saw.
    public var byCategory: [String: Int]
    /// Where confirmed attacks lie in the plane in which those of all models differ most; nil in summaries of older versions.
    public var map: [Place]?
    /// What confirmed the attacks; nil in summaries of older versions.
    public var confirmation: ConfirmationRule?

    public init(
      role: String, reused: Bool, restarts: [Restart], uniqueAttacks: [String: Int], vendiScore: Double?,
      meanCosineDistance: Double?, byCategory: [String: Int], map: [Place]? = nil,
      confirmation: ConfirmationRule? = nil
    ) {
      self.role = role
      self.reused = reused
      self.restarts = restarts
      self.uniqueAttacks = uniqueAttacks
      self.vendiScore = vendiScore
      self.meanCosineDistance = meanCosineDistance
      self.byCategory = byCategory
      self.map = map
      self.confirmation = confirmation
    }

    /// One confirmed attack on the map: principal components of its embedding, without its text.
    public struct Place: Hashable, Codable, Sendable {
      /// The first principal component.
      public var x: Double
      /// The second principal component.
      public var y: Double
      /// The kind of harm that the judge saw; nil where it named none.
      public var category: String?

      public init(x: Double, y: Double, category: String?) {
        self.x = x
        self.y = y
        self.category = category
      }
    }

    /// One search with a seed of its own.
    public struct Restart: Hashable, Codable, Sendable {
      /// Its place among the restarts, from 0.
      public var index: Int
      /// Target responses paid for: training, seeding and confirmation together.
      public var responses: Int
      /// Attacks that the search believed in.
      public var claimed: Int
      /// Claimed attacks that fresh responses confirmed.
      public var confirmed: Int
      /// Confirmed attacks that are no near-copies of each other.
      public var unique: Int
      /// (responses spent, unique attacks so far): the yield curve.
      public var curve: [Point]

      public init(index: Int, responses: Int, claimed: Int, confirmed: Int, unique: Int, curve: [Point] = []) {
        self.index = index
        self.responses = responses
        self.claimed = claimed
        self.confirmed = confirmed
        self.unique = unique
        self.curve = curve
      }
    }

    /// A point of the yield curve.
    public struct Point: Hashable, Codable, Sendable {
      /// Responses spent so far.
      public var responses: Int
      /// Unique attacks found with them.
      public var unique: Int

      public init(responses: Int, unique: Int) {
        self.responses = responses
        self.unique = unique
      }
    }
  }

  /// What one role cost.
  public struct CostRow: Hashable, Codable, Sendable {
    /// The model's part in the run, as `Role` writes it.
    public var role: String
    /// Newly asked in this run.
    public var responses: Int
    /// Served from the ledger.
    public var reused: Int
    /// Requests that failed after retries.
    public var errors: Int
    /// Responses that a judge gave no verdict on.
    public var unscored: Int
    /// Tokens sent to the model.
    public var promptTokens: Int
    /// Tokens that the model made.
    public var completionTokens: Int
    /// Seconds spent waiting for the target.
    public var seconds: Double

    public init(
      role: String, responses: Int, reused: Int, errors: Int, unscored: Int, promptTokens: Int, completionTokens: Int,
      seconds: Double
    ) {
      self.role = role
      self.responses = responses
      self.reused = reused
      self.errors = errors
      self.unscored = unscored
      self.promptTokens = promptTokens
      self.completionTokens = completionTokens
      self.seconds = seconds
    }
  }

  /// How often the confirming judge is right, by human labels.
  public struct Calibration: Hashable, Codable, Sendable {
    /// Labelled responses behind it.
    public var labels: Int
    /// Labelled responses that say nothing: the judge has no score for them, or no reviewer was sure.
    public var unused: Int
    /// Krippendorff's alpha of the reviewers alone; nil where no response has two labels.
    public var reviewers: Estimate?
    /// Whether success rates were corrected by it.
    public var isUsed: Bool
    /// All labels first, then by category, then by locale.
    public var rows: [Row]

    public init(labels: Int, unused: Int, reviewers: Estimate?, isUsed: Bool, rows: [Row]) {
      self.labels = labels
      self.unused = unused
      self.reviewers = reviewers
      self.isUsed = isUsed
      self.rows = rows
    }

    /// What the labels of one category or locale say of the judge.
    public struct Row: Hashable, Codable, Sendable {
      /// The kind of harm; nil where the row is not about one.
      public var category: String?
      /// The language of the responses; nil where the row is not about one.
      public var locale: String?
      /// Responses that people call unsafe, and safe.
      public var unsafe: Int
      /// Responses that people call safe.
      public var safe: Int
      /// Share of unsafe responses that the judge calls unsafe; nil where there are none.
      public var sensitivity: Estimate?
      /// Share of safe responses that the judge calls safe; nil where there are none.
      public var specificity: Estimate?
      /// Cohen's, of judge and consensus.
      public var kappa: Estimate?
      /// Krippendorff's, of judge and reviewers.
      public var alpha: Estimate?

      public init(
        category: String?, locale: String?, unsafe: Int, safe: Int, sensitivity: Estimate?, specificity: Estimate?,
        kappa: Estimate?, alpha: Estimate?
      ) {
        self.category = category
        self.locale = locale
        self.unsafe = unsafe
        self.safe = safe
        self.sensitivity = sensitivity
        self.specificity = specificity
        self.kappa = kappa
        self.alpha = alpha
      }
    }
  }

  /// Where the proof of a verdict is, and who made it.
  public struct EvidenceIdentity: Hashable, Codable, Sendable {
    /// Path of the ledger that holds the run.
    public var ledger: String
    /// Whether the ledger's texts are encrypted.
    public var sealed: Bool
    /// Hash of the newest audit record when the verdict was made.
    public var headHash: String
    /// The machine that the reports name, and the version of Sluice that decided: an old run's reports are rendered again
    /// with both. Nil in summaries of older versions.
    public var host: String?
    /// The version of Sluice that decided; nil in summaries of older versions.
    public var software: String?
    /// The language of the run's reports, as `ja`; nil for English.
    public var language: String?

    public init(
      ledger: String, sealed: Bool, headHash: String, host: String? = nil, software: String? = nil,
      language: String? = nil
    ) {
      self.ledger = ledger
      self.sealed = sealed
      self.headHash = headHash
      self.host = host
      self.software = software
      self.language = language
    }
  }
}
