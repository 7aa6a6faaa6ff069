extension RunSummary {
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
}
