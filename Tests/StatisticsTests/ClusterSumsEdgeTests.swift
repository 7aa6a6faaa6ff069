import Core
import Foundation
import Testing

@testable import Statistics

private func near(_ a: Double, _ b: Double, _ tolerance: Double = 1e-9) -> Bool {
  abs(a - b) <= tolerance * max(1, abs(b))
}

@Suite("Edges of sums over clusters")
struct ClusterSumsEdgeTests {
  private func frame(
    _ sizes: [Double], compares: Bool = false, weight: Weighting = .attacks, levels: [Double] = [0.01, 0.05]
  ) -> ClusterFrame {
    ClusterFrame(sizes: sizes, weight: weight, range: compares ? -1...1 : 0...1, levels: levels)
  }

  /// Clusters of one unit each, as the estimators see them and as they are summed.
  private func units(_ values: [Double]) -> [ClusteredUnit] {
    values.enumerated().map { ClusteredUnit(cluster: "\($0)", mean: $1, responses: 1) }
  }

  private func sums(_ values: [Double], compares: Bool = false, levels: [Double] = [0.01, 0.05]) -> ClusterSums {
    ClusterSums(frame(values.map { _ in 1 }, compares: compares, levels: levels), sums: values)
  }

  private func isSame(_ found: ClusterSums.Decision, _ alpha: Double, _ verdict: Verdict) -> Bool {
    near(found.alpha, alpha) && found.verdict == verdict
  }

  /// What the first clusters' bets show: the smallest α, and on which side.
  private func bets(_ units: [ClusteredUnit], compares: Bool, _ limit: Limit) -> (alpha: Double, verdict: Verdict) {
    let sequence =
      compares
      ? SequentialEstimate(difference: units, largestCluster: 1, isComplete: false)
      : SequentialEstimate(rate: units, largestCluster: 1, isComplete: false)
    let value = sequence.estimate(confidence: 0.5).value
    let alpha = sequence.leastAlpha(limit)
    return (alpha, alpha < 1 ? limit.compare(lower: value, upper: value) : .inconclusive)
  }

  @Test("Before everything was asked the bets' α decides, unrounded, and is shown at it", arguments: [false, true])
  func early(compares: Bool) {
    let values = (0..<40).map { $0 % 9 == 4 ? 1.0 : 0 }
    let all = sums(values, compares: compares)
    var seen: Set<Verdict> = []
    for asked in [1, 12, 39] {
      let units = units(Array(values.prefix(asked)))
      for limit in [
        Limit(atMost: 0.4), Limit(atLeast: 0.5), Limit(atLeast: 0.001), Limit(atLeast: -0.5, atMost: 0.6),
        Limit(atMost: -0.4), Limit(atLeast: 0.02, atMost: 0.03),
      ] {
        let expected = bets(units, compares: compares, limit)
        let found = all.decision(limit, afterFirst: asked)
        #expect(isSame(found, expected.alpha, expected.verdict), "\(asked) \(limit): \(found) \(expected)")
        seen.insert(found.verdict)
        guard expected.alpha < 1 else { continue }
        // At that α itself it is shown and decided, at a harder one it isn't.
        #expect(all.isShown(limit, level: found.alpha, afterFirst: asked))
        #expect(all.isDecided(limit, level: found.alpha, afterFirst: asked))
        #expect(!all.isShown(limit, level: found.alpha * 0.999, afterFirst: asked))
        #expect(!all.isDecided(limit, level: found.alpha * 0.999, afterFirst: asked))
      }
    }
    #expect(seen.count == 3)
  }

