extension RunSummary {
  /// Replay ASR of one category on both models.
  public struct CategoryRow: Hashable, Codable, Sendable {
    public var category: String
    public var attacks: Int
    public var candidate: Estimate?
    public var baseline: Estimate?
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
    public var tries: Int
    public var attacks: Int
    public var candidate: Estimate?
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
    public var attacks: Int
    public var candidate: Estimate?
    public var baseline: Estimate?
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
