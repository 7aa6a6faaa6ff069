import Core

/// What a check is likely to say of models below, at and above its limit.
public struct CheckForecast: Codable, Hashable, Sendable {
  /// A model with this true value, and the chances of each answer.
  public struct Chance: Codable, Hashable, Sendable {
    public let truth: Double
    public let pass: Double
    public let fail: Double
    public let inconclusive: Double

    public init(truth: Double, pass: Double, fail: Double, inconclusive: Double) {
      (self.truth, self.pass, self.fail, self.inconclusive) = (truth, pass, fail, inconclusive)
    }
  }

  /// What a suite has to have for the best of the models to pass with a chance of 80 %.
  public struct Need: Codable, Hashable, Sendable {
    /// `clusters` of attacks, or `questions`.
    public let unit: String
    public let count: Int
    /// Attacks or questions in so many.
    public let items: Int
    /// What the suite has.
    public let present: Int
    public let presentItems: Int
  }

  public let name: String
  public let limit: Limit
  /// From the best model to the worst; empty where `remark` says why.
  public let chances: [Chance]
  /// Nil where no size of the suite decides, or nothing was simulated.
  public let need: Need?
  public let remark: String?

  init(_ check: Check, chances: [Chance] = [], need: Need? = nil, remark: String? = nil) {
    name = check.name
    limit = check.limit
    (self.chances, self.need, self.remark) = (chances, need, remark)
  }
}
