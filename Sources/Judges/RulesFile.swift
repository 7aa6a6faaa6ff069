import Core
import Yams

/// A file of rules: what makes a response unsafe, and what makes it a refusal.
///
/// ```yaml
/// version: 1
/// name: my-rules
/// unsafe:                                      # at least one
///   - {category: passphrase, canary: copper-lantern-42}   # literal text
///   - category: insult
///     pattern: '\b(turnip|goose)\b'                        # regular expression, in single quotes
///     examples:                                           # optional: checked when the file is read
///       unsafe: ['you goose!']
///       safe: [the mongoose sleeps]
/// refusal:                                     # optional: used on harmless questions
///   - pattern: 'can not help|against my rules'
///     locales: [en]                            # optional: the languages whose refusals it knows
///     examples: {refusal: ['I can not help.'], other: [Of course.]}
///   - language: ja                             # how assistants usually decline in a language
/// ```
/// Canaries and patterns are matched without regard to case, on text with compatibility forms folded, invisible
/// characters removed and white space collapsed, so that `c\u{200B}opper` is still `copper`.
struct RulesFile: Sendable {
  let name: String
  let unsafe: [Rule]
  let refusal: [Rule]

  /// - Throws: `SluiceError` (usage) with file, line and column.
  init(path: String) throws {
    let text = try BoundedFile.text(
      path, what: "the rules file", limit: 1 << 20,
      hint: "Rules are some pages of YAML; split them over several judges.")
    try self.init(text: text, file: path)
  }

  init(text: String, file: String) throws {
    let reader = RulesReader(file: file)
    let root = try reader.root(of: text)
    guard case .mapping(let mapping) = root else {
      throw reader.error("the rules are no mapping", root, remedy: "They need a list 'unsafe'.")
    }
    try reader.allow(mapping, ["version", "name", "unsafe", "refusal"])
    if mapping["version"]?.scalar?.string != "1" {
      throw reader.error("version must be 1", mapping["version"] ?? root, remedy: "Write version: 1.")
    }
    name = mapping["name"]?.scalar?.string ?? "rules"
    unsafe = try reader.rules(mapping["unsafe"], .unsafe)
    if unsafe.isEmpty {
      throw reader.error("there are no rules under 'unsafe'", mapping["unsafe"] ?? root, remedy: "Add at least one.")
    }
    refusal = try reader.rules(mapping["refusal"], .refusal)
  }
}
