import Core
import Foundation

/// A summary for pull requests and CI steps: the verdict, why, the checks, and what is newly broken.
public enum MarkdownReport {
  /// GitHub refuses comments above 65,536 characters; sections that don't fit are left out from the end.
  static let mostBytes = 60_000
  private static let mostRows = 40

  /// - Parameter language: of what Sluice says, what the policy names keeps its name; nil for the run's.
  public static func render(
    _ summary: RunSummary, date: Date, version: String, language: Language? = nil
  ) -> [UInt8] {
    (language ?? summary.language).speaking { document(summary.told, date: date, version: version) }
  }

  private static func document(_ summary: RunSummary, date: Date, version: String) -> [UInt8] {
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
    if !isWhole { text += "\n\(Words.Markdown.tooLong)\n" }
    text += end
    return Array(text.source.utf8)
  }

  // MARK: - Sections

  /// What the head may take of a comment; sections have the rest.
  private static let mostHeadBytes = 30_000

  private static func head(_ summary: RunSummary) -> MarkdownText {
    var text: MarkdownText =
      "## \(summary.isObserved ? "👁️" : sign(summary.verdict)) \(Words.labelled(summary.verdictPhrase.uppercased(), summary.headline))\n\n"
    func add(_ lines: [MarkdownText], most: Int) {
      var shown = 0
      for line in lines.prefix(most) where text.source.utf8.count + line.source.utf8.count <= mostHeadBytes {
        text += line
        shown += 1
      }
      if shown < lines.count { text += "- \(Words.more(lines.count - shown))\n" }
    }
    // Before any reason: a reader who stops after the first lines must not take the verdict for more than it is.
    add((summary.weakenings ?? []).map { "> \(Words.Markdown.weakened)\($0)\n\n" }, most: 10)
    add(summary.why.map { "- \(sign($0.verdict)) \($0.text)\n" }, most: 10)
    add(summary.deciding.map { "- \(Words.Markdown.toDecide)\($0)\n" }, most: 10)
    for notice in summary.remarks.prefix(10) {
      let line: MarkdownText = "\n> \(Words.Markdown.note)\(notice)\n"
      if text.source.utf8.count + line.source.utf8.count <= mostHeadBytes { text += line }
    }
    return text
  }

