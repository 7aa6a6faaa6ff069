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

  @Test("More than a thousand million clusters are no answer, fewer are")
  func manyClusters() {
    func needed(_ gap: Double) -> Int? {
      SampleSize.clustersNeeded(
        Estimate(value: 0.1 - gap, lower: 0.03, upper: 0.2, confidence: 0.95, n: 1, effectiveN: 80, method: ""),
        clusters: 100, limit: Limit(atMost: 0.1), range: 0...1)
    }
    #expect(needed(2.175e-5) == nil && needed(2.6e-5).map { $0 > 700_000_000 } == true)
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

  @Test("Downward, what is left is the way to the lower end of the range")
  func downward() {
    // A difference of 0.02 in [−0.05, 0.1] at 95 %, n = 60: c = min(z²/2·1.02, 60·0.07/2), s = 60·0.07² − 2·0.07·c.
    let z = Distributions.normalQuantile(0.975)
    let c = min(z * z / 2 * 1.02, 2.1)
    let s = max(0, 60 * 0.07 * 0.07 - 2 * 0.07 * c)
    let expected = (s + 2 * 0.06 * c) / (0.06 * 0.06)
    let estimate = Estimate(
      value: 0.02, lower: -0.05, upper: 0.1, confidence: 0.95, n: 1, effectiveN: 60, method: "")
    #expect(
      SampleSize.clustersNeeded(estimate, clusters: 60, limit: Limit(atLeast: -0.04), range: -1...1)
        == Int(expected.rounded(.up)))
  }

  @Test("Outside a two-sided limit the broken side counts, inside both do")
  func clustersNeeded() {
    func needed(_ value: Double, _ limit: Limit, effective: Double = 50) -> Int? {
      SampleSize.clustersNeeded(
        Estimate(
          value: value, lower: value - 0.2, upper: value + 0.1, confidence: 0.95, n: 1, effectiveN: effective,
          method: ""),
        clusters: 50, limit: limit, range: 0...1)
    }
    #expect(needed(0.5, Limit(atLeast: 0.4, atMost: 0.7)) == needed(0.5, Limit(atLeast: 0.4)))
    #expect(needed(0.5, Limit(atLeast: 0.2, atMost: 0.55)) == needed(0.5, Limit(atMost: 0.55)))
    #expect(needed(0.5, Limit(atLeast: 0.6, atMost: 0.9)) == needed(0.5, Limit(atLeast: 0.6)))
    #expect(needed(0.5, Limit(atLeast: 0.1, atMost: 0.45)) == needed(0.5, Limit(atMost: 0.45)))
    #expect(needed(0.5, Limit(atLeast: 0.6)) != needed(0.5, Limit(atMost: 0.4)))
    #expect(
      needed(0.5, Limit(atLeast: 0.5, atMost: 0.9)) == nil && needed(0.5, Limit(atMost: 0.6), effective: 1) != nil)
    #expect(needed(0.5, Limit()) == nil)
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

@Suite("Edges of tests on second looks")
struct SecondLookEdgeTests {
  private func outcome(_ candidate: (Int, Int, Int), _ baseline: (Int, Int, Int), isCleared: Bool = false)
    -> NewlyBroken.Outcome
  {
    .init(
      id: "\(candidate)\(baseline)",
      candidate: ScoredShare(unsafe: candidate.0, scored: candidate.1, missing: candidate.2),
      baseline: ScoredShare(unsafe: baseline.0, scored: baseline.1, missing: baseline.2), isCleared: isCleared)
  }

  @Test("What is missing keeps a look open up to a least p-value of exactly a quarter")
  func open() {
    // One unsafe response of four is the candidate's own two times out of four; its only one once.
    #expect(near(FisherExact.oneSided(1, of: 2, against: 0, of: 2), 0.5))
    let quarter = outcome((0, 0, 1), (0, 3, 0))
    #expect(abs(quarter.leastP - 0.25) < 1e-12 && (quarter.leastP <= 0.25) == quarter.isOpen)
    #expect(!outcome((0, 0, 1), (0, 2, 0)).isOpen && outcome((0, 0, 2), (0, 2, 0)).isOpen)
    // Missing on the baseline alone, or on the candidate alone, is enough; none is not.
    #expect(outcome((4, 4, 0), (0, 2, 2)).isOpen && outcome((3, 3, 1), (0, 4, 0)).isOpen)
    #expect(!outcome((4, 4, 0), (0, 4, 0)).isOpen && !outcome((4, 4, 0), (0, 2, 2), isCleared: true).isOpen)
  }

