/// Whether large clusters are weaker or stronger than small ones.
///
/// If they are, the mean over attacks rests on its few largest clusters, and no interval from the others bounds it; the mean
/// over clusters still holds. The test is that of the slope of clusters' means on the ranks of their sizes, by Student's t with
/// the robust variance HC3 (Long and Ervin, The American Statistician, 2000): means of small clusters are noisier and more
/// often exactly 0, so ranks of means would differ with size though their expectation doesn't.
public enum SizeAssociation {
  /// Two-sided p-value; nil where there are fewer than 4 clusters, where sizes or means don't vary, where means lie on
  /// a line, and where a single cluster is so unlike the others in size that the slope would be its own.
  public static func p(_ units: [ClusteredUnit]) -> Double? {
    let rows = ClusterTable(units).rows.filter { $0.scoredSize > 0 }
    guard rows.count >= 4 else { return nil }
    let count = Double(rows.count)
    let sizes = ranks(rows.map(\.size)).map { $0 - (count + 1) / 2 }
    let means = rows.map { $0.scored / $0.scoredSize }
    let centre = means.reduce(0, +) / count
    let spread = sizes.reduce(0) { $0 + $1 * $1 }
    guard spread > 0 else { return nil }
    let slope = zip(sizes, means).reduce(0) { $0 + $1.0 * $1.1 } / spread
    var variance = 0.0
    for (size, mean) in zip(sizes, means) {
      let leverage = 1 / count + size * size / spread
      if leverage > 0.5 { return nil }
      let part = size * (mean - centre - slope * size) / (1 - leverage) / spread
      variance += part * part
    }
    guard variance > 0 else { return nil }
    return 2 * Distributions.studentCDF(-abs(slope) / variance.squareRoot(), degrees: count - 2)
  }

  /// Whether a notice is due: p < 0.05.
  public static func sizeGoesWithWeakness(_ units: [ClusteredUnit]) -> Bool { p(units).map { $0 < 0.05 } ?? false }

  /// Ranks from 1; equal values share the mean of theirs.
  private static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
      var end = start
      while end + 1 < order.count, values[order[end + 1]] == values[order[start]] { end += 1 }
      for place in start...end { ranks[order[place]] = Double(start + end) / 2 + 1 }
      start = end + 1
    }
    return ranks
  }
}
