import Core
import Foundation
import Testing

@testable import Statistics

/// Clusters with means all over the range and weights that differ.
private func drawnClusters(_ count: Int, seed: UInt64) -> [(mean: Double, weight: Double)] {
  var random = SeededGenerator(seed: seed, stream: "clusters")
  let drawn = (0..<count).map { _ in
    (mean: random.uniformDouble() < 0.5 ? 0 : random.uniformDouble(), weight: 1 + random.uniformDouble())
  }
  let total = drawn.reduce(0) { $0 + $1.weight }
  return drawn.map { ($0.mean, $0.weight / total) }
}

@Suite("Bounds by saddle points")
struct SaddlePointTests {
  // `ClusterSums` trusts them to a factor of 1.08.
  @Test(
    "Tails that matter are within the trusted factor of the integral's, on either side of the mean",
    arguments: [6, 12, 60])
  func tails(count: Int) {
    for seed in 1...4 as ClosedRange<UInt64> {
      let clusters = drawnClusters(count, seed: seed)
      let exact = ClusteredBound(known: clusters)
      let rough = SaddlePointBound(clusters, effective: exact.effective)
      #expect(abs(rough.mean - clusters.reduce(0) { $0 + $1.mean * $1.weight }) < 1e-12)
      for step in 1...39 {
        let theta = Double(step) / 40
        for (a, b) in [
          (rough.doubtBelow(theta), exact.doubtBelow(theta)), (rough.doubtAbove(theta), exact.doubtAbove(theta)),
        ] where b > 1e-6 {
          // Larger doubts decide nothing; they must only not look small.
          #expect(b < 0.3 ? abs(a / b - 1) < 0.08 : a > 0.25 && a < 1.25, "\(seed) \(theta): \(a) \(b)")
        }
      }
    }
  }

  @Test("Where a tail is about a half it is a half, from either side")
  func half() {
    let clusters = drawnClusters(40, seed: 2)
    let exact = ClusteredBound(known: clusters)
    let rough = SaddlePointBound(clusters, effective: exact.effective)
    var least = 1.0
    for step in 0...600 {
      let theta = rough.mean + Double(step) * 1e-4
      let (a, b) = (rough.doubtBelow(theta), exact.doubtBelow(theta))
      #expect(abs(a - b) < 0.03, "\(theta): \(a) \(b)")
      least = min(least, abs(b - 0.5))
    }
    #expect(least < 2e-3)
  }

  @Test("Bounds are where the doubt falls to the level, to a ten-thousandth of the range")
  func bounds() {
    for seed in 1...4 as ClosedRange<UInt64> {
      let clusters = drawnClusters(30, seed: seed)
      let exact = ClusteredBound(known: clusters)
      let rough = SaddlePointBound(clusters, effective: exact.effective)
      for level in [0.025, 0.001] {
        let (upper, lower) = (rough.upper(level: level), rough.lower(level: level))
        #expect(rough.doubtBelow(upper - 3e-5) > level && rough.doubtBelow(upper + 3e-5) < level)
        #expect(rough.doubtAbove(lower + 3e-5) > level && rough.doubtAbove(lower - 3e-5) < level)
        let interval = exact.interval(confidence: 1 - 2 * level)
        // The margin at which `ClusterSums` computes them instead.
        #expect(abs(upper - interval.upper) < 0.015 * (interval.upper - rough.mean) + 1e-4)
        #expect(abs(lower - interval.lower) < 0.015 * (rough.mean - interval.lower) + 1e-4)
      }
    }
  }

