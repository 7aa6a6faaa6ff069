import Core

extension RunSummary.CheckResult {
  /// What became of it, for tables: its verdict, and whether that decides.
  var standing: String {
    if isWaived { return "waived" }
    return isAdvisory ? "\(verdict.rawValue) (advisory)" : verdict.rawValue
  }

  /// Worst first; what doesn't decide comes after what is open.
  var severity: Int { decides || verdict == .pass ? 2 * verdict.severity : 3 }

  /// Why a check that isn't satisfied doesn't block, one sentence; nil where it does.
  var excuse: String? {
    if isWaived, let waiver { return "Waived until \(waiver.until) by \(waiver.owner): \(waiver.reason)" }
    return isAdvisory && verdict != .pass ? "Advisory: it decides nothing." : nil
  }
}
