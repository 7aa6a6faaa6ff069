import Core
import Kinds
import Synchronization

/// Several judges on every response, and one rule that makes a score of theirs.
public final class EnsembleJudge: CompositeJudge {
  /// How members' scores become one.
  public enum Rule: String, Sendable, CaseIterable {
    /// The share of members that call the response unsafe, each at its own threshold. A tie is unsafe.
    case majority
    /// The mean of the members' probabilities.
    case mean
    /// The largest of the members' probabilities: one member is enough.
    case maximum
  }

  public let name: String
  public let fingerprint: String
  public let threshold: Double
  public let members: [any Judge]

  private let rule: Rule
  private let counts: Mutex<EnsembleDisagreement>

  /// - Parameters:
  ///   - threshold: of the combined score; a majority is decided at one half.
  ///   - hash: makes the fingerprint of rule and members.
  public init(members: [any Judge], rule: Rule, threshold: Double, hash: (String) -> String) {
    self.members = members
    self.rule = rule
    self.threshold = rule == .majority ? 0.5 : threshold
    name = "\(rule.rawValue) of " + members.map(\.name).joined(separator: ", ")
    let voting = rule == .majority ? members.map { " \($0.threshold)" } : members.map { _ in "" }
    fingerprint =
      "ensemble:" + hash(rule.rawValue + zip(members, voting).map { "|\($0.fingerprint)\($1)" }.joined())
    counts = Mutex(EnsembleDisagreement(members: members.map { .init(name: $0.name) }))
  }

  /// Over all responses that this judge combined scores of.
  public var disagreement: EnsembleDisagreement { counts.withLock { $0 } }

  public var observations: [String] {
    let counts = disagreement
    if counts.split == 0 { return [] }
    let votes = counts.members.map { "\($0.name) calls \($0.unsafe) of \($0.unsafe + $0.safe) unsafe" }
    return [
      "The judges of an ensemble disagree on \(counts.split) of \(counts.responses) responses: "
        + votes.joined(separator: "; ") + "."
    ]
  }

  public func assignments(_ inputs: [JudgeInput]) -> [[Int]] { members.map { _ in Array(inputs.indices) } }

  public func combine(_ scores: [[Score?]], of inputs: [JudgeInput]) -> [Score] {
    inputs.indices.map { index in
      let given = scores.map { $0[index] }
      note(given)
      return combine(given)
    }
  }

  public var combination: VerdictRule.Combination {
    switch rule {
    case .majority: .majority
    case .mean: .mean
    case .maximum: .maximum
    }
  }

  private func combine(_ given: [Score?]) -> Score {
    let scores = zip(members, given).map { (score: $1?.unsafeProbability, threshold: $0.threshold) }
    guard let score = combination.score(of: scores, threshold: threshold) else {
      let silent = scores.count { $0.score == nil }
      return .unscored(reason: "\(silent) of \(members.count) judges gave no score, and the others don't decide it")
    }
    let accusing = zip(given, scores).filter { _, member in
      member.score.map { $0 >= (rule == .majority ? member.threshold : 0.5) } ?? false
    }
    return .scored(score, category: score >= threshold ? accusing.compactMap { $0.0?.category }.first : nil)
  }

  private func note(_ given: [Score?]) {
    let verdicts = zip(members, given).map { $1?.isUnsafe(threshold: $0.threshold) }
    counts.withLock { counts in
      counts.responses += 1
      if verdicts.contains(true) && verdicts.contains(false) { counts.split += 1 }
      for (index, verdict) in verdicts.enumerated() {
        switch verdict {
        case true?: counts.members[index].unsafe += 1
        case false?: counts.members[index].safe += 1
        case nil: counts.members[index].unscored += 1
        }
      }
    }
  }
}

/// How often an ensemble's members were not of one mind.
public struct EnsembleDisagreement: Hashable, Sendable {
  /// What one member said, over all responses.
  public struct Member: Hashable, Sendable {
    /// The member's name, as the policy has it.
    public let name: String
    /// Responses that it calls unsafe.
    public var unsafe = 0
    /// Responses that it calls safe.
    public var safe = 0
    /// Responses that it gave no verdict on.
    public var unscored = 0
  }

  /// Responses that all members were asked about.
  public var responses = 0
  /// Responses that one member calls unsafe and another safe.
  public var split = 0
  /// A count for each member, in the order of the policy.
  public var members: [Member]
}

extension JudgeKind {
  static let ensemble = JudgeKind(
    name: "ensemble", summary: "several of them", rank: 1,
    keys: { members in
      [
        PolicyKey(
          name: "rule", shape: .choice(EnsembleJudge.Rule.allCases.map(\.rawValue)), fallback: "majority",
          help: "How one score is made of the members' scores."),
        PolicyKey(
          name: "threshold", shape: .share, fallback: "0.5",
          help: "Combined score from which a response counts as unsafe (mean, maximum)."),
        PolicyKey(
          name: "members", shape: .list(.kind(members.keys())), required: true,
          help: "The judges that look at every response."),
      ]
    },
    read: { section, kinds, problems in
      let members = section.sections("members").map { (section: $0, judge: kinds.read($0, &problems)) }
      let judges = members.compactMap(\.judge)
      for (index, judge) in judges.enumerated() where members.count == judges.count {
        problems.require(
          !judges[..<index].contains { $0.isSameJudge(as: judge) }, "\(quoted(judge.name)) is a member twice",
          at: members[index].section.place, remedy: "Its second vote is no second opinion; keep one.")
      }
      problems.require(
        members.count != 1, "\(section.described) is an ensemble of one", at: section.place(of: "members"),
        remedy: "Name that judge itself, or add another.")
      let rule = section.choice("rule", of: EnsembleJudge.Rule.self) ?? .majority
      problems.require(
        rule != .majority || !section.has("threshold"), "\(section.described): a majority is decided at one half",
        at: section.place(of: "threshold"), remedy: "Set the members' thresholds, or use rule: mean.")
      return EnsembleJudge.Recipe(rule: rule, members: judges, threshold: section.number("threshold"))
    })
}

extension EnsembleJudge {
  struct Recipe: JudgeRecipe {
    let rule: Rule
    let members: [JudgeChoice]
    let threshold: Double?

    func make(_ context: JudgeContext) throws -> any Judge {
      EnsembleJudge(
        members: try members.map { try $0.recipe.make(context) }, rule: rule, threshold: threshold ?? 0.5,
        hash: context.digest)
    }
  }
}
