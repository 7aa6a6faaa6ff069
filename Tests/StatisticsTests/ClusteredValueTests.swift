import Core
import Foundation
import Testing

@testable import Statistics

private func near(_ a: Double, _ b: Double, _ tolerance: Double = 1e-8) -> Bool {
  abs(a - b) <= tolerance * max(1, abs(b))
}

@Suite("Clustered bounds, value by value")
struct ClusteredValueTests {
  private func bound(_ means: [Double], weights: [Double]? = nil) -> ClusteredBound {
    let weights = weights ?? means.map { _ in 1 / Double(means.count) }
    let parts = zip(means, weights).map { (mean: $0, weight: $1) }
    return ClusteredBound(ThreeReadings(scored: parts, least: parts, most: parts))
  }

  @Test("Clusters that are all or nothing have Clopper and Pearson's interval")
  func exact() {
    for (unsafe, count) in [(3, 20), (0, 12), (9, 9), (30, 31)] {
      let found = bound((0..<count).map { $0 < unsafe ? 1 : 0 }).interval(confidence: 0.9)
      let exact = clopperPearson(successes: Double(unsafe), trials: Double(count), confidence: 0.9)
      #expect(near(found.lower, exact.lower) && near(found.upper, exact.upper), "\(unsafe) of \(count)")
    }
  }

  // ∫ of a product of two beta distributions (scipy's quad): one more cluster at 1 beside four at 0 and two at 1/2.
  @Test("Clusters in between have Gaffke's tails, mirrored on the other side")
  func between() {
    let clusters = bound([0, 0, 0, 0, 0.5, 0.5])
    #expect(near(clusters.doubtBelow(0.4), 0.184896) && near(bound([1, 1, 1, 1, 0.5, 0.5]).doubtAbove(0.6), 0.184896))
    #expect(clusters.doubtBelow(1) == 0 && clusters.doubtBelow(-0.1) == 1)
    #expect(clusters.doubtAbove(0) == 0 && clusters.doubtAbove(1.1) == 1)
    let upper = clusters.interval(confidence: 0.9).upper
    #expect(abs(clusters.doubtBelow(upper) / 0.05 - 1) < 1e-6)
  }

  @Test("One cluster says nothing, two say something")
  func few() {
    #expect(bound([0.3]).interval(confidence: 0.9) == (0, 1) && bound([0.3]).doubtBelow(0.9) == 1)
    #expect(bound([0.3]).doubtAbove(0.1) == 1 && bound([0, 0]).interval(confidence: 0.9).upper < 0.8)
    #expect(bound([1, 1]).interval(confidence: 0.9).lower > 0.2)
  }

  @Test("Unequal weights count by Kish's number, or by their third moment on the side of the skew")
  func effective() {
    let weights = [0.5, 0.25, 0.125, 0.125]
    let effective = EffectiveClusters(weights)
    let (squares, cubes) = (0.34375, 0.14453125)
    #expect(effective.count == 4 && near(effective.kish, 1 / squares))
    let cubic = 1 / cubes.squareRoot()
    #expect(near(effective.lower(at: 0), min(1 / squares, cubic)))
    #expect(near(effective.lower(at: 0.1), min(1 / squares, cubic * (1 + 0.2 * (2.0.squareRoot() - 1)))))
    #expect(near(effective.lower(at: 0.9), min(1 / squares, cubic * 2.0.squareRoot())))
    #expect(near(effective.upper(at: 0.9), effective.lower(at: 0.1)))
    let skewed = EffectiveClusters([0.9] + [Double](repeating: 0.01, count: 10))
    #expect(near(skewed.lower(at: 0.25), min(1 / 0.811, (1 + 0.5 * (2.0.squareRoot() - 1)) / 0.72901.squareRoot())))
    // Σw² = 0.0109 and Σw³ = 0.0010009: the third moment's number counts on either side, up to √2 times.
    let one = EffectiveClusters([0.1] + [Double](repeating: 0.001, count: 900))
    for theta in [0.5, 0.9] { #expect(near(one.lower(at: theta), (2 / 0.0010009).squareRoot())) }
    #expect(near(one.upper(at: 0.9), (1 + 0.2 * (2.0.squareRoot() - 1)) / 0.0010009.squareRoot()))
  }

  @Test("A rate weighs attacks or clusters, and missing responses widen it on either side")
  func weighting() {
    let units = [("a", 1, 2), ("a", 0, 2), ("a", 0, 2), ("b", 2, 2)].map {
      ClusteredUnit(cluster: CompactName($0.0), ScoredShare(unsafe: $0.1, scored: $0.2, missing: 0))
    }
    #expect(near(ClusteredRate(units).estimate(confidence: 0.9).value, 0.375))
    #expect(near(ClusteredRate(units, weight: .clusters).estimate(confidence: 0.9).value, (0.5 / 3 + 1) / 2))
    let table = ClusterTable(units + [ClusteredUnit(cluster: "b", ScoredShare(unsafe: 0, scored: 0, missing: 3))])
    #expect(table.rows.map(\.size) == [3, 2] && table.rows.map(\.scoredSize) == [3, 1])
    #expect(table.rows.map(\.least) == [0.5, 1] && table.rows.map(\.most) == [0.5, 2])
    #expect(table.responses == 8 && table.missing == 3)
  }

  @Test("An estimate says what it is the mean of, and nothing of one cluster")
  func methods() {
    let units = ["a", "a", "b"].map { ClusteredUnit(cluster: $0, mean: 0.5, responses: 2) }
    #expect(ClusteredRate(units).estimate(confidence: 0.9).method == "Gaffke's bounds, mean over 3 units in 2 clusters")
    #expect(
      ClusteredDifference(units, weight: .clusters).estimate(confidence: 0.9).method
        == "MOVER of Gaffke's bounds, mean over clusters of 3 units in 2 clusters")
    let one = ClusteredRate(Array(units.prefix(2))).estimate(confidence: 0.9)
    #expect(one.method == "one cluster: no interval" && (one.lower, one.upper) == (0, 1) && one.unscored == 0)
    for nothing in [ClusteredRate([]).estimate(confidence: 0.9), ClusteredDifference([]).estimate(confidence: 0.9)] {
      #expect(nothing.n == 0 && nothing.effectiveN == 0 && nothing.unscored == 0 && nothing.method == "no observation")
    }
  }

