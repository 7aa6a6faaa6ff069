import Core

/// Safety-tuned variants: what every attack method achieves against each, what tuning costs elsewhere, and which to take.
struct TuningSection: Sendable {
  let summary: RunSummary

  private typealias Row = RunSummary.TuningSummary.Row

  private static let mostRows = 40
  private static let mostExamples = 60
  /// Past the charts of other sections.
  private static let chart = 3_000

  var markup: Markup {
    guard let tuning = summary.tuning else { return "" }
    return """
      <section id="tuning">
      <h2>Safety tuning compared</h2>
      \(tuning.advice.map { "<p>\($0)</p>" as Markup })
      <h3>Every attack method against every variant</h3>
      <p class="lead">A row is a model, a column an attack method that adapted to it at equal budget: the share of its last \
      proposals that succeed, asked anew and judged by the confirming judge. Small print: its attacks on the untuned model, of \
      kinds that nothing was tuned on.</p>
      \(matrix(tuning))
      <p class="quiet">\(tuning.heldOutText) Intervals are each for itself, over restarts of the attacker.</p>
      <h3>Robustness against over-refusal</h3>
      \(TradeOffChart(tuning: tuning, id: Self.chart).markup)
      <h3>What tuning costs elsewhere</h3>
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
        ? "\(row.variant)<span class=\"noun\">recommended</span>" : "\(row.variant)"
      if let problem = row.problem {
        return """
          <tr><th scope="row">\(label)</th><td colspan="\(tuning.methods.count + 1)"><span class="word open">\
          \(Figure.badge(.inconclusive))not usable</span>: \(problem)</td></tr>

          """
      }
      let cells = tuning.methods.map { method -> Markup in
        guard let cell = row.cells.first(where: { $0.method == method }) else { return "<td>–</td>" }
        return heat(cell.adaptive, beneath: cell.heldOut)
      }
      return "<tr><th scope=\"row\">\(label)</th>\(heat(row.mean, beneath: row.heldOut))\(cells)</tr>\n"
    }
    return """
      <div class="wide" tabindex="0" role="group" aria-label="Table"><table class="heat"><thead><tr><th scope="col">Tuned on the attacks of</th>\
      <th scope="col" class="number">mean</th>\(header)</tr></thead>
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
    let held: Markup = beneath.map { "<span class=\"held\">old \(Numbers.coarse($0.value))</span>" } ?? ""
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
      <div class="wide" tabindex="0" role="group" aria-label="Table"><table><thead><tr><th scope="col">Model</th><th scope="col" class="number">Harmless questions \
      refused</th><th scope="col" class="number">Change</th><th scope="col" class="number">Quiz answers right</th>\
      <th scope="col" class="number">Change</th><th scope="col" class="number">Tokens an answer</th>\
      <th scope="col" class="number">Latency</th></tr></thead>
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
      <td>\(round.row.problem ?? (round.pays ? "pays" : "doesn't pay any more"))</td></tr>

      """
    }
    return """
      <h3>More rounds of attack and tuning</h3>
      <div class="wide" tabindex="0" role="group" aria-label="Table"><table><thead><tr><th scope="col">Round</th><th scope="col" class="number">New attacks</th>\
      <th scope="col" class="number">Attacks that succeed</th><th scope="col" class="number">Since the round before</th>\
      <th scope="col" class="number">Refused more</th><th scope="col">Verdict</th></tr></thead>
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
          <p><code>\(prompt)</code></p><p>before: <code>\(change.before ?? "–")</code></p>\
          <p>after: <code>\(change.after ?? "–")</code></p>
          """
        } ?? ""
      return """
        <tr><th scope="row">\(change.category ?? "no category")</th><td><code>\(change.id.text)</code>\(texts)</td>\
        <td class="number">\(change.unsafeBefore) of \(change.scoredBefore)</td>\
        <td class="number">\(change.unsafeAfter) of \(change.scoredAfter)</td></tr>

        """
    }
    return """
      <h3>Attacks that \(recommended) never saw, before and after</h3>
      <div class="wide" tabindex="0" role="group" aria-label="Table"><table><thead><tr><th scope="col">Category</th><th scope="col">Attack</th>\
      <th scope="col" class="number">Unsafe before</th><th scope="col" class="number">Unsafe after</th></tr></thead>
      <tbody>\(rows)</tbody></table></div>\(shown.remark)
      """
  }

  private func rate(_ estimate: Estimate?, _ unit: Unit) -> Markup {
    guard let estimate, estimate.n > 0 else { return "–" }
    return "\(Numbers.text(estimate.value, unit))<span class=\"bounds\">\(Numbers.interval(estimate, unit))</span>"
  }

  private func number(_ x: Double?) -> String { x.map { Numbers.text($0, .number) } ?? "–" }
}
