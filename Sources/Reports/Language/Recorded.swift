/// Sentences that the gate writes down during a run, and that reports say in another language later.
///
/// A ledger keeps them in English, whatever language the run's reports have: a verdict's evidence has one wording. Here each is
/// recognised by the pattern that it was made from, its numbers and names are taken out, and the same is said in the language of
/// the report. What no pattern knows (the words of a server or a library, a sentence of another version) stays as it is.
enum Recorded {
  /// The sentence in the current language.
  static func text(_ sentence: String) -> String {
    switch Language.current {
    case .english: sentence
    case .japanese: said(sentence) ?? sentence
    }
  }

  /// Longer ones are texts of servers.
  private static let longest = 2_000

  private static func said(_ sentence: String) -> String? {
    if sentence.isEmpty || sentence.utf8.count > longest { return nil }
    for pattern in patterns {
      if let values = pattern.english.values(in: sentence) { return pattern.japanese.filled(with: values) }
    }
    return nil
  }

  /// One sentence in all languages.
  struct Pattern: Sendable {
    let english: Template
    let japanese: Template

    init(en: String, ja: String) {
      english = Template(en)
      japanese = Template(ja)
    }
  }

  /// The table; the first that fits is taken.
  static let patterns: [Pattern] =
    decisions + remedies + validity + weakenings + notices + stages + methods + tuning + rewriting + reading + elsewhere
}

/// A sentence with places for what differs: `<name>` or `<name:kind>` for a value, `<is|are>` for one of several words.
struct Template: Sendable {
  /// What a value is, and with that how it is said in another language.
  enum Kind: String, Sendable {
    /// Any text, kept.
    case text
    /// A number, a percentage or an interval; a whole number gets its separators.
    case number
    /// A model's part in the run.
    case role
    /// A sentence or a phrase of the table.
    case phrase
    /// Several phrases, or models' parts.
    case phrases
  }

  private enum Part: Sendable {
    case literal(String)
    case choice([String])
    case value(String, Kind)

    /// Whether a text may begin with it.
    func begins(_ text: ArraySlice<Character>) -> Bool {
      switch self {
      case .literal(let literal): text.starts(with: literal)
      case .choice(let words): words.contains { text.starts(with: $0) }
      case .value: true
      }
    }
  }

  private let parts: [Part]

  /// Literals and names, for the test that holds the table to what the gate writes.
  let literals: [String]
  let names: Set<String>

  init(_ source: String) {
    var parts: [Part] = []
    var rest = source[...]
    while let open = rest.firstIndex(of: "<"), let close = rest[open...].firstIndex(of: ">") {
      if open > rest.startIndex { parts.append(.literal(String(rest[..<open]))) }
      let inside = rest[rest.index(after: open)..<close]
      if inside.contains("|") {
        parts.append(.choice(inside.split(separator: "|", omittingEmptySubsequences: false).map(String.init)))
      } else {
        let pieces = inside.split(separator: ":")
        parts.append(.value(String(pieces[0]), pieces.count > 1 ? Kind(rawValue: String(pieces[1])) ?? .text : .text))
      }
      rest = rest[rest.index(after: close)...]
    }
    if !rest.isEmpty { parts.append(.literal(String(rest))) }
    self.parts = parts
    literals = parts.compactMap { if case .literal(let text) = $0 { text } else { nil } }
    names = Set(parts.compactMap { if case .value(let name, _) = $0 { name } else { nil } })
  }

  /// The values of a sentence that this is the template of, each said in the current language; nil for another sentence.
  func values(in sentence: String) -> [String: String]? {
    guard literals.allSatisfy(sentence.contains) else { return nil }
    var values: [String: String] = [:]
    // A text that a server made up must not keep the reader waiting.
    var steps = 20_000
    return match(parts[...], Array(sentence)[...], &values, &steps) ? values : nil
  }

  private func match(
    _ parts: ArraySlice<Part>, _ text: ArraySlice<Character>, _ values: inout [String: String], _ steps: inout Int
  ) -> Bool {
    steps -= 1
    if steps < 0 { return false }
    guard let part = parts.first else { return text.isEmpty }
    switch part {
    case .literal(let literal):
      return text.starts(with: literal) && match(parts.dropFirst(), text.dropFirst(literal.count), &values, &steps)
    case .choice(let words):
      return words.contains { word in
        text.starts(with: word) && match(parts.dropFirst(), text.dropFirst(word.count), &values, &steps)
      }
    case .value(let name, let kind):
      let isLast = parts.count == 1
      for end in isLast ? [text.endIndex] : Array(text.indices.dropFirst()) where end > text.startIndex {
        // To say a phrase takes the whole table: only where it may end.
        guard isLast || parts.dropFirst().first?.begins(text[end...]) == true,
          let said = Self.said(String(text[..<end]), kind)
        else { continue }
        if match(parts.dropFirst(), text[end...], &values, &steps) {
          values[name] = said
          return true
        }
      }
      return false
    }
  }

  /// Nil where the text is not of that kind.
  private static func said(_ text: String, _ kind: Kind) -> String? {
    switch kind {
    case .text: text
    case .number:
      text.allSatisfy { $0.isNumber || "[],. +−-%e∞?".contains($0) } ? Int(text).map(Numbers.count) ?? text : nil
    case .role: Words.role(text)
    case .phrase: Recorded.text(text)
    case .phrases:
      Words.list(
        text.split(separator: "; ").flatMap { $0.split(separator: ", ") }.map { Words.role(Recorded.text(String($0))) })
    }
  }

  /// The sentence with its values.
  func filled(with values: [String: String]) -> String {
    parts.map { part in
      switch part {
      case .literal(let text): text
      case .choice(let words): words[0]
      case .value(let name, _): values[name] ?? ""
      }
    }.joined()
  }
}
