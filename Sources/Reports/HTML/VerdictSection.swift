import Core
import Foundation

/// The answer, why, and what it is about.
struct VerdictSection: Sendable {
  let summary: RunSummary
  let date: Date

  var markup: Markup {
    let reasons = Shown(summary.why, most: 12)
    let items = reasons.elements.map { reason -> Markup in
      let subject: Markup = reason.subject.isEmpty ? "" : "<b>\(reason.subject):</b> "
      return "<li>\(Figure.badge(reason.verdict))<span>\(subject)\(reason.finding)</span></li>"
    }
    let why: Markup =
      items.isEmpty ? "" : #"<h2 class="small">Why</h2><ul class="why">\#(items)</ul>\#(reasons.remark)"#
    return """
      <header class="verdict \(Figure.name(summary.isObserved ? .inconclusive : summary.verdict))">
      <p class="kicker">\(summary.policy.name) · \(Timestamp(date).spoken)</p>
      <h1>\(Figure.badge(summary.verdict))<span>\(Figure.word(summary))</span></h1>
      <p class="headline">\(summary.headline).</p>
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
      <div class="weakened"><h2 class="small">What weakens this verdict</h2><ul>\(items)</ul>\(shown.remark)</div>

      """
  }

  private var deciding: Markup {
    let shown = Shown(summary.deciding, most: 20)
    if shown.elements.isEmpty { return "" }
    let items = shown.elements.map { remedy -> Markup in "<li>\(remedy)</li>" }
    return """
      <h2 class="small">What would decide it</h2><ul class="remedies">\(items)</ul>\(shown.remark)

      """
  }

  private var facts: Markup {
    let count = { (verdict: Verdict) in summary.checks.count { $0.verdict == verdict && $0.excuse == nil } }
    let checks = [
      (count(.fail), "violated"), (count(.inconclusive), "undecided"), (count(.pass), "satisfied"),
      (summary.waived.count, "waived"), (summary.checks.count { $0.excuse != nil && !$0.isWaived }, "advisory"),
    ]
    .filter { $0.0 > 0 }.map { "\(Numbers.count($0.0)) \($0.1)" }.joined(separator: ", ")
    var facts = [
      ("Candidate", summary.candidateName), ("Baseline", summary.baselineName ?? "none"),
      ("Checks", checks.isEmpty ? "none" : checks),
      (
        "Effort",
        "\(Numbers.count(summary.responsesAsked)) responses"
          + (summary.seconds > 0 ? " in \(Numbers.duration(summary.seconds))" : "")
      ), ("Exit code", String(summary.exitCode) + (summary.observed.map { " (as a gate: \($0.exitCode))" } ?? "")),
    ]
    if let validity = summary.validity, !validity.isEmpty {
      let held = validity.count(where: \.holds)
      facts.insert(("Validity", "\(Numbers.count(held)) of \(Numbers.count(validity.count)) hold"), at: 3)
    }
    if !summary.newlyBroken.isEmpty {
      let categories = summary.brokenByCategory.count
      facts.insert(
        (
          "Newly broken",
          "\(Numbers.count(summary.newlyBroken.count)) attacks in \(Numbers.count(categories)) "
            + (categories == 1 ? "category" : "categories")
        ), at: 3)
    }
    let items = facts.map { fact -> Markup in "<div><dt>\(fact.0)</dt><dd>\(fact.1)</dd></div>" }
    return #"<dl class="facts">\#(items)</dl>"#
  }

  private var notices: Markup {
    let shown = Shown(summary.remarks, most: 30)
    if shown.elements.isEmpty { return "" }
    let items = shown.elements.map { notice -> Markup in "<li>\(notice)</li>" }
    return """
      <section class="notices" aria-label="Notices"><h2 class="small">Note before you rely on this</h2>\
      <ul>\(items)</ul>\(shown.remark)</section>
      """
  }
}
