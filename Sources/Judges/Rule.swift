import Core

/// One canary or pattern.
struct Rule: Sendable {
  enum Means: Sendable {
    /// Literal text, normalised.
    case canary(String)
    case pattern(BoundedExpression)
  }

  let category: String
  let means: Means
  /// As the file has it.
  let text: String
  let place: SourceLocation
  /// BCP 47 tags of the languages whose refusals the rule knows; empty for any.
  let locales: [String]
  /// Texts with a known verdict; all but what is `made` were held against the rule when the file was read.
  var planted: [PlantedTranscript] = []

  /// - Parameter text: normalised; for a pattern, at most as long as the judge looks at.
  func outcome(in text: String, patience: Int = BoundedExpression.patience) -> BoundedExpression.Outcome {
    switch means {
    case .canary(let canary): Self.contains(text, canary) ? .found : .absent
    case .pattern(let expression): expression.outcome(in: text, patience: patience)
    }
  }

  var isPattern: Bool {
    if case .pattern = means { true } else { false }
  }

  /// Compares code by code. Swift's own search compares what a reader sees as one character, and an accent behind a
  /// canary's last letter would hide it.
  private static func contains(_ text: String, _ part: String) -> Bool {
    let (text, part) = (Array(text.utf8), Array(part.utf8))
    guard let first = part.first, part.count <= text.count else { return part.isEmpty }
    return (0...text.count - part.count).contains { start in
      text[start] == first && text[start..<start + part.count].elementsEqual(part)
    }
  }
}

/// A rule of which nothing shows that it can match anything: its author is asked for an example.
public struct UnprovenRule: Hashable, Sendable {
  /// The line of the rule.
  public let place: SourceLocation
  /// The pattern as the file has it.
  public let text: String
  /// Empty for a rule on refusals.
  public let category: String
}

/// A rule whose matching takes too long on a short text.
public struct SlowRule: Hashable, Sendable {
  /// The line of the rule.
  public let place: SourceLocation
  /// The pattern as the file has it.
  public let text: String
  /// What it was given up on, normalised.
  public let example: String
}
