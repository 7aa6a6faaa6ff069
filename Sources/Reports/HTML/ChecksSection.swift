import Core

/// Every check with its interval against its limit: those about the candidate, then those about the run itself.
struct ChecksSection: Sendable {
  let summary: RunSummary

  private static let most = 300

  var markup: Markup {
    if summary.checks.isEmpty { return "" }
    let shown = Shown(summary.checksByUrgency, most: Self.most)
    let numbered = Array(shown.elements.enumerated())
    return """
      <section id="checks">
      <h2>\(Words.Page.checks)</h2>
      <p class="lead">\(Words.Page.checksLead(rule, example))</p>
      \(group(Words.Page.aboutCandidate, numbered.filter { !$0.element.adequacy }))
      \(group(Words.Page.aboutRun, numbered.filter { $0.element.adequacy }))
      \(shown.remark)
      </section>
      """
  }

  private var rule: Markup {
    summary.isDecidedOnEstimates
      ? Words.Page.decidedOnEstimates
      : Words.Page.checkRule(summary.checks.contains(where: \.adequacy) ? Words.Page.checkException : "")
  }

  /// What a range in brackets means, with the first one of the page.
  private var example: Markup {
    guard let check = summary.checksByUrgency.first(where: { $0.measured != nil }) else { return "" }
    return Words.Page.example(check.valueText, check.intervalText)
  }

  private func group(
    _ title: String, _ checks: [(offset: Int, element: RunSummary.CheckResult)]
  ) -> Markup {
    if checks.isEmpty { return "" }
    let rows = checks.map { row($0.element, id: $0.offset + 1) }
    return #"<h3>\#(title)</h3><div class="checks">\#(rows)</div>"#
  }

  private func row(_ check: RunSummary.CheckResult, id: Int) -> Markup {
    let noun: Markup = check.wording.noun.isEmpty ? "" : #" <span class="noun">\#(check.wording.noun)</span>"#
    let value: Markup =
      check.measured == nil
      ? #"<p class="value">\#(Words.notMeasured)</p>"#
      : #"<p class="value"><b>\#(check.valueText)</b>\#(noun)</p><p class="range">\#(check.intervalText)</p>"#
    return """
      <article class="check">
      <div class="what"><h4>\(check.title)</h4><p>\(check.explanation)</p>\
      <p class="quiet"><code>\(check.name)</code></p></div>
      <div class="shape">\(IntervalPlot(check: check, id: id).markup)\(basis(check))</div>
      <div class="result"><p class="word \(Figure.name(check.verdict))">\(Figure.badge(check.verdict))\
      \(check.excuse == nil ? Figure.word(check.verdict) : check.standing)</p>\(value)<p class="range">\(check.limitText)</p></div>
      </article>

      """
  }

  private func basis(_ check: RunSummary.CheckResult) -> Markup {
    let remedy: Markup =
      check.excuse.map { "<br/><b>\($0)</b>" } ?? check.remedy.map { "<br/>\(Words.Page.decide($0))" } ?? ""
    guard let estimate = check.measured else { return #"<p class="quiet">\#(check.reason)\#(remedy)</p>"# }
    let others = ([check.countReading].compactMap(\.self) + check.otherReadings).map { reading -> Markup in
      "<br/>\(reading)"
    }
    let basis = Words.Page.basis(
      confidence: Numbers.confidence(estimate.confidence), n: estimate.n, unscored: estimate.unscored,
      method: estimate.method)
    return #"<p class="quiet">\#(basis)\#(others)\#(remedy)</p>"#
  }
}
