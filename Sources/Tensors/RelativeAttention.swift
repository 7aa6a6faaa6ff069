/// Relative positions as DeBERTa v2 counts them (He et al., 2021): distances that are small have a row each in a table of
/// 2·span rows, larger ones share rows, the more the larger.
public struct RelativePositions: Sendable, Hashable {
  /// Half the rows, where large distances share; nil where each has its own.
  public let buckets: Int?
  /// The distance from which on all share the last row.
  public let maximum: Int

  public init(buckets: Int?, maximum: Int) {
    self.buckets = buckets
    self.maximum = maximum
  }

  /// Half the rows of the table.
  public var span: Int { buckets ?? maximum }

  /// The row for a query that stands `distance` behind a key.
  ///
  /// Logarithms are float32's, as the models were trained: at the borders of buckets rounding decides.
  public func row(distance: Int) -> Int { min(max(bucket(distance) + span, 0), 2 * span - 1) }

  private func bucket(_ distance: Int) -> Int {
    guard let buckets else { return distance }
    let middle = buckets / 2
    let size = abs(distance)
    guard size > middle, middle > 0 else { return distance }
    let share =
      Float.log(Float(size) / Float(middle)) / Float.log(Float(Double(maximum - 1) / Double(middle)))
    let place = (share * Float(middle - 1)).rounded(.up) + Float(middle)
    guard place.isFinite, abs(place) < 1e9 else { return distance < 0 ? -2 * span : 2 * span }
    return distance < 0 ? -Int(place) : Int(place)
  }
}

/// What relative positions add to the scores of one layer: projections [2·span, H·D] of the table.
public struct RelativeTables: Sendable {
  /// Which row of the tables a distance has.
  public let positions: RelativePositions
  /// What queries meet (content to position); nil for none.
  public let keys: [Float]?
  /// What keys meet (position to content); nil for none.
  public let queries: [Float]?

  public init(positions: RelativePositions, keys: [Float]?, queries: [Float]?) {
    self.positions = positions
    self.keys = keys
    self.queries = queries
  }
}

extension AttentionPlan {
  /// Query rows at a time.
  private static let relativeTile = 64

  /// Disentangled attention (He et al., 2021): out[N,H·D] = softmax((Q·Kᵀ + c2p + p2c) · scale) · V by head, where
  /// c2p[i,j] = q[i] · keys[r], p2c[i,j] = k[j] · queries[r], and r is the row of the distance i − j. Every token sees all
  /// of its sequence; the plan has no prefix.
  ///
  /// - Parameters:
  ///   - heads: the heads to compute.
  ///   - qkv: [N, 3·H·D], the columns q, k, v.
  public func forward(
    _ shape: AttentionShape, _ relative: RelativeTables, heads: Range<Int>, qkv: UnsafePointer<Float>,
    out: UnsafeMutablePointer<Float>
  ) {
    precondition(prefix == 0 && !shape.isCausal && shape.keyValueHeads == shape.heads, "an encoder's attention")
    for sequence in sequences where sequence.count > 0 {
      let count = sequence.count
      // By distance, from −(count − 1); rows that no distance here has are left out.
      let rows = (1 - count..<count).map { relative.positions.row(distance: $0) }
      let lowest = rows.min() ?? 0
      let columns = (rows.max() ?? 0) - lowest + 1
      let places = rows.map { $0 - lowest }
      let tile = min(Self.relativeTile, count)
      var scores = [Float](repeating: 0, count: tile * count)
      var toPositions = [Float](repeating: 0, count: relative.keys == nil ? 0 : tile * columns)
      var fromPositions = [Float](repeating: 0, count: relative.queries == nil ? 0 : count * columns)
      let (size, width) = (shape.headSize, shape.rowWidth)
      let own = qkv + sequence.start * width
      for head in heads {
        let keyColumn = shape.queryWidth + head * size
        func meet(_ table: [Float], _ rows: Int, _ x: UnsafePointer<Float>, _ result: inout [Float]) {
          table.withUnsafeBufferPointer { table in
            guard let first = table.baseAddress else { return }
            matrixProduct(
              rows, columns, size, x, lda: width, first + lowest * shape.queryWidth + head * size,
              ldb: shape.queryWidth, transposeB: true, &result, ldc: columns, alpha: shape.scale)
          }
        }
        if let table = relative.queries { meet(table, count, own + keyColumn, &fromPositions) }
        for first in stride(from: 0, to: count, by: tile) {
          let t = min(tile, count - first)
          let q = own + first * width + head * size
          matrixProduct(
            t, count, size, q, lda: width, own + keyColumn, ldb: width, transposeB: true, &scores, ldc: count,
            alpha: shape.scale)
          if let table = relative.keys { meet(table, t, q, &toPositions) }
          for row in 0..<t {
            // The distance to key j is first + row − j.
            let place = first + row + count - 1
            if relative.keys != nil {
              for key in 0..<count { scores[row * count + key] += toPositions[row * columns + places[place - key]] }
            }
            if relative.queries != nil {
              for key in 0..<count { scores[row * count + key] += fromPositions[key * columns + places[place - key]] }
            }
            scores.withUnsafeMutableBufferPointer { scores in
              if let first = scores.baseAddress { softmax(count, first + row * count) }
            }
          }
          matrixProduct(
            t, size, count, scores, lda: count, own + keyColumn + shape.queryWidth, ldb: width,
            out + (sequence.start + first) * shape.queryWidth + head * size, ldc: shape.queryWidth)
        }
      }
    }
  }
}
