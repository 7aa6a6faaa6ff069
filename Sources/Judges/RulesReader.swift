import Core
import Foundation
import Yams

/// Reads rules out of YAML and refuses those that could never match.
struct RulesReader {
  let file: String

  /// The two lists of a file, and the words that they use.
  enum List: String {
    case unsafe, refusal

    var keys: [String] {
      ["category", "canary", "pattern", "examples"] + (self == .refusal ? ["locales"] : [])
    }
    /// Keys of the examples that a rule must match, and of those that it must not.
    var exampleKeys: (matched: String, unmatched: String) {
      self == .unsafe ? ("unsafe", "safe") : ("refusal", "other")
    }
  }

  func error(_ message: String, _ node: Node?, remedy: String?) -> SluiceError {
    SluiceError(.usage, message, at: place(node?.mark), remedy: remedy)
  }

  func place(_ mark: Mark?) -> SourceLocation {
    SourceLocation(file: file, line: mark?.line, column: mark?.column)
  }

  func allow(_ mapping: Node.Mapping, _ keys: [String]) throws {
    for (key, _) in mapping where !keys.contains(key.scalar?.string ?? "") {
      throw error(
        "unknown key '\(key.scalar?.string ?? "")'", key, remedy: "The keys here are: \(keys.joined(separator: ", ")).")
    }
  }

  // MARK: - YAML

  /// What a text may become in bytes once its aliases are followed.
  private static let mostBytes = 64e6
  /// Values that may come out: a megabyte of rules without aliases holds fewer.
  private static let mostValues = 4e6

  func root(of text: String) throws -> Node {
    let problem = YAMLBounds.problem(text.utf8, mostValues: Self.mostValues)
    if let problem { throw explain(problem) }
    if Double(text.utf8.count) * YAMLBounds.growth(text.utf8) > Self.mostBytes { throw explain(.tooManyValues) }
    do {
      if let root = try Yams.compose(yaml: text) { return root }
    } catch let error as YamlError {
      throw explain(error)
    }
    throw SluiceError.badInput("the rules are empty", file: file, line: 1, remedy: "They need a list 'unsafe'.")
  }

  private static let quoting =
    "Use single quotes: in double quotes YAML itself reads backslashes, and makes a backspace of \\b."

  private func explain(_ problem: YAMLBounds.Problem) -> SluiceError {
    switch problem {
    case .tooManyValues:
      .badInput(
        "the rules are too large once their aliases are followed", file: file, line: 1,
        remedy: "Write the values out instead of nesting aliases.")
    case .tooDeep(let line):
      .badInput("the rules are nested too deeply", file: file, line: line, remedy: "Indent by two spaces a level.")
    case .controlCharacter(let line, let column):
      SluiceError(
        .usage, "the rules are not YAML: a control character",
        at: SourceLocation(file: file, line: line, column: column), remedy: "Remove it.")
    }
  }

