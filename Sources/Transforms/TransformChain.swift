import Core
import Foundation
import Kinds

/// Transforms that are done one after another, as a policy names them: `refusal-suppression+base64` writes the rules first, and then
/// all of it in Base64; `translate(ja)+base64` has a model translate first.
public struct TransformChain: Sendable, Hashable {
  /// The names with `+` between them, each with its language where it takes one.
  public let name: String
  /// What is done, the first first.
  public let steps: [Step]

  /// One transform of a chain.
  public enum Step: Sendable, Hashable {
    /// Takes no model; named.
    case fixed(String)
    /// Asks a model.
    case asked(RewritingTask)

    var name: String {
      switch self {
      case .fixed(let name): name
      case .asked(let task): task.name
      }
    }
  }

  /// Whether a model has to be asked.
  public var asksModel: Bool { !tasks.isEmpty }

  /// What a model is asked, in turn.
  public var tasks: [RewritingTask] {
    steps.compactMap { if case .asked(let task) = $0 { task } else { nil } }
  }

  /// BCP 47 tag of the language that texts are in afterwards; nil for the one that they had.
  public var language: String? { tasks.last { $0.language != nil }?.language }

  /// - Parameter language: of a `translate` that names none itself.
  /// - Throws: `SluiceError` (usage) without a place, for a name that is no transform's or comes twice, a language that is missing, is
  ///   none or has no use, and words asked of a model that an encoding has taken away.
  public init(_ name: String, language: String? = nil) throws(SluiceError) {
    let names = name.split(separator: "+", omittingEmptySubsequences: false).map {
      $0.split(separator: " ").joined(separator: " ")
    }
    var steps: [Step] = []
    for own in names {
      let step = try Self.step(own, language: language, of: name)
      if steps.contains(step) {
        throw SluiceError(.usage, "'\(name)' has '\(own)' twice", remedy: "Name each transform of a chain once.")
      }
      if case .asked = step, let hiding = steps.first(where: { Transform.hidesWords.contains($0.name) }) {
        throw SluiceError(
          .usage, "'\(name)' asks a model for '\(own)' of a text that \(hiding.name) has made unreadable",
          remedy: "Put \(own) before \(hiding.name).")
      }
      steps.append(step)
    }
    let takesLanguage = steps.contains { step in if case .asked(let task) = step { task.language != nil } else { false }
    }
    if language != nil, !takesLanguage {
      throw SluiceError(
        .usage, "'\(name)' translates nothing, and has a language", remedy: "Remove language, or add translate.")
    }
    self.steps = steps
    self.name = steps.map(\.name).joined(separator: "+")
  }

  private static func step(_ own: String, language: String?, of chain: String) throws(SluiceError) -> Step {
    if Transform.all.contains(where: { $0.name == own }) { return .fixed(own) }
    let bare = String(own.prefix { $0 != "(" })
    guard let transform = ModelTransform.all.first(where: { $0.name == bare }) else {
      let known = Transform.all.map(\.name) + ModelTransform.all.map(\.name)
      throw SluiceError(
        .usage, own.isEmpty ? "'\(chain)' lacks a transform beside a '+'" : "there is no transform '\(own)'",
        remedy: (nearest(own, in: known).map { "Did you mean '\($0)'? " } ?? "")
          + "Known are \(known.joined(separator: ", ")), also several joined by '+'.")
    }
    var given: String?
    if bare.count < own.count {
      guard own.hasSuffix(")") else {
        throw SluiceError(.usage, "'\(own)' has a '(' without ')'", remedy: "Write \(bare)(…).")
      }
      given = String(own.dropFirst(bare.count + 1).dropLast())
    }
    guard transform.takesLanguage else {
      if let given {
        throw SluiceError(.usage, "'\(bare)' takes no language", remedy: "Write \(bare), without '(\(given))'.")
      }
      return .asked(RewritingTask(transform, language: nil))
    }
    if let given, let language, given != language {
      throw SluiceError(.usage, "'\(own)' has the language \(language) as well", remedy: "Keep one of the two.")
    }
    guard let tag = given ?? language else {
      throw SluiceError(
        .usage, "'\(bare)' names no language",
        remedy: "Write \(bare)(ja), or \(bare): {language: ja}, with the BCP 47 tag of the language.")
    }
    return .asked(RewritingTask(transform, language: try checked(tag)))
  }

  /// - Throws: `SluiceError` (usage) for what isn't the tag of a language, with the tag where it is a language's English name.
  private static func checked(_ tag: String) throws(SluiceError) -> String {
    let parts = tag.split(separator: "-", omittingEmptySubsequences: false)
    let isTag =
      parts.allSatisfy { (1...8).contains($0.count) && $0.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) } }
      && parts.first.map { (2...3).contains($0.count) && Locale.LanguageCode(String($0)).isISOLanguage } == true
    if isTag { return tag }
    let english = Locale(identifier: "en")
    let meant = Locale.LanguageCode.isoLanguageCodes.first { code in
      code.identifier.count == 2
        && english.localizedString(forLanguageCode: code.identifier)?.lowercased() == tag.lowercased()
    }
    throw SluiceError(
      .usage, "'\(tag)' is no BCP 47 tag of a language",
      remedy: (meant.map { "Did you mean '\($0.identifier)'? " } ?? "") + "For example ja, pt-BR or zh-Hant.")
  }

  /// The text as a chain makes it that asks no model.
  public func rewritten(_ text: String) -> String { steps.reduce(text) { Self.rewritten($0, by: $1) } }

  /// The text as a step makes it; itself where the step asks a model.
  public static func rewritten(_ text: String, by step: Step) -> String {
    guard case .fixed(let name) = step else { return text }
    return Transform.all.first { $0.name == name }?.rewritten(text) ?? text
  }
}