  @Test("The least α of a limit is the one whose interval touches it, inside and outside")
  func leastAlpha() {
    let units = (0..<60).map { ClusteredUnit(cluster: "\($0)", mean: $0 < 9 ? 1 : $0 < 15 ? 0.5 : 0, responses: 2) }
    let rate = ClusteredRate(units)
    let interval = rate.estimate(confidence: 0.93)
    for limit in [
      Limit(atMost: interval.upper), Limit(atLeast: interval.lower), Limit(atMost: interval.lower - 1e-9),
      Limit(atLeast: interval.upper + 1e-9),
    ] { #expect(abs(rate.leastAlpha(limit) / 0.07 - 1) < 1e-4, "\(limit)") }
    // Nothing is surer than 1e-12, and nothing less sure than 1.
    #expect(rate.leastAlpha(Limit(atMost: 1)) == 1e-12 && rate.leastAlpha(Limit(atLeast: 0)) == 1e-12)
    #expect(rate.leastAlpha(Limit(atMost: interval.value)) == 1 && rate.leastAlpha(Limit(atLeast: interval.value)) == 1)
    // One cluster's interval touches limits at the ends of the range and lies beyond none.
    let one = ClusteredRate(Array(units.suffix(1)))
    #expect(one.leastAlpha(Limit(atLeast: 1)) == 1 && one.leastAlpha(Limit(atMost: 0)) == 1)
    #expect(ClusteredRate([]).leastAlpha(Limit(atMost: 0.5)) == 1)
  }

  // Weights sum to 1 up to rounding alone, so that a plain sum exceeds 1 for some of these sizes.
  @Test("No rate or difference, and no bound of one, leaves its range by rounding")
  func withinRange() {
    for clusters in 1...80 {
      for growth in [0, 1, 3] {
        func units(_ value: Double) -> [ClusteredUnit] {
          (0..<clusters).flatMap { cluster in
            (0...(cluster * growth % 7)).map { _ in ClusteredUnit(cluster: "\(cluster)", mean: value, responses: 2) }
          }
        }
        for weight in Weighting.allCases {
          for value in [1, 0.25] {
            let rate = ClusteredRate(units(value), weight: weight).estimate(confidence: 0.9)
            #expect(rate.value == value && rate.upper <= 1 && rate.lower >= 0, "\(clusters) clusters, growth \(growth)")
          }
          for value in [-1.0, 1] {
            let difference = ClusteredDifference(units(value), weight: weight).estimate(confidence: 0.9)
            #expect(
              difference.value == value && difference.upper <= 1 && difference.lower >= -1,
              "\(clusters) clusters, growth \(growth): \(difference)")
          }
        }
      }
    }
  }
}
