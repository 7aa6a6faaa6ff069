import Core
import Foundation
import Testing

@testable import Statistics

private func near(_ a: Double?, _ b: Double, _ tolerance: Double = 1e-9) -> Bool {
  a.map { abs($0 - b) <= tolerance * max(1, abs(b)) } ?? false
}

@Suite("Edges of intervals and sample sizes")
struct EdgeValueTests {
  @Test("No success leaves 1 − (α/2)^(1/n) open, every success as much below; one cluster is the least there is")
  func clopper() {
    for n in [1.0, 2, 7.5] {
      let open = 1 - pow(0.05, 1 / n)
      let (none, all) = (
        clopperPearson(successes: 0, trials: n, confidence: 0.9),
        clopperPearson(successes: n, trials: n, confidence: 0.9)
      )
      #expect(none.lower == 0 && near(none.upper, open) && near(all.lower, 1 - open) && all.upper == 1)
    }
    #expect(
      near(hiddenShare(clusters: 1, confidence: 0.9), 0.95) && near(hiddenShare(clusters: 0, confidence: 0.9), 0.95))
    #expect(near(hiddenShare(clusters: 2, confidence: 0.9), 1 - 0.05.squareRoot()))
  }

  @Test("Labels that contradict each other count as one label at least, those of a single attack as one")
  func fewLabels() {
    let apart = MeasuredShare([(cluster: "a", success: true, weight: 1), (cluster: "b", success: false, weight: 1)])
    #expect(apart.value == 0.5 && apart.effectiveTrials == 1)
    let unequal = MeasuredShare([(cluster: "a", success: true, weight: 1), (cluster: "b", success: false, weight: 9)])
    #expect(near(unequal.value, 0.1) && unequal.effectiveTrials == 1)
    let one = MeasuredShare([(cluster: "a", success: true, weight: 1), (cluster: "a", success: false, weight: 3)])
    #expect(one.value == 0.25 && one.effectiveTrials == 1 && one.trials == 2)
    // Wilson's interval of one success in one trial: 1/(1 + z²) to 1; of none at all, everything.
    let z = Distributions.normalQuantile(0.95)
    let wilson = MeasuredShare(successes: 1, trials: 1).interval(confidence: 0.9)
    #expect(near(wilson.lower, 1 / (1 + z * z)) && near(wilson.upper, 1))
    let none = MeasuredShare([])
    #expect(none.effectiveTrials == 0 && none.trials == 0 && none.interval(confidence: 0.9) == (0, 1))
    let single = MeasuredShare(successes: 1, trials: 1).estimate(confidence: 0.9)
    #expect(single.n == 1 && single.value == 1 && near(single.lower, 0.05) && single.upper == 1)
  }

  private func units(_ clusters: [(size: Int, mean: Double)]) -> [ClusteredUnit] {
    clusters.enumerated().flatMap { index, cluster in
      (0..<cluster.size).map { _ in ClusteredUnit(cluster: "\(index)", mean: cluster.mean, responses: 1) }
    }
  }

  @Test("Four clusters of two sizes are enough for a slope, each with a leverage of exactly a half")
  func fourClusters() {
    // Means 0.15 and 0.55 of the two sizes, residuals ±0.05, each over 1 − 1/2: variance 4·(2·0.05/4)², ranks 2 apart.
    let p = SizeAssociation.p(units([(1, 0.1), (1, 0.2), (2, 0.5), (2, 0.6)]))
    #expect(near(p, 2 * Distributions.studentCDF(-0.2 / 0.05, degrees: 2)))
    // p = 0.057 gives no notice.
    #expect(!SizeAssociation.sizeGoesWithWeakness(units([(1, 0.1), (1, 0.2), (2, 0.5), (2, 0.6)])))
    // Means that lie on the line leave no variance to test it by.
    #expect(SizeAssociation.p(units([(1, 0.25), (1, 0.25), (2, 0.75), (2, 0.75)])) == nil)
    // The same slope downward has the same p-value.
    #expect(near(SizeAssociation.p(units([(2, 0.1), (2, 0.2), (1, 0.5), (1, 0.6)])), p ?? .nan))
    // A cluster without a scored unit does not count.
    let unscored = ClusteredUnit(cluster: "x", ScoredShare(unsafe: 0, scored: 0, missing: 2))
    #expect(near(SizeAssociation.p(units([(1, 0.1), (1, 0.2), (2, 0.5), (2, 0.6)]) + [unscored]), p ?? .nan))
  }

  @Test("A restart counts from its first response on")
  func oneResponse() {
    let counts = [RepetitionYield(found: 1, responses: 1), RepetitionYield(found: 3, responses: 0)]
    #expect(
      CountRate(counts: counts).counts.count == 1 && CountRate(counts: counts).estimate(confidence: 0.9).value == 1_000)
    let difference = CountDifference(candidate: counts, baseline: counts).estimate(confidence: 0.9)
    #expect(difference.effectiveN == 1 && difference.n == 2)
    let apart = CountDifference(candidate: counts, baseline: counts.reversed()).estimate(confidence: 0.9)
    #expect(apart.n == 0)
  }

  @Test("A limit that so many clean clusters can pass is the inverse of how many a limit takes")
  func leastLimit() {
    for clusters in [1, 2, 29, 183] {
      let limit = SampleSize.leastLimit(clusters: clusters, confidence: 0.9)
      #expect(near(limit, 1 - pow(0.05, 1 / Double(clusters))))
      #expect(SampleSize.leastClusters(limit: limit * 1.0001, confidence: 0.9) == clusters)
      #expect(SampleSize.leastClusters(limit: limit * 0.9999, confidence: 0.9) == clusters + 1)
    }
    #expect(SampleSize.leastLimit(clusters: 0, confidence: 0.9) == 1)
    #expect(SampleSize.leastClusters(limit: 1.5, confidence: 0.9) == 0)
  }

  @Test("Equal p-values are decided in the order of the checks, and p at its level is decided")
  func holmOrder() {
    struct Fixed: MetricEstimator {
      let alpha: Double
      func estimate(confidence: Double) -> Estimate {
        let isDecided = 1 - confidence >= alpha - 1e-15
        return Estimate(
          value: 0, lower: 0, upper: isDecided ? 0.1 : 1, confidence: confidence, n: 5, effectiveN: 5, method: "")
      }
      func leastAlpha(_ limit: Limit) -> Double { alpha }
    }
    func decide(_ alphas: [Double?]) -> [HolmDecision.Outcome?] {
      HolmDecision.decide(
        alphas.map { (limit: Limit(atMost: 0.5), estimator: $0.map { Fixed(alpha: $0) }) }, confidence: 0.875)
    }
    // α = 1/8 is exact: the first is held against 1/16, the second against 1/8.
    let tied = decide([0.0625, 0.0625])
    #expect(tied.map { $0?.verdict } == [.pass, .pass] && tied.map { $0?.estimate.confidence } == [0.9375, 0.875])
    #expect(decide([0.125, 0.0625]).map { $0?.verdict } == [.pass, .pass])
    #expect(decide([0.07, 0.07]).map { $0?.verdict } == [.inconclusive, .inconclusive])
    #expect(decide([0.01, 0.13]).map { $0?.verdict } == [.pass, .inconclusive])
    #expect(decide([nil, 0.0625]).map { $0?.verdict } == [nil, .pass])
    // What has no estimator takes a place as if its p were 1, before others with such a p that stand behind it.
    #expect(decide([nil, 1]).map { $0?.estimate.confidence } == [nil, 0.875])
    // Once stopped, an easier level decides no more.
    let stopped = decide([0.05, 0.05, 0.05])
    #expect(stopped.map { $0?.verdict } == [.inconclusive, .inconclusive, .inconclusive])
  }

  @Test("α by bisection is 1 where one half decides nothing, and the least where everything does")
  func bisection() {
    struct Widening: MetricEstimator {
      let needed: Double
      func estimate(confidence: Double) -> Estimate {
        Estimate(
          value: 0, lower: 0, upper: confidence <= 1 - needed ? 0.1 : 1, confidence: confidence, n: 5, effectiveN: 5,
          method: "")
      }
    }
    let limit = Limit(atMost: 0.5)
    #expect(Widening(needed: 0.51).leastAlpha(limit) == 1 && near(Widening(needed: 0.5).leastAlpha(limit), 0.5))
    #expect(Widening(needed: 0).leastAlpha(limit) == 1e-12)
    for needed in [3e-11, 1e-6, 0.02, 0.3] {
      #expect(abs(Widening(needed: needed).leastAlpha(limit) / needed - 1) < 1e-5, "\(needed)")
    }
  }

  @Test(
    "Rates and differences of the suite alone stay in their range, and one response an attack has no variance of its own"
  )
  func suiteReading() throws {
    typealias Counts = SuiteReading.Counts
    let sure = [Counts](repeating: Counts(unsafe: 1, scored: 1), count: 3)
    let none = [Counts](repeating: Counts(unsafe: 0, scored: 1), count: 3)
    let up = try #require(SuiteReading.difference(candidate: sure, baseline: none, confidence: 0.9))
    let down = try #require(SuiteReading.difference(candidate: none, baseline: sure, confidence: 0.9))
    #expect(up.upper == 1 && down.lower == -1 && near(up.lower, -down.upper) && up.lower < 1)
    // Attacks asked once that differ among each other: all responses count.
    let mixed = try #require(SuiteReading.rate(sure + none, confidence: 0.9))
    let exact = clopperPearson(successes: 3, trials: 6, confidence: 0.9)
    #expect(near(mixed.lower, exact.lower) && near(mixed.upper, exact.upper))
    // p(1−p)/Var of two attacks with one of three unsafe: (2/9)/(2·(2/9)/2/4) = 4.
    let varied = try #require(
      SuiteReading.rate([Counts(unsafe: 1, scored: 3), Counts(unsafe: 1, scored: 3)], confidence: 0.9))
    #expect(near(varied.upper, clopperPearson(successes: 4.0 / 3, trials: 4, confidence: 0.9).upper))
    // One of two: p(1−p)/(2 − 1).
    let pair = try #require(SuiteReading.rate([Counts(unsafe: 1, scored: 2)], confidence: 0.9))
    #expect(near(pair.upper, clopperPearson(successes: 0.5, trials: 1, confidence: 0.9).upper))
    // Never more than all responses: of one attack that varies and many that don't.
    let few = try #require(
      SuiteReading.rate([Counts(unsafe: 1, scored: 10)] + none + none + sure, confidence: 0.9))
    #expect(near(few.lower, clopperPearson(successes: 19 * few.value, trials: 19, confidence: 0.9).lower))
  }
}

