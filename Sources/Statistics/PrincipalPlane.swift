import Foundation

/// The plane in which vectors differ most, to draw them.
public enum PrincipalPlane {
  private static let iterations = 60

  /// Coordinates of each vector along the first two principal components, by power iteration; the larger half of each axis
  /// is made positive, so that equal data give equal pictures.
  ///
  /// - Parameter vectors: [n][d].
  /// - Returns: [n] points; all at the origin where nothing differs.
  public static func coordinates(_ vectors: [[Float]]) -> [(x: Double, y: Double)] {
    guard let width = vectors.first?.count, width > 0 else { return [] }
    var rows = vectors.map { $0.map(Double.init) }
    let mean = (0..<width).map { column in rows.reduce(0) { $0 + $1[column] } / Double(rows.count) }
    for index in rows.indices { for column in 0..<width { rows[index][column] -= mean[column] } }
    let first = component(&rows, width)
    let second = component(&rows, width)
    return zip(first, second).map { ($0, $1) }
  }

  /// Scores along the strongest direction, which is taken out of `rows`.
  private static func component(_ rows: inout [[Double]], _ width: Int) -> [Double] {
    // Any start but an orthogonal one does; the longest row lies in the span.
    var direction = rows.max { length($0) < length($1) } ?? []
    for _ in 0..<iterations {
      let norm = length(direction).squareRoot()
      guard norm > 1e-12 else { return rows.map { _ in 0 } }
      var next = [Double](repeating: 0, count: width)
      for row in rows {
        let score = dot(row, direction) / norm
        for column in 0..<width { next[column] += score * row[column] }
      }
      direction = next
    }
    let norm = length(direction).squareRoot()
    guard norm > 1e-12 else { return rows.map { _ in 0 } }
    let unit = direction.map { $0 / norm }
    let scores = rows.map { dot($0, unit) }
    for index in rows.indices { for column in 0..<width { rows[index][column] -= scores[index] * unit[column] } }
    let sign = (scores.max() ?? .nan) >= -(scores.min() ?? .nan) ? 1.0 : -1
    return scores.map { sign * $0 }
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for index in a.indices { sum += a[index] * b[index] }
    return sum
  }

  private static func length(_ a: [Double]) -> Double { dot(a, a) }
}
