import Foundation

/// A mean over units in clusters, with what its interval needs. G clusters, M units.
struct ClusteredMean: Sendable {
  let mean: Double
  /// Σ over clusters of (S_c − m_c·mean)², with the small-sample factor G/(G−1), over M² (CR1).
  let variance: Double
  let clusters: Int
  let units: Int
  /// Scored responses behind all units.
  let responses: Int
  /// S_c − m_c·mean, in the order of the clusters' names.
  let residuals: [Double]

  /// - Parameter value: what of a unit is averaged.
  init(_ units: [ClusteredUnit], _ value: (ClusteredUnit) -> Double = \.mean) {
    let total = Double(units.count)
    let mean = units.reduce(0) { $0 + value($1) } / total
    var byCluster: [String: Double] = [:]
    for unit in units { byCluster[unit.cluster, default: 0] += value(unit) - mean }
    // Sorted, so that a sum's last bit doesn't depend on the dictionary's order.
    residuals = byCluster.sorted { $0.key < $1.key }.map(\.value)
    self.mean = mean
    self.units = units.count
    clusters = residuals.count
    responses = units.reduce(0) { $0 + $1.responses }
    let g = Double(clusters)
    variance = g > 1 ? residuals.reduce(0) { $0 + $1 * $1 } * g / (g - 1) / (total * total) : .infinity
  }

  /// Correlation of this mean with another over the same clusters, 0 where one of them doesn't vary.
  func correlation(with other: ClusteredMean) -> Double {
    let product = zip(residuals, other.residuals).reduce(0) { $0 + $1.0 * $1.1 }
    let squares = [residuals, other.residuals].map { $0.reduce(0) { $0 + $1 * $1 } }
    return squares[0] > 0 && squares[1] > 0 ? product / (squares[0] * squares[1]).squareRoot() : 0
  }

  /// Korn and Graubard's interval for a mean in [0, 1] (Survey Methodology, 1998): Clopper and Pearson's at the effective
  /// sample size p(1−p)/Var, corrected for few clusters by (t_{M−1}/t_{G−1})². That size is never above the number of
  /// responses; with no variation seen it is the number of units.
  func kornGraubard(confidence: Double) -> (lower: Double, upper: Double, effective: Double) {
    let alpha = 1 - confidence
    var effective = Double(units)
    if clusters < 2 {
      effective = 1
    } else if variance > 0 && mean > 0 && mean < 1 {
      let t = Distributions.studentQuantile(1 - alpha / 2, degrees: max(Double(units) - 1, 1))
      let tClusters = Distributions.studentQuantile(1 - alpha / 2, degrees: Double(clusters - 1))
      let size = mean * (1 - mean) / variance * (t / tClusters) * (t / tClusters)
      effective = min(Double(max(responses, units)), max(1, size))
    }
    let (lower, upper) = clopperPearson(successes: mean * effective, trials: effective, confidence: confidence)
    return (lower, upper, effective)
  }

  /// The share of clusters of a kind that all G clusters may have missed.
  func hiddenShare(confidence: Double) -> Double { Self.hiddenShare(clusters: clusters, confidence: confidence) }

  /// 1 − (α/2)^{1/G}.
  static func hiddenShare(clusters: Int, confidence: Double) -> Double {
    1 - pow((1 - confidence) / 2, 1 / Double(max(1, clusters)))
  }
}

/// Clopper and Pearson's interval; `successes` and `trials` may be effective, not whole, numbers.
func clopperPearson(
  successes x: Double, trials n: Double, confidence: Double
) -> (lower: Double, upper: Double) {
  let half = (1 - confidence) / 2
  let lower = x <= 0 ? 0 : Distributions.betaQuantile(half, x, n - x + 1)
  let upper = x >= n ? 1 : Distributions.betaQuantile(1 - half, x + 1, n - x)
  return (lower, upper)
}
