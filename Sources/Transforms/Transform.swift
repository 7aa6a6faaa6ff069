/// A way to write a request that hides it from filters and training alike, and that a model may read all the same. It takes no model,
/// and says the same of the same text everywhere.
public struct Transform: Sendable {
  /// As PyRIT and promptfoo call it, where they have it.
  public let name: String
  /// What becomes of a text, to complete "The text …".
  public let summary: String
  private let rewriting: @Sendable (String) -> String

  init(_ name: String, _ summary: String, _ rewriting: @escaping @Sendable (String) -> String) {
    self.name = name
    self.summary = summary
    self.rewriting = rewriting
  }

  /// The text in this writing.
  public func rewritten(_ text: String) -> String { rewriting(text) }

  /// All of them, in the order of the documentation.
  public static let all: [Transform] = encodings + disguises + instructions

  /// Those after which no model can be asked to find other words: the text's own are no longer there.
  static let hidesWords = Set((encodings + disguises).map(\.name))
}
