import Core

/// What a release manager looks for in the first minute: what got worse, what was not covered, who acts, what comes next.
struct ReleaseSection: Sendable {
  let summary: RunSummary

  var markup: Markup {
    """
    <section id="release" class="release" aria-label="For the release">
    \(list("What to do next", summary.nextSteps, numbered: true))\(list("What got worse", summary.worsening))\
    \(list("Since when", summary.since ?? []))\
    \(list("What was not covered", summary.uncovered))\(list("Who must act", [summary.responsible]))
    </section>
    """
  }

  private func list(_ title: Markup, _ sentences: [String], numbered: Bool = false) -> Markup {
    let shown = Shown(sentences, most: 20)
    if shown.elements.isEmpty { return "" }
    let items = shown.elements.map { sentence -> Markup in "<li>\(sentence)</li>" }
    let body: Markup = numbered ? "<ol>\(items)</ol>" : "<ul>\(items)</ul>"
    return #"<div><h2 class="small">\#(title)</h2>\#(body)\#(shown.remark)</div>"#
  }
}
