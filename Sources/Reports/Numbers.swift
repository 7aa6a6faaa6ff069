import Core
import Foundation

/// Numbers as people read them; the same in every report.
enum Numbers {
  /// Rates as percentages with one decimal, counts and others with three significant figures.
  static func value(_ x: Double, metric: String) -> String {
    if x.isNaN { return "–" }
    if x == .infinity { return "∞" }
    if x == -.infinity { return "−∞" }
    let isRate = rates.contains(metric)
    let text: String
    if isRate {
      text = String(format: "%.1f", 100 * x) + " %"
    } else if x == x.rounded() && abs(x) < 1e9 {
      text = String(format: "%.0f", x)
    } else {
      let digits = max(0, 2 - Int(Foundation.log10(max(abs(x), 1e-12)).rounded(.down)))
      text = String(format: "%.\(min(6, digits))f", x)
    }
    return text.hasPrefix("-") ? "−" + text.dropFirst() : text
  }

  /// `value [lower, upper]`.
  static func estimate(_ estimate: Estimate?, metric: String) -> String {
    guard let estimate, estimate.n > 0 else { return "not measured" }
    return "\(value(estimate.value, metric: metric)) [\(value(estimate.lower, metric: metric)), "
      + "\(value(estimate.upper, metric: metric))]"
  }

  static func limit(_ limit: Limit, metric: String) -> String {
    let low = limit.atLeast.map { "at least \(value($0, metric: metric))" }
    let high = limit.atMost.map { "at most \(value($0, metric: metric))" }
    return [low, high].compactMap { $0 }.joined(separator: ", ")
  }

  static func seconds(_ x: Double) -> String {
    x < 60
      ? String(format: "%.1f s", x) : x < 3600 ? String(format: "%.1f min", x / 60) : String(format: "%.1f h", x / 3600)
  }

  private static let rates: Set<String> = [
    "replay.asr", "replay.regression", "attacker.control_recall", "transfer.asr", "benign.refusal_rate",
    "benign.regression", "run.error_rate", "run.coverage",
  ]
}
