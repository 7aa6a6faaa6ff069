import Core
import Kinds

/// Transforms that are done one after another, as a policy names them: `refusal-suppression+base64` writes the rules first, and then
/// all of it in Base64.
public struct TransformChain: Sendable, Hashable {
  /// The names with `+` between them.
  public let name: String
  private let names: [String]

  /// - Throws: `SluiceError` (usage) without a place, for a name that is no transform's or comes twice.
  public init(_ name: String) throws(SluiceError) {
    let names = name.split(separator: "+", omittingEmptySubsequences: false).map {
      $0.split(separator: " ").joined(separator: " ")
    }
    let known = Transform.all.map(\.name)
    for own in names where !known.contains(own) {
      throw SluiceError(
        .usage, own.isEmpty ? "'\(name)' lacks a transform beside a '+'" : "there is no transform '\(own)'",
        remedy: (nearest(own, in: known).map { "Did you mean '\($0)'? " } ?? "")
          + "Known are \(known.joined(separator: ", ")), also several joined by '+'.")
    }
    if let twice = names.first(where: { own in names.count { $0 == own } > 1 }) {
      throw SluiceError(.usage, "'\(name)' has '\(twice)' twice", remedy: "Name each transform of a chain once.")
    }
    self.names = names
    self.name = names.joined(separator: "+")
  }

  public func rewritten(_ text: String) -> String {
    names.reduce(text) { text, name in Transform.all.first { $0.name == name }?.rewritten(text) ?? text }
  }
}
