import Core

/// Attacks and responses in the clear, where somebody asked for them. They are text, never markup.
struct RevealedSection: Sendable {
  let summary: RunSummary

  private static let most = 200
  private static let mostResponses = 12

  var markup: Markup {
    guard let revealed = summary.revealed else { return "" }
    let shown = Shown(revealed, most: Self.most)
    return """
      <section id="revealed">
      <h2>Attacks and responses</h2>
      <p class="lead">Attacks that broke newly, that this run's search found, or that some model answered unsafely: \
      \(Numbers.count(revealed.count)). Keep this page as you keep the ledger.</p>
      \(shown.elements.map(attack))
      \(shown.remark)
      </section>
      """
  }

  private func attack(_ attack: RunSummary.RevealedAttack) -> Markup {
    let responses = Shown(attack.responses, most: Self.mostResponses)
    let rows = responses.elements.map { response -> Markup in
      """
      <tr><th scope="row">\(response.role)</th><td class="prompt">\(response.text)</td>\
      <td class="number">\(response.score.map { Numbers.text($0, .number) } ?? "–")</td></tr>

      """
    }
    return """
      <article><h3><code>\(attack.id.text)</code> \(attack.category ?? "no category"), \(attack.origin)</h3>
      <p class="prompt">\(attack.prompt)</p>
      <div class="wide" tabindex="0" role="group" aria-label="Table"><table><thead><tr><th scope="col">Model</th><th scope="col">Response</th>\
      <th scope="col" class="number">Judge</th></tr></thead><tbody>\(rows)</tbody></table></div>\(responses.remark)</article>

      """
  }
}
