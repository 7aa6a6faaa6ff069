import Core
import Testing

@testable import Statistics

@Suite("How many more labels a corrected rate needs")
struct LabelNeedTests {
  private let observed = MeasuredShare(successes: 800, trials: 4000)

  private func half(_ judge: JudgeCalibration) -> Double {
    let estimate = CorrectedRate(observed, judge: judge).estimate(confidence: 0.95)
    return (estimate.upper - estimate.lower) / 2
  }

  @Test("The number is the least that is enough, if they say what the present ones say")
  func least() throws {
    let judge = JudgeCalibration(unsafe: 10, unsafeFound: 8, safe: 30, safeFound: 28)
    guard case .more(let count, let now) = LabelNeed(observed, judge: judge, halfWidth: 0.03, confidence: 0.95) else {
      Issue.record("labels are needed")
      return
    }
    #expect(abs(now - half(judge)) < 1e-12 && now > 0.03)
    let labels = Double(judge.labels)
    #expect(half(judge.repeated((labels + Double(count)) / labels)) <= 0.03)
    #expect(half(judge.repeated((labels + Double(count) - 2) / labels)) > 0.03)
    #expect(count > 10)
  }

  @Test("Wider wishes need fewer, a better known judge needs fewer")
  func monotone() {
    let judge = JudgeCalibration(unsafe: 10, unsafeFound: 8, safe: 30, safeFound: 28)
    func count(_ halfWidth: Double, _ judge: JudgeCalibration) -> Int {
      switch LabelNeed(observed, judge: judge, halfWidth: halfWidth, confidence: 0.95) {
      case .more(let count, _): count
      case .reached: 0
      case .limited, .unknown: .max
      }
    }
    let counts = [0.025, 0.03, 0.04, 0.06].map { count($0, judge) }
    #expect(counts == counts.sorted(by: >) && counts[0] > counts[3])
    #expect(count(0.03, judge.repeated(4)) < count(0.03, judge))
    #expect(count(0.03, judge.repeated(50)) == 0)
  }

  @Test("Where the responses themselves leave more open, no number is named; without both kinds nothing is said")
  func limits() {
    let judge = JudgeCalibration(unsafe: 30, unsafeFound: 27, safe: 60, safeFound: 57)
    let few = MeasuredShare(successes: 5, trials: 20)
    guard case .limited(let best) = LabelNeed(few, judge: judge, halfWidth: 0.03, confidence: 0.95) else {
      Issue.record("twenty responses can't be enough")
      return
    }
    #expect(best > 0.03)
    let empty = JudgeCalibration(unsafe: 0, unsafeFound: 0, safe: 60, safeFound: 57)
    #expect(LabelNeed(observed, judge: empty, halfWidth: 0.03, confidence: 0.95) == .unknown)
    let useless = JudgeCalibration(unsafe: 30, unsafeFound: 15, safe: 60, safeFound: 30)
    #expect(LabelNeed(observed, judge: useless, halfWidth: 0.03, confidence: 0.95) == .unknown)
    let none = MeasuredShare(successes: 0, trials: 0)
    #expect(LabelNeed(none, judge: judge, halfWidth: 0.03, confidence: 0.95) == .unknown)
  }

  @Test("What settled a disagreement is the consensus; agreement of reviewers stays what it was")
  func settled() {
    let open = RatedResponse(cluster: "a", judgedUnsafe: true, reviewers: [true, false])
    let settled = RatedResponse(cluster: "a", judgedUnsafe: true, reviewers: [true, false], settled: false)
    #expect(open.consensus == nil && open.label == nil)
    #expect(settled.consensus == false && settled.label?.isUnsafe == false)
    #expect(
      RatedResponse(cluster: "a", judgedUnsafe: true, reviewers: [true, true], settled: false).consensus == false)
    func alpha(_ one: RatedResponse) -> Double {
      let others = [true, true, false].map { RatedResponse(cluster: "b", judgedUnsafe: $0, reviewers: [$0, $0]) }
      return JudgeAgreement([one] + others, .alpha, includesJudge: false).estimate(confidence: 0.95).value
    }
    #expect(alpha(open) == alpha(settled))
  }
}
