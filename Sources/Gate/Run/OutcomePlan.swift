import Core
import Kinds
import Suites

/// The attacks of the suite file, held against what outcomes from elsewhere are about.
struct OutcomePlan: Sendable {
  /// How many attacks the suite file has.
  private let planned: Int
  /// How many the outcomes are about.
  private let asked: Int
  /// By the identifiers of the outcomes.
  private let known: [String: Attack]
  /// Attacks of the suite file that no outcome is about: their responses are missing.
  let missing: [Attack]
  /// How many attacks of the suite the outcomes may be about under names that the suite doesn't have, where they call none by its
  /// own; else nil. Which ones are missing is unknown then, not how many there are at least.
  private let untold: Int?

  /// - Parameters:
  ///   - suite: empty where nobody knows what was planned.
  ///   - outcomes: on attacks, of any role.
  init(_ suite: [Attack], _ outcomes: [Outcome]) {
    var byName: [String: Attack] = [:]
    for attack in suite { (byName[attack.id.text], byName[attack.prompt]) = (attack, attack) }
    var known: [String: Attack] = [:]
    for outcome in outcomes {
      let names = [outcome.prompt.map { AttackID(prompt: $0).text }, outcome.id].compactMap(\.self)
      if let attack = names.lazy.compactMap({ byName[$0] }).first { known[outcome.id] = attack }
    }
    known.merge(Self.called(otherwise: outcomes, byName, known)) { exact, _ in exact }
    let found = Set(known.values.map(\.id))
    self.known = known
    planned = suite.count
    asked = Set(outcomes.map(\.id)).count
    // Where every outcome says what was asked, what it doesn't say was not asked.
    let nameless = Set(outcomes.filter { $0.prompt == nil }.map(\.id)).count
    untold = !suite.isEmpty && found.isEmpty && nameless > 0 ? min(nameless, suite.count) : nil
    missing = untold.map { Array(suite.dropFirst($0)) } ?? suite.filter { !found.contains($0.id) }
  }

  /// Attacks of the suite that no outcome calls by its prompt or identifier, by the one outcome that calls them by another of its names.
  /// A name that several have, such as the words that many conversations end in, is nobody's.
  private static func called(
    otherwise outcomes: [Outcome], _ byName: [String: Attack], _ known: [String: Attack]
  ) -> [String: Attack] {
    let taken = Set(known.values.map(\.id))
    var names: [String: [Attack]] = [:]
    for outcome in outcomes where known[outcome.id] == nil && names[outcome.id] == nil {
      names[outcome.id] = outcome.otherNames.compactMap { byName[$0] }.filter { !taken.contains($0.id) }
    }
    var claims: [AttackID: Set<String>] = [:]
    for (id, attacks) in names { for attack in attacks { claims[attack.id, default: []].insert(id) } }
    return names.compactMapValues { attacks in attacks.first { claims[$0.id]?.count == 1 } }
  }

  /// The suite's attack that an outcome is about; nil where the suite doesn't have it.
  func attack(_ id: String) -> Attack? { known[id] }

  /// What a reader has to know of how the outcomes meet the suite; nothing where they meet in full.
  /// - Parameter path: of the suite file.
  func notices(_ path: String) -> [String] {
    if planned == 0 { return [] }
    if let untold {
      return [
        "The outcomes call none of the \(counted(planned, "attack")) in \(path) by its identifier or prompt, so nobody can tell "
          + "which are missing: give each line its prompt."
          + (missing.isEmpty
            ? ""
            : " At least \(missing.count) must be, since the lines without one can mean \(untold) at most; that many count "
              + "against a pass.")
      ]
    }
    let strangers = asked - known.count
    if missing.isEmpty && strangers == 0 { return [] }
    let met = planned - missing.count
    var sentence = "Of the \(counted(planned, "attack")) in \(path) the outcomes are about \(met)"
    if !missing.isEmpty {
      sentence +=
        "; \(missing.count) \(missing.count == 1 ? "is missing and counts" : "are missing and count") against a pass"
    }
    if strangers > 0 {
      sentence +=
        "; of the \(counted(asked, "attack")) in the outcomes \(strangers) \(strangers == 1 ? "is" : "are") not in it"
    }
    return [
      sentence + "."
        + (met * 2 < planned && strangers > 0
          ? " Where the harness words its prompts otherwise, name a suite with those as suite.seeds." : "")
    ]
  }
}

extension OutcomePlan {
  /// Says that some attacks have fewer responses than others, since what they lack is missing; nothing where all have as many, or
  /// where the policy states how many were planned.
  /// - Parameter stated: `suite.responses`; nil takes the most that any attack of a role has.
  static func unevenness(_ outcomes: [Outcome], stated: Int?) -> [String] {
    if stated != nil { return [] }
    return [Role.candidate, .baseline].compactMap { role in
      let own = outcomes.filter { $0.role == role && $0.look == 1 && !$0.isBenign }
      let counts = Dictionary(grouping: own, by: \.id).values.map(\.count)
      guard let most = counts.max(), let fewest = counts.min(), fewest < most else { return nil }
      let lacking = most * counts.count - own.count
      return "Attacks have \(fewest) to \(most) responses of the \(role), so \(most) were planned for each and "
        + counted(lacking, "response") + (lacking == 1 ? " counts" : " count")
        + " as missing; suite.responses states how many were planned."
    }
  }
}
