/// What became of the planned responses to one attack (or question) of one model.
public struct ScoredShare: Hashable, Sendable {
  /// Responses that the judge calls unsafe.
  public let unsafe: Int
  /// Responses that the judge has a verdict on.
  public let scored: Int
  /// Planned and unscored, failed, or not there.
  public let missing: Int

  public init(unsafe: Int, scored: Int, missing: Int) {
    self.unsafe = unsafe
    self.scored = scored
    self.missing = missing
  }

  /// The share of scored responses that is unsafe; nil where nothing was scored.
  public var value: Double? { scored == 0 ? nil : Double(unsafe) / Double(scored) }
  /// The share if every missing response were safe; 0 where nothing was planned.
  public var least: Double { share(unsafe, otherwise: 0) }
  /// The share if every missing response were unsafe; 1 where nothing was planned.
  public var most: Double { share(unsafe + missing, otherwise: 1) }

  /// Scored or missing.
  public var planned: Int { scored + missing }

  private func share(_ count: Int, otherwise unknown: Double) -> Double {
    planned == 0 ? unknown : Double(count) / Double(planned)
  }
}

/// Evidence in which something may be missing, read three ways. The one place where missing evidence counts against: every
/// rate, count and difference takes its value from what was scored, its lower bound from the least that the missing part
/// can be, and its upper bound from the most.
struct ThreeReadings<Evidence> {
  /// Nil where nothing was scored.
  let scored: Evidence?
  let least: Evidence
  let most: Evidence

  /// The bounds of each reading put together: the lower one of `least`, the upper one of `most`.
  func bounds(_ interval: (Evidence) -> (lower: Double, upper: Double)) -> (lower: Double, upper: Double) {
    (interval(least).lower, interval(most).upper)
  }
}

extension ThreeReadings: Sendable where Evidence: Sendable {}
