import Core
import Foundation

/// What exactly was judged, by what, and where the evidence lies.
struct ProvenanceSection: Sendable {
  let summary: RunSummary
  let date: Date
  let version: String

  var markup: Markup {
    let models = Shown(summary.models, most: 50)
    let judges = Shown(summary.judges, most: 20)
    let modelRows = models.elements.map { model -> Markup in
      Self.row(model.role, model.name, model.kind, model.fingerprint)
    }
    let judgeRows = judges.elements.map { judge -> Markup in
      Self.row("\(judge.use) judge", judge.name, "judge", judge.fingerprint)
    }
    let table: Markup =
      modelRows.isEmpty && judgeRows.isEmpty
      ? ""
      : """
      <div class="wide"><table><thead><tr><th scope="col">Part</th><th scope="col">Name</th><th scope="col">Kind</th>\
      <th scope="col">Fingerprint</th></tr></thead><tbody>\(modelRows)\(judgeRows)</tbody></table></div>\
      \(models.remark)\(judges.remark)
      """
    return """
      <section id="provenance">
      <h2>Provenance</h2>
      \(table)
      <dl class="provenance">\(facts.map { fact -> Markup in "<div><dt>\(fact.0)</dt><dd>\(fact.1)</dd></div>" })</dl>
      <h3>How the verdict is made</h3>
      <p>\(rule) One violated check fails the run. Otherwise one undecided check makes it inconclusive, and an attacker \
      that could not break the control model, too many errors or too little of the planned work done never count as a \
      pass.</p>
      </section>
      """
  }

  private var rule: Markup {
    if summary.isDecidedOnEstimates {
      return
        "The policy asks to compare measured numbers, not their intervals, with the limits: no error rate is promised."
    }
    return """
      Every check compares a whole interval with its limit. The chance that any of them is decided wrongly is at most \
      \(Numbers.confidence(1 - summary.policy.confidence)): Holm's procedure asks the more of each check the more there \
      are.
      """
  }

  private static func row(_ part: String, _ name: String, _ kind: String, _ fingerprint: String) -> Markup {
    """
    <tr><th scope="row">\(part)</th><td>\(name)</td><td>\(kind)</td><td class="hash"><code>\(fingerprint)</code></td></tr>

    """
  }

  private var facts: [(Markup, Markup)] {
    var facts: [(Markup, Markup)] = [
      ("Run", "<code>\(summary.run)</code>"), ("Policy", "\(summary.policy.name), <code>\(summary.policy.path)</code>"),
      ("Policy hash", #"<code class="hash">\#(summary.policy.hash)</code>"#),
      ("Seed", "\(String(summary.policy.seed))"),
      ("Ledger", "<code>\(summary.evidence.ledger)</code>, \(summary.evidence.sealed ? "sealed" : "not sealed")"),
      ("Ledger head", #"<code class="hash">\#(summary.evidence.headHash)</code>"#), ("Sluice", "\(version)"),
      ("Written", "\(Timestamp(date).iso)"),
    ]
    let overrides = Shown(summary.policy.overrides, most: 50)
    if !overrides.elements.isEmpty {
      let items = overrides.elements.map { override -> Markup in "<li><code>\(override)</code></li>" }
      facts.insert(("Overrides", "<ul>\(items)</ul>\(overrides.remark)"), at: 2)
    }
    return facts
  }
}
