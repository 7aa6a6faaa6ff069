import Foundation

/// Whether large clusters are weaker or stronger than small ones.
///
/// If they are, the mean over attacks rests on its few largest clusters, and no interval from the others bounds it; the mean
/// over clusters still holds. Spearman's rank correlation of sizes and means, tested by Student's t.
public enum SizeAssociation {
  /// Two-sided p-value; nil where there are fewer than 4 clusters, or sizes or means don't vary.
  public static func p(_ units: [ClusteredUnit]) -> Double? {
    let rows = ClusterTable(units).rows.filter { $0.scoredSize > 0 }
    guard rows.count >= 4 else { return nil }
    let sizes = ranks(rows.map(\.size))
    let means = ranks(rows.map { $0.scored / $0.scoredSize })
    let centre = Double(rows.count + 1) / 2
    var (product, squares) = (0.0, (0.0, 0.0))
    for (a, b) in zip(sizes, means) {
      product += (a - centre) * (b - centre)
      squares.0 += (a - centre) * (a - centre)
      squares.1 += (b - centre) * (b - centre)
    }
    guard squares.0 > 0, squares.1 > 0 else { return nil }
    let r = product / (squares.0 * squares.1).squareRoot()
    let degrees = Double(rows.count - 2)
    if abs(r) >= 1 { return 0 }
    return 2 * Distributions.studentCDF(-abs(r) * (degrees / (1 - r * r)).squareRoot(), degrees: degrees)
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
