import Core
import Decisions
import Foundation

/// A plan for a person: plain text, no escape sequences.
struct PlanText {
  let plan: PlanSummary

  var text: String {
    ([headline] + requests + [""] + totals + [""] + checks + [""] + assumptions + notices).joined(separator: "\n")
      + "\n"
  }

  private var headline: String {
    let suite = plan.suite
    return
      "\(VisibleText.line(plan.policy)): \(Self.count(suite.attacks)) attacks in \(Self.count(suite.clusters)) clusters, "
      + "\(Self.count(suite.questions)) harmless questions; nothing was asked\n"
  }

  // MARK: - Requests

  private var requests: [String] {
    let header = ["", "stage", "requests", "at most", "prompt tokens", "response tokens", "price", "time"]
    let rows = plan.requests.map { row in
      [
        "\(row.role) \(VisibleText.line(row.model))", row.stage, Self.count(row.expected), Self.count(row.most),
        Self.count(row.promptTokens), Self.count(row.completionTokens), row.cost.map(Self.price) ?? "",
        row.seconds.map(Self.time) ?? "",
      ]
    }
    return Self.table([header] + rows, leftAligned: 2)
  }

  private var totals: [String] {
    let totals = plan.totals
    var lines = [
      "  about \(Self.count(totals.responses)) responses, at most \(Self.count(totals.mostResponses))"
        + (totals.rewritings > 0
          ? ", and \(Self.count(totals.rewritings)) requests to rewriters, each once and for all" : "")
        + (totals.judgeRequests > 0 ? ", and \(Self.count(totals.judgeRequests)) requests to judges" : ""),
      "  about \(Self.count(totals.promptTokens.addingSaturated(totals.completionTokens))) tokens, at most \(Self.count(totals.mostTokens))",
    ]
    if let cost = totals.cost, let most = totals.mostCost {
      lines.append(
        "  price: about \(Self.price(cost)), at most \(Self.price(most)), in the unit of the policy's prices")
    }
    if let seconds = totals.seconds { lines.append("  time of the served models: about \(Self.time(seconds))") }
    return lines
  }

  // MARK: - Checks

  private var checks: [String] {
    var rows = [["check", "if it is", "pass", "fail", "inconclusive"]]
    var remarks: [String] = []
    for check in plan.checks {
      for (place, chance) in check.chances.enumerated() {
        rows.append(
          [place == 0 ? check.name : "", Self.number(chance.truth)]
            + [chance.pass, chance.fail, chance.inconclusive].map(Self.percent))
      }
      if let need = check.need {
        let unit = need.unit == "clusters" ? "clusters (\(Self.count(need.items)) attacks)" : "questions"
        remarks.append(
          "  \(check.name): \(Self.count(need.count)) \(unit) give the best of these an 80% chance to pass; the suite has "
            + "\(Self.count(need.present))"
            + (need.unit == "clusters" ? " (\(Self.count(need.presentItems)) attacks)." : "."))
      } else if let best = check.chances.first, best.pass < 0.8, check.remark == nil {
        remarks.append("  \(check.name): no suite of a usual size gives the best of these an 80% chance to pass.")
      }
      if let remark = check.remark { remarks.append("  \(check.name): \(remark)") }
    }
    var lines = Self.table(rows, leftAligned: 1) + remarks
    if let verdict = plan.verdict {
      lines.append(
        "  A candidate as good as the baseline: pass \(Self.percent(verdict.pass)), fail \(Self.percent(verdict.fail)), "
          + "inconclusive \(Self.percent(verdict.inconclusive)), as far as the checks can be foreseen.")
    }
    return lines
  }

  private var assumptions: [String] { ["Assumed:"] + plan.assumptions.map { "  \($0)" } }

  private var notices: [String] {
    plan.notices.isEmpty ? [] : ["", "Notices:"] + plan.notices.map { "  \($0)" }
  }

  // MARK: - Numbers

  private static func table(_ rows: [[String]], leftAligned: Int) -> [String] {
    let widths = (0..<(rows.first?.count ?? 0)).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = row.enumerated().map { column, text in
        let gap = String(repeating: " ", count: widths[column] - text.count)
        return column < leftAligned ? text + gap : gap + text
      }
      var line = "  " + cells.joined(separator: "  ")
      while line.hasSuffix(" ") { line.removeLast() }
      return line
    }
  }

  private static func count(_ value: Int) -> String {
    var (digits, grouped) = (Array(String(value)), "")
    while digits.count > 3 {
      grouped = "," + String(digits.suffix(3)) + grouped
      digits.removeLast(3)
    }
    return String(digits) + grouped
  }

  private static func number(_ value: Double) -> String {
    String(format: "%.4g", value).replacing("-", with: "−")
  }

  private static func price(_ value: Double) -> String { String(format: value < 100 ? "%.2f" : "%.0f", value) }

  private static func percent(_ share: Double) -> String { String(format: "%.0f%%", 100 * share) }

  private static func time(_ seconds: Double) -> String {
    let minutes = Int(saturating: (seconds / 60).rounded())
    if seconds < 90 { return "\(Int(saturating: seconds.rounded(.up))) s" }
    return minutes < 90 ? "\(minutes) min" : "\(minutes / 60) h \(minutes % 60) min"
  }
}
