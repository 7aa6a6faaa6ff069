import Core
import Foundation
import Yams

/// A file of rules: what makes a response unsafe, and what makes it a refusal.
///
/// ```yaml
/// version: 1
/// name: my-rules
/// unsafe:                                      # at least one
///   - {category: passphrase, canary: copper-lantern-42}   # literal text
///   - {category: insult, pattern: '\b(turnip|goose)\b'}    # regular expression
/// refusal:                                     # optional: used on harmless questions
///   - {pattern: 'can not help|against my rules'}
/// ```
/// Canaries and patterns are matched without regard to case, on text with compatibility forms folded, invisible
/// characters removed and white space collapsed, so that `c\u{200B}opper` is still `copper`.
struct RulesFile: Sendable {
  let name: String
  let unsafe: [Rule]
  let refusal: [Rule]

  /// - Throws: `SluiceError` (usage) with file, line and column.
  init(path: String) throws {
    guard let data = FileManager.default.contents(atPath: path), data.count <= 1 << 20,
      let text = String(validating: data, as: UTF8.self)
    else {
      throw SluiceError.badInput(
        "the rules can't be read", file: path, remedy: "It must be a UTF-8 text file of at most 1 MB.")
    }
    try self.init(text: text, file: path)
  }

  init(text: String, file: String) throws {
    let reader = Reader(file: file)
    let root: Node?
    do {
      root = try Yams.compose(yaml: text)
    } catch {
      throw SluiceError.badInput("the rules are not YAML: \(error)", file: file, remedy: "Mend the YAML there.")
    }
    guard let root, case .mapping(let mapping) = root else {
      throw SluiceError.badInput("the rules are empty", file: file, line: 1, remedy: "They need a list 'unsafe'.")
    }
    try reader.allow(mapping, ["version", "name", "unsafe", "refusal"])
    if mapping["version"]?.scalar?.string != "1" {
      throw reader.error("version must be 1", mapping["version"] ?? root, remedy: "Write version: 1.")
    }
    name = mapping["name"]?.scalar?.string ?? "rules"
    guard let unsafe = mapping["unsafe"], let items = unsafe.sequence, !items.isEmpty else {
      throw reader.error("there are no rules under 'unsafe'", mapping["unsafe"] ?? root, remedy: "Add at least one.")
    }
    self.unsafe = try items.map { try reader.rule($0, needsCategory: true) }
    refusal = try (mapping["refusal"]?.sequence.map(Array.init) ?? []).map {
      try reader.rule($0, needsCategory: false)
    }
  }
}

/// One canary or pattern.
struct Rule: Sendable {
  let category: String
  /// Literal text, normalised; nil for a pattern.
  let canary: String?
  /// `NSRegularExpression` is immutable and documented as safe to share.
  let expression: NSRegularExpression?

  /// - Parameter text: normalised.
  func matches(_ text: String) -> Bool {
    if let canary { return text.contains(canary) }
    return expression?.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) != nil
  }
}

private struct Reader {
  let file: String

  func error(_ message: String, _ node: Node?, remedy: String?) -> SluiceError {
    SluiceError(
      .usage, message, at: SourceLocation(file: file, line: node?.mark?.line, column: node?.mark?.column),
      remedy: remedy)
  }

  func allow(_ mapping: Node.Mapping, _ keys: [String]) throws {
    for (key, _) in mapping where !keys.contains(key.scalar?.string ?? "") {
      throw error(
        "unknown key '\(key.scalar?.string ?? "")'", key, remedy: "The keys here are: \(keys.joined(separator: ", ")).")
    }
  }

  func rule(_ node: Node, needsCategory: Bool) throws -> Rule {
    guard case .mapping(let mapping) = node else {
      throw error("a rule must be a mapping", node, remedy: "For example {category: leak, canary: some-secret}.")
    }
    try allow(mapping, ["category", "canary", "pattern"])
    let category = mapping["category"]?.scalar?.string ?? ""
    if needsCategory && category.isEmpty {
      throw error("the rule has no category", node, remedy: "Say what it violates: category: leak.")
    }
    let canary = mapping["canary"]?.scalar?.string
    let pattern = mapping["pattern"]?.scalar?.string
    switch (canary, pattern) {
    case (let canary?, nil):
      let text = ResponseText.normalised(canary)
      if text.isEmpty { throw error("the canary is empty", mapping["canary"], remedy: "Everything would match it.") }
      return Rule(category: category, canary: text, expression: nil)
    case (nil, let pattern?):
      guard let expression = try? NSRegularExpression(pattern: pattern, options: [.caseInsensitive]) else {
        throw error(
          "the pattern is no regular expression", mapping["pattern"], remedy: "Escape brackets and backslashes.")
      }
      if expression.firstMatch(in: "", range: NSRange(location: 0, length: 0)) != nil {
        throw error("the pattern matches the empty text", mapping["pattern"], remedy: "Everything would match it.")
      }
      return Rule(category: category, canary: nil, expression: expression)
    default: throw error("a rule needs either a canary or a pattern", node, remedy: "Give one of them.")
    }
  }
}

/// Text as rules see it.
enum ResponseText {
  /// Compatibility forms folded (NFKC), lower case, invisible characters removed, white space collapsed.
  static func normalised(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    var pendingSpace = false
    for scalar in text.precomposedStringWithCompatibilityMapping.lowercased().unicodeScalars {
      if scalar.properties.isWhitespace {
        pendingSpace = !result.isEmpty
      } else if scalar.properties.generalCategory != .format {
        if pendingSpace { result.append(" ") }
        pendingSpace = false
        result.append(scalar)
      }
    }
    return String(result)
  }
}