  @Test("Nothing is doubted beyond the range, and everything of a single cluster within it")
  func edges() {
    let clusters = drawnClusters(10, seed: 1)
    let rough = SaddlePointBound(clusters, effective: EffectiveClusters(clusters.map(\.weight)))
    let one = [(mean: 0.5, weight: 1.0)]
    let single = SaddlePointBound(one, effective: EffectiveClusters([1]))
    let exactSingle = ClusteredBound(known: one)
    for theta in [1, 1.5] {
      #expect(rough.doubtBelow(theta) == 0 && single.doubtBelow(theta) == 0 && exactSingle.doubtBelow(theta) == 0)
      #expect(rough.doubtAbove(1 - theta) == 0 && single.doubtAbove(1 - theta) == 0)
      #expect(exactSingle.doubtAbove(1 - theta) == 0)
    }
    for theta in [0.2, 0.8, 0.999] {
      #expect(single.doubtBelow(theta) == 1 && single.doubtAbove(theta) == 1)
      #expect(exactSingle.doubtBelow(theta) == 1 && exactSingle.doubtAbove(theta) == 1)
    }
    for theta in [0, -0.5] {
      #expect(rough.doubtBelow(theta) == 1 && rough.doubtAbove(1 - theta) == 1)
      #expect(single.doubtBelow(theta) == 1 && single.doubtAbove(1 - theta) == 1)
    }
    // Where every cluster lies above θ, so does the mean.
    let high = SaddlePointBound([(0.6, 0.5), (0.8, 0.5)], effective: EffectiveClusters([0.5, 0.5]))
    #expect(high.doubtBelow(0.6) == 1 && high.doubtBelow(0.61) < 1)
    #expect(high.doubtAbove(0.8) == 1 && high.doubtAbove(0.79) < 1)
    let exact = ClusteredBound(known: [(0.6, 0.5), (0.8, 0.5)])
    #expect(exact.doubtBelow(0.6) == 1 && exact.doubtBelow(0.61) < 1)
    #expect(exact.doubtAbove(0.8) == 1 && exact.doubtAbove(0.79) < 1)
  }

  @Test("Where Newton's first step would leave the bracket, halving it finds the saddle")
  func overshoot() {
    // Twenty clusters just above θ and nearly one far below: from 0 the step ends beyond the pole of the one below.
    for share in [0.035, 0.04, 0.043, 0.05] {
      let clusters = [(mean: 1.0, weight: 1 - share), (mean: 0.0, weight: share)]
      let rough = SaddlePointBound(clusters, effective: EffectiveClusters([Double](repeating: 0.05, count: 20)))
      // D of the clusters at 1 and one more is Beta(20(1 − share) + 1, 20·share).
      let tail = 1 - Distributions.regularisedBeta(0.9, 20 * (1 - share) + 1, 20 * share)
      #expect(abs(rough.doubtBelow(0.9) - tail) < 0.05, "\(share): \(rough.doubtBelow(0.9)) \(tail)")
    }
  }
}

@Suite("Means on a grid")
struct BinnedMeansTests {
  @Test("A mean on a grid point stays whole, one between two is split so that the sum is kept")
  func split() {
    let binned = BinnedMeans([(1.0 / 240, 0.5), (0.25 / 240, 0.25), (1, 0.125), (0, 0.125)])
    let expected = [0: 0.125 + 0.25 * 0.75, 1: 0.5 + 0.25 * 0.25, 240: 0.125]
    for place in 0...240 { #expect(abs(binned.weights[place] - (expected[place] ?? 0)) < 1e-12, "\(place)") }
    #expect(binned.weights.count == 241 && abs(binned.mean - (0.5 / 240 + 0.0625 / 240 + 0.125)) < 1e-12)
    let mirrored = binned.mirrored
    #expect(abs(mirrored.weights[239] - (0.5 + 0.25 * 0.25)) < 1e-12 && abs(mirrored.mean - (1 - binned.mean)) < 1e-12)
    // Rounding that misses a grid point by its last bits counts as the grid point, more does not.
    #expect(BinnedMeans([(0.1 + 0.2, 1)]).weights[72] == 1)
    let beside = BinnedMeans([((72 + 1.2e-9) / 240, 1)]).weights
    #expect(beside[72] < 1 && beside[73] > 0 && beside[73] < 3e-9)
    // What lies outside the range by a rounding is at its end.
    #expect(BinnedMeans([(1 + 1e-16, 0.5), (-1e-16, 0.5)]).weights[240] == 0.5)
    #expect(BinnedMeans([(1 + 1e-10, 0.5), (-1e-10, 0.5)]).weights[0] == 0.5)
  }

  @Test("One more cluster has mass 1 beside the concentration of the others")
  func oneMore() {
    let clusters = BinnedMeans([(0, 0.75), (0.5, 0.25)])
    let expected = DirichletMean(values: [0, 0.5, 1], masses: [6, 2, 1])
    #expect(clusters.withOneMore(at: 1, concentration: 8).tail(above: 0.3) == expected.tail(above: 0.3))
  }
}

@Suite("Differences in clusters, value by value")
struct DifferenceBoundTests {
  @Test("One cluster says nothing; bounds stay in the range")
  func range() {
    let one = DifferenceBound(known: [(0.5, 1)])
    #expect(one.lower(confidence: 0.9) == -1 && one.upper(confidence: 0.9) == 1)
    let better = DifferenceBound(known: [(-0.3, 1)])
    #expect(better.lower(confidence: 0.9) == -1 && better.upper(confidence: 0.9) == 1)
    // Eight that all became worse: either share may be off by 1 − (α/2)^(1/8), and nothing is left to correlate.
    let worse = DifferenceBound(known: [(mean: Double, weight: Double)](repeating: (1, 0.125), count: 8))
    let leg = (1 - pow(0.05, 0.125)) * 2.0.squareRoot()
    #expect(abs(worse.lower(confidence: 0.9) - (1 - leg)) < 1e-9 && worse.upper(confidence: 0.9) == 1)
    let two = DifferenceBound(known: [(1, 0.5), (-1, 0.5)])
    #expect(two.lower(confidence: 0.999) > -1 && two.lower(confidence: 0.999) < -0.95)
    #expect(two.upper(confidence: 0.999) < 1 && two.upper(confidence: 0.999) > 0.95)
    let all = DifferenceBound(
      known: [(Double, Double)](repeating: (1, 0.1), count: 10).map { (mean: $0.0, weight: $0.1) })
    #expect(all.upper(confidence: 0.9) == 1 && all.lower(confidence: 0.9) < 1 && all.lower(confidence: 0.9) > 0)
    #expect(!all.lower(confidence: 0.9).isNaN)
  }

