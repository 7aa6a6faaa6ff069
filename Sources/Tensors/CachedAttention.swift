import CProcessor

/// Keys and values of earlier rows, [count, G·D] each.
public struct CachedKeys {
  let keys: UnsafePointer<Float>
  let values: UnsafePointer<Float>
  /// Rows of each.
  public let count: Int

  public init(keys: UnsafePointer<Float>, values: UnsafePointer<Float>, count: Int) {
    self.keys = keys
    self.values = values
    self.count = count
  }
}

/// How keys and values of earlier tokens are kept.
public enum CachePrecision: Sendable, Hashable {
  /// IEEE binary32.
  case float32
  /// IEEE binary16; what is larger becomes its largest number. Products are computed in float32.
  case half

  /// Bytes of a number.
  public var bytes: Int { self == .half ? 2 : 4 }
}

/// Keys and values of one row's own tokens, in blocks of a few tokens that may lie anywhere.
///
/// A block holds, from `offset` on, the keys [T,G·D] of its T tokens, then their values.
public struct BlockedKeys {
  /// T: few, so that little of a row's last block is left unused.
  public static let tokens = Int(SLUICE_BLOCK_TOKENS)

  let blocks: UnsafePointer<UnsafeMutableRawPointer>
  let offset: Int
  let precision: CachePrecision
  /// Own tokens of the row.
  public let count: Int

  /// - Parameters:
  ///   - blocks: enough for `count` tokens, in order.
  ///   - offset: of the layer in each block, in numbers.
  public init(
    blocks: UnsafePointer<UnsafeMutableRawPointer>, offset: Int, precision: CachePrecision, count: Int
  ) {
    self.blocks = blocks
    self.offset = offset
    self.precision = precision
    self.count = count
  }

  /// Copies the keys and the values of some rows of q, k and v to the places of tokens from `first` on.
  public func put(_ shape: AttentionShape, _ qkv: UnsafePointer<Float>, rows: Int, at first: Int) {
    let width = shape.keyValueWidth
    for row in 0..<rows {
      let (block, place) = (first + row).quotientAndRemainder(dividingBy: Self.tokens)
      let source = qkv + row * shape.rowWidth + shape.queryWidth
      for (numbers, at) in [(source, place), (source + width, Self.tokens + place)] {
        switch precision {
        case .float32: (floats(block) + at * width).update(from: numbers, count: width)
        case .half:
          let halves = blocks[block].assumingMemoryBound(to: UInt16.self) + offset
          sluice_to_halves(width, numbers, halves + at * width)
        }
      }
    }
  }

  /// A block's numbers, where they are float32.
  fileprivate func floats(_ block: Int) -> UnsafeMutablePointer<Float> {
    blocks[block].assumingMemoryBound(to: Float.self) + offset
  }

  /// scores[key] = scale · q · key for keys from `first` on.
  fileprivate func score(
    _ q: UnsafePointer<Float>, _ shape: AttentionShape, column: Int, from first: Int,
    into scores: UnsafeMutablePointer<Float>
  ) {
    let stride = shape.keyValueWidth
    if precision == .half {
      return withHalves {
        sluice_half_scores(
          Kernels.best.flag, $0, offset + column, stride, first, count, shape.headSize, q, shape.scale, scores)
      }
    }
    var key = first
    while key < count {
      let (block, place) = key.quotientAndRemainder(dividingBy: Self.tokens)
      let keys = floats(block) + column
      for next in place..<min(Self.tokens, place + count - key) {
        scores[key] = shape.scale * dot(shape.headSize, q, keys + next * stride)
        key += 1
      }
    }
  }

  /// y[D] = Σ p[key] · value (+ y).
  fileprivate func addValues(
    _ p: UnsafePointer<Float>, _ shape: AttentionShape, column: Int, to y: UnsafeMutablePointer<Float>,
    accumulates: Bool
  ) {
    let (size, stride) = (shape.headSize, shape.keyValueWidth)
    let column = Self.tokens * stride + column
    if precision == .half {
      return withHalves {
        sluice_half_values(
          Kernels.best.flag, $0, offset + column, stride, count, size, p, y, accumulates ? 1 : 0)
      }
    }
    /// Calls `body` with each key's factor and its values, in order.
    @inline(__always)
    func each(from i: Int, _ body: (_ factor: Float, _ values: UnsafePointer<Float>) -> Void) {
      for first in Swift.stride(from: 0, to: count, by: Self.tokens) {
        let values = floats(first / Self.tokens) + column + i
        for key in 0..<min(Self.tokens, count - first) { body(p[first + key], values + key * stride) }
      }
    }
    var i = 0
    while i + 16 <= size {
      // Sixteen columns stay in registers over all keys.
      var s0 = accumulates ? loadLanes(y + i) : SIMD8<Float>()
      var s1 = accumulates ? loadLanes(y + i + 8) : SIMD8<Float>()
      each(from: i) { p, values in
        let factor = SIMD8(repeating: p)
        s0 = s0.addingProduct(factor, loadLanes(values))
        s1 = s1.addingProduct(factor, loadLanes(values + 8))
      }
      storeLanes(s0, y + i)
      storeLanes(s1, y + i + 8)
      i += 16
    }
    while i < size {
      var sum = accumulates ? y[i] : 0
      each(from: i) { p, values in sum += p * values[0] }
      y[i] = sum
      i += 1
    }
  }

  private func withHalves(_ body: (UnsafePointer<UnsafeRawPointer?>) -> Void) {
    // The same addresses: C has no pointer that can't be nil or mustn't be written to.
    UnsafeRawPointer(blocks).withMemoryRebound(to: UnsafeRawPointer?.self, capacity: 1) { body($0) }
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
  own: (_ row: Int) -> BlockedKeys, scores: UnsafeMutablePointer<Float>, out: UnsafeMutablePointer<Float>
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
      own.score(
        queries + row * shape.rowWidth, shape, column: column, from: max(0, first - shared.count),
        into: p + shared.count)
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
      own(row).addValues(
        scores + row * width + shared.count, shape, column: column, to: place + row * shape.queryWidth,
        accumulates: shared.count > 0)
    }
  }
}
