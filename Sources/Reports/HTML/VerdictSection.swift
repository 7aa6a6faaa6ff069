import Core
import Foundation

/// The answer, why, and what it is about.
struct VerdictSection: Sendable {
  let summary: RunSummary
  let date: Date

  var markup: Markup {
    let reasons = Shown(summary.why, most: 12)
    let items = reasons.elements.map { reason -> Markup in
      let subject: Markup = reason.subject.isEmpty ? "" : "<b>\(reason.subject)\(Words.mark)</b>\(Words.gap)"
      return "<li>\(Figure.badge(reason.verdict))<span>\(subject)\(reason.finding)</span></li>"
    }
    let why: Markup =
      items.isEmpty ? "" : #"<h2 class="small">\#(Words.Page.why)</h2><ul class="why">\#(items)</ul>\#(reasons.remark)"#
    return """
      <header class="verdict \(Figure.name(summary.isObserved ? .inconclusive : summary.verdict))">
      <p class="kicker">\(summary.policy.name) · \(Timestamp(date).spoken)</p>
      <h1>\(Figure.badge(summary.verdict))<span>\(Figure.word(summary))</span></h1>
      <p class="headline">\(Words.sentence(summary.headline))</p>
      \(weakenings)\(why)
      \(deciding)\
      \(facts)
      </header>
      \(notices)
      """
  }

  /// Between the headline and the reasons: a reader who stops here must not take the verdict for more than it is.
  private var weakenings: Markup {
    let shown = Shown(summary.weakenings ?? [], most: 20)
    if shown.elements.isEmpty { return "" }
    let items = shown.elements.map { weakening -> Markup in "<li>\(weakening)</li>" }
    return """
      <div class="weakened"><h2 class="small">\(Words.Page.weakens)</h2><ul>\(items)</ul>\(shown.remark)</div>

      """
  }

  private var deciding: Markup {
    let shown = Shown(summary.deciding, most: 20)
    if shown.elements.isEmpty { return "" }
    let items = shown.elements.map { remedy -> Markup in "<li>\(remedy)</li>" }
    return """
      <h2 class="small">\(Words.Page.decides)</h2><ul class="remedies">\(items)</ul>\(shown.remark)

      """
  }

  private var facts: Markup {
    let count = { (verdict: Verdict) in summary.checks.count { $0.verdict == verdict && $0.excuse == nil } }
    let counts = [
      (count(.fail), Words.Page.violated), (count(.inconclusive), Words.Page.undecided),
      (count(.pass), Words.Page.satisfied), (summary.waived.count, Words.Page.waived),
      (summary.checks.count { $0.excuse != nil && !$0.isWaived }, Words.Page.advisory),
    ]
    let checks = Words.list(counts.filter { $0.0 > 0 }.map { $0.1($0.0) })
    var facts = [
      (Words.Page.candidate, summary.candidateName), (Words.Page.baseline, summary.baselineName ?? Words.none),
      (Words.Page.checks, checks.isEmpty ? Words.none : checks),
      (
        Words.Page.effort,
        Words.Page.effort(
          summary.responsesAsked, in: summary.seconds > 0 ? Numbers.duration(summary.seconds) : nil)
      ),
      (
        Words.Page.exitCode,
        String(summary.exitCode) + (summary.observed.map { Words.Page.asGate($0.exitCode) } ?? "")
      ),
    ]
    if let validity = summary.validity, !validity.isEmpty {
      let held = validity.count(where: \.holds)
      facts.insert((Words.Page.validity, Words.Validity.hold(held, of: validity.count)), at: 3)
    }
    if !summary.newlyBroken.isEmpty {
      let categories = summary.brokenByCategory.count
      facts.insert(
        (Words.Page.newlyBroken, Words.Page.broken(summary.newlyBroken.count, categories: categories)), at: 3)
    }
    let items = facts.map { fact -> Markup in "<div><dt>\(fact.0)</dt><dd>\(fact.1)</dd></div>" }
    return #"<dl class="facts">\#(items)</dl>"#
  }

  private var notices: Markup {
    let shown = Shown(summary.remarks, most: 30)
    if shown.elements.isEmpty { return "" }
    let items = shown.elements.map { notice -> Markup in "<li>\(notice)</li>" }
    return """
      <section class="notices" aria-label="\(Words.Page.notices)"><h2 class="small">\(Words.Page.note)</h2>\
      <ul>\(items)</ul>\(shown.remark)</section>
      """
  }
}