@Suite("Edges of samples and drawings")
struct SampleEdgeTests {
  @Test(
    "Of groups equally far below their parts the first goes first, and a sample smaller than the groups leaves some out"
  )
  func allocation() {
    func equal(_ sizes: [Int], _ total: Int) -> [Int] {
      StratifiedSample.allocation(sizes: sizes, total: total) { _ in 1 }
    }
    #expect(equal([5, 5], 3) == [2, 1] && equal([4, 4, 4], 2) == [1, 1, 0] && equal([4, 4, 4], 3) == [1, 1, 1])
    #expect(equal([0, 4], 2) == [0, 2] && equal([2, 2], 0) == [0, 0] && equal([], 3).isEmpty)
    #expect(equal([3, 100, 100], 30) == [3, 14, 13])
  }

  @Test("Cells are the deepest levels of which the sample holds two of each, down to none")
  func levels() {
    var random = SeededGenerator(seed: 4)
    // Two kinds with two cells each of ten units: eight draws hold two of each cell, seven don't.
    let units = (0..<40).map { ["x", $0 % 2 == 0 ? "a" : "b", $0 % 4 < 2 ? "c" : "d"] }
    func cells(_ count: Int) -> [Int] {
      let draws = StratifiedSample.draw(units, count: count, using: &random)
      return Dictionary(grouping: draws) { units[$0.index].joined() }.mapValues(\.count).values.sorted()
    }
    #expect(cells(8) == [2, 2, 2, 2])
    // Of two cells each half of four: two of each, whatever the third level.
    for _ in 0..<5 {
      let draws = StratifiedSample.draw(units, count: 4, using: &random)
      #expect(draws.count { units[$0.index][1] == "a" } == 2 && draws.allSatisfy { $0.weight == 10 })
    }
    let three = StratifiedSample.draw(units, count: 3, using: &random)
    #expect(three.allSatisfy { abs($0.weight - 40.0 / 3) < 1e-12 })
    // Of groups with equal shares the one whose name comes first has the odd draw.
    let odd = ["b", "a", "b", "a", "b", "a"].map { [$0] }
    #expect(StratifiedSample.draw(odd, count: 3, using: &random).count { odd[$0.index] == ["a"] } == 2)
    // Units may have fewer levels than others.
    let mixed = [["x"], ["x", "a"], ["x", "a"], ["x"]]
    #expect(StratifiedSample.draw(mixed, count: 4, using: &random).map(\.weight) == [1, 1, 1, 1])
    #expect(StratifiedSample.draw([[], []], count: 1, using: &random).map(\.weight) == [2])
  }

  @Test("Equal halves of an axis keep its sign, and rows that don't differ lie at the origin")
  func axes() {
    let even = PrincipalPlane.coordinates([[1, 0], [-1, 0]])
    #expect(abs(even[0].x) == 1 && even[0].x == -even[1].x && even[0].x == 1 && even.allSatisfy { $0.y == 0 })
    #expect(PrincipalPlane.coordinates([[3, 4]]).allSatisfy { $0 == (0, 0) })
    // Two far to the left outweigh the rest, though the longest row, which the search begins with, is on the right.
    let left = PrincipalPlane.coordinates([[-7, 0], [-7, 0], [3, 0], [3, 0], [3, 0], [3, 0], [2, 9]])
    #expect(left[0].x > 6 && left[2].x < 0 && left.map(\.x).max() == left[0].x)
    // One coordinate is an axis.
    #expect(PrincipalPlane.coordinates([[1], [3]]).map { abs($0.x) } == [1, 1])
    // Small differences are drawn as they are.
    let small = PrincipalPlane.coordinates([[0, 0], [0.001, 0]])
    #expect(abs(abs(small[0].x - small[1].x) - Double(Float(0.001))) < 1e-12)
  }
}
