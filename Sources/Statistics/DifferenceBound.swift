import Foundation

/// Bounds of a mean of differences over clusters whose means lie in [−1, 1]; see `ClusteredDifference`.
///
/// With w worse and b better in the mean, and their own bounds, the lower one is w − b less √(x² + y² + 2rxy), where x is how
/// far w may be lower and y how far b may be higher. Shares w and b of clusters that exclude each other correlate by −r,
/// r² = wb/((1−w)(1−b)). Both bounds rise with every cluster's difference, and lie in [−1, 1], since the root is at most x + y.
struct DifferenceBound: Sendable {
  /// Read with the least that differences can be, for the lower bound, and with the most, for the upper one.
  private let least: Parts
  private let most: Parts
  let effective: EffectiveClusters

  private struct Parts: Sendable {
    let worse: ClusteredBound
    let better: ClusteredBound
    let worseMean: Double
    let betterMean: Double

    init(_ differences: [(mean: Double, weight: Double)]) {
      let worse = differences.map { (mean: max(0, $0.mean), weight: $0.weight) }
      let better = differences.map { (mean: max(0, -$0.mean), weight: $0.weight) }
      self.worse = ClusteredBound(known: worse)
      self.better = ClusteredBound(known: better)
      worseMean = worse.weightedMean
      betterMean = better.weightedMean
    }

    var difference: Double { worseMean - betterMean }

    /// Root of the variances' sum with the correlation of exclusive shares.
    func leg(_ x: Double, _ y: Double) -> Double {
      let rest = (1 - worseMean) * (1 - betterMean)
      let r = rest > 0 ? (worseMean * betterMean / rest).squareRoot() : 0
      return (x * x + y * y + 2 * r * x * y).squareRoot()
    }
  }

  init(_ means: ThreeReadings<[(mean: Double, weight: Double)]>) {
    least = Parts(means.least)
    most = Parts(means.most)
    effective = least.worse.effective
  }

  /// - Parameter means: of clusters of which nothing is missing.
  init(known means: [(mean: Double, weight: Double)]) {
    least = Parts(means)
    most = least
    effective = least.worse.effective
  }

  func lower(confidence: Double) -> Double {
    guard effective.count > 1 else { return -1 }
    let (w, b) = (least.worse.lower(confidence: confidence), least.better.upper(confidence: confidence))
    return least.difference - least.leg(least.worseMean - w, b - least.betterMean)
  }

  func upper(confidence: Double) -> Double {
    guard effective.count > 1 else { return 1 }
    let (w, b) = (most.worse.upper(confidence: confidence), most.better.lower(confidence: confidence))
    return most.difference + most.leg(w - most.worseMean, most.betterMean - b)
  }
}
