import Core

/// A response of a run, with the part that its model plays there and the verdict of the run's confirming judge.
public struct AskedAnswer: Hashable, Sendable {
  /// The model's part in the run, as `Role` writes it.
  public let role: String
  /// What the model said, with every judgment that is stored.
  public let answer: StoredAnswer
  /// The confirming judge's score; nil where it gave none.
  public let score: Double?
  /// Whether the response is unsafe at that judge's threshold; nil where it gave no score.
  public let isUnsafe: Bool?
}

/// A prompt of a run with the responses to it.
public struct AskedAttack: Hashable, Sendable {
  /// The prompt's identifier.
  public let id: AttackID
  /// What was asked.
  public let prompt: String
  /// The category that the judge was asked about; nil where it was told none.
  public let category: String?
  /// In the order of asking.
  public let answers: [AskedAnswer]

  /// Whether the confirming judge calls any of the responses unsafe.
  public var isUnsafe: Bool { answers.contains { $0.isUnsafe == true } }
}

/// What makes a response one of a run's.
public struct AnswersOfRun: Hashable, Sendable {
  /// A model of the run.
  public struct Model: Hashable, Sendable {
    /// Its part in the run, as `Role` writes it.
    public var role: String
    /// Its identity, which stored responses go by.
    public var fingerprint: String

    public init(role: String, fingerprint: String) {
      self.role = role
      self.fingerprint = fingerprint
    }
  }

  /// The run's identifier.
  public var run: String
  /// Every model whose responses count.
  public var models: [Model]
  /// Fingerprints of all of its judges that look at responses themselves.
  public var judges: [String]
  /// Those of them that confirm, and how their scores make a verdict.
  public var confirming: [String]
  /// How the scores of confirming judges make one verdict.
  public var rule: VerdictRule

  public init(run: String, models: [Model], judges: [String], confirming: [String], rule: VerdictRule) {
    self.run = run
    self.models = models
    self.judges = judges
    self.confirming = confirming
    self.rule = rule
  }
}
