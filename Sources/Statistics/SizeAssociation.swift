import Foundation

/// Whether large clusters are weaker or stronger than small ones.
///
/// If they are, the mean over attacks rests on its few largest clusters, and no interval from the others bounds it; the mean
/// over clusters still holds. The slope of cluster means on the ranks of their sizes, with a variance that allows small
/// clusters to vary more than large ones (HC3: MacKinnon and White, Journal of Econometrics, 1985), by Student's t. Ranks of the
/// means would not do: a cluster of one is mostly at 0, a large one never, whatever their expectations.
public enum SizeAssociation {
  /// Two-sided p-value; nil where there are fewer than 4 clusters, or sizes or means don't vary.
  public static func p(_ units: [ClusteredUnit]) -> Double? {
    let rows = ClusterTable(units).rows.filter { $0.scoredSize > 0 }
    guard rows.count >= 4 else { return nil }
    let count = Double(rows.count)
    let centre = (count + 1) / 2
    let sizes = ranks(rows.map(\.size)).map { $0 - centre }
    let means = rows.map { $0.scored / $0.scoredSize }
    let mean = means.reduce(0, +) / count
    let spread = sizes.reduce(0) { $0 + $1 * $1 }
    guard spread > 0, means.contains(where: { $0 != means[0] }) else { return nil }
    let slope = zip(sizes, means).reduce(0) { $0 + $1.0 * ($1.1 - mean) } / spread
    let squares = zip(sizes, means).reduce(0.0) { total, row in
      let leverage = 1 / count + row.0 * row.0 / spread
      let residual = (row.1 - mean - slope * row.0) / (1 - leverage)
      return total + row.0 * row.0 * residual * residual
    }
    guard squares > 0 else { return 0 }
    let t = abs(slope) * spread / squares.squareRoot()
    return 2 * Distributions.studentCDF(-t, degrees: count - 2)
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
