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
      <h2>Checks</h2>
      <p class="lead">The dot is the number measured, the bar the range that the evidence leaves possible at the confidence \
      printed below it, the shaded zone what the policy allows. \(rule)\(example)</p>
      \(group("About the candidate", numbered.filter { !$0.element.adequacy }))
      \(group("About this run: could it have found anything?", numbered.filter { $0.element.adequacy }))
      \(shown.remark)
      </section>
      """
  }

  private var rule: Markup {
    summary.isDecidedOnEstimates
      ? """
      <b>The policy decides on the dots alone: a bar that crosses its limit counts all the same, and no error rate is \
      promised.</b>
      """
      : """
      A check passes only where the whole bar is in the zone, fails only where all of it is outside, and is inconclusive \
      otherwise\(exception).
      """
  }

  /// What a range in brackets means, with the first one of the page.
  private var example: Markup {
    guard let check = summary.checksByUrgency.first(where: { $0.measured != nil }) else { return "" }
    return """
       For example \(check.valueText) \(check.intervalText): so much was measured on these attacks; of attacks like these it may be \
      anything between the two numbers in brackets.
      """
  }

  private var exception: Markup {
    summary.checks.contains(where: \.adequacy) ? "; one about this run is never failed, only inconclusive" : ""
  }

  private func group(
    _ title: Markup, _ checks: [(offset: Int, element: RunSummary.CheckResult)]
  ) -> Markup {
    if checks.isEmpty { return "" }
    let rows = checks.map { row($0.element, id: $0.offset + 1) }
    return #"<h3>\#(title)</h3><div class="checks">\#(rows)</div>"#
  }

  private func row(_ check: RunSummary.CheckResult, id: Int) -> Markup {
    let noun: Markup = check.wording.noun.isEmpty ? "" : #" <span class="noun">\#(check.wording.noun)</span>"#
    let value: Markup =
      check.measured == nil
      ? #"<p class="value">not measured</p>"#
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
      check.excuse.map { "<br/><b>\($0)</b>" } ?? check.remedy.map { "<br/>To decide: \($0)" } ?? ""
    guard let estimate = check.measured else { return #"<p class="quiet">\#(check.reason)\#(remedy)</p>"# }
    let others = ([check.countReading].compactMap(\.self) + check.otherReadings).map { reading -> Markup in
      "<br/>\(reading)"
    }
    let unscored = estimate.unscored == 0 ? "" : ", \(Numbers.count(estimate.unscored)) unscored"
    return """
      <p class="quiet">\(Numbers.confidence(estimate.confidence)) confidence, n = \(Numbers.count(estimate.n))\
      \(unscored); \(estimate.method)\(others)\(remedy)</p>
      """
  }
}
