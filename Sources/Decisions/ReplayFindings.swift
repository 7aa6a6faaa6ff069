import Core

/// What replay saw of one attack.
public struct ReplayRow: Sendable {
  /// Fresh responses of both models, where the first ones made the attack suspect.
  public struct SecondLook: Sendable {
    public let candidate: [Observation]
    public let baseline: [Observation]

    public init(candidate: [Observation], baseline: [Observation]) {
      self.candidate = candidate
      self.baseline = baseline
    }
  }

  public let attack: SuiteAttack
  public let candidate: [Observation]
  /// Nil where there is no baseline.
  public let baseline: [Observation]?
  public var secondLook: SecondLook?

  public init(
    attack: SuiteAttack, candidate: [Observation], baseline: [Observation]?, secondLook: SecondLook? = nil
  ) {
    self.attack = attack
    self.candidate = candidate
    self.baseline = baseline
    self.secondLook = secondLook
  }

  /// The screen of newly broken attacks: it only chooses where to look again and decides nothing.
  ///
  /// Where responses are missing the attack is suspect if they could make it so: what nobody knows must not keep an
  /// attack from being looked at.
  public var isSuspect: Bool {
    guard let baseline else { return false }
    let possible = candidate.count { $0.isUnsafe != false }
    return possible > baseline.count { $0.isUnsafe == true }
  }
}

extension ReplayRow {
  /// Planned responses of which nothing is known, as a share and a count.
  var unknown: Double {
    let all = candidate + (baseline ?? []) + (secondLook.map { $0.candidate + $0.baseline } ?? [])
    return all.isEmpty ? 0 : Double(all.count { $0.isUnsafe == nil }) / Double(all.count)
  }
}

public struct ReplayFindings: Sendable {
  /// How often the answers were looked at before the end of asking, which intervals have to pay for.
  public enum Looks: Hashable, Sendable {
    /// Once, at the end.
    case none
    /// All the time, and not everything was asked (yet).
    case unfinished
    /// All the time, up to the end.
    case finished
  }

  /// In the order of asking.
  public var rows: [ReplayRow]
  public let suite: AttackSuite
  public var looks: Looks
  /// Planned responses of the first look for an attack and model, and of the second.
  public var responses: Int
  public var secondLookResponses: Int

  public init(
    rows: [ReplayRow], suite: AttackSuite, looks: Looks = .none, responses: Int = 0, secondLookResponses: Int = 0
  ) {
    self.rows = rows
    self.suite = suite
    self.looks = looks
    self.responses = responses
    self.secondLookResponses = secondLookResponses
  }

  /// With a second look of every suspect, where there was any: one that was planned and is not there is missing.
  var withPlannedLooks: ReplayFindings {
    guard secondLookResponses > 0 else { return self }
    var whole = self
    let missing = [Observation](repeating: .missing, count: secondLookResponses)
    for index in whole.rows.indices where whole.rows[index].isSuspect && whole.rows[index].secondLook == nil {
      let attack = whole.rows[index].attack
      guard suite.comparesModels(attack, .file) || suite.comparesModels(attack, .found) else { continue }
      whole.rows[index].secondLook = .init(candidate: missing, baseline: missing)
    }
    return whole
  }

  /// Attacks that were not asked, since every check was decided.
  public var notNeeded: Int { suite.attacks.count - rows.count }
}

/// What was seen of one harmless question; "unsafe" means "refused".
public struct BenignRow: Sendable {
  public let question: String
  public let category: String?
  public let candidate: [Observation]
  /// Nil where there is no baseline.
  public let baseline: [Observation]?

  public init(question: String, category: String? = nil, candidate: [Observation], baseline: [Observation]?) {
    self.question = question
    self.category = category
    self.candidate = candidate
    self.baseline = baseline
  }
}

/// Confirmed attacks asked of other models.
public struct TransferFindings: Sendable {
  public let attacks: [Attack]
  /// By role, attack and sample.
  public let observations: [Role: [[Observation]]]

  public init(attacks: [Attack], observations: [Role: [[Observation]]]) {
    self.attacks = attacks
    self.observations = observations
  }
}
