import Core

/// Safety-tuned variants: what every attack method achieves against each, what tuning costs elsewhere, and which to take.
struct TuningSection: Sendable {
  let summary: RunSummary

  private static let mostRows = 40
  private static let mostExamples = 60
  /// Past the charts of other sections.
  private static let chart = 3_000

  var markup: Markup {
    guard let tuning = summary.tuning else { return "" }
    return """
      <section id="tuning">
      <h2>\(Words.Page.tuning)</h2>
      \(tuning.advice.map { "<p>\($0)</p>" as Markup })
      <h3>\(Words.Page.matrix)</h3>
      <p class="lead">\(Words.Page.matrixLead)</p>
      \(matrix(tuning))
      <p class="quiet">\(tuning.heldOutText)\(Words.Page.ownIntervals)</p>
      <h3>\(Words.Page.tradeOff)</h3>
      \(TradeOffChart(tuning: tuning, id: Self.chart).markup)
      <h3>\(Words.Page.tuningCost)</h3>
      \(costs(tuning))
      \(VariantPaths(tuning: tuning).markup)
      \(rounds(tuning))
      \(examples(tuning))
      </section>
      """
  }

  // MARK: - Tables

  private func matrix(_ tuning: RunSummary.TuningSummary) -> Markup {
    let header = tuning.methods.map { #"<th scope="col" class="number">\#($0)</th>"# as Markup }
    let shown = Shown(tuning.rows, most: Self.mostRows)
    let rows = shown.elements.map { row -> Markup in
      let label: Markup =
        row.variant == tuning.recommended
        ? "\(row.variant)<span class=\"noun\">\(Words.Page.recommended)</span>" : "\(row.variant)"
      if let problem = row.problem {
        return """
          <tr><th scope="row">\(label)</th><td colspan="\(tuning.methods.count + 1)"><span class="word open">\
          \(Figure.badge(.inconclusive))\(Words.Page.notUsable)</span>\(Words.colon)\(problem)</td></tr>

          """
      }
      let cells = tuning.methods.map { method -> Markup in
        guard let cell = row.cells.first(where: { $0.method == method }) else { return "<td>–</td>" }
        return heat(cell.adaptive, beneath: cell.heldOut)
      }
      return "<tr><th scope=\"row\">\(label)</th>\(heat(row.mean, beneath: row.heldOut))\(cells)</tr>\n"
    }
    return """
      <div class="wide" tabindex="0" role="group" aria-label="\(Words.Page.table)"><table class="heat"><thead><tr><th scope="col">\(Words.Page.tunedOn)</th>\
      <th scope="col" class="number">\(Words.Page.mean)</th>\(header)</tr></thead>
      <tbody>\(rows)</tbody></table></div>\(shown.remark)
      """
  }

  /// Colour only repeats the number.
  private func heat(_ estimate: Estimate?, beneath: Estimate?) -> Markup {
    guard let estimate, estimate.n > 0 else { return "<td class=\"number\">–</td>" }
    let kind: Markup =
      switch estimate.value {
      case ..<0.05: "h0"
      case ..<0.15: "h1"
      case ..<0.35: "h2"
      case ..<0.65: "h3"
      default: "h4"
      }
    let held: Markup = beneath.map { "<span class=\"held\">\(Words.Page.old(Numbers.coarse($0.value)))</span>" } ?? ""
    return """
      <td class="number \(kind)"><b>\(Numbers.coarse(estimate.value))</b><span class="bounds">\
      \(Numbers.coarse(estimate.lower)) – \(Numbers.coarse(estimate.upper))</span>\(held)</td>
      """
  }

  private func costs(_ tuning: RunSummary.TuningSummary) -> Markup {
    let shown = Shown(tuning.rows, most: Self.mostRows)
    let rows = shown.elements.map { row -> Markup in
      """
      <tr><th scope="row">\(row.variant)<span class="noun">\(row.dataText)</span></th>\
      <td class="number">\(rate(row.refusalRate, .share))</td><td class="number">\(rate(row.overRefusal, .difference))</td>\
      <td class="number">\(rate(row.quiz, .share))</td><td class="number">\(rate(row.quizChange, .difference))</td>\
      <td class="number">\(number(row.meanTokens))</td><td class="number">\(row.meanLatency.map(Numbers.latency) ?? "–")</td>\
      </tr>

      """
    }
    return """
      <div class="wide" tabindex="0" role="group" aria-label="\(Words.Page.table)"><table><thead><tr><th scope="col">\(Words.Page.model)</th><th scope="col" class="number">\(Words.Page.harmlessRefused)</th><th scope="col" class="number">\(Words.Page.change)</th><th scope="col" class="number">\(Words.Page.quiz)</th>\
      <th scope="col" class="number">\(Words.Page.change)</th><th scope="col" class="number">\(Words.Page.tokens)</th>\
      <th scope="col" class="number">\(Words.Page.latency)</th></tr></thead>
      <tbody>\(rows)</tbody></table></div>\(shown.remark)
      """
  }

  private func rounds(_ tuning: RunSummary.TuningSummary) -> Markup {
    if tuning.rounds.isEmpty { return "" }
    let rows = tuning.rounds.map { round -> Markup in
      """
      <tr><th scope="row">\(round.row.variant)</th><td class="number">\(Numbers.count(round.newAttacks))</td>\
      <td class="number">\(rate(round.row.mean, .share))</td><td class="number">\(rate(round.change, .difference))</td>\
      <td class="number">\(rate(round.row.overRefusal, .difference))</td>\
      <td>\(round.row.problem ?? (round.pays ? Words.Page.pays : Words.Page.paysNoMore))</td></tr>

      """
    }
    return """
      <h3>\(Words.Page.rounds)</h3>
      <div class="wide" tabindex="0" role="group" aria-label="\(Words.Page.table)"><table><thead><tr><th scope="col">\(Words.Page.round)</th><th scope="col" class="number">\(Words.Page.newAttacks)</th>\
      <th scope="col" class="number">\(Words.Page.attacksSucceed)</th><th scope="col" class="number">\(Words.Page.sinceRound)</th>\
      <th scope="col" class="number">\(Words.Page.refusedMore)</th><th scope="col">\(Words.Page.verdict)</th></tr></thead>
      <tbody>\(rows)</tbody></table></div>
      """
  }

  private func examples(_ tuning: RunSummary.TuningSummary) -> Markup {
    guard let recommended = tuning.recommended, !tuning.examples.isEmpty else { return "" }
    let shown = Shown(tuning.examples, most: Self.mostExamples)
    let rows = shown.elements.map { change -> Markup in
      let texts: Markup =
        change.prompt.map { prompt in
          """
          <p><code>\(prompt)</code></p><p>\(Words.Page.before) <code>\(change.before ?? "–")</code></p>\
          <p>\(Words.Page.after) <code>\(change.after ?? "–")</code></p>
          """
        } ?? ""
      return """
        <tr><th scope="row">\(change.category ?? Words.noCategory)</th><td><code>\(change.id.text)</code>\(texts)</td>\
        <td class="number">\(Words.outOf(change.unsafeBefore, change.scoredBefore))</td>\
        <td class="number">\(Words.outOf(change.unsafeAfter, change.scoredAfter))</td></tr>

        """
    }
    return """
      <h3>\(Words.Page.neverSaw(recommended))</h3>
      <div class="wide" tabindex="0" role="group" aria-label="\(Words.Page.table)"><table><thead><tr><th scope="col">\(Words.Page.category)</th><th scope="col">\(Words.Page.attack)</th>\
      <th scope="col" class="number">\(Words.Page.unsafeBefore)</th><th scope="col" class="number">\(Words.Page.unsafeAfter)</th></tr></thead>
      <tbody>\(rows)</tbody></table></div>\(shown.remark)
      """
  }

  private func rate(_ estimate: Estimate?, _ unit: Unit) -> Markup {
    guard let estimate, estimate.n > 0 else { return "–" }
    return "\(Numbers.text(estimate.value, unit))<span class=\"bounds\">\(Numbers.interval(estimate, unit))</span>"
  }

  private func number(_ x: Double?) -> String { x.map { Numbers.text($0, .number) } ?? "–" }
}
