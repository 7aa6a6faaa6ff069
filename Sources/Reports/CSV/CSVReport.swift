import Core
import Foundation

/// The figures of a run as one table for spreadsheets (RFC 4180): a line a figure, told apart by its first column.
///
/// Shares are numbers from 0 to 1 with all their digits. A cell from outside that a spreadsheet would take for a formula begins
/// with an apostrophe. Attack texts are never in it.
public enum CSVReport {
  /// The first column says what a line is about: `verdict`, `check`, `validity`, `outcomes`, `category`, `transform`, `tries`, `newly broken`, `fresh` or
  /// `cost`.
  static let columns = [
    "section", "name", "role", "stage", "category", "metric", "value", "lower", "upper", "confidence", "n", "unscored",
    "at_least", "at_most", "verdict", "detail",
  ]

  /// - Throws: `InternalError` when the summary contradicts itself.
  public static func render(_ summary: RunSummary) throws -> [UInt8] {
    try summary.requireAgreement()
    let rows =
      [verdict(summary)] + summary.checks.map(row) + (summary.validity ?? []).map(row)
      + (summary.outcomes ?? []).flatMap(rows) + summary.categories.flatMap(rows)
      + (summary.transforms ?? []).flatMap(rows) + (summary.tries ?? []).flatMap(rows)
      + summary.newlyBroken.map(row)
      + summary.fresh.map(row) + summary.cost.map(row)
    let lines = rows.map { row in columns.map { row.cells[$0] ?? "" }.joined(separator: ",") }
    return Array(([columns.joined(separator: ",")] + lines).map { $0 + "\r\n" }.joined().utf8)
  }

  private static func verdict(_ summary: RunSummary) -> CSVRow {
    var row = CSVRow("verdict")
    row["name"] = summary.policy.name
    row["verdict"] = summary.verdictPhrase
    row["value"] = Int(summary.exitCode)
    row["metric"] = "exit code"
    row["confidence"] = summary.policy.confidence
    row["detail"] = summary.headline
    return row
  }

  private static func row(_ check: RunSummary.CheckResult) -> CSVRow {
    var row = CSVRow("check")
    row["name"] = check.name
    row["stage"] = check.stage
    row["metric"] = check.metric
    row.set(check.estimate)
    row["at_least"] = check.limit.atLeast
    row["at_most"] = check.limit.atMost
    row["verdict"] = check.standing
    row["detail"] = check.reason
    return row
  }

  private static func row(_ result: RunSummary.ValidityResult) -> CSVRow {
    var row = CSVRow("validity")
    row["name"] = result.title
    row["verdict"] = result.verdict.rawValue
    row["detail"] = result.finding
    return row
  }

  private static func rows(_ outcomes: RunSummary.OutcomeRow) -> [CSVRow] {
    outcomes.counts.map { name, count in
      var row = CSVRow("outcomes")
      row["name"] = name
      row["role"] = outcomes.role
      row["stage"] = outcomes.stage
      row["value"] = count
      return row
    }
  }

  private static func rows(_ category: RunSummary.CategoryRow) -> [CSVRow] {
    rates("category", category.candidate, category.baseline) { $0["category"] = category.category }
  }

  private static func rows(_ transform: RunSummary.TransformRow) -> [CSVRow] {
    rates("transform", transform.candidate, transform.baseline) { $0["name"] = transform.name }
  }

  private static func rows(_ tries: RunSummary.TriesRow) -> [CSVRow] {
    rates("tries", metric: "replay.asr@\(tries.tries)", tries.candidate, tries.baseline) { $0["name"] = tries.name }
  }

  private static func rates(
    _ section: String, metric: String = "replay.asr", _ candidate: Estimate?, _ baseline: Estimate?,
    _ name: (inout CSVRow) -> Void
  ) -> [CSVRow] {
    [("candidate", candidate), ("baseline", baseline)].compactMap { role, estimate in
      guard let estimate else { return nil }
      var row = CSVRow(section)
      name(&row)
      row["role"] = role
      row["stage"] = "replay"
      row["metric"] = metric
      row.set(estimate)
      return row
    }
  }

  private static func row(_ attack: RunSummary.BrokenAttack) -> CSVRow {
    var row = CSVRow("newly broken")
    row["name"] = attack.id.text
    row["stage"] = "replay"
    row["category"] = attack.category
    row["metric"] = "adjusted p"
    row["value"] = attack.adjustedP
    row["n"] = attack.candidateScored
    row["detail"] = attack.finding
    return row
  }

  private static func row(_ fresh: RunSummary.FreshSummary) -> CSVRow {
    var row = CSVRow("fresh")
    row["role"] = fresh.role
    row["stage"] = "confirm"
    row["metric"] = "confirmed attacks"
    row["value"] = fresh.confirmed
    row["n"] = fresh.responses
    row["detail"] =
      "unique attacks (cosine): \(fresh.uniqueText)"
      + (fresh.unasked > 0 ? "; \(fresh.unasked) more claimed, not asked again" : "")
    return row
  }

  private static func row(_ cost: RunSummary.CostRow) -> CSVRow {
    var row = CSVRow("cost")
    row["role"] = cost.role
    row["metric"] = "responses asked"
    row["value"] = cost.responses
    row["unscored"] = cost.unscored
    row["detail"] =
      "\(cost.reused) reused, \(cost.errors) errors, \(cost.promptTokens) prompt tokens, \(cost.completionTokens) completion tokens"
    return row
  }
}

/// A line's cells by column, each written as it stands in the file.
private struct CSVRow {
  private(set) var cells: [String: String] = [:]

  init(_ section: String) { cells["section"] = section }

  subscript(column: String) -> String? {
    get { cells[column] }
    set { cells[column] = newValue.map(Self.text) }
  }

  subscript(column: String) -> Int? {
    get { cells[column].flatMap(Int.init) }
    set { cells[column] = newValue.map(String.init) }
  }

  subscript(column: String) -> Double? {
    get { cells[column].flatMap(Double.init) }
    set { cells[column] = newValue.map { "\($0)" } }
  }

  /// The columns of an estimate; empty where nothing was measured.
  mutating func set(_ estimate: Estimate?) {
    guard let estimate else { return }
    self["n"] = estimate.n
    self["unscored"] = estimate.unscored
    guard estimate.n > 0 else { return }
    self["value"] = estimate.value
    self["lower"] = estimate.lower
    self["upper"] = estimate.upper
    self["confidence"] = estimate.confidence
  }

  private static func text(_ text: String) -> String {
    let line = PlainText.line(text)
    let isFormula = line.first.map { "=+-@".contains($0) } ?? false
    let safe = isFormula ? "'\(line)" : line
    return safe.contains { $0 == "," || $0 == "\"" } ? "\"\(safe.replacing("\"", with: "\"\""))\"" : safe
  }
}

extension Reporter {
  /// Every figure on a line, for spreadsheets.
  public static let csv = Reporter(
    name: "csv", summary: "CSV file: every figure on a line, for spreadsheets",
    marks: [ReportMark(CSVReport.columns.joined(separator: ","))]
  ) { summary, _ in
    try CSVReport.render(summary)
  }
}
