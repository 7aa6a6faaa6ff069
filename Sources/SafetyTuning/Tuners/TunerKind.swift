import Core
import Kinds
import Targets

/// A kind of tuner that a policy can name: everything that is known of it is said where the tuner is.
public struct TunerKind: PolicyKind {
  public let name: String
  public let summary: String
  /// What to have ready for it, to complete a remedy: `with …`; empty for nothing.
  public let provision: String
  private let keys: [PolicyKey]
  private let tunes: @Sendable (_ candidate: TargetChoice) -> Bool
  private let read: @Sendable (_ section: Section, _ problems: inout Diagnostics) -> any TunerRecipe

  /// All kinds, in the order of the schema.
  public static let all: [TunerKind] = [.local, .fineTuningAPI, .command]

  /// - Parameters:
  ///   - tunes: whether it can tune such a model.
  ///   - read: makes the recipe of a section that was held against the keys, and notes what is wrong between its values.
  public init(
    name: String, summary: String, provision: String = "", keys: [PolicyKey],
    tunes: @escaping @Sendable (TargetChoice) -> Bool,
    read: @escaping @Sendable (Section, inout Diagnostics) -> any TunerRecipe
  ) {
    self.name = name
    self.summary = summary
    self.provision = provision
    self.keys = keys
    self.tunes = tunes
    self.read = read
  }

  /// Keys that several kinds have.
  static let epochs = PolicyKey(
    name: "epochs", shape: .integer(1...1000), fallback: "2", help: "Passes over the data set.")
  static let timeLimit = PolicyKey(
    name: "time_limit", shape: .duration, fallback: "6h", help: "Longest time for one variant.")

  fileprivate static func keys(_ kinds: [TunerKind]) -> KindKeys {
    KindKeys(kinds.map { .init(name: $0.name, summary: $0.summary, keys: $0.keys) })
  }

  fileprivate func choice(
    _ section: Section, candidate: TargetChoice?, among kinds: [TunerKind], _ problems: inout Diagnostics
  ) -> TunerChoice {
    let recipe = read(section, &problems)
    if let candidate, !tunes(candidate) {
      let able = kinds.filter { $0.tunes(candidate) }.map { kind in
        "kind: \(kind.name)" + (kind.provision.isEmpty ? "" : " \(kind.provision)")
      }
      problems.add(
        "\(section.described) of kind \(name) can't tune a \(candidate.recipe.checkpoint == nil ? "served" : "local") "
          + "candidate", at: section.place(of: "kind"), remedy: "Use \(able.joined(separator: ", or ")).")
    }
    return TunerChoice(kind: name, recipe: recipe)
  }
}

extension [TunerKind] {
  /// The keys of a tuner of one of these kinds.
  public var keys: KindKeys { TunerKind.keys(self) }

  /// The tuner that a section names; nil where it names none of these kinds. A kind that can't tune the candidate is noted.
  /// - Parameter candidate: nil where it isn't known.
  public func read(_ section: Section, candidate: TargetChoice?, _ problems: inout Diagnostics) -> TunerChoice? {
    first { $0.name == section.kind }.map { $0.choice(section, candidate: candidate, among: self, &problems) }
  }
}

/// A tuner as a policy describes it, before any file is loaded. Equal recipes make equal tuners.
public protocol TunerRecipe: Sendable, Hashable {
  /// Files that it reads, beside the candidate's.
  var inputs: [InputFile] { get }

  /// - Parameter candidate: what is tuned.
  /// - Throws: `SluiceError` (usage) for a file that is missing or malformed, or a trainer that can't be used.
  func make(tuning candidate: TargetChoice, _ context: TargetContext) throws -> any Tuner
}

extension TunerRecipe {
  public var inputs: [InputFile] { [] }
}

/// A tuner that a policy names.
public struct TunerChoice: Sendable, Hashable {
  /// Name of the tuner's kind in the policy.
  public let kind: String
  /// What the tuner is made by.
  public let recipe: any TunerRecipe

  public init(kind: String, recipe: any TunerRecipe) {
    self.kind = kind
    self.recipe = recipe
  }

  public static func == (a: TunerChoice, b: TunerChoice) -> Bool {
    a.kind == b.kind && AnyHashable(a.recipe) == AnyHashable(b.recipe)
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(kind)
    hasher.combine(AnyHashable(recipe))
  }
}
