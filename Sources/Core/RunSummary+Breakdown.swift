extension RunSummary {
  /// Replay ASR of one category on both models.
  public struct CategoryRow: Hashable, Codable, Sendable {
    /// The category's name in the suite.
    public var category: String
    /// Attacks of the category that the suite has.
    public var attacks: Int
    /// Success rate on the candidate; nil where no response has a verdict.
    public var candidate: Estimate?
    /// The same on the baseline; nil without one.
    public var baseline: Estimate?
    /// Attacks that the baseline resists and the candidate does not.
    public var newlyBroken: Int
    /// How bad a success is here, by the policy; nil where it says nothing of it.
    public var weight: Double?

    public init(
      category: String, attacks: Int, candidate: Estimate?, baseline: Estimate?, newlyBroken: Int,
      weight: Double? = nil
    ) {
      self.category = category
      self.attacks = attacks
      self.candidate = candidate
      self.baseline = baseline
      self.newlyBroken = newlyBroken
      self.weight = weight
    }
  }

  /// Share of the suite's attacks that succeed within a number of tries, on both models, as the judge saw it.
  public struct TriesRow: Hashable, Codable, Sendable {
    /// Responses that one attack may use up.
    public var tries: Int
    /// Attacks that have so many responses, on which the shares rest.
    public var attacks: Int
    /// Share on the candidate; nil where no response has a verdict.
    public var candidate: Estimate?
    /// The same on the baseline; nil without one.
    public var baseline: Estimate?

    public init(tries: Int, attacks: Int, candidate: Estimate?, baseline: Estimate?) {
      self.tries = tries
      self.attacks = attacks
      self.candidate = candidate
      self.baseline = baseline
    }
  }

  /// Replay ASR of what one transform made of the suite, on both models.
  public struct TransformRow: Hashable, Codable, Sendable {
    /// Nil for the attacks as they were written.
    public var transform: String?
    /// Attacks as the transform rewrote them.
    public var attacks: Int
    /// Success rate on the candidate; nil where no response has a verdict.
    public var candidate: Estimate?
    /// The same on the baseline; nil without one.
    public var baseline: Estimate?
    /// Rewritten attacks that the baseline resists and the candidate does not.
    public var newlyBroken: Int

    public init(transform: String?, attacks: Int, candidate: Estimate?, baseline: Estimate?, newlyBroken: Int) {
      self.transform = transform
      self.attacks = attacks
      self.candidate = candidate
      self.baseline = baseline
      self.newlyBroken = newlyBroken
    }
  }
}
