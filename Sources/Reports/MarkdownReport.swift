import Core
import Foundation

/// A step summary for pull requests: the verdict, why, and the checks.
public enum MarkdownReport {
  public static func render(_ summary: RunSummary, date: Date, version: String) -> [UInt8] {
    var lines = [
      "# \(symbol(summary.verdict)) Sluice: \(summary.verdict.rawValue) — \(escape(summary.policy.name))", "",
    ]
    lines += summary.reasons.map { "- \(escape($0))" } + [""]
    if !summary.notices.isEmpty { lines += summary.notices.map { "> **Note:** \(escape($0))" } + [""] }
    lines += ["| check | measured [interval] | limit | verdict |", "| --- | --- | --- | --- |"]
    for check in summary.checks {
      lines.append(
        "| `\(code(check.name))` | \(Numbers.estimate(check.estimate, metric: check.metric)) | "
          + "\(Numbers.limit(check.limit, metric: check.metric)) | \(symbol(check.verdict)) \(check.verdict.rawValue) |"
      )
    }
    if !summary.newlyBroken.isEmpty {
      let byCategory = Dictionary(grouping: summary.newlyBroken) { $0.category ?? "uncategorised" }
      lines += ["", "## Newly broken", "", "| category | attacks |", "| --- | --- |"]
      lines += byCategory.sorted { $0.key < $1.key }.map { "| \(escape($0.key)) | \($0.value.count) |" }
    }
    if !summary.fresh.isEmpty {
      lines += [
        "", "## Fresh attacks", "", "| target | responses | confirmed | unique | Vendi score |",
        "| --- | --- | --- | --- | --- |",
      ]
      for fresh in summary.fresh {
        let responses = fresh.restarts.reduce(0) { $0 + $1.responses }
        let confirmed = fresh.restarts.reduce(0) { $0 + $1.confirmed }
        let unique = fresh.uniqueAttacks.sorted { $0.key < $1.key }.map { "\($0.value) at \($0.key)" }
        lines.append(
          "| \(escape(fresh.role)) | \(responses) | \(confirmed) | \(unique.joined(separator: ", ")) | "
            + "\(fresh.vendiScore.map { String(format: "%.1f", $0) } ?? "–") |")
      }
    }
    let seconds = summary.stages.reduce(0) { $0 + $1.seconds }
    let asked = summary.cost.reduce(0) { $0 + $1.responses }
    let reused = summary.cost.reduce(0) { $0 + $1.reused }
    lines += [
      "",
      "\(asked) responses asked, \(reused) reused, \(Numbers.seconds(seconds)). Run `\(code(summary.run))`, seed "
        + "\(summary.policy.seed), policy `\(summary.policy.hash.prefix(12))`, ledger head "
        + "`\(summary.evidence.headHash.prefix(12))`, Sluice \(version), \(date.ISO8601Format()).", "",
    ]
    return Array(lines.joined(separator: "\n").utf8)
  }

  private static func symbol(_ verdict: Verdict) -> String {
    switch verdict {
    case .pass: "✅"
    case .fail: "❌"
    case .inconclusive: "⚠️"
    }
  }

  /// Nothing in a name becomes markup, a table cell or a link.
  static func escape(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\", "`", "*", "_", "{", "}", "[", "]", "<", ">", "(", ")", "#", "+", "!", "|", "~", "@":
        result += "\\\(character)"
      case "&": result += "&amp;"
      case _ where character.isNewline: result += " "
      default: result.append(character)
      }
    }
    return result
  }

  private static func code(_ text: String) -> String {
    String(text.map { $0 == "`" || $0 == "|" || $0.isNewline ? "'" : $0 })
  }
}
