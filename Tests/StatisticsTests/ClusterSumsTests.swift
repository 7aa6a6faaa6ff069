import Core
import Testing

@testable import Statistics

/// Clusters of units with known sums, as the plan and as the estimators see them.
private struct DrawnSuite {
  var sizes: [Double] = []
  var sums: [Double] = []
  var units: [ClusteredUnit] = []

  /// - Parameter compares: whether values are differences.
  init(_ random: inout SeededGenerator, clusters: Int, rate: Double, compares: Bool) {
    for cluster in 0..<clusters {
      let size = Int.random(in: 1...4, using: &random)
      let (ours, theirs) = (random.uniformDouble() < rate ? 0.9 : 0.03, random.uniformDouble() < 0.2 ? 0.9 : 0.03)
      func unsafe(_ p: Double) -> Int { (0..<3).count { _ in random.uniformDouble() < p } }
      let members = (0..<size).map { _ in
        let candidate = ScoredShare(unsafe: unsafe(ours), scored: 3, missing: 0)
        return compares
          ? ClusteredUnit(
            cluster: "\(cluster)", candidate: candidate,
            baseline: ScoredShare(unsafe: unsafe(theirs), scored: 3, missing: 0))
          : ClusteredUnit(cluster: "\(cluster)", candidate)
      }
      sizes.append(Double(size))
      sums.append(members.reduce(0) { $0 + $1.least })
      units += members
    }
  }
}

@Suite("Sums over clusters")
struct ClusterSumsTests {
  private let levels = [0.01, 0.025, 0.05]

  /// The hardest of the levels at which an estimator decides, and what.
  private func expected(_ estimator: any MetricEstimator, _ limit: Limit) -> (alpha: Double, verdict: Verdict) {
    for level in levels where estimator.leastAlpha(limit) <= level {
      let estimate = estimator.estimate(confidence: 1 - level)
      return (level, limit.compare(lower: estimate.lower, upper: estimate.upper))
    }
    return (1, .inconclusive)
  }

  @Test("Decide as the estimators do on units", arguments: Weighting.allCases, [false, true])
  func decisions(weight: Weighting, compares: Bool) {
    var random = SeededGenerator(seed: 4, stream: "\(weight) \(compares)")
    let limits =
      compares
      ? [Limit(atMost: 0.05), Limit(atLeast: -0.1), Limit(atLeast: -0.2, atMost: 0.2), Limit(atLeast: 0.1)]
      : [Limit(atMost: 0.25), Limit(atLeast: 0.1), Limit(atLeast: 0.1, atMost: 0.6), Limit(atMost: 0.05)]
    var seen: [Verdict: Int] = [:]
    for rate in [0.0, 0.15, 0.5, 0.95] {
      for clusters in [1, 9, 70] {
        let suite = DrawnSuite(&random, clusters: clusters, rate: rate, compares: compares)
        let frame = ClusterFrame(
          sizes: suite.sizes, weight: weight, range: compares ? -1...1 : 0...1, levels: levels)
        #expect(frame.largest == suite.sizes.max())
        let sums = ClusterSums(frame, sums: suite.sums)
        let plain: any MetricEstimator =
          compares ? ClusteredDifference(suite.units, weight: weight) : ClusteredRate(suite.units, weight: weight)
        for limit in limits {
          let (fast, slow) = (sums.decision(limit), expected(plain, limit))
          #expect(fast.alpha == slow.alpha && fast.verdict == slow.verdict, "\(rate) \(clusters) \(limit)")
          seen[fast.verdict, default: 0] += 1
        }
      }
    }
    #expect(seen.values.allSatisfy { $0 >= 4 } && seen.count == 3)
  }

