import Core

/// Units gathered to clusters, each with its mean and weight.
struct WeightedClusters: Sendable {
  private let weight: Weighting
  private let units: Int
  let table: ClusterTable
  let means: ThreeReadings<[(mean: Double, weight: Double)]>
  /// Of what was scored; NaN where nothing was.
  private let value: Double
  let effective: EffectiveClusters

  init(_ units: [ClusteredUnit], _ weight: Weighting) {
    (self.weight, self.units) = (weight, units.count)
    table = ClusterTable(units)
    means = table.means(weight)
    value = means.scored.map { $0.reduce(0) { $0 + $1.mean * $1.weight } } ?? .nan
    effective = EffectiveClusters(means.least.map(\.weight))
  }

  /// - Parameter bounds: widened to hold the value.
  func estimate(_ bounds: (lower: Double, upper: Double), confidence: Double, method: String) -> Estimate {
    Estimate(
      value: value, lower: value.isNaN ? bounds.lower : min(bounds.lower, value),
      upper: value.isNaN ? bounds.upper : max(bounds.upper, value), confidence: confidence, n: table.responses,
      effectiveN: effective.kish, unscored: table.missing, method: method)
  }

  /// What bounds of this name are of, for the report.
  func method(_ bounds: String) -> String {
    if effective.count == 1 { return "one cluster: no interval" }
    let mean = weight == .attacks ? "mean over \(units) units" : "mean over clusters of \(units) units"
    return "\(bounds), \(mean) in \(effective.count) clusters"
  }
}
