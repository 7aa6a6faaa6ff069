/// Keys and values of earlier rows, [count, G·D] each.
public struct CachedKeys {
  let keys: UnsafePointer<Float>
  let values: UnsafePointer<Float>
  let count: Int

  public init(keys: UnsafePointer<Float>, values: UnsafePointer<Float>, count: Int) {
    self.keys = keys
    self.values = values
    self.count = count
  }
}

/// Attention of one new row over cached keys and values: out[H·D] from q[H·D].
///
/// - Parameters:
///   - shared: keys and values that come first, shared by all rows.
///   - own: the row's own, itself last.
///   - scores: shared + own floats of scratch.
public func attendCached(
  _ shape: AttentionShape, q: UnsafePointer<Float>, shared: CachedKeys, own: CachedKeys,
  scores: UnsafeMutablePointer<Float>, out: UnsafeMutablePointer<Float>
) {
  let (size, stride) = (shape.headSize, shape.keyValueWidth)
  let keys = shared.count + own.count
  let first = shape.firstKey(keys - 1)
  for head in 0..<shape.heads {
    let query = q + head * size
    let column = shape.keyValueHead(of: head) * size
    for key in first..<keys {
      let row = key < shared.count ? shared.keys + key * stride : own.keys + (key - shared.count) * stride
      scores[key] = shape.scale * dot(size, query, row + column)
    }
    if let cap = shape.softCap { softCap(keys - first, cap, scores + first) }
    softmax(keys - first, scores + first)
    let place = out + head * size
    var i = 0
    while i + 16 <= size {
      // Sixteen columns stay in registers over all keys.
      var (s0, s1) = (SIMD8<Float>(), SIMD8<Float>())
      for key in first..<keys {
        let row = key < shared.count ? shared.values + key * stride : own.values + (key - shared.count) * stride
        let factor = SIMD8(repeating: scores[key])
        s0 = s0.addingProduct(factor, loadLanes(row + column + i))
        s1 = s1.addingProduct(factor, loadLanes(row + column + i + 8))
      }
      storeLanes(s0, place + i)
      storeLanes(s1, place + i + 8)
      i += 16
    }
    while i < size {
      var sum: Float = 0
      for key in first..<keys {
        let row = key < shared.count ? shared.values + key * stride : own.values + (key - shared.count) * stride
        sum += scores[key] * row[column + i]
      }
      place[i] = sum
      i += 1
    }
  }
}