  @Test(
    "A limit near an estimator's own bound is decided on the bound's side of it", arguments: Weighting.allCases,
    [false, true])
  func bounds(weight: Weighting, compares: Bool) {
    var random = SeededGenerator(seed: 6, stream: "\(weight) \(compares)")
    for rate in [0.1, 0.6] {
      let suite = DrawnSuite(&random, clusters: 25, rate: rate, compares: compares)
      let frame = ClusterFrame(sizes: suite.sizes, weight: weight, range: compares ? -1...1 : 0...1, levels: levels)
      let sums = ClusterSums(frame, sums: suite.sums)
      let plain: any MetricEstimator =
        compares ? ClusteredDifference(suite.units, weight: weight) : ClusteredRate(suite.units, weight: weight)
      let estimates = levels.map { plain.estimate(confidence: 1 - $0) }
      for bound in estimates.flatMap({ [$0.lower, $0.upper] }) {
        for gap in [-0.03, -1e-3, -1e-7, 1e-7, 1e-3, 0.03] {
          let near = bound + gap
          for limit in [
            Limit(atMost: near), Limit(atLeast: near), Limit(atLeast: compares ? -0.9 : 0.001, atMost: near),
            Limit(atLeast: near, atMost: 0.99),
          ] {
            let verdicts = estimates.map { limit.compare(lower: $0.lower, upper: $0.upper) }
            let first = verdicts.firstIndex { $0 != .inconclusive }
            let found = sums.decision(limit)
            #expect(
              found.alpha == first.map { levels[$0] } ?? 1
                && found.verdict == first.map { verdicts[$0] } ?? .inconclusive)
          }
        }
      }
    }
    #expect(ClusterFrame(sizes: [], weight: weight, range: 0...1, levels: levels).largest == 1)
    // Nothing is surer than 1e-12: every value is at most the range's end.
    let frame = ClusterFrame(sizes: [1, 2], weight: weight, range: compares ? -1...1 : 0...1, levels: levels)
    #expect(ClusterSums(frame, sums: [0.5, 1]).decision(Limit(atMost: 1), afterFirst: 2).alpha == 1e-12)
  }

  @Test("Looked at all the time they decide as sequences do", arguments: Weighting.allCases, [false, true])
  func sequences(weight: Weighting, compares: Bool) {
    var random = SeededGenerator(seed: 5, stream: "\(weight) \(compares)")
    let limit = compares ? Limit(atMost: 0.05) : Limit(atLeast: 0.02, atMost: 0.25)
    var decided = 0
    for rate in [0.0, 0.15, 0.95] {
      let suite = DrawnSuite(&random, clusters: 60, rate: rate, compares: compares)
      let frame = ClusterFrame(
        sizes: suite.sizes, weight: weight, range: compares ? -1...1 : 0...1, levels: levels)
      let sums = ClusterSums(frame, sums: suite.sums)
      for asked in [4, 30, 60] {
        let units = suite.units.prefix(Int(suite.sizes.prefix(asked).reduce(0, +)))
        func sequence(_ isComplete: Bool) -> SequentialEstimate {
          compares
            ? SequentialEstimate(
              difference: Array(units), weight: weight, largestCluster: Int(frame.largest), isComplete: isComplete)
            : SequentialEstimate(
              rate: Array(units), weight: weight, largestCluster: Int(frame.largest), isComplete: isComplete)
        }
        let fast = sums.decision(limit, afterFirst: asked)
        let slow = expected(sequence(asked == 60), limit)
        #expect(fast.alpha <= 0.05 ? fast.alpha <= slow.alpha : slow.alpha == 1, "\(rate) \(asked)")
        #expect(slow.alpha == 1 || fast.verdict == slow.verdict)
        for level in levels {
          let alone = sequence(false)
          let shown = alone.leastAlpha(limit) <= level
          #expect(sums.isShown(limit, level: level, afterFirst: asked) == shown)
          let estimate = alone.estimate(confidence: 1 - level)
          let verdict = limit.compare(lower: estimate.lower, upper: estimate.upper)
          #expect(sums.isDecided(limit, level: level, afterFirst: asked) == (verdict != .inconclusive))
          if verdict != .inconclusive { decided += 1 }
        }
      }
    }
    #expect(decided > 1)
  }
}
