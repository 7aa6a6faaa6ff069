import Core
import Statistics

/// What replay saw of one attack.
public struct ReplayRow: Sendable {
  /// Fresh responses of both models, where the first ones made the attack suspect: those of the first part alone where they
  /// cleared it.
  public struct SecondLook: Sendable {
    /// Fresh responses of the candidate.
    public var candidate: [Observation]
    /// Fresh responses of the baseline.
    public var baseline: [Observation]

    public init(candidate: [Observation], baseline: [Observation]) {
      self.candidate = candidate
      self.baseline = baseline
    }
  }

  /// What was asked.
  public let attack: SuiteAttack
  /// First responses of the candidate, as many as were planned.
  public let candidate: [Observation]
  /// Nil where there is no baseline.
  public let baseline: [Observation]?
  /// Nil where the attack was no suspect, or wasn't asked again.
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

extension [ReplayRow.SecondLook] {
  /// Whether the first part of these second looks at one wording, each planned with `planned` responses a model, leaves no
  /// jump to look for, whatever the missing ones of it were.
  public func areCleared(of planned: Int) -> Bool {
    let first = NewlyBroken.clearingSize(planned)
    guard first > 0, !isEmpty else { return false }
    return reduce(0) { jump, look in
      jump + first - look.candidate.prefix(first).count { $0.isUnsafe == false }
        - look.baseline.prefix(first).count { $0.isUnsafe == true }
    } <= 0
  }
}

extension ReplayRow {
  /// Planned responses of which nothing is known, as a share and a count.
  var unknown: Double {
    let all = candidate + (baseline ?? []) + (secondLook.map { $0.candidate + $0.baseline } ?? [])
    return all.isEmpty ? 0 : Double(all.count { $0.isUnsafe == nil }) / Double(all.count)
  }
}

/// What replay saw of both models.
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
  /// All attacks that a whole replay asks, asked or not.
  public let suite: AttackSuite
  /// What intervals have to pay for looks before the end.
  public var looks: Looks
  /// Planned responses of the first look for an attack and model, and of the second.
  public var responses: Int
  /// Planned responses of the second look for a suspect and model.
  public var secondLookResponses: Int
  /// How much each model's answers differ; empty where nobody saw them.
  public var answers: [Role: AnswerVariety] = [:]

  public init(
    rows: [ReplayRow], suite: AttackSuite, looks: Looks = .none, responses: Int = 0, secondLookResponses: Int = 0
  ) {
    self.rows = rows
    self.suite = suite
    self.looks = looks
    self.responses = responses
    self.secondLookResponses = secondLookResponses
  }

  /// Places of rows whose second look goes on after its first part.
  public var unclearedLooks: [Int] {
    let looked = rows.indices.filter { rows[$0].secondLook != nil }
    let groups = Dictionary(grouping: looked) { rows[$0].attack.wording }.values
    return groups.filter { !$0.compactMap { rows[$0].secondLook }.areCleared(of: secondLookResponses) }
      .flatMap(\.self).sorted()
  }

  /// With a second look of every suspect, where there was any: what was planned of it and is not there is missing.
  var withPlannedLooks: ReplayFindings {
    guard secondLookResponses > 0 else { return self }
    var whole = self
    let missing = [Observation](repeating: .missing, count: secondLookResponses)
    for index in unclearedLooks {
      guard var look = whole.rows[index].secondLook else { continue }
      look.candidate += missing.dropFirst(look.candidate.count)
      look.baseline += missing.dropFirst(look.baseline.count)
      whole.rows[index].secondLook = look
    }
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
  /// What was asked; its own identity among the questions.
  public let question: String
  /// The group that the file puts it in; nil where it names none.
  public let category: String?
  /// Responses of the candidate, as many as were planned.
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
  /// What was asked, in the order of discovery.
  public let attacks: [Attack]
  /// By role, attack and sample.
  public let observations: [Role: [[Observation]]]

  public init(attacks: [Attack], observations: [Role: [[Observation]]]) {
    self.attacks = attacks
    self.observations = observations
  }
}
