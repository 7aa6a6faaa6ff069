import Core
import Foundation

/// A summary for pull requests and CI steps: the verdict, why, the checks, and what is newly broken.
public enum MarkdownReport {
  /// GitHub refuses comments above 65,536 characters; sections that don't fit are left out from the end.
  static let mostBytes = 60_000
  private static let mostRows = 40

  public static func render(_ summary: RunSummary, date: Date, version: String) -> [UInt8] {
    let end = footer(summary, date: date, version: version)
    var text = head(summary)
    var isWhole = true
    for section in [
      release(summary), checks(summary), validity(summary), outcomes(summary), broken(summary), categories(summary),
      transforms(summary), tries(summary),
      fresh(summary),
      tuning(summary), calibration(summary),
      cost(summary), revealed(summary),
    ] {
      if text.source.utf8.count + section.source.utf8.count + end.source.utf8.count > mostBytes {
        isWhole = false
      } else {
        text += section
      }
    }
    if !isWhole { text += "\nSome sections were too long for this summary; the HTML and JSON reports have them.\n" }
    text += end
    return Array(text.source.utf8)
  }

  // MARK: - Sections

  /// What the head may take of a comment; sections have the rest.
  private static let mostHeadBytes = 30_000

  private static func head(_ summary: RunSummary) -> MarkdownText {
    var text: MarkdownText =
      "## \(summary.isObserved ? "👁️" : sign(summary.verdict)) \(summary.verdictPhrase.uppercased()): \(summary.headline)\n\n"
    func add(_ lines: [MarkdownText], most: Int) {
      var shown = 0
      for line in lines.prefix(most) where text.source.utf8.count + line.source.utf8.count <= mostHeadBytes {
        text += line
        shown += 1
      }
      if shown < lines.count { text += "- … and \(lines.count - shown) more\n" }
    }
    // Before any reason: a reader who stops after the first lines must not take the verdict for more than it is.
    add((summary.weakenings ?? []).map { "> **Weakened:** \($0)\n\n" }, most: 10)
    add(summary.why.map { "- \(sign($0.verdict)) \($0.text)\n" }, most: 10)
    add(summary.deciding.map { "- **To decide:** \($0)\n" }, most: 10)
    for notice in summary.remarks.prefix(10) {
      let line: MarkdownText = "\n> **Note:** \(notice)\n"
      if text.source.utf8.count + line.source.utf8.count <= mostHeadBytes { text += line }
    }
    return text
  }

  private static func release(_ summary: RunSummary) -> MarkdownText {
    // Summaries of version 0.1 keep the words that they had.
    if summary.question == nil { return "" }
    var text: MarkdownText = ""
    let parts = [
      ("Next" as MarkdownText, summary.nextSteps), ("Worse", summary.worsening), ("Since when", summary.since ?? []),
      ("Not covered", summary.uncovered),
      ("Who acts", [summary.responsible]),
    ]
    for (title, sentences) in parts where !sentences.isEmpty {
      text += "\n**\(title):** \(sentences.prefix(8).joined(separator: " "))\n"
    }
    return text
  }

  private static func outcomes(_ summary: RunSummary) -> MarkdownText {
    let rows = summary.outcomeRows
    if rows.isEmpty { return "" }
    let names = RunSummary.OutcomeRow.columns(rows)
    let cells = rows.map { row -> [MarkdownText] in
      ["\(row.place)"] + row.counts.filter { names.contains($0.name) }.map { "\($0.count)" }
    }
    var reasons: MarkdownText = ""
    let all = summary.outcomeReasons(mostOfEach: 6)
    for reason in all.prefix(mostRows) { reasons += "- \(reason)\n" }
    if all.count > mostRows { reasons += "- … and \(all.count - mostRows) more in the HTML and JSON reports\n" }
    let header = ["responses" as MarkdownText] + names.map { "\($0)" }
    return """

      ### What became of the responses

      \(limited(header, cells))
      \(reasons)
      """
  }

  private static func validity(_ summary: RunSummary) -> MarkdownText {
    guard let line = summary.validityLine else { return "" }
    return "\nValidity of the run: \(line).\n"
  }

