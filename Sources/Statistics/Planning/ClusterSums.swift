import Core
import Foundation

/// What stays the same in all draws of a suite's answers: the clusters that a check looks at.
public struct ClusterFrame: Sendable {
  /// Units of each cluster, in the order of asking.
  let sizes: [Double]
  /// Weights of the clusters, summing to 1.
  let weights: [Double]
  let weight: Weighting
  let range: ClosedRange<Double>
  /// The values of α that matter, hardest first.
  let levels: [Double]
  let effective: EffectiveClusters

  /// - Parameters:
  ///   - sizes: units of each cluster, at least 1 each.
  ///   - range: 0…1 for a rate, −1…1 for a difference.
  ///   - levels: the values of α that matter, hardest first: others are told apart roughly.
  public init(sizes: [Double], weight: Weighting, range: ClosedRange<Double>, levels: [Double]) {
    (self.sizes, self.weight, self.range, self.levels) = (sizes, weight, range, levels)
    let counted = weight == .attacks ? sizes : [Double](repeating: 1, count: sizes.count)
    let total = counted.reduce(0, +)
    weights = counted.map { $0 / total }
    effective = EffectiveClusters(weights)
  }

  /// Units of the largest cluster.
  public var largest: Double { sizes.max() ?? 1 }
}

/// What complete answers in clusters add up to: the estimators' p-values without their units, for decisions that are simulated
/// by the thousand.
///
/// Decides as `ClusteredRate`, `ClusteredDifference` and `SequentialEstimate` do on units of which nothing is missing: tails are
/// approximated where that leaves no doubt on which side of every level they are, and computed as the estimators do elsewhere.
public struct ClusterSums: Sendable {
  private let frame: ClusterFrame
  /// Means of the units' values, by cluster.
  private let means: [Double]

  /// - Parameter sums: of the units' values, by cluster.
  public init(_ frame: ClusterFrame, sums: [Double]) {
    self.frame = frame
    means = zip(sums, frame.sizes).map { $0 / $1 }
  }

  /// A check's p-value with the side on which it is decided.
  public struct Decision: Sendable {
    /// The smallest α that decides, rounded to the levels that matter; 1 where none does.
    public let alpha: Double
    /// What is decided at it.
    public let verdict: Verdict

    public init(alpha: Double, verdict: Verdict) {
      (self.alpha, self.verdict) = (alpha, verdict)
    }
  }

  /// Where everything was asked and nobody looked before the end.
  public func decision(_ limit: Limit) -> Decision { whole(limit, share: 1) }

  /// Where answers were looked at all the time, after the first `clusters`.
  public func decision(_ limit: Limit, afterFirst clusters: Int) -> Decision {
    let early = early(limit, clusters: clusters)
    // What the bets decide at the hardest level, nothing else decides harder.
    if clusters < means.count || frame.levels.allSatisfy({ early.alpha <= $0 }) { return early }
    let late = whole(limit, share: 1 - SequentialEstimate.share)
    return early.alpha <= late.alpha ? early : late
  }

  /// Whether a bet has shown at `level` after the first `clusters` on which side of its limit the mean lies: once shown, it
  /// stays so.
  public func isShown(_ limit: Limit, level: Double, afterFirst clusters: Int) -> Bool {
    early(limit, clusters: clusters).alpha <= level
  }

  /// Whether the interval of the sequence alone decides at `level`: it holds its own value as well.
  public func isDecided(_ limit: Limit, level: Double, afterFirst clusters: Int) -> Bool {
    let early = early(limit, clusters: clusters)
    let value = mean(clusters)
    return early.alpha <= level && limit.compare(lower: value, upper: value) == early.verdict
  }

  private func mean(_ clusters: Int) -> Double {
    var (sum, total) = (0.0, 0.0)
    for place in 0..<clusters {
      sum += means[place] * frame.weights[place]
      total += frame.weights[place]
    }
    return sum / total
  }

  // MARK: - All clusters

  /// - Parameter share: of α that the ordinary interval has.
  private func whole(_ limit: Limit, share: Double) -> Decision {
    let value = mean(means.count)
    let verdict = limit.compare(lower: value, upper: value)
    let tests = frame.range.lowerBound < 0 ? difference(limit, verdict) : rate(limit, verdict)
    // What is decided at a hard level is decided at an easier one; mostly all of them say the same.
    guard let easiest = frame.levels.last, tests(easiest * share) else {
      return Decision(alpha: 1, verdict: .inconclusive)
    }
    return Decision(alpha: frame.levels.first { tests($0 * share) } ?? easiest, verdict: verdict)
  }

  private var clusters: [(mean: Double, weight: Double)] {
    means.indices.map { (mean: means[$0], weight: frame.weights[$0]) }
  }

  /// Doubts nearer to a level than this factor are computed.
  private static let roughness = 1.08