  @Test("Once everything was asked the interval has four fifths of α, and the harder of the two decides")
  func late() {
    let (values, levels) = ((0..<30).map { $0 % 9 == 4 ? 1.0 : 0 }, [0.01, 0.05])
    let (units, all) = (units(values), sums(values))
    var seen: Set<Double> = []
    for level in levels {
      let interval = ClusteredRate(units).estimate(confidence: 1 - 0.8 * level)
      for gap in [-1e-4, 1e-4] {
        for limit in [Limit(atMost: interval.upper + gap), Limit(atLeast: interval.lower + gap)] {
          let early = bets(units, compares: false, limit)
          let late = levels.first { ClusteredRate(units).leastAlpha(limit) / 0.8 <= $0 } ?? 1
          let found = all.decision(limit, afterFirst: 30)
          #expect(
            isSame(found, min(early.alpha, late), min(early.alpha, late) < 1 ? .pass : .inconclusive), "\(limit)")
          seen.insert(found.alpha)
        }
      }
    }
    #expect(seen.isSuperset(of: [0.01, 0.05, 1]))
  }

  @Test("A value is the mean of all that were asked, by their sizes, the first one included")
  func value() {
    // Twenty-one attacks of which one succeeded: without the first cluster all of them would have.
    let one = ClusterSums(frame([20, 1]), sums: [0, 1])
    #expect(one.isDecided(Limit(atMost: 0.99), level: 0.5, afterFirst: 2))
  }

  @Test(
    "One cluster leaves the whole range open: it decides what holds, or fails, everywhere", arguments: [false, true])
  func single(compares: Bool) {
    let lowest = compares ? -1.0 : 0
    for value in [lowest, -0.3, 0, 0.2, 1] where value >= lowest {
      let one = sums([value], compares: compares)
      let plain: any MetricEstimator =
        compares ? ClusteredDifference(units([value])) : ClusteredRate(units([value]))
      for limit in [
        Limit(atMost: 1), Limit(atLeast: lowest), Limit(atLeast: 1), Limit(atMost: lowest), Limit(atMost: 0.8),
        Limit(atLeast: -0.8), Limit(atLeast: lowest, atMost: 1),
      ] {
        let estimate = plain.estimate(confidence: 0.95)
        let verdict = limit.compare(lower: estimate.lower, upper: estimate.upper)
        #expect(isSame(one.decision(limit), verdict == .inconclusive ? 1 : 0.01, verdict), "\(value) \(limit)")
      }
    }
    // Two clusters without a success leave 1 − √(α/2) open.
    let two = sums([0, 0], compares: compares, levels: [0.5])
    #expect(isSame(two.decision(Limit(atMost: 0.51)), 0.5, .pass))
    #expect(isSame(two.decision(Limit(atMost: 0.49)), 1, .inconclusive))
  }

  @Test("A value at an end of the range is not beyond a limit there")
  func ends() {
    for compares in [false, true] {
      let lowest = compares ? -1.0 : 0
      let (top, bottom) = (
        sums([Double](repeating: 1, count: 9), compares: compares),
        sums([Double](repeating: lowest, count: 9), compares: compares)
      )
      #expect(isSame(top.decision(Limit(atLeast: 1), afterFirst: 8), 1, .inconclusive))
      #expect(isSame(bottom.decision(Limit(atMost: lowest), afterFirst: 8), 1, .inconclusive))
    }
  }

  @Test("A doubt at its level decides, and so does a bound at its limit")
  func touching() {
    let parts = (0..<30).map { (mean: $0 % 9 == 4 ? 1.0 : 0, weight: 1.0 / 30) }
    let level = 2 * ClusteredBound(known: parts).doubtBelow(0.3)
    #expect(isSame(sums(parts.map(\.mean), levels: [level]).decision(Limit(atMost: 0.3)), level, .pass))
    #expect(isSame(sums(parts.map(\.mean), levels: [level * 0.9999]).decision(Limit(atMost: 0.3)), 1, .inconclusive))
    let exact = DifferenceBound(known: parts)
    let change = sums(parts.map(\.mean), compares: true)
    #expect(isSame(change.decision(Limit(atMost: exact.upper(confidence: 0.99))), 0.01, .pass))
    #expect(isSame(change.decision(Limit(atLeast: exact.lower(confidence: 0.99))), 0.01, .pass))
  }

  @Test("Differences are decided on the estimator's side of its bounds, however near these are to the value")
  func narrow() {
    var suites = [800, 900, 1_000, 1_150].map { [Double](repeating: 0, count: $0) }
    // Everything worse; much worse and much better; nearly everything better; hardly anything known.
    suites.append([Double](repeating: 1, count: 16))
    suites.append([Double](repeating: 1, count: 20) + [Double](repeating: -1, count: 16) + [0, 0, 0, 0])
    suites.append([Double](repeating: -1, count: 39) + [1])
    suites += [[1, -1], [-1, -1, 0.5]]
    for values in suites {
      let change = sums(values, compares: true)
      let plain = ClusteredDifference(units(values))
      let estimates = [0.01, 0.05].map { plain.estimate(confidence: 1 - $0) }
      for bound in estimates.flatMap({ [$0.lower, $0.upper] }) {
        for gap in [-1e-2, -1e-6, 1e-6, 1e-2] {
          let edge = bound + gap
          for limit in [
            Limit(atMost: edge), Limit(atLeast: edge), Limit(atLeast: edge, atMost: edge + 0.0123),
            Limit(atLeast: edge - 0.0123, atMost: edge),
          ] {
            let verdicts = estimates.map { limit.compare(lower: $0.lower, upper: $0.upper) }
            let found = change.decision(limit)
            let place = verdicts.firstIndex { $0 != .inconclusive }
            #expect(
              place.map { isSame(found, [0.01, 0.05][$0], verdicts[$0]) } ?? isSame(found, 1, .inconclusive),
              "\(values.count) \(limit)")
          }
        }
      }
    }
  }
}
