import Core
import Decisions
import Kinds

/// What in a suite a person should look at before trusting a verdict on it.
enum SuiteLint {
  /// Identifiers shown with a finding.
  private static let shown = 5
  /// Characters beyond which a prompt is more likely a mistake than an attack.
  private static let longPrompt = 8_000

  static func findings(in attacks: [SuiteAttack], clusters: [CompactName: [SuiteAttack]]) -> [SuiteOverview.Finding] {
    func finding(_ rule: String, _ found: [SuiteAttack], _ message: String) -> SuiteOverview.Finding? {
      guard !found.isEmpty else { return nil }
      return .init(rule: rule, message: message, attacks: found.prefix(shown).map(\.attack.id.text))
    }
    func prompts(_ rule: String, _ predicate: (String) -> Bool, _ one: String, _ many: String) -> SuiteOverview.Finding?
    {
      let found = attacks.filter { attack in
        (Conversation(text: attack.attack.prompt)?.texts ?? [attack.attack.prompt]).contains(where: predicate)
      }
      return finding(rule, found, counted(found.count, "prompt") + " " + (found.count == 1 ? one : many))
    }
    let copies = attacks.filter { $0.wording != $0.attack.id.name }
    let uncategorised = attacks.filter { $0.attack.category == nil }
    let largest = clusters.values.max { ($0.count, $1[0].unit) < ($1.count, $0[0].unit) } ?? []
    return [
      finding(
        "copies", copies,
        counted(copies.count, "attack")
          + (copies.count == 1
            ? " copies another's wording and counts as one with it"
            : " copy others' wordings and count as one with them")
          + "; sluice suite dedupe drops copies"),
      uncategorised.count == attacks.count
        ? nil
        : finding(
          "no-category", uncategorised,
          counted(uncategorised.count, "attack") + (uncategorised.count == 1 ? " has" : " have")
            + " no category, others have one"),
      prompts(
        "placeholder", hasPlaceholder, "holds a placeholder that nobody filled in",
        "hold placeholders that nobody filled in"),
      prompts(
        "hidden-characters", hasHiddenCharacters,
        "holds control, zero-width or bidirectional characters; fine where they are the attack",
        "hold control, zero-width or bidirectional characters; fine where they are the attack"),
      prompts(
        "long", { $0.count > longPrompt }, "is longer than \(longPrompt) characters; check that models read all of it",
        "are longer than \(longPrompt) characters; check that models read all of them"),
      prompts(
        "blank-ends", { $0.first?.isWhitespace == true || $0.last?.isWhitespace == true },
        "begins or ends with blanks", "begin or end with blanks"),
      attacks.count >= 20 && largest.count * 3 > attacks.count
        ? finding(
          "one-cluster", largest, "one cluster has \(largest.count) of \(attacks.count) attacks and decides every rate")
        : nil,
    ].compactMap(\.self)
  }

  /// Characters between the brackets of a placeholder at most.
  private static let longestPlaceholder = 60
  private static let placeholders: [(opening: String, closing: String, beginnings: [String])] = [
    ("{{", "}}", [""]), ("[", "]", ["insert", "your ", "topic"]), ("<", ">", ["insert", "your "]),
  ]

  /// Whether any brackets hold a text such as `{{name}}`, `[INSERT TOPIC]` or `<your question>`.
  private static func hasPlaceholder(_ prompt: String) -> Bool {
    placeholders.contains { kind in
      var rest = prompt[...]
      while let opening = rest.firstRange(of: kind.opening) {
        rest = rest[opening.upperBound...]
        let near = rest.prefix(longestPlaceholder + kind.closing.count)
        if let closing = near.firstRange(of: kind.closing) {
          let inner = near[..<closing.lowerBound].lowercased()
          if kind.beginnings.contains(where: { inner.hasPrefix($0) }) { return true }
        }
      }
      return false
    }
  }

  private static func hasHiddenCharacters(_ prompt: String) -> Bool {
    prompt.unicodeScalars.contains { scalar in
      switch scalar.properties.generalCategory {
      case .control: ![0x09, 0x0a, 0x0d].contains(scalar.value)
      // Joiners belong to emoji and to some scripts.
      case .format: scalar.value != 0x200d && scalar.value != 0x200c
      default: false
      }
    }
  }
}
