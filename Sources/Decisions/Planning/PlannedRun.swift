import Core

/// What a run would ask, as far as it is known before anything was asked.
public struct PlannedRun: Sendable {
  /// Attacks of the suite file, copies marked.
  public var attacks: [SuiteAttack]
  /// First responses for each attack and model.
  public var responses: Int
  /// Whether attacks that look newly broken are asked again.
  public var looksTwice: Bool
  /// Responses of the second look for each suspect and model, by the number of suspects.
  public var secondLook: @Sendable (_ suspects: Int) -> Int
  /// Whether asking ends where every check is decided.
  public var stopsEarly: Bool
  /// Attacks that a portion of the suite has at least where it is asked only as far as needed.
  public var portion: Int
  /// Harmless questions.
  public var questions: Int
  /// Responses to each of them, of each model.
  public var questionResponses: Int
  /// Mean tokens of a harmless question; nil for that of the attacks.
  public var questionTokens: Double?
  /// Whether there is a second model that the candidate is held against.
  public var hasBaseline: Bool
  /// Known weaknesses of the control.
  public var weaknesses: Int
  /// What models that rewrite attacks are asked, by the part that each plays.
  public var rewritings: [String: Rewriting] = [:]
  /// Nil where nothing is searched for.
  public var search: Search?
  /// Nil where nothing is safety-tuned.
  public var tuning: Tuning?
  /// What everything random derives from, simulations included.
  public var seed: UInt64

  /// What one model is asked that rewrites attacks: at most, since the ledger may have some of it.
  public struct Rewriting: Sendable {
    /// Attacks to rewrite.
    public var requests: Int
    /// Mean tokens of one request.
    public var tokens: Double

    public init(requests: Int, tokens: Double) { (self.requests, self.tokens) = (requests, tokens) }
  }

  /// What the attacker may spend.
  public struct Search: Sendable {
    /// Responses of one restart on one model, confirmation included.
    public var responses: Int
    /// Searches on each role, each with a seed of its own.
    public var restarts: Int
    /// Roles that are searched on.
    public var roles: [Role]
    /// What confirms a claim.
    public var confirmation: ConfirmationRule
    /// Turns that a driver writes for each answer.
    public var turnsPerAnswer: Double

    public init(
      responses: Int, restarts: Int, roles: [Role], confirmation: ConfirmationRule, turnsPerAnswer: Double = 1
    ) {
      self.turnsPerAnswer = turnsPerAnswer
      (self.responses, self.restarts) = (responses, restarts)
      (self.roles, self.confirmation) = (roles, confirmation)
    }
  }

  /// What safety tuning and its comparison ask of each of the models that it compares.
  public struct Tuning: Sendable {
    /// The untuned model and its variants, those of further rounds included.
    public var models: Int
    /// Searches on each: methods times restarts.
    public var searches: Int
    /// Responses of one search, confirmation included, and of the proposals that it is measured by.
    public var searchResponses: Int
    /// Proposals of one search that are asked anew, with all their responses.
    public var proposals: Int
    /// Quiz and harmless questions, with all their responses.
    public var questions: Int

    public init(models: Int, searches: Int, searchResponses: Int, proposals: Int, questions: Int) {
      (self.models, self.searches, self.searchResponses) = (models, searches, searchResponses)
      (self.proposals, self.questions) = (proposals, questions)
    }
  }

  /// A suite and nothing else.
  public init(
    attacks: [SuiteAttack], responses: Int, hasBaseline: Bool, stopsEarly: Bool = false, seed: UInt64 = 1
  ) {
    self.attacks = attacks
    self.responses = responses
    self.hasBaseline = hasBaseline
    self.stopsEarly = stopsEarly
    self.seed = seed
    looksTwice = false
    secondLook = { _ in 0 }
    portion = 1
    questions = 0
    questionResponses = 1
    weaknesses = 0
  }
}
