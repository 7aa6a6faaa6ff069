import Core

/// Units gathered by cluster: their number and the sums of what was scored, of the least, and of the most.
struct ClusterTable: Sendable {
  struct Row: Sendable {
    /// Planned units, scored or not.
    var size = 0.0
    var least = 0.0
    var most = 0.0
    var scoredSize = 0.0
    var scored = 0.0
  }

  /// In the order of each cluster's first unit.
  let rows: [Row]
  let units: Int
  /// Scored responses, and missing ones.
  let responses: Int
  let missing: Int

  init(_ units: [ClusteredUnit]) {
    var places: [CompactName: Int] = [:]
    var rows: [Row] = []
    for unit in units {
      let place = places[unit.cluster] ?? rows.count
      if place == rows.count {
        places[unit.cluster] = place
        rows.append(Row())
      }
      rows[place].size += 1
      rows[place].least += unit.least
      rows[place].most += unit.most
      if let value = unit.value {
        rows[place].scoredSize += 1
        rows[place].scored += value
      }
    }
    self.rows = rows
    self.units = units.count
    responses = units.reduce(0) { $0 + $1.responses }
    missing = units.reduce(0) { $0 + $1.missing }
  }

  /// Means of clusters and their weights, which sum to 1; what was scored has only the clusters with a scored unit.
  func means(_ weighting: Weighting) -> ThreeReadings<[(mean: Double, weight: Double)]> {
    func normalised(_ parts: [(sum: Double, size: Double)]) -> [(mean: Double, weight: Double)] {
      let weights = parts.map { weighting == .attacks ? $0.size : 1 }
      let total = weights.reduce(0, +)
      return zip(parts, weights).map { ($0.sum / $0.size, $1 / total) }
    }
    let scored = rows.filter { $0.scoredSize > 0 }
    return ThreeReadings(
      scored: scored.isEmpty ? nil : normalised(scored.map { ($0.scored, $0.scoredSize) }),
      least: normalised(rows.map { ($0.least, $0.size) }), most: normalised(rows.map { ($0.most, $0.size) }))
  }
}

extension [(mean: Double, weight: Double)] {
  /// Σ wᵢxᵢ, kept within the means' own range: weights sum to 1 up to rounding alone. 0 for none.
  var weightedMean: Double {
    guard let first else { return 0 }
    var (sum, least, most) = (0.0, first.mean, first.mean)
    for (mean, weight) in self {
      sum += mean * weight
      (least, most) = (Swift.min(least, mean), Swift.max(most, mean))
    }
    return Swift.min(most, Swift.max(least, sum))
  }
}
