import Core

/// One way in which the control model is known to be weak.
public struct Weakness: Sendable {
  /// The weakness's name, unique in its file.
  public let id: String
  /// An attack that matches anywhere, in whatever case, is an attack on this weakness.
  public let pattern: String
  /// The kind of harm; nil where the file says nothing.
  public let category: String?
  private let expression: BoundedExpression

  /// - Throws: Foundation's error where `pattern` is no regular expression.
  public init(id: String, pattern: String, category: String? = nil) throws {
    self.id = id
    self.pattern = pattern
    self.category = category
    expression = try BoundedExpression(pattern)
  }

  /// Whether a prompt is an attack on it. One that the pattern is given up on shows nothing.
  public func matches(_ prompt: String) -> Bool { expression.outcome(in: prompt) == .found }
}
