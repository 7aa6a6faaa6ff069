/// What keeps a check from deciding, and what a revealed report shows.
extension RunSummary {
  /// A failing check that somebody answers for, until a day.
  public struct Waiver: Hashable, Codable, Sendable {
    public var reason: String
    public var owner: String
    /// The last day on which it holds (UTC), as `2026-12-31`.
    public var until: String

    public init(reason: String, owner: String, until: String) {
      self.reason = reason
      self.owner = owner
      self.until = until
    }
  }

  /// Whether a check decides.
  public enum Tier: String, Hashable, Codable, Sendable, CaseIterable {
    case blocking
    /// Reported, and never decides.
    case advisory
  }

  /// An attack with its text and what the models answered, where somebody asked for that.
  public struct RevealedAttack: Hashable, Codable, Sendable {
    public var id: AttackID
    public var category: String?
    /// `newly broken`, `found`, or `suite`.
    public var origin: String
    public var prompt: String
    public var responses: [RevealedResponse]

    public init(id: AttackID, category: String?, origin: String, prompt: String, responses: [RevealedResponse]) {
      self.id = id
      self.category = category
      self.origin = origin
      self.prompt = prompt
      self.responses = responses
    }
  }

  public struct RevealedResponse: Hashable, Codable, Sendable {
    public var role: String
    public var text: String
    /// The judge's, the mean over its members; nil where it gave none.
    public var score: Double?

    public init(role: String, text: String, score: Double?) {
      self.role = role
      self.text = text
      self.score = score
    }
  }

  /// The failing checks that a waiver keeps from blocking.
  public var waived: [CheckResult] { checks.filter(\.isWaived) }
}

extension RunSummary.CheckResult {
  /// Only a failure can be waived: what isn't known stays unknown.
  public var isWaived: Bool { verdict == .fail && waiver != nil && !isAdvisory }

  public var isAdvisory: Bool { tier == .advisory }

  /// Whether the verdict rests on it.
  public var decides: Bool { !isAdvisory && !isWaived }
}
