import Foundation

/// One way in which the control model is known to be weak.
public struct Weakness: Sendable {
  public let id: String
  /// An attack that matches anywhere, in whatever case, is an attack on this weakness.
  public let pattern: String
  public let category: String?
  private let expression: NSRegularExpression

  /// - Throws: Foundation's error where `pattern` is no regular expression.
  public init(id: String, pattern: String, category: String? = nil) throws {
    self.id = id
    self.pattern = pattern
    self.category = category
    expression = try NSRegularExpression(pattern: pattern, options: [.caseInsensitive])
  }

  public func matches(_ prompt: String) -> Bool {
    expression.firstMatch(in: prompt, range: NSRange(prompt.startIndex..., in: prompt)) != nil
  }
}
