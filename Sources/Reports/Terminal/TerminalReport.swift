import Core

/// What `sluice run` prints at its end: the verdict, why, the checks, and where the reports are.
public enum TerminalReport {
  /// - Parameters:
  ///   - colour: whether the terminal shows ANSI colours.
  ///   - width: columns of the terminal; tables that don't fit become lists.
  ///   - files: paths of the reports that were written.
  ///   - verbose: whether the basis of each check is shown.
  ///   - language: of what Sluice says; nil for the run's.
  public static func render(
    _ summary: RunSummary, colour: Bool, width: Int = 100, files: [String], verbose: Bool = false,
    language: Language? = nil
  ) -> String {
    (language ?? summary.language).speaking {
      page(summary.told, isColoured: colour, width: max(24, min(width, 200)), files: files, isVerbose: verbose)
    }
  }

  private static func page(
    _ summary: RunSummary, isColoured: Bool, width: Int, files: [String], isVerbose: Bool
  ) -> String {
    let page = Page(summary: summary, isColoured: isColoured, width: width)
    let parts = [
      page.head, page.why, page.checks, isVerbose ? page.bases : [], page.outcomes + page.validity,
      page.broken + page.fresh,
      page.cost + page.files(files),
    ]
    return parts.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
  }

  /// Verdict, model and first reason in one line.
  public static func line(_ summary: RunSummary, language: Language? = nil) -> String {
    (language ?? summary.language).speaking {
      let summary = summary.told
      let answer = Words.sentence(Words.labelled(summary.verdictPhrase.uppercased(), summary.headline))
      return PlainText.line(answer + (summary.why.first.map { Words.gap + $0.text } ?? "")) + "\n"
    }
  }
}

private struct Page {
  let summary: RunSummary
  let isColoured: Bool
  let width: Int

  var head: [String] {
    let word = "\(summary.verdict.mark) \(summary.verdictPhrase.uppercased())"
    let lines = TerminalText.wrapped(Words.labelled(word, clean(summary.headline)), to: width)
    let policy = Words.Terminal.identity(
      policy: clean(summary.policy.name), exitCode: summary.exitCode, asGate: summary.observed?.exitCode)
    return lines.map { paint($0, summary.isObserved ? .inconclusive : summary.verdict, isBold: true) } + weakenings
      + TerminalText.wrapped(policy, to: width)
  }

  /// Before any reason: a reader who stops after the first lines must not take the verdict for more than it is.
  private var weakenings: [String] {
    let all = summary.weakenings ?? []
    let lines = all.prefix(20).flatMap { hanging(Words.Terminal.weakened, clean($0)) }
    let more = all.count > 20 ? ["  " + Words.more(all.count - 20)] : []
    return (lines + more).map { paint($0, .inconclusive) }
  }

  var why: [String] {
    let notes = summary.remarks.prefix(20).flatMap { hanging(Words.Terminal.note, clean($0)) }
    let reasons = summary.why.prefix(20).flatMap { reason in
      hanging("\(reason.verdict.mark) ", clean(reason.text))
    }
    let more = summary.why.count > 20 ? ["  " + Words.more(summary.why.count - 20)] : []
    return reasons + more + deciding + notes
  }

  private var deciding: [String] {
    let all = summary.deciding
    let more = all.count > 20 ? ["  " + Words.more(all.count - 20)] : []
    return all.prefix(20).flatMap { hanging(Words.Terminal.toDecide, clean($0)) } + more
  }

  // MARK: - Checks

  private static let gap = "  "

  var checks: [String] {
    let checks = summary.checksByUrgency
    if checks.isEmpty { return [] }
    let header = Words.Terminal.header
    let rows = checks.map { check in
      [
        clean(check.name, longest: 60), check.valueText, check.intervalText, check.limitText,
        "\(check.verdict.mark) \(check.standing)",
      ]
    }
    guard let lines = table([header] + rows) else { return list(checks, rows) }
    return lines.prefix(1) + zip(checks, lines.dropFirst()).map { paint($1, $0.verdict) }
  }

  /// What each check rests on: how much was seen, how it is bounded, and at which confidence.
  var bases: [String] {
    summary.checksByUrgency.flatMap { check -> [String] in
      guard let estimate = check.measured else {
        return hanging(clean(check.name, longest: 60) + Words.colon, clean(check.reason))
      }
      let clusters = Numbers.text(estimate.effectiveN, .number)
      let text = Words.Terminal.basis(
        n: estimate.n, units: clusters, unscored: estimate.unscored,
        confidence: Numbers.confidence(estimate.confidence), method: estimate.method)
      return hanging(clean(check.name, longest: 60) + Words.colon, clean(text))
    }
  }