  /// Whether a rate lies on its value's side of the limit at α.
  private func rate(_ limit: Limit, _ verdict: Verdict) -> (Double) -> Bool {
    let clusters = clusters
    let rough = SaddlePointBound(clusters, effective: frame.effective)
    let (low, high) = (limit.atLeast, limit.atMost)
    func doubt(_ below: (Double) -> Double, _ above: (Double) -> Double) -> Double {
      verdict == .pass
        ? max(low.map(above) ?? 0, high.map(below) ?? 0)
        : min(low.map { below($0 - 1e-12) } ?? .infinity, high.map { above($0 + 1e-12) } ?? .infinity)
    }
    let approximate = doubt(rough.doubtBelow, rough.doubtAbove)
    return { alpha in
      let half = alpha / 2
      if approximate > half * Self.roughness { return false }
      if approximate < half / Self.roughness { return true }
      let exact = ClusteredBound(known: clusters)
      return doubt(exact.doubtBelow, exact.doubtAbove) <= half
    }
  }

  /// Whether a difference lies on its value's side of the limit at α.
  private func difference(_ limit: Limit, _ verdict: Verdict) -> (Double) -> Bool {
    let clusters = clusters
    let worse = SaddlePointBound(clusters.map { (max(0, $0.mean), $0.weight) }, effective: frame.effective)
    let better = SaddlePointBound(clusters.map { (max(0, -$0.mean), $0.weight) }, effective: frame.effective)
    let (w, b) = (worse.mean, better.mean)
    let rest = (1 - w) * (1 - b)
    let r = rest > 0 ? (w * b / rest).squareRoot() : 0
    func leg(_ x: Double, _ y: Double) -> Double { (x * x + y * y + 2 * r * x * y).squareRoot() }
    let (low, high) = (limit.atLeast ?? -.infinity, limit.atMost ?? .infinity)
    /// Whether a bound this far from the value, on this side of it, keeps within `room`.
    func clears(_ room: Double, _ rough: () -> Double, _ exact: () -> Double) -> Bool {
      if room == .infinity { return true }
      let leg = rough()
      // A part in a hundred of a doubt is less than one of the leg.
      if abs(leg - room) > 0.015 * leg + 1e-4 { return leg <= room }
      return exact() <= room
    }
    let (effective, range) = (frame.effective, frame.range)
    return { alpha in
      // One cluster leaves the whole range open.
      guard effective.count > 1 else {
        return limit.compare(lower: range.lowerBound, upper: range.upperBound) == verdict
      }
      let half = alpha / 2
      // Hardly ever needed.
      lazy var exact = DifferenceBound(known: clusters)
      func upward(_ room: Double) -> Bool {
        clears(room, { leg(worse.upper(level: half) - w, b - better.lower(level: half)) }) {
          exact.upper(confidence: 1 - alpha) - (w - b)
        }
      }
      func downward(_ room: Double) -> Bool {
        clears(room, { leg(w - worse.lower(level: half), better.upper(level: half) - b) }) {
          (w - b) - exact.lower(confidence: 1 - alpha)
        }
      }
      if verdict == .pass { return upward(high - (w - b)) && downward((w - b) - low) }
      return w - b > high ? downward(w - b - high) : upward(low - (w - b))
    }
  }

  // MARK: - Bets

  /// What the sequence alone decides.
  private func early(_ limit: Limit, clusters: Int) -> Decision {
    let (offset, width) = (frame.range.lowerBound, frame.range.upperBound - frame.range.lowerBound)
    let bets = (0..<clusters).map { place in
      let size = frame.weight == .attacks ? frame.sizes[place] : 1
      let sum = (means[place] - offset) / width * size
      return (least: sum, most: sum, size: size)
    }
    let evidence = BettingEvidence(clusters: bets, largest: frame.weight == .attacks ? frame.largest : 1)
    func theta(_ metric: Double) -> Double { (metric - offset) / width }
    let (low, high) = (limit.atLeast.map(theta), limit.atMost.map(theta))
    func scaled(_ alpha: Double) -> Double { min(1, max(1e-12, 2 * alpha / SequentialEstimate.share)) }
    let inside = scaled(max(low.map(evidence.alphaAbove) ?? 0, high.map(evidence.alphaBelow) ?? 0))
    // What is shown at any level saves the look at the other side.
    if inside < 1 { return Decision(alpha: inside, verdict: .pass) }
    // A bound that touches its limit is inside.
    let outside = scaled(
      min(
        low.map { evidence.alphaBelow($0 - BettingEvidence.least) } ?? .infinity,
        high.map { evidence.alphaAbove($0 + BettingEvidence.least) } ?? .infinity))
    return Decision(alpha: outside, verdict: outside < 1 ? .fail : .inconclusive)
  }
}
