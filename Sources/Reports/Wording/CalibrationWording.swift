import Core

extension RunSummary.Calibration {
  /// What the labels are, and what became of them, in sentences.
  var use: String {
    Words.Calibration.labels(labels) + (unused == 0 ? "" : Words.Calibration.unused(unused))
      + (isUsed ? Words.Calibration.corrected : Words.Calibration.uncorrected)
      + (reviewers.map {
        Words.Calibration.reviewers(Numbers.text($0.value, .number), Numbers.interval($0, .number))
      } ?? "")
  }
}

extension RunSummary.Calibration.Row {
  var title: String { category ?? locale ?? Words.Calibration.all }

  /// A value with its interval; a dash where nothing is known.
  func text(_ estimate: Estimate?, _ unit: Unit) -> String {
    guard let estimate, estimate.n > 0 else { return "–" }
    return "\(Numbers.text(estimate.value, unit)) \(Numbers.interval(estimate, unit))"
  }
}