  /// Padded columns; nil where they don't fit the terminal.
  private func table(_ rows: [[String]]) -> [String]? {
    let columns = rows.first?.indices ?? 0..<0
    let widths = columns.map { column in rows.map { TerminalText.width($0[column]) }.max() ?? 0 }
    if widths.reduce(0, +) + Self.gap.count * (widths.count - 1) > width { return nil }
    return rows.map { cells in
      let padded = zip(cells, widths).map { TerminalText.padded($0, to: $1) }.joined(separator: Self.gap)
      return padded.trimming { $0 == " " }
    }
  }

  private func list(_ checks: [RunSummary.CheckResult], _ rows: [[String]]) -> [String] {
    zip(checks, rows).flatMap { check, row in
      let title = hanging("\(check.verdict.mark) ", row[0]).map { paint($0, check.verdict) }
      return title + hanging("  ", Words.labelled(Words.list(["\(row[1]) \(row[2])", row[3]]), check.standing))
    }
  }

  // MARK: - Outcomes and validity

  /// What became of the responses: a table only where something is missing, in any case every reason.
  var outcomes: [String] {
    let rows = summary.outcomeRows
    if rows.isEmpty { return [] }
    let plain = rows.flatMap { hanging($0.place + Words.colon, $0.sentence) }
    let names = RunSummary.OutcomeRow.columns(rows)
    let cells = rows.map { row in
      [row.place] + row.counts.filter { names.contains($0.name) }.map { Numbers.count($0.count) }
    }
    let isNotable = rows.contains(where: \.isNotable)
    let lines = isNotable ? table([[Words.Terminal.responses] + names.map(Words.Outcome.name)] + cells) ?? plain : plain
    let hidden = (summary.outcomes?.count ?? 0) - rows.count
    return lines + (hidden > 0 ? ["  " + Words.moreRows(hidden)] : [])
      + summary.outcomeReasons(mostOfEach: 6).flatMap { hanging("  ", $0) }
  }

  var validity: [String] { summary.validityLine.map { hanging(Words.Terminal.validity, clean($0)) } ?? [] }

  // MARK: - Findings and cost

  var broken: [String] {
    if summary.newlyBroken.isEmpty { return [] }
    let categories = summary.brokenByCategory
    let list = categories.prefix(12).map { "\(clean($0.category, longest: 40)) \($0.count)" }
    return hanging(
      Words.Terminal.newlyBroken,
      Words.Terminal.broken(summary.newlyBroken.count, list, isWhole: categories.count <= 12))
  }

  var fresh: [String] {
    summary.fresh.prefix(10).flatMap { fresh in
      hanging(
        Words.Terminal.fresh(on: Words.role(clean(fresh.role, longest: 40))),
        Words.Terminal.fresh(
          confirmed: fresh.confirmed, unasked: fresh.unasked, unique: clean(fresh.uniqueText),
          responses: fresh.responses,
          isReused: fresh.reused))
    }
  }

  var cost: [String] {
    let text = Words.Terminal.cost(
      asked: summary.responsesAsked, reused: summary.responsesReused, time: Numbers.duration(summary.seconds),
      run: clean(summary.run), seed: summary.policy.seed)
    return TerminalText.wrapped(text, to: width)
      + TerminalText.wrapped(Words.Terminal.ledgerHead(clean(summary.evidence.headHash)), to: width)
      + (summary.policy.governance.map { hanging(Words.Terminal.attacks, clean($0.line)) } ?? [])
  }

  /// Paths stay whole, so that they can be clicked and copied.
  func files(_ files: [String]) -> [String] { files.map { Words.Terminal.report + clean($0) } }

  // MARK: - Parts

  /// Wrapped text that begins with `label`; later lines are indented.
  private func hanging(_ label: String, _ text: String) -> [String] {
    let indent = String(repeating: " ", count: 2)
    let begin = String(label.prefix { $0 == " " })
    let lines = TerminalText.wrapped(label + text, to: width - indent.count)
    return lines.enumerated().map { ($0 == 0 ? begin : indent) + $1 }
  }

  private func paint(_ text: String, _ verdict: Verdict, isBold: Bool = false) -> String {
    if !isColoured { return text }
    let code =
      switch verdict {
      case .pass: "32"
      case .fail: "31"
      case .inconclusive: "33"
      }
    return "\u{1B}[\(isBold ? "1;" : "")\(code)m\(text)\u{1B}[0m"
  }

  /// Control characters in a name must not drive the terminal.
  private func clean(_ text: String, longest: Int = 500) -> String { PlainText.line(text, longest: longest) }
}
