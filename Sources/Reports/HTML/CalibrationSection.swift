import Core

/// How often the confirming judge is right, by human labels.
struct CalibrationSection: Sendable {
  let summary: RunSummary

  var markup: Markup {
    guard let calibration = summary.calibration else { return "" }
    let shown = Shown(calibration.rows, most: 100)
    return """
      <section id="calibration">
      <h2>\(Words.Page.calibration)</h2>
      <p>\(calibration.use)</p>
      <div class="wide" tabindex="0" role="group" aria-label="\(Words.Page.table)"><table><thead><tr><th scope="col">\(Words.Page.labelsOf)</th><th scope="col" class="number">\(Words.Page.unsafe)</th>\
      <th scope="col" class="number">\(Words.Page.safe)</th><th scope="col" class="number">\(Words.Page.sensitivity)</th>\
      <th scope="col" class="number">\(Words.Page.specificity)</th><th scope="col" class="number">\(Words.Page.kappa)</th>\
      <th scope="col" class="number">\(Words.Page.alpha)</th></tr></thead>
      <tbody>\(shown.elements.map(row))</tbody></table></div>
      \(shown.remark)
      <p class="quiet">\(Words.Page.calibrationNote)</p>
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
