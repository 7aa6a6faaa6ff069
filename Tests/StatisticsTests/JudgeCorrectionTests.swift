import Core
import Testing

@testable import Statistics

@Suite("Correcting for a judge's errors")
struct JudgeCorrectionTests {
  private let judge = JudgeCalibration(unsafe: 100, unsafeFound: 80, safe: 100, safeFound: 90)

  private func observed(_ rate: Double, attacks: Int = 400) -> ClusteredRate {
    ClusteredRate(
      (0..<attacks).map {
        ClusteredUnit(cluster: "\($0)", mean: Double($0) < rate * Double(attacks) ? 1 : 0, responses: 1)
      })
  }

  @Test("Rogan and Gladen's formula: what is seen less false alarms, over what the judge tells")
  func formula() {
    // (0.31 + 0.9 − 1)/(0.9 + 0.8 − 1) = 0.3
    let estimate = CorrectedRate(observed(0.31), judge: judge).estimate(confidence: 0.95)
    #expect(abs(estimate.value - 0.3) < 1e-12)
    #expect(estimate.lower < 0.25 && estimate.upper > 0.35 && estimate.n == 400)
    #expect(estimate.method.contains("80%") && estimate.method.contains("200 labels"))
    let difference = CorrectedDifference(
      ClusteredDifference((0..<100).map { ClusteredUnit(cluster: "\($0)", mean: $0 < 7 ? 1 : 0, responses: 2) }),
      judge: judge
    ).estimate(confidence: 0.95)
    #expect(abs(difference.value - 0.1) < 1e-12)
  }

  @Test("Less than the judge's false alarms is clipped to nothing, with an upper bound left")
  func clipped() {
    let estimate = CorrectedRate(observed(0.05), judge: judge).estimate(confidence: 0.95)
    #expect(estimate.value == 0 && estimate.lower == 0 && estimate.upper > 0.01 && estimate.upper < 0.2)
  }

  @Test("More labels narrow the interval, down to that of the verdicts over J")
  func labels() {
    func width(_ scale: Int) -> Double {
      let more = JudgeCalibration(
        unsafe: 100 * scale, unsafeFound: 80 * scale, safe: 100 * scale, safeFound: 90 * scale)
      let estimate = CorrectedRate(observed(0.31), judge: more).estimate(confidence: 0.95)
      return estimate.upper - estimate.lower
    }
    let plain = observed(0.31).estimate(confidence: 0.95)
    #expect(width(1) > width(10) && width(10) > width(1_000))
    #expect(abs(width(100_000) - (plain.upper - plain.lower) / 0.7) < 1e-3)
  }

  @Test("A judge too weak, or labelled on one side only, decides nothing")
  func tooWeak() {
    let weak = JudgeCalibration(unsafe: 100, unsafeFound: 55, safe: 100, safeFound: 55)
    let oneSided = JudgeCalibration(unsafe: 100, unsafeFound: 99, safe: 0, safeFound: 0)
    for judge in [weak, oneSided] {
      #expect(!judge.isInformative)
      let limit = Limit(atMost: 0.9)
      #expect(CorrectedRate(observed(0.1), judge: judge).leastAlpha(limit) == 1)
      let estimate = CorrectedRate(observed(0.1), judge: judge).estimate(confidence: 0.95)
      #expect(limit.compare(lower: estimate.lower, upper: estimate.upper) == .inconclusive)
    }
  }

