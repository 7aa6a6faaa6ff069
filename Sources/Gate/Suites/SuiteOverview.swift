import Core
import Decisions
import Foundation
import Kinds
import Statistics
import Suites

/// What a suite holds, counted, and what in it would weaken a verdict.
public struct SuiteOverview: Codable, Sendable {
  /// Attacks that share a category, or a language.
  public struct Count: Codable, Sendable {
    /// The category or language.
    public let name: String
    /// Attacks in it, each copy counted.
    public let attacks: Int
    /// Clusters among them.
    public let clusters: Int
  }

  /// Something a person should look at.
  public struct Finding: Codable, Sendable {
    /// A stable name for scripts, such as `copies`.
    public let rule: String
    /// What is wrong, one sentence.
    public let message: String
    /// Identifiers of the first attacks concerned.
    public let attacks: [String]
  }

  /// The file, as it was given.
  public let path: String
  /// What the file was read as; nil for Sluice's own JSON Lines.
  public let readAs: String?
  /// Attacks in it, each copy counted.
  public let attacks: Int
  /// Clusters after copies of a wording were joined: the units that verdicts count.
  public let clusters: Int
  /// Attacks in the largest cluster.
  public let largestCluster: Int
  /// Attacks of more than a prompt, and the answers that each of them takes once; nil where there are none.
  public let conversations: Int?
  /// Answers that these conversations take once; nil where there are none.
  public let liveTurns: Int?
  /// By category, in the order of the names.
  public let categories: [Count]
  /// By language, in the order of the names.
  public let locales: [Count]
  /// The tightest limit on `replay.asr` that a flawless model can meet with this suite at 95 % confidence.
  public let leastLimit: Double
  /// What would weaken a verdict, by rule.
  public let findings: [Finding]

  /// - Parameter columns: `role=column` pairs; empty for columns with the roles' own names.
  /// - Throws: `PolicyErrors` and `SluiceError` (usage).
  public init(_ path: String, columns: [String] = []) throws {
    let reading = try SuiteFile.attacks(path, columns: ColumnNames(pairs: columns))
    let copies = NearCopies(reading.items.map { SuiteAttack(attack: $0, foundOn: nil) })
    let marked = copies.attacks
    self.path = path
    readAs = reading.remark
    attacks = marked.count
    let units = Dictionary(grouping: marked, by: \.unit)
    clusters = units.count
    largestCluster = units.values.map(\.count).max() ?? 0
    let conversations = marked.compactMap { Conversation(text: $0.attack.prompt) }
    self.conversations = conversations.isEmpty ? nil : conversations.count
    liveTurns = conversations.isEmpty ? nil : conversations.reduce(0) { $0 + $1.liveTurns }
    func counts(_ name: (Attack) -> String?) -> [Count] {
      Dictionary(grouping: marked) { name($0.attack) ?? "(none)" }.map { name, group in
        Count(name: name, attacks: group.count, clusters: Set(group.map(\.unit)).count)
      }.sorted { $0.name < $1.name }
    }
    categories = counts(\.category)
    locales = counts(\.locale)
    leastLimit = SampleSize.leastLimit(clusters: units.count, confidence: 0.95)
    findings = SuiteLint.findings(in: marked, clusters: units)
  }

  /// For a person.
  public var text: String {
    var lines = [
      "\(path): \(counted(attacks, "attack")) in \(counted(clusters, "cluster")), the largest of \(largestCluster)"
    ]
    if let readAs { lines.append("  \(readAs)") }
    if let conversations, let liveTurns {
      lines.append(
        "  \(counted(conversations, "conversation")), of which a target answers \(counted(liveTurns, "turn"))")
    }
    for (title, counts) in [("category", categories), ("locale", locales)]
    where counts.count > 1 || counts[0].name != "(none)" {
      lines.append("  \(title)")
      lines += counts.map { "    \($0.name): \(counted($0.attacks, "attack")), \(counted($0.clusters, "cluster"))" }
    }
    lines.append(
      "  replay.asr can be shown to be at most \(String(format: "%.3f", leastLimit)) at best (0.95 confidence)")
    return lines.joined(separator: "\n") + "\n"
  }

  /// The findings alone, a line each, as linters print them.
  public var lintText: String {
    let lines = findings.map { finding in
      "\(path): \(finding.rule): \(finding.message)"
        + (finding.attacks.isEmpty ? "" : " (\(finding.attacks.joined(separator: ", ")))")
    }
    return (lines + ["\(path): \(counted(attacks, "attack")), \(counted(findings.count, "finding"))"]).joined(
      separator: "\n") + "\n"
  }
}
