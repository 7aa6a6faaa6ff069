import Core

extension RunSummary.CheckResult {
  /// What became of it, for tables: its verdict, and whether that decides.
  var standing: String {
    if isWaived { return Words.waived }
    return Words.verdict(verdict) + (isAdvisory ? Words.brackets(Words.advisory) : "")
  }

  /// Worst first; what doesn't decide comes after what is open.
  var severity: Int { decides || verdict == .pass ? 2 * verdict.severity : 3 }

  /// Why a check that isn't satisfied doesn't block, one sentence; nil where it does.
  var excuse: String? {
    if isWaived, let waiver {
      return Words.waivedUntil(waiver.until, owner: waiver.owner, reason: waiver.reason)
    }
    return isAdvisory && verdict != .pass ? Words.advisoryOnly : nil
  }
}