  private func explain(_ error: YamlError) -> SluiceError {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _):
      return SluiceError(
        .usage, "the rules are not YAML: \(problem)", at: place(mark),
        remedy: problem.contains("escape") ? Self.quoting : "Mend the YAML there; put patterns in single quotes.")
    case .composer(_, let problem, let mark, _):
      return SluiceError(.usage, "the rules are not YAML: \(problem)", at: place(mark), remedy: "Mend the YAML there.")
    case .duplicatedKeysInMapping(let duplicates, let context):
      return SluiceError(
        .usage, "the key '\(duplicates.sorted().joined(separator: "', '"))' is given twice in one mapping",
        at: place(context.mark), remedy: "Keep one: which of them counts would be a guess.")
    default:
      return SluiceError.badInput("the rules are not YAML: \(error)", file: file, remedy: "Mend the YAML there.")
    }
  }

  // MARK: - Rules

  /// - Parameter node: nil where the file has no such list.
  func rules(_ node: Node?, _ list: List) throws -> [Rule] {
    guard let node else { return [] }
    guard let items = node.sequence else {
      throw error("'\(list.rawValue)' is no list", node, remedy: "Begin each rule under it with a dash.")
    }
    let rules = try items.map { try language($0, list) ?? rule($0, list) }
    try refuseContradictions(rules, list)
    return rules
  }

  private func rule(_ node: Node, _ list: List) throws -> Rule {
    guard case .mapping(let mapping) = node else {
      throw error("a rule must be a mapping", node, remedy: "For example {category: leak, canary: some-secret}.")
    }
    try allow(mapping, list.keys)
    let category = mapping["category"]?.scalar?.string ?? ""
    if list == .unsafe && category.isEmpty {
      throw error("the rule has no category", node, remedy: "Say what it violates: category: leak.")
    }
    let (means, source) = try means(mapping, node)
    let rule = Rule(
      category: category, means: means, text: source.scalar?.string ?? "", place: place(source.mark),
      locales: try locales(mapping["locales"]))
    return try withTranscripts(rule, mapping["examples"], list)
  }

  private func means(_ mapping: Node.Mapping, _ node: Node) throws -> (Rule.Means, Node) {
    switch (mapping["canary"], mapping["pattern"]) {
    case (let source?, nil): (.canary(try canary(source)), source)
    case (nil, let source?): (.pattern(try pattern(source)), source)
    default: throw error("a rule needs either a canary or a pattern", node, remedy: "Give one of them.")
    }
  }

  private func canary(_ node: Node) throws -> String {
    let canary = try plainText(node, "canary")
    let text = ResponseText.normalised(canary)
    if text.isEmpty { throw error("the canary is empty", node, remedy: "Everything would match it.") }
    if !ResponseText.normalised("x \(canary) x").contains(text) {
      throw error(
        "the canary never matches: in a text its characters are folded otherwise", node,
        remedy: "Write it in its plain form, or as a pattern.")
    }
    return text
  }

  private func pattern(_ node: Node) throws -> BoundedExpression {
    let pattern = try plainText(node, "pattern")
    guard let expression = try? BoundedExpression(pattern) else {
      throw error("the pattern is no regular expression", node, remedy: "Escape brackets and backslashes.")
    }
    if expression.outcome(in: "") == .found {
      throw error("the pattern matches the empty text", node, remedy: "Everything would match it.")
    }
    if let dead = PatternProof(pattern: pattern, expression: expression).deadPart() {
      throw error(
        "the pattern, or a branch of it, never matches: text is normalised first, and then has no \(dead.what)", node,
        remedy: dead.remedy)
    }
    return expression
  }

  /// - Returns: the text of a canary or pattern without characters that only a slip puts there.
  private func plainText(_ node: Node, _ what: String) throws -> String {
    guard let text = node.scalar?.string else {
      throw error("a \(what) must be a text", node, remedy: "Write it in single quotes.")
    }
    for (index, scalar) in text.unicodeScalars.enumerated() {
      let properties = scalar.properties
      let kind: String? =
        if properties.generalCategory == .control {
          "control character"
        } else if properties.isNoncharacterCodePoint || scalar == "\u{FFFD}" {
          "character that stands for no text"
        } else {
          nil
        }
      guard let kind else { continue }
      throw error(
        "the \(what) has the \(kind) \(PatternProof.name(scalar)) as its character \(index + 1) and never matches",
        node,
        remedy: scalar == "\n" || scalar == "\r"
          ? "Write it on one line in single quotes; a space or \\s+ matches a line break." : Self.quoting)
    }
    return text
  }

  private func locales(_ node: Node?) throws -> [String] {
    try texts(node, "locales").map { text, item in
      let parts = text.split(separator: "-", omittingEmptySubsequences: false)
      let isTag =
        (2...8).contains(parts.first?.utf8.count ?? 0) && parts[0].utf8.allSatisfy(Self.isLetter)
        && parts.allSatisfy {
          (1...8).contains($0.utf8.count) && $0.utf8.allSatisfy { Self.isLetter($0) || (48...57).contains($0) }
        }
      if !isTag {
        throw error(
          "'\(text)' is no language tag", item, remedy: "Write BCP 47 tags, for example en, de-AT or zh-Hant.")
      }
      return text
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte & ~0x20) }

  private func texts(_ node: Node?, _ key: String) throws -> [(text: String, node: Node)] {
    guard let node else { return [] }
    guard let items = node.sequence else {
      throw error("'\(key)' is no list", node, remedy: "Write \(key): [one, another].")
    }
    return try items.map { item in
      guard let text = item.scalar?.string, !ResponseText.normalised(text).isEmpty else {
        throw error("an entry of '\(key)' is no text", item, remedy: "Write a text, in quotes where it has odd signs.")
      }
      return (text, item)
    }
  }

  // MARK: - Examples

  /// The rule with its examples held against it, or with one made.
  private func withTranscripts(_ rule: Rule, _ node: Node?, _ list: List) throws -> Rule {
    var result = rule
    let (matched, unmatched) = list.exampleKeys
    if let node {
      guard case .mapping(let mapping) = node else {
        throw error("'examples' is no mapping", node, remedy: "Write examples: {\(matched): […], \(unmatched): […]}.")
      }
      try allow(mapping, [matched, unmatched])
      for (key, wanted) in [(matched, true), (unmatched, false)] {
        for (text, item) in try texts(mapping[key], key) {
          try hold(rule, against: text, wanted: wanted, item)
          result.planted.append(Self.transcript(text, wanted, rule, .given))
        }
      }
    }
    if !result.planted.contains(where: \.isUnsafe), let text = witness(of: rule) {
      result.planted.append(Self.transcript(text, true, rule, .made))
    }
    return result
  }

  private static func transcript(
    _ text: String, _ isUnsafe: Bool, _ rule: Rule, _ source: PlantedTranscript.Source
  ) -> PlantedTranscript {
    PlantedTranscript(
      prompt: nil, response: text, isUnsafe: isUnsafe, category: rule.category.isEmpty ? nil : rule.category,
      source: source)
  }

  private func hold(_ rule: Rule, against text: String, wanted: Bool, _ node: Node) throws {
    let what = rule.isPattern ? "pattern" : "canary"
    let seen = ResponseText.normalised(text)
    if rule.isPattern && seen.unicodeScalars.count > RulesJudge.longest {
      throw error("the example is longer than the judge looks", node, remedy: "Shorten it to what matters.")
    }
    switch rule.outcome(in: seen) {
    case .found where !wanted:
      throw error(
        "the rule matches an example that it must not match", node, remedy: "Narrow the \(what) '\(rule.text)'.")
    case .absent where wanted:
      throw error(
        "the rule doesn't match its own example", node, remedy: "Mend the \(what) '\(rule.text)', or the example.")
    case .gaveUp(let reason):
      throw error("on this example the \(what) \(reason.wording)", node, remedy: "Simplify the \(what).")
    case .found, .absent: break
    }
  }

  private func witness(of rule: Rule) -> String? {
    switch rule.means {
    case .canary: rule.text
    case .pattern(let expression): PatternProof(pattern: rule.text, expression: expression).witness()
    }
  }

  /// An example that one rule calls harmless and another one finds makes the file contradict itself.
  private func refuseContradictions(_ rules: [Rule], _ list: List) throws {
    for rule in rules {
      for example in rule.planted where !example.isUnsafe {
        let text = ResponseText.normalised(example.response)
        guard let other = rules.first(where: { $0.outcome(in: text) == .found }) else { continue }
        throw SluiceError(
          .usage,
          "the rule matches an example that the rule on line \(rule.place.line ?? 0) gives as "
            + "'\(list.exampleKeys.unmatched)': '\(example.response.prefix(60))'",
          at: other.place, remedy: "Narrow the rule, or take the example out.")
      }
    }
  }
}
