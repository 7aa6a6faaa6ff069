import Core
import Foundation

/// What `sluice run` prints at its end: the verdict, why, the checks in a table, and where the reports are.
public enum TerminalReport {
  /// - Parameters:
  ///   - colour: whether the terminal shows ANSI colours.
  ///   - files: paths of the reports that were written.
  public static func render(_ summary: RunSummary, colour: Bool, files: [String]) -> String {
    var lines: [String] = []
    let title = "\(summary.verdict.rawValue.uppercased())  \(clean(summary.policy.name))  (exit \(summary.exitCode))"
    lines.append(colour ? paint(title, summary.verdict, bold: true) : title)
    lines += summary.reasons.map { "  \(clean($0))" }
    lines += summary.notices.map { "  note: \(clean($0))" }
    let rows = summary.checks.map { check in
      [
        check.name, Numbers.estimate(check.estimate, metric: check.metric),
        Numbers.limit(check.limit, metric: check.metric), check.verdict.rawValue,
      ].map(clean)
    }
    if !rows.isEmpty {
      let all = [["check", "measured [interval]", "limit", "verdict"]] + rows
      let widths = (0..<4).map { column in all.map { $0[column].count }.max() ?? 0 }
      lines.append("")
      for (index, row) in all.enumerated() {
        let cells = row.enumerated().map { $1 + String(repeating: " ", count: widths[$0] - $1.count) }
        let line = "  " + cells.joined(separator: "  ")
        let trimmed = String(line.reversed().drop { $0 == " " }.reversed())
        lines.append(colour && index > 0 ? paint(trimmed, summary.checks[index - 1].verdict, bold: false) : trimmed)
      }
    }
    if !summary.newlyBroken.isEmpty {
      let categories = Dictionary(grouping: summary.newlyBroken) { $0.category ?? "uncategorised" }
      let list = categories.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.count)" }
      lines += ["", "  newly broken: " + clean(list.joined(separator: ", "))]
    }
    for fresh in summary.fresh {
      let responses = fresh.restarts.reduce(0) { $0 + $1.responses }
      let confirmed = fresh.restarts.reduce(0) { $0 + $1.confirmed }
      let unique = fresh.uniqueAttacks.sorted { $0.key < $1.key }.map { "\($0.value) unique at \($0.key)" }
      lines.append(
        "  fresh on \(clean(fresh.role)): \(confirmed) confirmed, \(unique.joined(separator: ", ")), "
          + "\(responses) responses" + (fresh.reused ? " (from the ledger)" : ""))
    }
    let asked = summary.cost.reduce(0) { $0 + $1.responses }
    let reused = summary.cost.reduce(0) { $0 + $1.reused }
    let seconds = summary.stages.reduce(0) { $0 + $1.seconds }
    lines += ["", "  \(asked) responses asked, \(reused) reused, \(Numbers.seconds(seconds)); run \(summary.run)"]
    lines += files.map { "  report: \($0)" }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func paint(_ text: String, _ verdict: Verdict, bold: Bool) -> String {
    let code =
      switch verdict {
      case .pass: "32"
      case .fail: "31"
      case .inconclusive: "33"
      }
    return "\u{1B}[\(bold ? "1;" : "")\(code)m\(text)\u{1B}[0m"
  }

  /// Control characters in a name must not drive the terminal.
  private static func clean(_ text: String) -> String {
    String(text.map { $0.unicodeScalars.contains { $0.properties.generalCategory == .control } ? "?" : $0 })
  }
}
