import Core
import Decisions

/// What in a suite a person should look at before trusting a verdict on it.
enum SuiteLint {
  /// Identifiers shown with a finding.
  private static let shown = 5
  /// Characters beyond which a prompt is more likely a mistake than an attack.
  private static let longPrompt = 8_000

  static func findings(in attacks: [SuiteAttack], clusters: [CompactName: [SuiteAttack]]) -> [SuiteOverview.Finding] {
    func finding(_ rule: String, _ found: [SuiteAttack], _ message: (Int) -> String) -> SuiteOverview.Finding? {
      guard !found.isEmpty else { return nil }
      return .init(
        rule: rule, message: message(found.count), attacks: found.prefix(shown).map(\.attack.id.text))
    }
    func having(_ predicate: (Attack) -> Bool) -> [SuiteAttack] { attacks.filter { predicate($0.attack) } }
    let copies = attacks.filter { $0.wording != $0.attack.id.name }
    let hasCategories = attacks.contains { $0.attack.category != nil }
    let largest = clusters.values.max { ($0.count, $1[0].unit) < ($1.count, $0[0].unit) } ?? []
    return [
      finding("copies", copies) {
        "\($0) attacks copy another's wording and count as one with it; sluice suite dedupe drops them"
      },
      hasCategories
        ? finding("no-category", having { $0.category == nil }) { "\($0) attacks have no category, others have" } : nil,
      finding("placeholder", having { hasPlaceholder($0.prompt) }) {
        "\($0) prompts hold a placeholder that nobody filled in"
      },
      finding("hidden-characters", having { hasHiddenCharacters($0.prompt) }) {
        "\($0) prompts hold control, zero-width or bidirectional characters; fine where they are the attack"
      },
      finding("long", having { $0.prompt.count > longPrompt }) {
        "\($0) prompts are longer than \(longPrompt) characters; check that models read all of it"
      },
      finding("blank-ends", having { $0.prompt.first?.isWhitespace == true || $0.prompt.last?.isWhitespace == true }) {
        "\($0) prompts begin or end with blanks"
      },
      attacks.count >= 20 && largest.count * 3 > attacks.count
        ? .init(
          rule: "one-cluster",
          message: "one cluster has \(largest.count) of \(attacks.count) attacks and decides every rate",
          attacks: largest.prefix(shown).map(\.attack.id.text)) : nil,
    ].compactMap(\.self)
  }

  /// Texts such as `{{name}}`, `[INSERT TOPIC]` or `<your question>`.
  private static func hasPlaceholder(_ prompt: String) -> Bool {
    let marks: [(opening: String, closing: String, words: [String])] = [
      ("{{", "}}", []), ("[", "]", ["insert", "your ", "topic"]), ("<", ">", ["insert", "your "]),
    ]
    return marks.contains { mark in
      guard let opening = prompt.firstRange(of: mark.opening),
        let closing = prompt[opening.upperBound...].firstRange(of: mark.closing)
      else { return false }
      let inner = prompt[opening.upperBound..<closing.lowerBound].lowercased()
      return inner.count <= 60 && (mark.words.isEmpty || mark.words.contains { inner.hasPrefix($0) })
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
