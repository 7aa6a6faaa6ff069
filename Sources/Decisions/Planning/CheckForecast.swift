import Core

/// What a check is likely to say of models below, at and above its limit.
public struct CheckForecast: Codable, Hashable, Sendable {
  /// A model with this true value, and the chances of each answer.
  public struct Chance: Codable, Hashable, Sendable {
    /// The metric's true value, in its unit.
    public let truth: Double
    /// Chance that the check passes, between 0 and 1.
    public let pass: Double
    /// Chance that it fails.
    public let fail: Double
    /// Chance that it stays open.
    public let inconclusive: Double

    public init(truth: Double, pass: Double, fail: Double, inconclusive: Double) {
      (self.truth, self.pass, self.fail, self.inconclusive) = (truth, pass, fail, inconclusive)
    }
  }

  /// What a suite has to have for the best of the models to pass with a chance of 80 %.
  public struct Need: Codable, Hashable, Sendable {
    /// `clusters` of attacks, or `questions`.
    public let unit: String
    /// As many of the unit as it takes.
    public let count: Int
    /// Attacks or questions in so many.
    public let items: Int
    /// What the suite has.
    public let present: Int
    /// Attacks or questions that the suite has.
    public let presentItems: Int
  }

  /// The check's name, unique in the policy.
  public let name: String
  /// The bound that it is held to.
  public let limit: Limit
  /// From the best model to the worst; empty where `remark` says why.
  public let chances: [Chance]
  /// Nil where no size of the suite decides, or nothing was simulated.
  public let need: Need?
  /// Why nothing is forecast, or what limits the forecast; nil where nothing does.
  public let remark: String?

  init(_ check: Check, chances: [Chance] = [], need: Need? = nil, remark: String? = nil) {
    name = check.name
    limit = check.limit
    (self.chances, self.need, self.remark) = (chances, need, remark)
  }
}