  private static func checks(_ summary: RunSummary) -> MarkdownText {
    if summary.checks.isEmpty { return "" }
    let rows = summary.checksByUrgency.map { check -> [MarkdownText] in
      [
        "\(check.excuse == nil ? sign(check.verdict) : "⏭️") \(check.standing)", "\(check.title)<br>\(code: check.name)",
        "\(check.valueText)", "\(check.intervalText)", "\(check.limitText)",
      ]
    }
    return "\n### Checks\n\n\(limited(["verdict", "check", "measured", "interval", "limit"], rows))"
  }

  private static func broken(_ summary: RunSummary) -> MarkdownText {
    if summary.newlyBroken.isEmpty { return "" }
    let rows = summary.brokenByCategory.map { row -> [MarkdownText] in ["\(row.category)", "\(row.count)"] }
    return """

      ### Newly broken

      Attacks that \(summary.baselineName ?? "the baseline") resists and \(summary.candidateName) does not: \
      \(summary.newlyBroken.count).

      \(limited(["category", "attacks"], rows))
      """
  }

  private static func categories(_ summary: RunSummary) -> MarkdownText {
    if summary.categories.isEmpty { return "" }
    let rows = summary.categories.map { row -> [MarkdownText] in
      ["\(row.category)", "\(row.attacks)", rate(row.candidate), rate(row.baseline), "\(row.newlyBroken)"]
    }
    return """

      ### Known attacks that succeed, by category

      \(limited(["category", "attacks", "candidate", "baseline", "newly broken"], rows))
      """
  }

  private static func transforms(_ summary: RunSummary) -> MarkdownText {
    guard let transforms = summary.transforms else { return "" }
    let rows = transforms.map { row -> [MarkdownText] in
      [
        "\(row.name)", "\(row.attacks)", rate(row.candidate), rate(row.baseline), "\(row.newlyBroken)",
      ]
    }
    return """

      ### Known attacks that succeed, by transform

      \(limited(["transform", "attacks", "candidate", "baseline", "newly broken"], rows))
      """
  }

  private static func tries(_ summary: RunSummary) -> MarkdownText {
    guard let tries = summary.tries else { return "" }
    let rows = tries.map { row -> [MarkdownText] in
      ["\(row.name)", "\(row.attacks)", rate(row.candidate), rate(row.baseline)]
    }
    return """

      ### Known attacks that succeed, by number of tries

      \(limited(["tries", "attacks", "candidate", "baseline"], rows))
      """
  }

  private static func fresh(_ summary: RunSummary) -> MarkdownText {
    if summary.fresh.isEmpty { return "" }
    let rows = summary.fresh.map { fresh -> [MarkdownText] in
      [
        "\(fresh.role)", "\(fresh.responses)", "\(fresh.confirmed)", "\(fresh.uniqueText)",
        "\(fresh.vendiScore.map { Numbers.text($0, .number) } ?? "–")",
      ]
    }
    return """

      ### Fresh attacks

      \(summary.confirmationSentence.map { "\($0)\n\n" } ?? "")\(limited(["searched on", "responses", "confirmed", "unique (cosine)", "Vendi score"], rows))
      """
  }

  private static func tuning(_ summary: RunSummary) -> MarkdownText {
    guard let tuning = summary.tuning else { return "" }
    let rows = tuning.rows.map { row -> [MarkdownText] in
      if let problem = row.problem { return ["\(row.variant)", "not usable: \(problem)", "", "", ""] }
      return [
        "\(row.variant)", rate(row.mean), rate(row.heldOut), rate(row.overRefusal, .difference),
        rate(row.quizChange, .difference),
      ]
    }
    var advice: MarkdownText = ""
    for sentence in tuning.advice { advice += "- \(sentence)\n" }
    let header: [MarkdownText] = [
      "tuned on the attacks of", "adapted attacks that succeed", "unseen kinds that succeed", "over-refusal",
      "quiz answers",
    ]
    return """

      ### Safety tuning compared

      \(advice)
      \(limited(header, rows))
      """
  }

