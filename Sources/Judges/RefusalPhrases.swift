import Core

/// How assistants decline, in all languages that a rules file can name: for texts that no policy has rules on.
public enum RefusalPhrases {
  private static let known = rules(RefusalLanguage.all.map(\.pattern) + [rewriting])

  /// - Returns: nil where one of the patterns is none: what the others see is not all that declines.
  static func rules(_ patterns: [String]) -> [Rule]? {
    try? patterns.map { pattern in
      Rule(
        category: "", means: .pattern(try BoundedExpression(pattern)), text: pattern, place: SourceLocation(file: ""),
        locales: [])
    }
  }

  /// How a model declines in English that was asked to rewrite something.
  private static let rewriting =
    #"\b(can ?not|can['’]t|won['’]t|will not|unable to|not able to|refuse to|decline to)\b.{0,40}"#
    + #"\b(rewrite|rephrase|reword|paraphrase|translate|reformulate|fulfil\w*|comply|process|do (so|this))\b|"#
    + #"\bas an ai\b|\b(against|violates?) (my|our|the) (guidelines|polic\w+|programming)\b"#

  /// Whether a text declines in any of its sentences, or that can't be told: for one that is too long, or where patterns are broken.
  public static func isRefusal(_ text: String) -> Bool { isRefusal(text, by: known) }

  static func isRefusal(_ text: String, by rules: [Rule]?) -> Bool {
    guard let rules else { return !text.saysNothing }
    return switch RulesJudge.score(text, rules) {
    case .scored(let probability, _): probability >= 0.5
    // An empty text declines nothing.
    case .unscored: !text.allSatisfy(\.isWhitespace)
    }
  }
}
