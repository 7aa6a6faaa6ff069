import Core

extension RunSummary.Calibration {
  /// What the labels are, and what became of them, in sentences.
  var use: String {
    let unused =
      self.unused == 0 ? "" : " \(Numbers.count(self.unused)) more \(self.unused == 1 ? "says" : "say") nothing."
    let agreement =
      reviewers.map {
        " Reviewers among themselves: Krippendorff's alpha \(Numbers.text($0.value, .number)), interval "
          + "\(Numbers.interval($0, .number))."
      } ?? ""
    return
      "\(Numbers.count(labels)) \(labels == 1 ? "response has a human label" : "responses have human labels").\(unused)"
      + (isUsed
        ? " Success rates are corrected for the judge's error, and their intervals carry it."
        : " Success rates are as the judge sees them: the policy wants no correction.") + agreement
  }
}

extension RunSummary.Calibration.Row {
  var title: String { category ?? locale ?? "all" }

  /// A value with its interval; a dash where nothing is known.
  func text(_ estimate: Estimate?, _ unit: Unit) -> String {
    guard let estimate, estimate.n > 0 else { return "–" }
    return "\(Numbers.text(estimate.value, unit)) \(Numbers.interval(estimate, unit))"
  }
}