  @Test("The number broken at least is Goeman's: the largest over ranks of the rank less the false ones possible")
  func leastBroken() {
    /// By closed testing: a set of hypotheses is refuted where some of its sorted p-values lie at or below Simes' line.
    func closed(_ p: [Double], _ alpha: Double) -> Int {
      let count = p.count
      var most = 0
      for bits in 0..<(1 << count) {
        let members = (0..<count).filter { bits >> $0 & 1 == 1 }.map { p[$0] }.sorted()
        let isRefuted = members.enumerated().contains { Double(members.count) * $1 <= Double($0 + 1) * alpha }
        if !isRefuted { most = max(most, members.count) }
      }
      return count - most
    }
    var random = SeededGenerator(seed: 6)
    var seen: Set<Int> = []
    for _ in 0..<200 {
      let p = (0..<7).map { _ in random.uniformDouble() * (random.uniformDouble() < 0.5 ? 0.02 : 1) }.sorted()
      let found = NewlyBroken.leastBroken(p, alpha: 0.05)
      #expect(found == closed(p, 0.05), "\(p)")
      seen.insert(found)
    }
    #expect(seen.count > 4 && NewlyBroken.leastBroken([], alpha: 0.05) == 0)
    // On Simes' line itself the set is refuted.
    #expect(
      NewlyBroken.leastBroken([0.5, 0.5], alpha: 0.5) == 2 && NewlyBroken.leastBroken([0.25, 0.75], alpha: 0.5) == 1)
  }

  @Test("Adjusted p-values never fall along the order, never exceed 1, and detections are those at most α")
  func adjusted() {
    let screened = [(7, 0), (7, 0), (6, 0), (1, 3), (0, 5)].map { outcome(($0.0, 8, 0), ($0.1, 8, 0)) }
    for control in [NewlyBroken.Control.familyWise, .falseDiscovery] {
      let test = NewlyBroken(
        screened: screened, attacks: 9, screenResponses: 3, confirmResponses: 8, effect: 0.5, control: control)
      let adjusted = test.adjusted.map(\.adjustedP)
      let p = screened.map(\.p).sorted()
      let count = Double(p.count)
      /// Holm's products up to this place, or Benjamini and Hochberg's from it on.
      func products(_ place: Int) -> [Double] {
        control == .familyWise
          ? p.prefix(place + 1).enumerated().map { (count - Double($0)) * $1 }
          : p.enumerated().dropFirst(place).map { count / Double($0 + 1) * $1 }
      }
      let expected = p.indices.map { place -> Double in
        let extreme = control == .familyWise ? products(place).max() : products(place).min()
        return min(1, extreme ?? 0)
      }
      #expect(zip(adjusted, expected).allSatisfy { abs($0 - $1) < 1e-12 })
      // A p-value at α is a detection, one above it is none.
      #expect(test.detections(confidence: 1 - adjusted[2] - 1e-12).count == 3)
      #expect(test.detections(confidence: 1 - adjusted[2] + 1e-9).count < 3)
    }
    // At no confidence everything is a detection, a p-value of 1 too.
    let all = NewlyBroken(
      screened: screened, attacks: 9, screenResponses: 3, confirmResponses: 8, effect: 0.5)
    #expect(all.adjusted.last?.adjustedP == 1 && all.detections(confidence: 0).count == 5)
    // Equal p-values are listed by name.
    let ties = NewlyBroken(
      screened: ["b", "a"].map {
        .init(id: $0, candidateUnsafe: 8, candidateScored: 8, baselineUnsafe: 0, baselineScored: 8)
      }, attacks: 9, screenResponses: 3, confirmResponses: 8, effect: 0.5)
    #expect(ties.adjusted.map(\.id) == ["a", "b"])
  }

  @Test("The upper bound never exceeds the attacks, counts what is open once, and says how it was made")
  func upper() {
    func estimate(_ screened: [NewlyBroken.Outcome], attacks: Int, possibly: Int = 0, screen: Int = 3) -> Estimate {
      NewlyBroken(
        screened: screened, attacks: attacks, screenResponses: screen, confirmResponses: 12, effect: 0.6,
        possibly: possibly
      ).estimate(confidence: 0.9)
    }
    #expect(estimate([], attacks: 3, possibly: 5).upper == 3 && estimate([], attacks: 3, screen: 0).n == 0)
    #expect(estimate([], attacks: 0).upper == .infinity && estimate([], attacks: 1).upper == 1)
    // What is open counts beside what may be: without a detection, one of each.
    let waiting = estimate([outcome((2, 6, 6), (0, 12, 0))], attacks: 30, possibly: 1)
    let hidden = NewlyBroken.detectionPower(screen: 3, confirm: 12, effect: 0.6, level: 0.025)
    let most = (2...30).last { $0 == 2 || Distributions.binomialCDF(2, n: $0, p: hidden) > 0.05 }
    #expect(waiting.value == 0 && waiting.unscored == 2 && waiting.upper == Double(most ?? 0))
    // Half of α is for detections: 4 of 8 against none has p = 70/1820, between a third and a half of 0.1.
    let half = NewlyBroken(
      screened: [outcome((4, 8, 0), (0, 8, 0))], attacks: 9, screenResponses: 3, confirmResponses: 8, effect: 0.6
    ).estimate(confidence: 0.9)
    #expect(half.value == 1 && half.lower == 1)
    // A detection with missing responses is not counted as open beside.
    let open = outcome((11, 11, 1), (0, 12, 0))
    let found = estimate([open], attacks: 30)
    #expect(open.isOpen && found.value == 1 && found.unscored == 0)
    let power = NewlyBroken.detectionPower(screen: 3, confirm: 12, effect: 0.6, level: 0.05)
    let expected = (1...30).last { $0 == 1 || Distributions.binomialCDF(1, n: $0, p: power) > 0.05 }
    #expect(found.upper == Double(expected ?? 0) && found.upper < 30)
    #expect(
      found.method
        == "Holm over Fisher's exact tests on 1 screened attacks; upper bound at detection power "
        + String(format: "%.2f", power) + " for jumps of 60 points")
  }

  @Test("The size of a second look is the least that keeps nine tenths of what the first one lets through")
  func size() {
    for effect in [0.5, 0.7, 0.9] {
      let size = NewlyBroken.secondLookSize(effect: effect, level: 0.01, screen: 3)
      let worst =
        (0...20).map { step -> Double in
          let baseline = (1 - effect) * Double(step) / 20
          return (0...3).reduce(0) { total, successes in
            total + Distributions.binomialPMF(successes, n: 3, p: baseline + effect)
              * Distributions.binomialCDF(successes - 1, n: 3, p: baseline)
          }
        }.min() ?? .nan
      let power = [size - 1, size].map {
        NewlyBroken.detectionPower(screen: 3, confirm: $0, effect: effect, level: 0.01)
      }
      #expect(power[0] < 0.9 * worst + 1e-3 && power[1] >= 0.9 * worst - 1e-3, "\(effect) \(size)")
    }
    #expect(NewlyBroken.secondLookSize(effect: 1, level: 0.01, screen: 3) == 5)
    #expect(NewlyBroken.secondLookSize(effect: 1, level: 0.3, screen: 3) == 2)
    #expect(NewlyBroken.secondLookSize(effect: 1, level: 1, screen: 3) == 1)
    // A power of 1 is reached where every table is rejected that can come.
    #expect(NewlyBroken.secondLookSize(effect: 1, level: 0.01, screen: 3, power: 1) == 5)
  }

  @Test("The worst baseline is sought in equal steps of at most 0.05")
  func baselines() {
    for (effect, steps) in [(0.65, 7), (0.55, 9), (0.93, 2), (0.97, 1)] {
      let test = FisherPower(size: 12, level: 0.01)
      let worst =
        (0...steps).map { step -> Double in
          let baseline = (1 - effect) * Double(step) / Double(steps)
          let suspected = (1...3).reduce(0) { total, successes in
            total + Distributions.binomialPMF(successes, n: 3, p: baseline + effect)
              * Distributions.binomialCDF(successes - 1, n: 3, p: baseline)
          }
          return suspected * test.power(candidate: baseline + effect, baseline: baseline)
        }.min() ?? .nan
      #expect(near(NewlyBroken.detectionPower(screen: 3, confirm: 12, effect: effect, level: 0.01), worst, 1e-12))
    }
  }
}