  private static func calibration(_ summary: RunSummary) -> MarkdownText {
    guard let calibration = summary.calibration else { return "" }
    let rows = calibration.rows.map { row -> [MarkdownText] in
      [
        "\(row.title)", "\(row.unsafe) + \(row.safe)", "\(row.text(row.sensitivity, .share))",
        "\(row.text(row.specificity, .share))", "\(row.text(row.kappa, .number))", "\(row.text(row.alpha, .number))",
      ]
    }
    return """

      ### The judge against people

      \(calibration.use)

      \(limited(["labels of", "unsafe + safe", "sensitivity", "specificity", "kappa", "alpha"], rows))
      """
  }

  private static func revealed(_ summary: RunSummary) -> MarkdownText {
    guard let revealed = summary.revealed else { return "" }
    let rows = revealed.flatMap { attack in
      attack.responses.prefix(3).map { response -> [MarkdownText] in
        ["\(code: attack.id.text)", "\(attack.prompt)", "\(response.role)", "\(response.text)"]
      }
    }
    return "\n### Attacks and responses\n\n\(limited(["attack", "prompt", "model", "response"], rows))"
  }

  private static func cost(_ summary: RunSummary) -> MarkdownText {
    """

    \(summary.responsesAsked) responses asked, \(summary.responsesReused) reused from the ledger, \
    \(Numbers.duration(summary.seconds)).

    """
  }

  private static func footer(_ summary: RunSummary, date: Date, version: String) -> MarkdownText {
    var rest: MarkdownText = ""
    if let digest = summary.policy.digest { rest += " Run digest \(code: String(digest.prefix(12)))." }
    let inputs = summary.inputs.prefix(mostInputs)
    for (index, input) in inputs.enumerated() {
      rest += index == 0 ? " Inputs: " : ", "
      rest += "\(input.use) \(code: String(input.hash.prefix(12)))"
    }
    if !inputs.isEmpty { rest += (summary.policy.inputs?.count ?? 0) > inputs.count ? ", …" : "." }
    if let governance = summary.policy.governance { rest += " Attacks: \(governance.line)." }
    let gate: MarkdownText = summary.observed.map { " (as a gate: \(Int($0.exitCode)))" } ?? ""
    return """

      <sub>Policy \(summary.policy.name) \(code: String(summary.policy.hash.prefix(12))), seed \
      \(String(summary.policy.seed)), run \(code: summary.run), ledger head \
      \(code: summary.evidence.headHash), Sluice \(version), \(Timestamp(date).spoken). \
      Exit code \(Int(summary.exitCode))\(gate).\(rest)</sub>

      """
  }

  private static let mostInputs = 12

  // MARK: - Parts

  private static func limited(_ header: [MarkdownText], _ rows: [[MarkdownText]]) -> MarkdownText {
    let table = MarkdownText.table(header, Array(rows.prefix(mostRows)))
    return rows.count <= mostRows
      ? table : "\(table)\n… and \(rows.count - mostRows) more rows in the HTML and JSON reports.\n"
  }

  private static func rate(_ estimate: Estimate?, _ unit: Unit = .share) -> MarkdownText {
    guard let estimate, estimate.n > 0 else { return "–" }
    let bounds = [estimate.lower, estimate.upper].map { Numbers.text($0, unit) }
    return "\(Numbers.text(estimate.value, unit)) [\(bounds[0]), \(bounds[1])]"
  }

  private static func sign(_ verdict: Verdict) -> MarkdownText {
    switch verdict {
    case .pass: "✅"
    case .fail: "❌"
    case .inconclusive: "⚠️"
    }
  }
}

extension Reporter {
  public static let markdown = Reporter(
    name: "markdown", summary: "Markdown file",
    marks: [
      ReportMark("## ✅ PASS: "), ReportMark("## ❌ FAIL: "), ReportMark("## ⚠️ INCONCLUSIVE: "),
      ReportMark("## 👁️ WOULD "),
    ]
  ) { summary, context in
    MarkdownReport.render(summary, date: context.date, version: context.version)
  }
}
