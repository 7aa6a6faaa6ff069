/// Keys and values of earlier rows, [count, G·D] each.
public struct CachedKeys {
  let keys: UnsafePointer<Float>
  let values: UnsafePointer<Float>
  public let count: Int

  public init(keys: UnsafePointer<Float>, values: UnsafePointer<Float>, count: Int) {
    self.keys = keys
    self.values = values
    self.count = count
  }
}

/// Attention of new rows, each the last of its own sequence, over cached keys and values: out[N,H·D] from q[N,H·D].
///
/// What all rows share is one product for all of them; only each row's own keys are gone through one by one. A row's result
/// doesn't depend on the rows beside it.
///
/// - Parameters:
///   - q: rows `shape.rowWidth` floats apart.
///   - shared: keys and values that come first, shared by all rows.
///   - most: the most own keys of any row.
///   - own: by row, its own keys and values, itself last.
///   - scores: rows · (shared + most) floats of scratch.
public func attendCached(
  _ shape: AttentionShape, rows: Int, q: UnsafePointer<Float>, shared: CachedKeys, most: Int,
  own: (_ row: Int) -> CachedKeys, scores: UnsafeMutablePointer<Float>, out: UnsafeMutablePointer<Float>
) {
  let (size, stride) = (shape.headSize, shape.keyValueWidth)
  let width = shared.count + most
  for head in 0..<shape.heads {
    let queries = q + head * size
    let column = shape.keyValueHead(of: head) * size
    let place = out + head * size
    if shared.count > 0 {
      matrixProduct(
        rows, shared.count, size, queries, lda: shape.rowWidth, shared.keys + column, ldb: stride, transposeB: true,
        scores, ldc: width, alpha: shape.scale)
    }
    for row in 0..<rows {
      let (p, own) = (scores + row * width, own(row))
      let end = shared.count + own.count
      let first = shape.firstKey(end - 1)
      for key in max(0, first - shared.count)..<own.count {
        p[shared.count + key] =
          shape.scale * dot(size, queries + row * shape.rowWidth, own.keys + key * stride + column)
      }
      if let cap = shape.softCap { softCap(end - first, cap, p + first) }
      softmax(end - first, p + first)
      for key in 0..<first { p[key] = 0 }
    }
    if shared.count > 0 {
      matrixProduct(
        rows, size, shared.count, scores, lda: width, shared.values + column, ldb: stride, place,
        ldc: shape.queryWidth)
    }
    for row in 0..<rows {
      let own = own(row)
      addValues(
        size, own.count, scores + row * width + shared.count, own.values + column, stride: stride,
        to: place + row * shape.queryWidth, accumulates: shared.count > 0)
    }
  }
}

/// y[size] = Σ p[key] · values[key] (+ y), the keys' values `stride` floats apart.
private func addValues(
  _ size: Int, _ keys: Int, _ p: UnsafePointer<Float>, _ values: UnsafePointer<Float>, stride: Int,
  to y: UnsafeMutablePointer<Float>, accumulates: Bool
) {
  var i = 0
  while i + 16 <= size {
    // Sixteen columns stay in registers over all keys.
    var s0 = accumulates ? loadLanes(y + i) : SIMD8<Float>()
    var s1 = accumulates ? loadLanes(y + i + 8) : SIMD8<Float>()
    for key in 0..<keys {
      let row = values + key * stride + i
      let factor = SIMD8(repeating: p[key])
      s0 = s0.addingProduct(factor, loadLanes(row))
      s1 = s1.addingProduct(factor, loadLanes(row + 8))
    }
    storeLanes(s0, y + i)
    storeLanes(s1, y + i + 8)
    i += 16
  }
  while i < size {
    var sum = accumulates ? y[i] : 0
    for key in 0..<keys { sum += p[key] * values[key * stride + i] }
    y[i] = sum
    i += 1
  }
}
