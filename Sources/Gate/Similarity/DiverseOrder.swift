import Core

/// Orders items so that each is as unlike all before it as possible (farthest-point traversal).
///
/// Where a budget lets only some claimed attacks be confirmed, the first of this order cover the most ground.
enum DiverseOrder {
  /// - Parameters:
  ///   - vectors: unit vectors `[items][width]`.
  ///   - limit: how many are wanted.
  /// - Returns: indices; the first is item 0, ties go to the lower index.
  static func indices(_ vectors: [[Float]], limit: Int) -> [Int] {
    guard !vectors.isEmpty, limit > 0 else { return [] }
    var chosen: [Int] = []
    /// Cosine of each item with the nearest chosen one.
    var nearest = [Float](repeating: -.infinity, count: vectors.count)
    var next = 0
    while true {
      chosen.append(next)
      nearest[next] = .infinity
      if chosen.count == min(limit, vectors.count) { return chosen }
      for index in vectors.indices where nearest[index] < .infinity {
        nearest[index] = max(nearest[index], dot(vectors[index], vectors[next]))
      }
      next = vectors.indices.min { nearest[$0] < nearest[$1] } ?? 0
    }
  }
}
