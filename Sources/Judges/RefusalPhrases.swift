import Core

/// How assistants decline, in all languages that a rules file can name: for texts that no policy has rules on.
public enum RefusalPhrases {
  private static let rules: [Rule] = {
    let patterns = RefusalLanguage.all.map(\.pattern) + [rewriting]
    return patterns.compactMap { pattern in
      (try? BoundedExpression(pattern)).map {
        Rule(category: "", means: .pattern($0), text: pattern, place: SourceLocation(file: ""), locales: [])
      }
    }
  }()

  /// How a model declines in English that was asked to rewrite something.
  private static let rewriting =
    #"\b(can ?not|can['’]t|won['’]t|will not|unable to|not able to|refuse to|decline to)\b.{0,40}"#
    + #"\b(rewrite|rephrase|reword|paraphrase|translate|reformulate|fulfil\w*|comply|process|do (so|this))\b|"#
    + #"\bas an ai\b|\b(against|violates?) (my|our|the) (guidelines|polic\w+|programming)\b"#

  /// Whether a text declines in any of its sentences, or is too long for that to be told.
  public static func isRefusal(_ text: String) -> Bool {
    switch RulesJudge.score(text, rules) {
    case .scored(let probability, _): probability >= 0.5
    // An empty text declines nothing.
    case .unscored: !text.allSatisfy(\.isWhitespace)
    }
  }
}
