import Core
import Kinds

/// A kind of target that a policy can name: everything that is known of it is said where the target is.
public struct TargetKind: PolicyKind {
  public let name: String
  public let summary: String
  private let keys: [PolicyKey]
  private let read: @Sendable (_ section: Section, _ problems: inout Diagnostics) -> any TargetRecipe

  /// All kinds, in the order of the schema.
  public static let all: [TargetKind] = [.local, .openAI, .http, .anthropic, .azure, .bedrock, .ollama, .command]

  /// - Parameters:
  ///   - keys: its own, beside those of every target.
  ///   - read: makes the recipe of a section that was held against all of them.
  public init(
    name: String, summary: String, keys: [PolicyKey], read: @escaping @Sendable (Section) -> any TargetRecipe
  ) {
    self.init(name: name, summary: summary, keys: keys, reading: { section, _ in read(section) })
  }

  /// - Parameters:
  ///   - keys: its own, beside those of every target.
  ///   - read: makes the recipe of a section that was held against all of them, and notes what is wrong with its values.
  public init(
    name: String, summary: String, keys: [PolicyKey],
    reading read: @escaping @Sendable (Section, inout Diagnostics) -> any TargetRecipe
  ) {
    self.name = name
    self.summary = summary
    self.keys = keys
    self.read = read
  }

  /// Whether it runs a checkpoint in this process, and so has a folder that says more about it.
  public var hasCheckpoint: Bool { keys.contains { if case .checkpoint = $0.shape { true } else { false } } }

  private static let label = PolicyKey(
    name: "name", shape: .text, help: "What reports call it (default: its folder or served name).")

  /// Keys of every target.
  private static let common: [PolicyKey] = [
    PolicyKey(name: "temperature", shape: .number(0...10), fallback: "1", help: "Sampling temperature."),
    PolicyKey(name: "top_p", shape: .number(0.01...1), fallback: "1", help: "Nucleus sampling."),
    PolicyKey(name: "system", shape: .text, help: "System prompt."),
    PolicyKey(
      name: "template", shape: .template,
      help: "Wraps the attack; {prompt} is replaced (default: the checkpoint's own)."),
    PolicyKey(
      name: "price", shape: .object(TokenPrice.keys),
      help: "What its tokens cost, in any currency: `sluice plan` adds it up."),
  ]

  fileprivate static func keys(_ kinds: [TargetKind], and more: [PolicyKey]) -> KindKeys {
    KindKeys(
      kinds.map { .init(name: $0.name, summary: $0.summary, keys: $0.keys) }, leading: [label],
      trailing: common + more)
  }

  fileprivate func choice(_ section: Section, _ problems: inout Diagnostics) -> TargetChoice {
    Serving.note(section, &problems)
    return TargetChoice(
      kind: name, label: section.text(Self.label.name), price: section.child("price").map { TokenPrice($0) },
      recipe: read(section, &problems))
  }
}

extension [TargetKind] {
  /// The keys of a target of one of these kinds.
  /// - Parameter more: keys of the role that it plays.
  public func keys(and more: [PolicyKey] = []) -> KindKeys { TargetKind.keys(self, and: more) }

  /// The target that a section names; nil where it names none of these kinds.
  /// - Parameter problems: what is wrong with its values.
  public func read(_ section: Section, _ problems: inout Diagnostics) -> TargetChoice? {
    first { $0.name == section.kind }?.choice(section, &problems)
  }
}

extension SamplingSettings {
  /// What a policy says of every target's sampling.
  /// - Parameter maxTokens: of a response, where the kind of target has a limit of its own.
  public init(_ section: Section, maxTokens: Int, maxBytes: Int? = nil) {
    self.init(
      temperature: section.number("temperature"), topP: section.number("top_p"), maxTokens: maxTokens,
      system: section.text("system"), template: section.text("template"), maxBytes: maxBytes)
  }
}

/// What tokens cost, per million.
public struct TokenPrice: Sendable, Hashable {
  /// Price of a million prompt tokens, in the policy's unit.
  public var prompt: Double
  /// Price of a million response tokens, in the policy's unit.
  public var completion: Double

  static let keys: [PolicyKey] = [
    PolicyKey(name: "prompt", shape: .number(0...1e6), fallback: "0", help: "Of a million prompt tokens."),
    PolicyKey(name: "completion", shape: .number(0...1e6), fallback: "0", help: "Of a million response tokens."),
  ]

  init(_ section: Section) {
    prompt = section.number("prompt")
    completion = section.number("completion")
  }
}