  @Test("Missing responses move the lower bound by the least and the upper one by the most that they can be")
  func missing() {
    let least: [(mean: Double, weight: Double)] = (0..<20).map { ($0 < 4 ? 0.5 : 0, 0.05) }
    let most: [(mean: Double, weight: Double)] = (0..<20).map { ($0 < 6 ? 0.5 : 0, 0.05) }
    let bound = DifferenceBound(ThreeReadings(scored: least, least: least, most: most))
    #expect(bound.lower(confidence: 0.9) == DifferenceBound(known: least).lower(confidence: 0.9))
    #expect(bound.upper(confidence: 0.9) == DifferenceBound(known: most).upper(confidence: 0.9))
    #expect(bound.effective.count == 20)
  }

  private func units(_ values: [Double]) -> [ClusteredUnit] {
    values.enumerated().map { ClusteredUnit(cluster: "\($0)", mean: $1, responses: 2) }
  }

  @Test("The least α of a limit is the one whose interval touches it, on each side and between two")
  func leastAlpha() {
    let values = (0..<80).map { $0 < 14 ? 1.0 : $0 < 20 ? -1 : 0 }
    let change = ClusteredDifference(units(values))
    let interval = change.estimate(confidence: 0.93)
    for limit in [
      Limit(atMost: interval.upper), Limit(atLeast: interval.lower), Limit(atMost: interval.lower - 1e-9),
      Limit(atLeast: interval.upper + 1e-9), Limit(atLeast: -0.9, atMost: interval.upper),
      Limit(atLeast: interval.lower, atMost: 0.9), Limit(atLeast: -0.9, atMost: interval.lower - 1e-9),
    ] { #expect(abs(change.leastAlpha(limit) / 0.07 - 1) < 1e-4, "\(limit)") }
    // The value itself is decided by no α.
    for limit in [Limit(atMost: interval.value), Limit(atLeast: interval.value)] {
      #expect(change.leastAlpha(limit) == 1)
    }
    // One cluster's interval is the whole range: inside a limit at its ends, and inside no other.
    let one = ClusteredDifference(units([0.2]))
    for limit in [Limit(atMost: 1), Limit(atLeast: -1)] { #expect(one.leastAlpha(limit) == 1e-12) }
    for limit in [Limit(atMost: 0.9), Limit(atLeast: -0.9), Limit(atMost: -1), Limit(atLeast: 1)] {
      #expect(one.leastAlpha(limit) == 1)
    }
    #expect(ClusteredDifference([]).leastAlpha(Limit(atMost: 0.5)) == 1)
    #expect(ClusteredDifference([]).leastAlpha(Limit(atLeast: 0.5)) == 1)
  }
}

@Suite("Second looks by the thousand")
struct BrokenScreenTests {
  private typealias Look = BrokenScreen.Look

  @Test("They decide as the estimator does, on both sides of a limit and on two-sided ones")
  func equal() {
    var random = SeededGenerator(seed: 8)
    var seen: [Verdict: Int] = [:]
    for control in [NewlyBroken.Control.familyWise, .falseDiscovery] {
      var screen = BrokenScreen(attacks: 40, screen: 3, confirm: 12, effect: 0.6, control: control)
      for broken in [0, 1, 5, 20] {
        let looks = (0..<(4 + broken)).map { place in
          Look(
            candidate: (0..<12).count { _ in random.uniformDouble() < (place < broken ? 0.9 : 0.1) },
            baseline: (0..<12).count { _ in random.uniformDouble() < 0.08 })
        }
        let slow = NewlyBroken(
          screened: looks.enumerated().map { place, look in
            NewlyBroken.Outcome(
              id: "\(place)", candidateUnsafe: look.candidate, candidateScored: 12, baselineUnsafe: look.baseline,
              baselineScored: 12)
          }, attacks: 40, screenResponses: 3, confirmResponses: 12, effect: 0.6, control: control)
        let p = screen.p(looks)
        #expect(p == p.sorted() && p == slow.screened.map(\.p).sorted())
        for alpha in [0.1, 0.05, 0.01] {
          let estimate = slow.estimate(confidence: 1 - alpha)
          let power = screen.power(suspects: looks.count, alpha: alpha)
          let bounds = [estimate.lower, estimate.upper].flatMap { [$0 - 1, $0, $0 + 1] }
          for bound in bounds + [0, 0.5, 40, 41] {
            for limit in [Limit(atMost: bound), Limit(atLeast: bound), Limit(atLeast: 1, atMost: max(1, bound))] {
              let expected = limit.compare(lower: estimate.lower, upper: estimate.upper)
              let verdict = screen.verdict(p, limit: limit, alpha: alpha, power: power)
              #expect(verdict == expected, "\(control) \(broken) \(alpha) \(limit) \(estimate)")
              seen[verdict, default: 0] += 1
            }
          }
        }
      }
    }
    #expect(seen.count == 3 && seen.values.allSatisfy { $0 > 50 })
  }

  @Test("Without attacks or first responses nothing is decided; a cleared suspect's p-value is 1")
  func nothing() {
    var none = BrokenScreen(attacks: 0, screen: 3, confirm: 12, effect: 0.6, control: .familyWise)
    let unasked = BrokenScreen(attacks: 9, screen: 0, confirm: 12, effect: 0.6, control: .familyWise)
    for screen in [none, unasked] {
      #expect(screen.verdict([], limit: Limit(atMost: 100), alpha: 0.05, power: 1) == .inconclusive)
    }
    let one = BrokenScreen(attacks: 1, screen: 1, confirm: 12, effect: 0.6, control: .familyWise)
    #expect(one.verdict([], limit: Limit(atMost: 1), alpha: 0.05, power: 1) == .pass)
    #expect(
      none.p([.cleared, Look(candidate: 12, baseline: 0)]).last == 1 && Look.cleared == Look(candidate: 0, baseline: 0))
  }

  @Test("A p-value at its level is a detection, and a probability of α/2 shows that so many more aren't broken")
  func touching() {
    for control in [NewlyBroken.Control.familyWise, .falseDiscovery] {
      let screen = BrokenScreen(attacks: 40, screen: 3, confirm: 12, effect: 1, control: control)
      func verdict(_ p: [Double], _ limit: Limit, alpha: Double = 0.1, power: Double = 1) -> Verdict {
        screen.verdict(p, limit: limit, alpha: alpha, power: power)
      }
      // Half of α is for detections.
      #expect(verdict([0.05], Limit(atMost: 0)) == .fail && verdict([0.04], Limit(atMost: 0)) == .fail)
      #expect(verdict([0.0501], Limit(atMost: 0)) == .pass && verdict([], Limit(atLeast: 1)) == .fail)
      let chance = Distributions.binomialCDF(0, n: 1, p: 0.9)
      #expect(verdict([], Limit(atMost: 0), alpha: 2 * chance, power: 0.9) == .pass)
      #expect(verdict([], Limit(atMost: 0), alpha: 1.999 * chance, power: 0.9) == .inconclusive)
    }
  }

  @Test("The power is that at the level of the least p-value among the suspects")
  func power() {
    let screen = BrokenScreen(attacks: 40, screen: 3, confirm: 12, effect: 0.6, control: .familyWise)
    for (suspects, count) in [(0, 1.0), (1, 1), (5, 5)] {
      #expect(
        screen.power(suspects: suspects, alpha: 0.1)
          == NewlyBroken.detectionPower(screen: 3, confirm: 12, effect: 0.6, level: 0.05 / count))
    }
  }
}
