import Core

/// What an estimate says of units in clusters beside its bounds. It keeps no cluster: there may be hundreds of thousands, and
/// many estimators.
struct WeightedClusters: Sendable {
  private let weight: Weighting
  private let units: Int
  private let responses: Int
  private let missing: Int
  /// Value of what was scored; NaN where nothing was.
  private let value: Double
  let effective: EffectiveClusters

  /// - Parameter means: the table's, by `weight`.
  init(_ table: ClusterTable, means: ThreeReadings<[(mean: Double, weight: Double)]>, _ weight: Weighting) {
    (self.weight, units) = (weight, table.units)
    (responses, missing) = (table.responses, table.missing)
    value = means.scored?.weightedMean ?? .nan
    effective = EffectiveClusters(means.least.map(\.weight))
  }

  /// - Parameter bounds: widened to hold the value.
  func estimate(_ bounds: (lower: Double, upper: Double), confidence: Double, method: String) -> Estimate {
    Estimate(
      value: value, lower: value.isNaN ? bounds.lower : min(bounds.lower, value),
      upper: value.isNaN ? bounds.upper : max(bounds.upper, value), confidence: confidence, n: responses,
      effectiveN: effective.kish, unscored: missing, method: method)
  }

  /// What bounds of this name are of, for the report.
  func method(_ bounds: String) -> String {
    if effective.count == 1 { return "one cluster: no interval" }
    let mean = weight == .attacks ? "mean over \(units) units" : "mean over clusters of \(units) units"
    return "\(bounds), \(mean) in \(effective.count) clusters"
  }
}
