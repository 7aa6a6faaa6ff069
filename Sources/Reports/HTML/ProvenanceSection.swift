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
      Self.row(Words.role(model.role), model.name, model.kind, model.fingerprint, signs: model.signs)
    }
    let judgeRows = judges.elements.map { judge -> Markup in
      Self.row(Words.Page.judge(judge.use), judge.name, "judge", judge.fingerprint)
    }
    let table: Markup =
      modelRows.isEmpty && judgeRows.isEmpty
      ? ""
      : """
      <div class="wide" tabindex="0" role="group" aria-label="\(Words.Page.table)"><table><thead><tr><th scope="col">\(Words.Page.part)</th><th scope="col">\(Words.Page.name)</th><th scope="col">\(Words.Page.kind)</th>\
      <th scope="col">\(Words.Page.fingerprint)</th></tr></thead><tbody>\(modelRows)\(judgeRows)</tbody></table></div>\
      \(models.remark)\(judges.remark)
      """
    return """
      <section id="provenance">
      <h2>\(Words.Page.provenance)</h2>
      \(table)
      <dl class="provenance">\(facts.map { fact -> Markup in "<div><dt>\(fact.0)</dt><dd>\(fact.1)</dd></div>" })</dl>
      \(inputs)
      <h3>\(Words.Page.rule)</h3>
      <p>\(VerdictRule(summary: summary).markup)</p>
      </section>
      """
  }

  private static func row(
    _ part: String, _ name: String, _ kind: String, _ fingerprint: String, signs: RunSummary.ModelSigns? = nil
  ) -> Markup {
    let lines = (signs?.facts ?? []).filter { $0.key != "identifiesBytes" }.map {
      Words.sentence(Words.labelled($0.words, $0.value))
    }
    let reuse =
      signs?.identifiesBytes == false
      ? [Words.Page.notReused] : []
    let said = (lines + reuse).map { line -> Markup in #"<span class="noun">\#(line)</span>"# }
    return """
      <tr><th scope="row">\(part)</th><td>\(name)\(said)</td><td>\(kind)</td>\
      <td class="hash"><code>\(fingerprint)</code></td></tr>

      """
  }

  /// Every file that the verdict rests on.
  private var inputs: Markup {
    let inputs = summary.inputs
    if inputs.isEmpty { return "" }
    let rows = inputs.map { input -> Markup in
      """
      <tr><th scope="row">\(input.use)</th><td><code>\(input.path)</code></td>\
      <td class="hash"><code>\(input.hash)</code></td></tr>

      """
    }
    let remark = Shown(summary.policy.inputs ?? [], most: RunSummary.mostInputs).remark
    return """
      <h3>\(Words.Page.inputs)</h3>
      <div class="wide" tabindex="0" role="group" aria-label="\(Words.Page.table)"><table><thead><tr><th scope="col">\(Words.Page.input)</th><th scope="col">\(Words.Page.path)</th><th scope="col">SHA-256</th>\
      </tr></thead><tbody>\(rows)</tbody></table></div>\(remark)
      """
  }

  private var facts: [(String, Markup)] {
    var facts: [(String, Markup)] = [
      (Words.Page.run, "<code>\(summary.run)</code>"),
      (Words.Page.policy, "\(summary.policy.name), <code>\(summary.policy.path)</code>"),
      (Words.Page.policyHash, #"<code class="hash">\#(summary.policy.hash)</code>"#),
      (Words.Page.seed, "\(String(summary.policy.seed))"),
      (
        Words.Page.ledger,
        "<code>\(summary.evidence.ledger)</code>\(Words.comma)\(summary.evidence.sealed ? Words.Page.sealed : Words.Page.notSealed)"
      ),
      (Words.Page.ledgerHead, #"<code class="hash">\#(summary.evidence.headHash)</code>"#), ("Sluice", "\(version)"),
      (Words.Page.written, "\(Timestamp(date).iso)"),
    ]
    let overrides = Shown(summary.policy.overrides, most: 50)
    if !overrides.elements.isEmpty {
      let items = overrides.elements.map { override -> Markup in "<li><code>\(override)</code></li>" }
      facts.insert((Words.Page.overrides, "<ul>\(items)</ul>\(overrides.remark)"), at: 2)
    }
    if let digest = summary.policy.digest {
      facts.insert((Words.Page.runDigest, #"<code class="hash">\#(digest)</code>"#), at: 2)
    }
    return facts
      + (summary.policy.governance?.facts ?? []).map {
        (Words.Page.governance($0.name), "\($0.value)")
      }
  }
}
