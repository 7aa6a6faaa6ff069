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
      <h2>\(Words.Page.revealed)</h2>
      <p class="lead">\(Words.Page.revealedLead(revealed.count))</p>
      \(shown.elements.map(attack))
      \(shown.remark)
      </section>
      """
  }

  private func attack(_ attack: RunSummary.RevealedAttack) -> Markup {
    let responses = Shown(attack.responses, most: Self.mostResponses)
    let rows = responses.elements.map { response -> Markup in
      """
      <tr><th scope="row">\(Words.role(response.role))</th><td class="prompt">\(response.text)</td>\
      <td class="number">\(response.score.map { Numbers.text($0, .number) } ?? "–")</td></tr>

      """
    }
    return """
      <article><h3><code>\(attack.id.text)</code> \(attack.category ?? Words.noCategory)\(Words.comma)\(Words.Page.origin(attack.origin))</h3>
      <p class="prompt">\(attack.prompt)</p>
      <div class="wide" tabindex="0" role="group" aria-label="\(Words.Page.table)"><table><thead><tr><th scope="col">\(Words.Page.model)</th><th scope="col">\(Words.Page.response)</th>\
      <th scope="col" class="number">\(Words.Page.judge)</th></tr></thead><tbody>\(rows)</tbody></table></div>\(responses.remark)</article>

      """
  }
}
