import Core

/// A rate as people would have judged it: θ = (p + q0 − 1)/(q0 + q1 − 1) with sensitivity q1 and specificity q0 (Rogan and
/// Gladen, American Journal of Epidemiology, 1978).
///
/// The interval holds every θ that the data don't contradict: those with 0 in the interval of
/// p − θ·q1 − (1 − θ)(1 − q0), which is linear in the three independent shares, each with its own interval (Fieller's idea
/// with the square-and-add rule of Zou and Donner, Statistics in Medicine, 2008). So it keeps the rate's shape near 0, and
/// widens to [0, 1] as the judge's q0 + q1 nears 1. A judge with q0 + q1 ≤ 1.1 decides nothing.
///
/// Where fewer alarms were seen than the judge's false ones, the interval may shrink to nothing: the labels then seem to know
/// more than the responses. So its ends stay as far from the (clipped) value as the responses alone leave open; but the
/// upper one is never above what p/q1 allows, whatever the false alarms.
public struct CorrectedRate: MetricEstimator {
  private let observed: any MetricEstimator
  private let judge: JudgeCalibration

  /// - Parameter observed: of the judge's verdicts, in [0, 1].
  public init(_ observed: any MetricEstimator, judge: JudgeCalibration) {
    self.observed = observed
    self.judge = judge
  }

  public func estimate(confidence: Double) -> Estimate {
    let p = observed.estimate(confidence: confidence)
    guard judge.isInformative, p.n > 0 else { return undecided(p, judge: judge) }
    let (q1, q0) = (judge.sensitivity.value, judge.specificity.value)
    let (one, zero) = (
      judge.sensitivity.interval(confidence: confidence), judge.specificity.interval(confidence: confidence)
    )
    let unclipped = (p.value + q0 - 1) / judge.information
    let value = min(1, max(0, unclipped))
    let lower = crossing(from: value, to: 0) { theta in
      norm(p.value - p.lower, theta * (one.upper - q1), (1 - theta) * (q0 - zero.lower))
        - (unclipped - theta) * judge.information
    }
    let upper = crossing(from: value, to: 1) { theta in
      (unclipped - theta) * judge.information
        + norm(p.upper - p.value, theta * (q1 - one.lower), (1 - theta) * (zero.upper - q0))
    }
    let withoutFalseAlarms = crossing(from: 0, to: 1) { theta in
      p.value - theta * q1 + norm(p.upper - p.value, theta * (q1 - one.lower))
    }
    let open = (below: (p.value - p.lower) / judge.information, above: (p.upper - p.value) / judge.information)
    return corrected(
      p, judge: judge, value: value, lower: max(0, min(lower, value - open.below)),
      upper: min(withoutFalseAlarms, max(upper, value + open.above)))
  }
}

/// A paired difference as people would have judged it: δ = (p_candidate − p_baseline)/(q0 + q1 − 1), where the judge errs
/// alike on both models; its interval is made as `CorrectedRate`'s, from d − δ(q0 + q1 − 1).
public struct CorrectedDifference: MetricEstimator {
  private let observed: any MetricEstimator
  private let judge: JudgeCalibration

  /// - Parameter observed: of the judge's verdicts, in [−1, 1].
  public init(_ observed: any MetricEstimator, judge: JudgeCalibration) {
    self.observed = observed
    self.judge = judge
  }

  public func estimate(confidence: Double) -> Estimate {
    let d = observed.estimate(confidence: confidence)
    guard judge.isInformative, d.n > 0 else { return undecided(d, judge: judge) }
    let (q1, q0, information) = (judge.sensitivity.value, judge.specificity.value, judge.information)
    let (one, zero) = (
      judge.sensitivity.interval(confidence: confidence), judge.specificity.interval(confidence: confidence)
    )
    // How far q0 + q1 may lie below and above what was measured.
    let (less, more) = (norm(q1 - one.lower, q0 - zero.lower), norm(one.upper - q1, zero.upper - q0))
    let value = min(1, max(-1, d.value / information))
    let lower = crossing(from: value, to: -1) { delta in
      norm(d.value - d.lower, delta * (delta > 0 ? more : less)) - (value - delta) * information
    }
    let upper = crossing(from: value, to: 1) { delta in
      (value - delta) * information + norm(d.upper - d.value, delta * (delta > 0 ? less : more))
    }
    return corrected(d, judge: judge, value: value, lower: lower, upper: upper)
  }
}

/// Root of the sum of squares.
private func norm(_ parts: Double...) -> Double { parts.reduce(0) { $0 + $1 * $1 }.squareRoot() }

/// The last point on the way from `start` to `end` that isn't contradicted: where `slack` falls below 0; `start` where every
/// point is.
/// - Parameter slack: convex: where it is at least 0 at `end`, `end` is possible, whatever is contradicted on the way.
private func crossing(from start: Double, to end: Double, _ slack: (Double) -> Double) -> Double {
  if slack(end) >= 0 { return end }
  var (inside, outside) = (start, end)
  for _ in 0..<60 {
    let middle = (inside + outside) / 2
    if slack(middle) >= 0 { inside = middle } else { outside = middle }
  }
  return inside
}

private func corrected(
  _ observed: Estimate, judge: JudgeCalibration, value: Double, lower: Double, upper: Double
) -> Estimate {
  Estimate(
    value: value, lower: lower, upper: upper, confidence: observed.confidence, n: observed.n,
    effectiveN: observed.effectiveN, unscored: observed.unscored, method: "\(observed.method), \(words(judge))")
}

private func undecided(_ observed: Estimate, judge: JudgeCalibration) -> Estimate {
  let lacking = judge.sensitivity.trials == 0 || judge.specificity.trials == 0
  return Estimate(
    value: observed.value, lower: -.infinity, upper: .infinity, confidence: observed.confidence, n: observed.n,
    effectiveN: observed.effectiveN, unscored: observed.unscored,
    method: lacking
      ? "the judge has no labels of both kinds" : "the judge is too weak to correct: \(words(judge))")
}

private func words(_ judge: JudgeCalibration) -> String {
  func percent(_ x: Double) -> String { x.isNaN ? "unknown" : "\(Int((100 * x).rounded()))%" }
  return "corrected for a judge of sensitivity \(percent(judge.sensitivity.value)) and specificity "
    + "\(percent(judge.specificity.value)) on \(judge.labels) labels"
}
