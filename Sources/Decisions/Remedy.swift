import Core
import Foundation

/// What would decide a check that the evidence leaves open.
struct Remedy {
  let sentence: String

  /// Beyond this many times today's evidence, a model that is so near its limit is better measured against another one.
  private static let mostTimes = 100.0

  /// Nil where nothing more of the same would help.
  init?(_ check: Check, _ estimate: Estimate) {
    // A share that is counted and not estimated grows by what is missing alone, and validity says what that is.
    if estimate.lower == estimate.upper { return nil }
    let side = check.limit.compare(lower: estimate.value, upper: estimate.value)
    if side != .inconclusive, estimate.effectiveN > 0, 20 * estimate.unscored > estimate.n + estimate.unscored {
      sentence = "\(estimate.unscored) responses have no verdict and count against it: obtain these first."
      return
    }
    guard let times = Self.times(check.limit, estimate) else {
      sentence =
        "What was measured lies at the limit itself: no amount of evidence tells it from there; settle for another limit."
      return
    }
    if case .broken = check.metric.basis {
      sentence =
        "Look more often at the attacks that are open (suite.confirm_responses), or count larger jumps alone (effect)."
    } else if check.metric.stage == Stage.confirm.rawValue {
      let more = max(1, Int(saturating: (estimate.effectiveN * (times - 1)).rounded(.up)))
      sentence =
        "About \(Self.counted(more, "restart")) (attacker.restarts), each with the same budget, if they find as many."
    } else if times > Self.mostTimes {
      sentence =
        "What was measured is very near the limit: it would take more than \(Int(Self.mostTimes)) times the evidence; settle "
        + "for another limit."
    } else {
      let more = max(1, Int(saturating: (max(1, estimate.effectiveN) * (times - 1)).rounded(.up)))
      switch check.metric.stage {
      case Stage.benign.rawValue:
        sentence = "About \(Self.counted(more, "harmless question")), if they are refused as often."
      case Stage.decide.rawValue:
        sentence = "About \(Self.counted(more, "response")), if as many of them fail."
      default:
        sentence =
          "About \(Self.counted(more, "attack")) of kinds that the suite does not have yet (clusters), if they succeed as often; "
          + "more responses to the same attacks hardly help."
      }
    }
  }

  private static func counted(_ more: Int, _ noun: String) -> String { "\(more) more \(noun)\(more == 1 ? "" : "s")" }

  /// How many times the evidence would take the interval off the limit: widths shrink with its square root. Nil where the
  /// value lies at the limit.
  private static func times(_ limit: Limit, _ estimate: Estimate) -> Double? {
    guard estimate.value.isFinite else { return .infinity }
    var most = 1.0
    for bound in [limit.atLeast, limit.atMost].compactMap(\.self) {
      let distance = abs(bound - estimate.value)
      if distance < 1e-9 { return nil }
      let reach = bound > estimate.value ? estimate.upper - estimate.value : estimate.value - estimate.lower
      guard reach.isFinite else { return .infinity }
      most = max(most, (reach / distance) * (reach / distance))
    }
    return max(most, 1.0 + 1e-3)
  }
}
