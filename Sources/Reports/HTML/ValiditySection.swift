import Core

/// The checks that need no asking: whether the run could have found anything.
struct ValiditySection: Sendable {
  let summary: RunSummary

  var markup: Markup {
    guard let line = summary.validityLine else { return "" }
    let remark = Shown(summary.validity ?? [], most: RunSummary.mostValidity).remark
    return """
      <section id="validity">
      <h2>\(Words.Page.validityTitle)</h2>
      <p class="lead">\(Words.Page.validityLead(line))</p>
      <ul class="why">\(summary.validityByUrgency.map(item))</ul>
      \(remark)
      </section>
      """
  }

  private func item(_ result: RunSummary.ValidityResult) -> Markup {
    let remedy: Markup = result.remedy.map { " <b>\(Words.Page.toDecide)</b> \($0)" } ?? ""
    return """
      <li>\(Figure.badge(result.verdict))<span><b>\(result.title)\(Words.mark)</b>\(Words.gap)\(result.finding)\(remedy)</span></li>

      """
  }
}
