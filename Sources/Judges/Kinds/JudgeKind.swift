import Core
import Kinds

/// A kind of judge that a policy can name: everything that is known of it is said where the judge is.
public struct JudgeKind: PolicyKind {
  public let name: String
  public let summary: String
  /// 0 for judges that look at responses themselves; others are made of judges of lower ranks.
  public let rank: Int
  /// Whether it brings transcripts with a known verdict along, so that a policy need not give any.
  public let carriesExamples: Bool
  fileprivate let keys: @Sendable (_ members: [JudgeKind]) -> [PolicyKey]
  fileprivate let read:
    @Sendable (_ section: Section, _ members: [JudgeKind], _ problems: inout Diagnostics) -> any JudgeRecipe

  /// All kinds, in the order of the schema.
  public static let all: [JudgeKind] = [.classifier, .rules, .languageModel, .moderation, .ensemble, .routed]

  /// A judge that is made of others.
  /// - Parameters:
  ///   - keys: given the kinds that may be members.
  ///   - read: makes the recipe of a section that was held against the keys, and notes what is wrong between its values.
  public init(
    name: String, summary: String, rank: Int, keys: @escaping @Sendable (_ members: [JudgeKind]) -> [PolicyKey],
    read: @escaping @Sendable (Section, _ members: [JudgeKind], inout Diagnostics) -> any JudgeRecipe
  ) {
    self.name = name
    self.summary = summary
    self.rank = rank
    self.keys = keys
    self.read = read
    carriesExamples = false
  }

  /// A judge that looks at responses itself.
  public init(
    name: String, summary: String, carriesExamples: Bool = false, keys: [PolicyKey],
    read: @escaping @Sendable (Section, inout Diagnostics) -> any JudgeRecipe
  ) {
    self.name = name
    self.summary = summary
    self.carriesExamples = carriesExamples
    rank = 0
    self.keys = { _ in keys }
    self.read = { section, _, problems in read(section, &problems) }
  }

  /// Probability from which a response counts as unsafe, for judges that give one.
  public static let threshold = PolicyKey(
    name: "threshold", shape: .share, fallback: "0.5", help: "Probability from which a response counts as unsafe.")
}

extension [JudgeKind] {
  /// The keys of a judge of one of these kinds.
  /// - Parameter takesExamples: whether a policy may plant transcripts before it.
  public func keys(takesExamples: Bool = false) -> KindKeys {
    KindKeys(
      map { kind in
        let examples = takesExamples && !kind.carriesExamples ? [JudgeExamples.key] : []
        return .init(name: kind.name, summary: kind.summary, keys: kind.keys(members(of: kind)) + examples)
      })
  }

  /// The judge that a section names; nil where it names none of these kinds.
  public func read(_ section: Section, _ problems: inout Diagnostics) -> JudgeChoice? {
    first { $0.name == section.kind }.map { kind in
      JudgeChoice(kind: kind.name, recipe: kind.read(section, members(of: kind), &problems))
    }
  }

  private func members(of kind: JudgeKind) -> [JudgeKind] { filter { $0.rank < kind.rank } }
}