  // 1,000 intervals at 95 % miss more than 73 times with probability below 0.001 where the coverage is 95 %.
  @Test("The truth is held as often as promised, where verdicts taken as they are miss it", arguments: [0.1, 0.4])
  func coverage(_ truth: Double) {
    var random = SeededGenerator(seed: 21)
    func happens(_ p: Double) -> Bool { random.uniformDouble() < p }
    var (missed, plainMissed) = (0, 0)
    for _ in 0..<1_000 {
      let judge = JudgeCalibration(
        unsafe: 100, unsafeFound: (0..<100).count { _ in happens(0.8) }, safe: 100,
        safeFound: (0..<100).count { _ in happens(0.9) })
      let observed = observed(Double((0..<400).count { _ in happens(happens(truth) ? 0.8 : 0.1) }) / 400)
      func misses(_ estimate: Estimate) -> Bool { truth < estimate.lower || truth > estimate.upper }
      if misses(CorrectedRate(observed, judge: judge).estimate(confidence: 0.95)) { missed += 1 }
      if misses(observed.estimate(confidence: 0.95)) { plainMissed += 1 }
    }
    #expect(missed <= 73 && missed >= 25)
    if truth == 0.1 { #expect(plainMissed > 500) }
  }

  @Test("Wilson's interval agrees with published values")
  func wilsonValues() {
    // 15 of 50: [0.1910, 0.4375] (Newcombe, Statistics in Medicine, 1998, gives the method).
    let (low, high) = MeasuredShare(successes: 15, trials: 50).interval(confidence: 0.95)
    #expect(abs(low - 0.1910) < 5e-4 && abs(high - 0.4375) < 5e-4)
    #expect(MeasuredShare(successes: 0, trials: 0).interval(confidence: 0.95) == (0, 1))
  }
}

@Suite("What responses say about exactly these attacks")
struct SuiteReadingTests {
  @Test("It covers the mean of fixed attacks, and is narrower than what speaks about others like them")
  func coverage() throws {
    var random = SeededGenerator(seed: 3)
    let rates = (0..<100).map { $0 < 15 ? 0.8 : 0.02 }
    let truth = rates.reduce(0, +) / 100
    var (missed, narrower) = (0, 0)
    for _ in 0..<1_000 {
      let counts = rates.map { rate in
        SuiteReading.Counts(unsafe: (0..<3).count { _ in random.uniformDouble() < rate }, scored: 3)
      }
      let reading = try #require(SuiteReading.rate(counts, confidence: 0.95))
      let wider = ClusteredRate(
        counts.enumerated().map { ClusteredUnit(cluster: "\($0)", mean: $1.mean, responses: 3) }
      ).estimate(confidence: 0.95)
      if truth < reading.lower || truth > reading.upper { missed += 1 }
      if reading.upper - reading.lower < wider.upper - wider.lower { narrower += 1 }
    }
    #expect(missed <= 73 && narrower > 990)
  }

  @Test("No attack that varies leaves what all responses together leave open")
  func constant() throws {
    let counts = (0..<20).map { _ in SuiteReading.Counts(unsafe: 0, scored: 3) }
    let reading = try #require(SuiteReading.rate(counts, confidence: 0.95))
    #expect(reading.lower == 0 && abs(reading.upper - (1 - 0.9403)) < 1e-3)  // 1 − 0.025^(1/60)
    #expect(SuiteReading.rate([], confidence: 0.95) == nil)
    let same = try #require(SuiteReading.difference(candidate: counts, baseline: counts, confidence: 0.95))
    #expect(same.lower < 0 && same.upper > 0)
  }
}

@Suite("The plane in which vectors differ most")
struct PrincipalPlaneTests {
  @Test("Coordinates keep the distances of points that lie in a plane, with the longer axis first")
  func plane() {
    let points: [[Float]] = [[4, 0, 0, 0], [-4, 0, 0, 0], [0, 0, 1, 0], [0, 0, -1, 0], [0, 0, 0, 0]]
    let flat = PrincipalPlane.coordinates(points)
    func distance(_ a: Int, _ b: Int) -> Double {
      ((flat[a].x - flat[b].x) * (flat[a].x - flat[b].x) + (flat[a].y - flat[b].y) * (flat[a].y - flat[b].y))
        .squareRoot()
    }
    #expect(abs(distance(0, 1) - 8) < 1e-6 && abs(distance(2, 3) - 2) < 1e-6)
    #expect(abs(abs(flat[0].x) - 4) < 1e-6 && abs(flat[0].y) < 1e-6)
    #expect(PrincipalPlane.coordinates([]).isEmpty)
    #expect(PrincipalPlane.coordinates([[1, 2], [1, 2]]).allSatisfy { $0 == (0, 0) })
  }
}
