extension RunSummary {
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
      /// Claimed attacks that were not asked again, since the budget was used up; nil in summaries of older versions.
      public var unasked: Int?

      public init(
        index: Int, responses: Int, claimed: Int, confirmed: Int, unique: Int, curve: [Point] = [], unasked: Int? = nil
      ) {
        self.index = index
        self.responses = responses
        self.claimed = claimed
        self.confirmed = confirmed
        self.unique = unique
        self.curve = curve
        self.unasked = unasked
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
}
