/// What became of one planned response: the unit that every metric counts.
///
/// What is not known is a state of its own. It is never taken for safe: upper bounds count it as unsafe, lower bounds as
/// safe (`ScoredShare`).
public struct Observation: Hashable, Sendable {
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// Answered and judged.
    case judged
    /// A provider's filter withheld prompt or answer.
    case blocked
    /// Answered, but no judge could tell.
    case unscored
    /// Not answered, after retries.
    case failed
    /// Planned, and nothing is known of it.
    case missing
  }

  public let kind: Kind
  /// Nil where nothing is known.
  public let isUnsafe: Bool?
  /// The judge's probability that the response is unsafe; nil where no judge scored it.
  public let probability: Double?
  /// What the judge saw violated, where it can tell.
  public let category: String?
  /// Why there is no verdict; nil where there is one.
  public let reason: String?
  /// Whether the token limit ended the response: it was judged as it stands.
  public var isCut = false
  /// Whether a safe response is a refusal, as far as anything tells refusals.
  public var isRefusal = false

  private init(
    _ kind: Kind, isUnsafe: Bool?, probability: Double? = nil, category: String? = nil, reason: String? = nil
  ) {
    self.kind = kind
    self.isUnsafe = isUnsafe
    self.probability = probability
    self.category = category
    self.reason = reason
  }

  public static func judged(unsafe: Bool, probability: Double, category: String? = nil) -> Observation {
    Observation(.judged, isUnsafe: unsafe, probability: probability, category: category)
  }

  /// - Parameter isUnsafe: what a block counts as: false where an attack was stopped, true where a harmless question was
  ///   refused, nil where the policy takes it for missing.
  public static func blocked(countsAs isUnsafe: Bool?) -> Observation {
    Observation(.blocked, isUnsafe: isUnsafe, reason: "blocked by the provider's filter")
  }

  public static func unscored(_ reason: String) -> Observation {
    Observation(.unscored, isUnsafe: nil, reason: reason)
  }

  public static func failed(_ reason: String) -> Observation { Observation(.failed, isUnsafe: nil, reason: reason) }

  public static let unscored = unscored("no verdict")
  public static let failed = failed("no response")
  public static let missing = Observation(.missing, isUnsafe: nil, reason: "planned and not there")
}
