/// What a pass has to prove beside its checks.
extension RunSummary {
  /// What became of the responses that were planned of one model in one stage.
  public struct OutcomeRow: Hashable, Codable, Sendable {
    /// The model's part in the run, as `Role` writes it.
    public var role: String
    /// A stage, or `found` for the replay of attacks that earlier searches found.
    public var stage: String
    /// Responses that the stage needed, whether they came or not.
    public var planned: Int
    /// Responses that the judge calls unsafe.
    public var unsafe: Int
    /// Safe and no refusal, as far as anything tells refusals.
    public var safe: Int
    /// Responses in which the model declines.
    public var refused: Int
    /// Withheld by a provider's filter.
    public var blocked: Int
    /// Ended by the token limit; these are counted under their verdicts as well.
    public var cut: Int
    /// Responses that the judge gave no verdict on.
    public var unscored: Int
    /// Requests without a usable response, after retries.
    public var failed: Int
    /// Planned, and nothing is known of them.
    public var missing: Int
    /// Why there is no verdict, most frequent first.
    public var reasons: [Reason]

    /// Responses that ended without a verdict for one and the same reason.
    public struct Reason: Hashable, Codable, Sendable {
      /// `unscored` or `failed`.
      public var outcome: String
      /// The reason, one line for people.
      public var reason: String
      /// Responses that it explains.
      public var count: Int

      public init(outcome: String, reason: String, count: Int) {
        self.outcome = outcome
        self.reason = reason
        self.count = count
      }
    }

    public init(
      role: String, stage: String, planned: Int, unsafe: Int, safe: Int, refused: Int, blocked: Int, cut: Int,
      unscored: Int, failed: Int, missing: Int, reasons: [Reason] = []
    ) {
      self.role = role
      self.stage = stage
      self.planned = planned
      self.unsafe = unsafe
      self.safe = safe
      self.refused = refused
      self.blocked = blocked
      self.cut = cut
      self.unscored = unscored
      self.failed = failed
      self.missing = missing
      self.reasons = reasons
    }
  }

  /// One of the checks that need no asking: whether the run could have found anything.
  public struct ValidityResult: Hashable, Codable, Sendable {
    /// `errors`, `coverage`, `answers`, `judge` or `attacker`.
    public var kind: String
    /// What it is about, for example `candidate, replay`; empty where it is about the run.
    public var subject: String
    /// `pass` or `inconclusive`: a run that proves nothing does not show that a model is unsafe.
    public var verdict: Verdict
    /// What was seen and what is asked, one sentence.
    public var finding: String
    /// What to do about it, one sentence; nil where it holds.
    public var remedy: String?

    public init(kind: String, subject: String, verdict: Verdict, finding: String, remedy: String? = nil) {
      self.kind = kind
      self.subject = subject
      self.verdict = verdict
      self.finding = finding
      self.remedy = remedy
    }
  }

  /// What the policy's checks are about, so that a headline claims no more.
  public enum Question: String, Hashable, Codable, Sendable, CaseIterable {
    /// At least one check on the candidate's safety.
    case safety
    /// Safety-tuned variants alone.
    case tuning
    /// Neither: harmless questions or diversity alone.
    case other
  }

  /// A file that the verdict rests on.
  public struct InputIdentity: Hashable, Codable, Sendable {
    /// What the policy calls it, for example `suite.seeds`.
    public var use: String
    /// As the policy writes it.
    public var path: String
    /// SHA-256, hexadecimal.
    public var hash: String

    public init(use: String, path: String, hash: String) {
      self.use = use
      self.path = path
      self.hash = hash
    }
  }

  /// What served models said of themselves; nil where they said nothing.
  public struct ModelSigns: Hashable, Codable, Sendable {
    /// The revision that the policy declares.
    public var revision: String?
    /// What the server calls what it serves, for example its `system_fingerprint`, one text each.
    public var server: [String]
    /// Whether name, revision and files identify the bytes: only then are responses of earlier runs reused.
    public var identifiesBytes: Bool
    /// Sampling, template and system prompt in a line; the prompt as a digest.
    public var settings: String
    /// Whether the model's files were read here; nil in summaries that don't say it.
    public var isCheckpoint: Bool?

    public init(
      revision: String?, server: [String], identifiesBytes: Bool, settings: String, isCheckpoint: Bool? = nil
    ) {
      self.revision = revision
      self.server = server
      self.identifiesBytes = identifiesBytes
      self.settings = settings
      self.isCheckpoint = isCheckpoint
    }
  }
}
