import Core
import Foundation

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
  /// A share for a dense table: one decimal, none from ten percent on; the tables beside it have all digits.
  static func coarse(_ share: Double) -> String {
    guard share.isFinite else { return text(share, .share) }
    let percent = 100 * share
    return String(format: abs(percent) < 9.95 ? "%.1f%%" : "%.0f%%", percent).replacing("-", with: "−")
  }

  /// Seconds of one answer.
  static func latency(_ seconds: Double) -> String {
    seconds < 0.1 ? "\(text(1000 * seconds, .number)) ms" : "\(text(seconds, .number)) s"
  }
}
