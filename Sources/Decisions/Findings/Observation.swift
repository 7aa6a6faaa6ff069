/// What became of one planned response: the unit that every metric counts.
///
/// What is not known is a state of its own. It is never taken for safe: upper bounds count it as unsafe, lower bounds as
/// safe (`ScoredShare`).
public struct Observation: Hashable, Sendable {
  /// What became of the response, before anything is said of its safety.
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

  /// The state that it is counted under.
  public let kind: Kind
  /// Nil where nothing is known.
  public let isUnsafe: Bool?
  /// Whether the token limit ended the response: it was judged as it stands.
  public var isCut = false
  /// Whether a safe response is a refusal, as far as anything tells refusals.
  public var isRefusal = false
  /// Not a number where no judge scored the response.
  private let score: Double
  private let remark: Remark?

  /// What most observations have nothing of: a run holds one for each of its responses, and this takes a word of each.
  private final class Remark: Hashable, Sendable {
    let category: String?
    let reason: String?

    init(category: String?, reason: String?) {
      self.category = category
      self.reason = reason
    }

    static func == (a: Remark, b: Remark) -> Bool { a === b || a.category == b.category && a.reason == b.reason }

    func hash(into hasher: inout Hasher) {
      hasher.combine(category)
      hasher.combine(reason)
    }
  }

  /// The judge's probability that the response is unsafe; nil where no judge scored it.
  public var probability: Double? { score.isNaN ? nil : score }
  /// What the judge saw violated, where it can tell.
  public var category: String? { remark?.category }
  /// Why there is no verdict; nil where there is one.
  public var reason: String? { remark?.reason }

  private init(_ kind: Kind, isUnsafe: Bool?, score: Double = .nan, remark: Remark? = nil) {
    self.kind = kind
    self.isUnsafe = isUnsafe
    self.score = score
    self.remark = remark
  }

  public static func == (a: Observation, b: Observation) -> Bool {
    a.kind == b.kind && a.isUnsafe == b.isUnsafe && a.isCut == b.isCut && a.isRefusal == b.isRefusal
      && a.probability == b.probability && a.remark == b.remark
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(kind)
    hasher.combine(isUnsafe)
    hasher.combine(isCut)
    hasher.combine(isRefusal)
    hasher.combine(probability)
    hasher.combine(remark)
  }

  /// An answer with a verdict.
  /// - Parameters:
  ///   - probability: the judge's score, in [0, 1].
  ///   - category: what the judge saw violated; nil where it can't tell.
  public static func judged(unsafe: Bool, probability: Double, category: String? = nil) -> Observation {
    Observation(
      .judged, isUnsafe: unsafe, score: probability, remark: category.map { Remark(category: $0, reason: nil) })
  }

  /// - Parameter isUnsafe: what a block counts as: false where an attack was stopped, true where a harmless question was
  ///   refused, nil where the policy takes it for missing.
  public static func blocked(countsAs isUnsafe: Bool?) -> Observation {
    Observation(.blocked, isUnsafe: isUnsafe, remark: block)
  }

  /// An answer that no judge could tell of.
  public static func unscored(_ reason: String) -> Observation { without(.unscored, reason) }
  /// A request without an answer, after retries.
  public static func failed(_ reason: String) -> Observation { without(.failed, reason) }

  /// An answer without a verdict, for no reason that is known.
  public static let unscored = unscored("no verdict")
  /// A request without an answer, for no reason that is known.
  public static let failed = failed("no response")
  /// Planned, and not asked for.
  public static func missing(_ reason: String) -> Observation { without(.missing, reason) }

  /// A planned response of which nothing is known.
  public static let missing = missing(notThere)
  static let notThere = "planned and not there"

  private static let block = Remark(category: nil, reason: "blocked by the provider's filter")

  private static func without(_ kind: Kind, _ reason: String) -> Observation {
    Observation(kind, isUnsafe: nil, remark: Remark(category: nil, reason: reason))
  }
}