  private static func release(_ summary: RunSummary) -> MarkdownText {
    // Summaries of version 0.1 keep the words that they had.
    if summary.question == nil { return "" }
    var text: MarkdownText = ""
    let parts = [
      (Words.Markdown.next, summary.nextSteps), (Words.Markdown.worse, summary.worsening),
      (Words.Markdown.since, summary.since ?? []),
      (Words.Markdown.uncovered, summary.uncovered),
      (Words.Markdown.who, [summary.responsible]),
    ]
    for (title, sentences) in parts where !sentences.isEmpty {
      text += "\n\(title)\(sentences.prefix(8).joined(separator: Words.gap))\n"
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
    if all.count > mostRows { reasons += "- \(Words.Markdown.moreReasons(all.count - mostRows))\n" }
    let header = ([Words.Terminal.responses] + names.map(Words.Outcome.name)).map { "\($0)" as MarkdownText }
    return """

      ### \(Words.Markdown.outcomes)

      \(limited(header, cells))
      \(reasons)
      """
  }

  private static func validity(_ summary: RunSummary) -> MarkdownText {
    guard let line = summary.validityLine else { return "" }
    return "\n\(Words.Markdown.validity(line))\n"
  }

  private static func checks(_ summary: RunSummary) -> MarkdownText {
    if summary.checks.isEmpty { return "" }
    let rows = summary.checksByUrgency.map { check -> [MarkdownText] in
      [
        "\(check.excuse == nil ? sign(check.verdict) : "⏭️") \(check.standing)", "\(check.title)<br>\(code: check.name)",
        "\(check.valueText)", "\(check.intervalText)", "\(check.limitText)",
      ]
    }
    return "\n### \(Words.Markdown.checks)\n\n\(limited(Words.Markdown.checkHeader, rows))"
  }

  private static func broken(_ summary: RunSummary) -> MarkdownText {
    if summary.newlyBroken.isEmpty { return "" }
    let rows = summary.brokenByCategory.map { row -> [MarkdownText] in ["\(row.category)", "\(row.count)"] }
    let lead = Words.Markdown.brokenLead(
      baseline: summary.baselineName, candidate: summary.candidateName, count: summary.newlyBroken.count)
    return """

      ### \(Words.Markdown.broken)

      \(lead)

      \(limited(Words.Markdown.brokenHeader, rows))
      """
  }

  private static func categories(_ summary: RunSummary) -> MarkdownText {
    if summary.categories.isEmpty { return "" }
    let rows = summary.categories.map { row -> [MarkdownText] in
      ["\(row.category)", "\(row.attacks)", rate(row.candidate), rate(row.baseline), "\(row.newlyBroken)"]
    }
    return """

      ### \(Words.Markdown.byCategory)

      \(limited(Words.Markdown.categoryHeader, rows))
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

      ### \(Words.Markdown.byTransform)

      \(limited(Words.Markdown.transformHeader, rows))
      """
  }

  private static func tries(_ summary: RunSummary) -> MarkdownText {
    guard let tries = summary.tries else { return "" }
    let rows = tries.map { row -> [MarkdownText] in
      ["\(row.name)", "\(row.attacks)", rate(row.candidate), rate(row.baseline)]
    }
    return """

      ### \(Words.Markdown.byTries)

      \(limited(Words.Markdown.triesHeader, rows))
      """
  }

  private static func fresh(_ summary: RunSummary) -> MarkdownText {
    if summary.fresh.isEmpty { return "" }
    let rows = summary.fresh.map { fresh -> [MarkdownText] in
      [
        "\(Words.role(fresh.role))", "\(fresh.responses)",
        "\(fresh.confirmed)\(fresh.unasked > 0 ? " (\(Words.Terminal.unasked(fresh.unasked)))" : "")",
        "\(fresh.uniqueText)",
        "\(fresh.vendiScore.map { Numbers.text($0, .number) } ?? "–")",
      ]
    }
    return """

      ### \(Words.Markdown.fresh)

      \(summary.confirmationSentence.map { "\(Recorded.text($0))\n\n" } ?? "")\(limited(Words.Markdown.freshHeader, rows))
      """
  }

  private static func tuning(_ summary: RunSummary) -> MarkdownText {
    guard let tuning = summary.tuning else { return "" }
    let rows = tuning.rows.map { row -> [MarkdownText] in
      if let problem = row.problem { return ["\(row.variant)", Words.Markdown.notUsable(problem), "", "", ""] }
      return [
        "\(row.variant)", rate(row.mean), rate(row.heldOut), rate(row.overRefusal, .difference),
        rate(row.quizChange, .difference),
      ]
    }
    var advice: MarkdownText = ""
    for sentence in tuning.advice { advice += "- \(sentence)\n" }
    return """

      ### \(Words.Markdown.tuning)

      \(advice)
      \(limited(Words.Markdown.tuningHeader, rows))
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

      ### \(Words.Markdown.calibration)

      \(calibration.use)

      \(limited(Words.Markdown.calibrationHeader, rows))
      """
  }

  private static func revealed(_ summary: RunSummary) -> MarkdownText {
    guard let revealed = summary.revealed else { return "" }
    let rows = revealed.flatMap { attack in
      attack.responses.prefix(3).map { response -> [MarkdownText] in
        ["\(code: attack.id.text)", "\(attack.prompt)", "\(Words.role(response.role))", "\(response.text)"]
      }
    }
    return "\n### \(Words.Markdown.revealed)\n\n\(limited(Words.Markdown.revealedHeader, rows))"
  }

  private static func cost(_ summary: RunSummary) -> MarkdownText {
    let cost = Words.Markdown.cost(
      asked: summary.responsesAsked, reused: summary.responsesReused, time: Numbers.duration(summary.seconds))
    return "\n\(cost)\n"
  }

  private static func footer(_ summary: RunSummary, date: Date, version: String) -> MarkdownText {
    var rest: MarkdownText = ""
    if let digest = summary.policy.digest { rest += Words.Markdown.digest(String(digest.prefix(12))) }
    let inputs = summary.inputs.prefix(mostInputs)
    for (index, input) in inputs.enumerated() {
      rest += index == 0 ? Words.Markdown.inputs : Words.Markdown.comma
      rest += "\(input.use) \(code: String(input.hash.prefix(12)))"
    }
    if !inputs.isEmpty {
      rest += (summary.policy.inputs?.count ?? 0) > inputs.count ? "\(Words.Markdown.comma)…" : Words.Markdown.stop
    }
    if let governance = summary.policy.governance { rest += Words.Markdown.attacks(governance.line) }
    let gate = summary.observed.map { Words.Markdown.asGate($0.exitCode) } ?? ""
    let whole = Words.Markdown.footer(summary, version: version, time: Timestamp(date).spoken, gate: gate)
    return "\n<sub>\(whole)\(rest)</sub>\n"
  }

  private static let mostInputs = 12

  // MARK: - Parts

  private static func limited(_ header: [MarkdownText], _ rows: [[MarkdownText]]) -> MarkdownText {
    let table = MarkdownText.table(header, Array(rows.prefix(mostRows)))
    return rows.count <= mostRows
      ? table : "\(table)\n\(Words.Markdown.moreRows(rows.count - mostRows))\n"
  }

  private static func rate(_ estimate: Estimate?, _ unit: Unit = .share) -> MarkdownText {
    guard let estimate, estimate.n > 0 else { return "–" }
    let bounds = [estimate.lower, estimate.upper].map { Numbers.text($0, unit) }
    return "\(Numbers.text(estimate.value, unit)) [\(bounds[0]), \(bounds[1])]"
  }
}
