import Core

/// What a release manager looks for in the first minute: what got worse, what was not covered, who acts, what comes next.
struct ReleaseSection: Sendable {
  let summary: RunSummary

  var markup: Markup {
    """
    <section id="release" class="release" aria-label="\(Words.Release.section)">
    \(list(Words.Release.next, summary.nextSteps, numbered: true))\(list(Words.Release.worseTitle, summary.worsening))\
    \(list(Words.Release.since, summary.since ?? []))\
    \(list(Words.Release.uncovered, summary.uncovered))\(list(Words.Release.who, [summary.responsible]))
    </section>
    """
  }

  private func list(_ title: String, _ sentences: [String], numbered: Bool = false) -> Markup {
    let shown = Shown(sentences, most: 20)
    if shown.elements.isEmpty { return "" }
    let items = shown.elements.map { sentence -> Markup in "<li>\(sentence)</li>" }
    let body: Markup = numbered ? "<ol>\(items)</ol>" : "<ul>\(items)</ul>"
    return #"<div><h2 class="small">\#(title)</h2>\#(body)\#(shown.remark)</div>"#
  }
}
