import Core

extension RunSummary.TuningSummary {
  /// What held-out attacks are.
  var heldOutText: String {
    "The attacks on the untuned model are of \(Numbers.count(clusters)) kinds; \(Numbers.count(heldOutClusters)) of them, "
      + "with \(Numbers.count(heldOutAttacks)) attacks, were held out of all tuning."
  }
}

extension RunSummary.TuningSummary.Row {
  /// What it was tuned on.
  var dataText: String {
    refusals == 0 ? "" : "\(Numbers.count(refusals)) refusals, \(Numbers.count(benignExamples)) harmless examples"
  }
}

extension Numbers {
  /// Seconds of one answer.
  static func latency(_ seconds: Double) -> String {
    seconds < 0.1 ? "\(text(1000 * seconds, .number)) ms" : "\(text(seconds, .number)) s"
  }
}
