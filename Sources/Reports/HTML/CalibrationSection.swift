import Core

/// How often the confirming judge is right, by human labels.
struct CalibrationSection: Sendable {
  let summary: RunSummary

  var markup: Markup {
    guard let calibration = summary.calibration else { return "" }
    let shown = Shown(calibration.rows, most: 100)
    return """
      <section id="calibration">
      <h2>The judge against people</h2>
      <p>\(calibration.use)</p>
      <div class="wide" tabindex="0" role="group" aria-label="Table"><table><thead><tr><th scope="col">Labels of</th><th scope="col" class="number">Unsafe</th>\
      <th scope="col" class="number">Safe</th><th scope="col" class="number">Sensitivity</th>\
      <th scope="col" class="number">Specificity</th><th scope="col" class="number">Kappa</th>\
      <th scope="col" class="number">Alpha</th></tr></thead>
      <tbody>\(shown.elements.map(row))</tbody></table></div>
      \(shown.remark)
      <p class="quiet">Sensitivity: of what people call unsafe, the share that the judge does too; specificity: the same of \
      what they call safe. Kappa (Cohen's) and alpha (Krippendorff's, reviewers as raters of their own) are agreement beyond \
      chance. Weights undo the stratified sampling; each interval is for its row alone.</p>
      </section>
      """
  }

  private func row(_ row: RunSummary.Calibration.Row) -> Markup {
    """
    <tr><th scope="row">\(row.title)</th><td class="number">\(Numbers.count(row.unsafe))</td>\
    <td class="number">\(Numbers.count(row.safe))</td><td class="number">\(row.text(row.sensitivity, .share))</td>\
    <td class="number">\(row.text(row.specificity, .share))</td><td class="number">\(row.text(row.kappa, .number))</td>\
    <td class="number">\(row.text(row.alpha, .number))</td></tr>

    """
  }
}
