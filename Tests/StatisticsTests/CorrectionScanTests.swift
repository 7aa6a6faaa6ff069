import Core
import Testing

@testable import Statistics

/// An estimate with any interval, whatever the confidence.
private struct Seen: MetricEstimator {
  let value: Double
  let lower: Double
  let upper: Double
  var n = 100

  func estimate(confidence: Double) -> Estimate {
    Estimate(
      value: value, lower: lower, upper: upper, confidence: confidence, n: n, effectiveN: 50, unscored: 3,
      method: "seen")
  }
}

@Suite("Corrected intervals are what a scan of all values leaves uncontradicted")
struct CorrectionScanTests {
  private let judges = [
    JudgeCalibration(unsafe: 100, unsafeFound: 80, safe: 200, safeFound: 180),
    JudgeCalibration(unsafe: 40, unsafeFound: 40, safe: 60, safeFound: 42),
    JudgeCalibration(unsafe: 30, unsafeFound: 20, safe: 30, safeFound: 20),
  ]
  private let confidence = 0.9
  /// Steps of the scan over a range of 1.
  private let steps = 20_000

  private func norm(_ parts: Double...) -> Double { parts.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  /// The last of the points from `start` on towards `end` of which none is contradicted, `start` where it is itself.
  private func last(from start: Double, to end: Double, _ isPossible: (Double) -> Bool) -> Double {
    let count = max(1, Int((abs(end - start) * Double(steps)).rounded()))
    var last = start
    for step in 0...count {
      let point = start + (end - start) * Double(step) / Double(count)
      if !isPossible(point) { break }
      last = point
    }
    return last
  }

  @Test("A rate: contradicted where what is seen and both error rates, each to its own bound, can't meet")
  func rate() {
    for judge in judges + [JudgeCalibration(unsafe: 3, unsafeFound: 3, safe: 2, safeFound: 1)] {
      let (q1, q0) = (judge.sensitivity.value, judge.specificity.value)
      let (one, zero) = (
        judge.sensitivity.interval(confidence: confidence), judge.specificity.interval(confidence: confidence)
      )
      for (p, half) in [
        (0.0, 0.02), (0.01, 0.002), (0.02, 0.02), (0.1, 0.03), (0.3, 0.05), (0.5, 0.1), (0.75, 0.04), (0.97, 0.03),
        (0.35, 0.6), (0.5, 0.28),
      ] {
        let seen = Seen(value: p, lower: max(0, p - half), upper: min(1, p + 0.7 * half))
        let found = CorrectedRate(seen, judge: judge).estimate(confidence: confidence)
        let truth = (p + q0 - 1) / (q0 + q1 - 1)
        let value = min(1, max(0, truth))
        /// What the verdicts exceed those that θ leads to.
        func excess(_ theta: Double) -> Double { p - theta * q1 - (1 - theta) * (1 - q0) }
        let lower = last(from: value, to: 0) { theta in
          excess(theta) <= norm(p - seen.lower, theta * (one.upper - q1), (1 - theta) * (q0 - zero.lower))
        }
        let upper = last(from: value, to: 1) { theta in
          -excess(theta) <= norm(seen.upper - p, theta * (q1 - one.lower), (1 - theta) * (zero.upper - q0))
        }
        // Without any false alarm, p = θq1.
        let most = last(from: 0, to: 1) { theta in
          theta * q1 - p <= norm(seen.upper - p, theta * (q1 - one.lower))
        }
        let expected = (
          max(0, min(lower, value - (p - seen.lower) / (q0 + q1 - 1))),
          min(1, most, max(upper, value + (seen.upper - p) / (q0 + q1 - 1)))
        )
        #expect(abs(found.value - value) < 1e-12)
        #expect(abs(found.lower - expected.0) < 1e-4, "\(p) \(half): \(found.lower) \(expected.0)")
        #expect(abs(found.upper - expected.1) < 1e-4, "\(p) \(half): \(found.upper) \(expected.1)")
        #expect(found.n == 100 && found.effectiveN == 50 && found.unscored == 3 && found.confidence == confidence)
      }
    }
  }

  @Test("A difference: contradicted where it, cut to the range, and the judge's information can't meet")
  func difference() {
    for judge in judges {
      let (q1, q0) = (judge.sensitivity.value, judge.specificity.value)
      let (one, zero) = (
        judge.sensitivity.interval(confidence: confidence), judge.specificity.interval(confidence: confidence)
      )
      let information = q0 + q1 - 1
      let (less, more) = (norm(q1 - one.lower, q0 - zero.lower), norm(one.upper - q1, zero.upper - q0))
      for (d, half) in [(0.0, 0.03), (0.1, 0.05), (-0.1, 0.05), (0.3, 0.02), (-0.3, 0.4), (0.9, 0.1), (-0.95, 0.05)] {
        let seen = Seen(value: d, lower: max(-1, d - half), upper: min(1, d + 0.7 * half))
        let found = CorrectedDifference(seen, judge: judge).estimate(confidence: confidence)
        let value = min(1, max(-1, d / information))
        let lower = last(from: value, to: -1) { delta in
          (value - delta) * information <= norm(d - seen.lower, delta * (delta > 0 ? more : less))
        }
        let upper = last(from: value, to: 1) { delta in
          (delta - value) * information <= norm(seen.upper - d, delta * (delta > 0 ? less : more))
        }
        #expect(abs(found.value - value) < 1e-12)
        #expect(abs(found.lower - lower) < 1e-4 && abs(found.upper - upper) < 1e-4, "\(d) \(half): \(found)")
      }
    }
  }

  @Test("Where all that is contradicted lies before the range's end, the end is held possible")
  func farEnd() {
    // Fewer alarms than false ones contradict 0; the few labels of unsafe responses leave room for θ = 1.
    let judge = JudgeCalibration(unsafe: 10, unsafeFound: 6, safe: 1_000, safeFound: 600)
    let found = CorrectedRate(Seen(value: 0.36, lower: 0.3, upper: 0.38), judge: judge).estimate(confidence: confidence)
    #expect(found.value == 0 && found.upper == 1)
    let (one, zero) = (
      judge.sensitivity.interval(confidence: confidence), judge.specificity.interval(confidence: confidence)
    )
    func excess(_ theta: Double) -> Double { 0.36 - theta * 0.6 - (1 - theta) * 0.4 }
    func room(_ theta: Double) -> Double { norm(0.02, theta * (0.6 - one.lower), (1 - theta) * (zero.upper - 0.6)) }
    #expect(-excess(0) > room(0) && -excess(0.5) > room(0.5) && -excess(1) < room(1))
  }

  @Test("One response is corrected like many")
  func oneResponse() {
    let one = Seen(value: 0.2, lower: 0.1, upper: 0.3, n: 1)
    let many = Seen(value: 0.2, lower: 0.1, upper: 0.3)
    #expect(
      CorrectedRate(one, judge: judges[0]).estimate(confidence: confidence).upper
        == CorrectedRate(many, judge: judges[0]).estimate(confidence: confidence).upper)
    #expect(
      CorrectedDifference(one, judge: judges[0]).estimate(confidence: confidence).upper
        == CorrectedDifference(many, judge: judges[0]).estimate(confidence: confidence).upper)
  }

  @Test("Where nothing was seen, or the judge knows one kind alone, nothing is said and why")
  func undecided() {
    let nothing = Seen(value: .nan, lower: 0, upper: 1, n: 0)
    let oneSided = JudgeCalibration(unsafe: 100, unsafeFound: 99, safe: 0, safeFound: 0)
    let other = JudgeCalibration(unsafe: 0, unsafeFound: 0, safe: 20, safeFound: 20)
    let weak = JudgeCalibration(unsafe: 20, unsafeFound: 11, safe: 20, safeFound: 11)
    let seen = Seen(value: 0.2, lower: 0.1, upper: 0.3)
    for make in [
      { CorrectedRate($0, judge: $1) as any MetricEstimator } as (Seen, JudgeCalibration) -> any MetricEstimator,
      { CorrectedDifference($0, judge: $1) },
    ] {
      func estimate(_ seen: Seen, _ judge: JudgeCalibration) -> Estimate {
        make(seen, judge).estimate(confidence: confidence)
      }
      for found in [
        estimate(nothing, judges[0]), estimate(seen, oneSided), estimate(seen, other), estimate(seen, weak),
      ] { #expect(found.lower == -.infinity && found.upper == .infinity) }
      for judge in [oneSided, other] {
        #expect(estimate(seen, judge).method == "the judge has no labels of both kinds")
      }
      #expect(
        estimate(seen, weak).method
          == "the judge is too weak to correct: corrected for a judge of sensitivity 55% and specificity 55% on 40 labels"
      )
      #expect(
        estimate(seen, judges[0]).method
          == "seen, corrected for a judge of sensitivity 80% and specificity 90% on 300 labels")
    }
  }
}
