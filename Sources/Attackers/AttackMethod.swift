import Core
import Kinds
import LanguageModels

/// A way to search for attacks: everything that is known of it is said where its search is.
public struct AttackMethod: NamedKind {
  public let name: String
  public let summary: String
  /// The forms in which safety tuning compares it, in the order of reports.
  private let forms: [Form]
  /// Whether its attacks may be conversations.
  public let converses: Bool
  /// Keys of a policy that mean something to this method alone.
  public let keys: [String]
  /// Turns that are written for each that is said.
  let turnsPerAnswer: Double
  private let make: @Sendable (AttackerParts) throws -> any Attacker

  /// All methods, in the order of the schema.
  public static let all: [AttackMethod] = [.gflownet, .reinforce, .ppo, .inContext, .sft, .crescendo, .tree]

  /// How safety tuning uses a method.
  public struct Form: Sendable {
    /// The form's name in policies and reports; unique among all methods.
    public let name: String
    /// Whether it smooths what it found by maximum likelihood.
    public let smooths: Bool

    public init(name: String, smooths: Bool) {
      self.name = name
      self.smooths = smooths
    }
  }

  /// - Parameters:
  ///   - forms: nil for one of the method's own name, without smoothing; empty for a method that safety tuning can't compare.
  ///   - converses: whether its attacks may be conversations.
  ///   - keys: those of a policy that mean something to this method alone.
  ///   - turnsPerAnswer: turns that are written for each that is said.
  public init(
    name: String, summary: String, forms: [Form]? = nil, converses: Bool = false, keys: [String] = [],
    turnsPerAnswer: Double = 1,
    make: @escaping @Sendable (AttackerParts) throws -> any Attacker
  ) {
    self.name = name
    self.summary = summary
    self.forms = forms ?? [Form(name: name, smooths: false)]
    self.converses = converses
    self.keys = keys
    self.turnsPerAnswer = turnsPerAnswer
    self.make = make
  }

  /// - Throws: `EncodingError` for settings that are no numbers.
  func attacker(_ parts: AttackerParts) throws -> any Attacker { try make(parts) }

  /// The method as safety tuning compares it.
  public var variants: [AttackVariant] {
    forms.map { AttackVariant(name: $0.name, method: self, smooths: $0.smooths) }
  }
}

/// A method in one of the forms in which safety tuning compares it.
public struct AttackVariant: Sendable, Hashable {
  /// The form's name in policies and reports.
  public let name: String
  /// The method that it is a form of.
  public let method: AttackMethod
  /// Whether it smooths what it found by maximum likelihood.
  public let smooths: Bool

  /// The settings of an attacker that searches in this way.
  public func settings(_ given: AttackerSettings) -> AttackerSettings {
    var settings = given
    settings.method = method
    settings.smoothing = smooths
    return settings
  }
}

/// What attackers are made of.
public struct AttackerParts: Sendable {
  /// Runs the supervised fine-tuned model, which is frozen, and policies that are trained from it; nil where another model does all
  /// the writing.
  let givenEngine: (any AttackerEngine)?
  /// Tells which attacks are alike.
  public let embedder: any Embedder
  /// How it searches.
  public let settings: AttackerSettings

  /// Runs the attacker's own model.
  /// - Throws: `SluiceError` (usage) where there is none.
  public var engine: any AttackerEngine {
    get throws {
      if let givenEngine { return givenEngine }
      throw SluiceError(
        .usage, "attack method \(settings.method.name) needs a model of its own",
        remedy: "Set attacker.checkpoint, or attacker.engine.")
    }
  }

  /// - Throws: `EncodingError` for settings that are no numbers.
  func fingerprint() throws -> String {
    try attackerFingerprint(givenEngine?.fingerprint ?? "none", embedder, settings)
  }
}

/// The attacker that `settings.method` names, on an engine that may still have to be loaded.
/// - Parameter engine: nil where another model writes what is asked.
/// - Throws: `SluiceError` (usage) for settings that are known not to fit its model, and for a method that needs one and has none.
public func attacker(
  engine: (any AttackerEngine)?, embedder: any Embedder, settings: AttackerSettings
) throws -> any Attacker {
  try engine?.check(settings.needs)
  return try settings.method.attacker(AttackerParts(givenEngine: engine, embedder: embedder, settings: settings))
}

/// The attacker that `settings.method` names, on a model in this process.
/// - Throws: `SluiceError` (usage) when there is no prompt to start from.
public func attacker(
  reference: CausalLanguageModel, referenceFingerprint: String, embedder: any Embedder, settings: AttackerSettings
) throws -> any Attacker {
  try attacker(
    engine: LocalEngine(reference, fingerprint: referenceFingerprint), embedder: embedder, settings: settings)
}
