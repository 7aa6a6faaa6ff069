import Attackers
import Core
import Kinds
import Targets

/// A kind of engine that a policy can name for its attacker: everything that is known of it is said where the engine is.
public struct EngineKind: PolicyKind {
  public let name: String
  public let summary: String
  fileprivate let keys: [PolicyKey]
  fileprivate let read: @Sendable (_ section: Section) -> any EngineRecipe

  /// All kinds, in the order of the schema.
  public static let all: [EngineKind] = [.command]

  /// - Parameter read: makes the recipe of a section that was held against the keys.
  public init(
    name: String, summary: String, keys: [PolicyKey], read: @escaping @Sendable (Section) -> any EngineRecipe
  ) {
    self.name = name
    self.summary = summary
    self.keys = keys
    self.read = read
  }
}

extension [EngineKind] {
  /// The keys of an engine of one of these kinds.
  public var keys: KindKeys { KindKeys(map { .init(name: $0.name, summary: $0.summary, keys: $0.keys) }) }

  /// The engine that a section names; nil where it names none of these kinds.
  public func read(_ section: Section) -> EngineChoice? {
    first { $0.name == section.kind }.map { EngineChoice(kind: $0.name, recipe: $0.read(section)) }
  }
}

/// An engine as a policy describes it, before anything is loaded. Equal recipes make equal engines.
public protocol EngineRecipe: Sendable, Hashable {
  /// Files that it reads.
  var inputs: [InputFile] { get }

  /// - Throws: `SluiceError` (usage) where its program is missing, or a file that it names can't be read.
  func make(_ context: EngineContext) throws -> any AttackerEngine
}

/// An engine that a policy names.
public struct EngineChoice: Sendable, Hashable {
  /// Name of the engine's kind in the policy.
  public let kind: String
  /// What the engine is made by.
  public let recipe: any EngineRecipe

  public static func == (a: EngineChoice, b: EngineChoice) -> Bool {
    a.kind == b.kind && AnyHashable(a.recipe) == AnyHashable(b.recipe)
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(kind)
    hasher.combine(AnyHashable(recipe))
  }
}

/// What engines are made with.
public struct EngineContext: Sendable {
  /// A file's or a checkpoint folder's digest.
  public let fingerprint: @Sendable (String) throws -> String
  /// A text's digest.
  public let digest: @Sendable (String) -> String
  /// Takes the policy's secrets out of what a program says.
  public let redactor: Redactor
  /// What bounds the wait for an answer.
  public let clock: RetryClock

  public init(
    fingerprint: @escaping @Sendable (String) throws -> String, digest: @escaping @Sendable (String) -> String,
    redactor: Redactor, clock: RetryClock = .continuous
  ) {
    self.fingerprint = fingerprint
    self.digest = digest
    self.redactor = redactor
    self.clock = clock
  }
}
