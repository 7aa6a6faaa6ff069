import Core
import Foundation

extension RunSummary.TuningSummary {
  /// What held-out attacks are.
  var heldOutText: String {
    Words.Tuning.heldOut(clusters: clusters, heldOut: heldOutClusters, attacks: heldOutAttacks)
  }
}

extension RunSummary.TuningSummary.Row {
  /// What it was tuned on.
  var dataText: String {
    refusals == 0 ? "" : Words.Tuning.data(refusals: refusals, benign: benignExamples)
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
    seconds < 0.1 ? Words.milliseconds(text(1000 * seconds, .number)) : Words.seconds(text(seconds, .number))
  }
}
