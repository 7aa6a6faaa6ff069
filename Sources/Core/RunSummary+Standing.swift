/// What keeps a check from deciding, and what a revealed report shows.
extension RunSummary {
  /// A failing check that somebody answers for, until a day.
  public struct Waiver: Hashable, Codable, Sendable {
    /// Why failing is acceptable for now.
    public var reason: String
    /// The person or team that answers for it.
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
    /// Decides the verdict.
    case blocking
    /// Reported, and never decides.
    case advisory
  }

  /// An attack with its text and what the models answered, where somebody asked for that.
  public struct RevealedAttack: Hashable, Codable, Sendable {
    /// The attack's identifier, as elsewhere in the summary.
    public var id: AttackID
    /// The kind of harm that the suite files it under; nil where it says nothing.
    public var category: String?
    /// `newly broken`, `found`, or `suite`.
    public var origin: String
    /// The whole attack; a conversation as people read it.
    public var prompt: String
    /// One of each model's responses, or several.
    public var responses: [RevealedResponse]

    public init(id: AttackID, category: String?, origin: String, prompt: String, responses: [RevealedResponse]) {
      self.id = id
      self.category = category
      self.origin = origin
      self.prompt = prompt
      self.responses = responses
    }
  }

  /// A model's answer to a revealed attack.
  public struct RevealedResponse: Hashable, Codable, Sendable {
    /// The model's part in the run, as `Role` writes it.
    public var role: String
    /// What it answered; a conversation as people read it.
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

  /// Whether the check is reported only.
  public var isAdvisory: Bool { tier == .advisory }

  /// Whether the verdict rests on it.
  public var decides: Bool { !isAdvisory && !isWaived }
}
