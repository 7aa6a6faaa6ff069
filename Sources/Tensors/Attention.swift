/// The sizes and rules of one attention layer. H query heads share G heads of keys and values; D = headSize.
public struct AttentionShape: Sendable, Hashable {
  /// H.
  public let heads: Int
  /// G, a divisor of H: grouped-query attention (Ainslie et al., 2023) where it is smaller than H.
  public let keyValueHeads: Int
  /// D.
  public let headSize: Int
  /// Factor on q·k.
  public let scale: Float
  /// Whether a query sees no key behind its own place.
  public let isCausal: Bool
  /// Keys that a query sees at most, its own included; nil for all.
  public let window: Int?
  /// Keys to either side that a query sees at most, where it sees both sides; nil for all.
  public let reach: Int?
  /// Scores become cap · tanh(score / cap) (Gemma 2).
  public let softCap: Float?

  public init(
    heads: Int, keyValueHeads: Int? = nil, headSize: Int, scale: Float? = nil, isCausal: Bool, window: Int? = nil,
    reach: Int? = nil, softCap: Float? = nil
  ) {
    self.heads = heads
    self.keyValueHeads = keyValueHeads ?? heads
    self.headSize = headSize
    self.scale = scale ?? 1 / Float(headSize).squareRoot()
    self.isCausal = isCausal
    self.window = window
    self.reach = reach
    self.softCap = softCap
  }

  /// Columns of q: H·D.
  public var queryWidth: Int { heads * headSize }
  /// Columns of k, and of v: G·D.
  public var keyValueWidth: Int { keyValueHeads * headSize }
  /// Columns of a row that holds q, k and v.
  public var rowWidth: Int { queryWidth + 2 * keyValueWidth }

  /// First key that the query at `position` sees.
  @inline(__always)
  func firstKey(_ position: Int) -> Int {
    if let reach { return max(0, position - reach) }
    return window.map { max(0, position + 1 - $0) } ?? 0
  }

  /// The end of the keys, of `count`, that the query at `position` sees.
  @inline(__always)
  func endKey(_ position: Int, of count: Int) -> Int {
    isCausal ? position + 1 : reach.map { min(count, position + $0 + 1) } ?? count
  }

  /// The head of keys and values that a query head reads.
  @inline(__always)
  func keyValueHead(of head: Int) -> Int { head / (heads / keyValueHeads) }
}

/// Which rows of a packed batch belong together.
///
/// Rows 0..<prefix are one shared prefix; sequence s owns rows start..<start+count and attends to the prefix and to
/// itself. The prefix attends to itself. T = own rows, K = prefix + T keys; N = all rows.
public struct AttentionPlan: Sendable, Hashable {
  /// Rows that attend to each other.
  public struct Sequence: Sendable, Hashable {
    /// Its first row in the batch.
    public let start: Int
    /// T.
    public let count: Int
    /// Where the sequence's probabilities [T,K] of the first head begin, if there were one head.
    let probabilities: Int
  }
  /// Rows of the shared prefix; 0 for none.
  public let prefix: Int
  /// The prefix, then the sequences in packed order.
  public let sequences: [Sequence]
  /// N.
  public let rows: Int
  /// Floats that the probabilities of all sequences take for one head.
  public let probabilitiesPerHead: Int
  /// The largest T·K of any sequence.
  public let largestScores: Int
  /// The largest K of any sequence.
  let mostKeys: Int

  /// - Parameter lengths: own rows of each sequence, in packed order after the prefix.
  public init(prefix: Int, lengths: [Int]) {
    var sequences: [Sequence] = []
    var row = 0
    var offset = 0
    var largest = 0
    var mostKeys = 0
    func place(_ count: Int, keys: Int) {
      sequences.append(Sequence(start: row, count: count, probabilities: offset))
      row += count
      offset += count * keys
      largest = max(largest, count * keys)
      mostKeys = max(mostKeys, keys)
    }
    // The prefix is the first sequence, with no prefix of its own.
    place(prefix, keys: prefix)
    for length in lengths { place(length, keys: prefix + length) }
    self.prefix = prefix
    self.sequences = sequences
    self.rows = row
    self.probabilitiesPerHead = offset
    self.largestScores = largest
    self.mostKeys = mostKeys
  }

  /// Prefix rows that sequence `index` attends to (index 0 is the prefix itself).
  func sharedKeys(_ index: Int) -> Int { index == 0 ? 0 : prefix }

  /// Floats of scratch that `forward` needs where it doesn't keep probabilities.
  ///
  /// - Parameter before: keys that were computed before.
  public func forwardScratch(before: Int = 0) -> Int { Self.queryTile * (before + mostKeys) }

  /// Query rows at a time where probabilities aren't kept, so that scratch doesn't grow with T².
  private static let queryTile = 64

  /// out[N,H·D] = softmax(Q·Kᵀ · scale) · V by head.
  ///
  /// - Parameters:
  ///   - heads: the query heads to compute; nil for all.
  ///   - qkv: [N, H·D + 2·G·D], the columns q, k, v.
  ///   - before: what a shared prefix left in a cache, where it has no rows here; nil for those of the plan's own.
  ///   - probabilities: H · `probabilitiesPerHead` floats to keep for the backward pass, else nil.
  ///   - scratch: `forwardScratch` floats, used where `probabilities` is nil.
  ///   - out: nil where the probabilities alone are wanted.
  public func forward(
    _ shape: AttentionShape, heads: Range<Int>? = nil, qkv: UnsafePointer<Float>, before: CachedKeys? = nil,
    probabilities: UnsafeMutablePointer<Float>?, scratch: UnsafeMutablePointer<Float>,
    out: UnsafeMutablePointer<Float>?
  ) {
    let (size, width) = (shape.headSize, shape.rowWidth)
    let prefixWidth = before == nil ? width : shape.keyValueWidth
    let prefixKeys = before?.keys ?? qkv + shape.queryWidth
    let prefixValues = before?.values ?? qkv + shape.queryWidth + shape.keyValueWidth
    for (index, sequence) in sequences.enumerated() where sequence.count > 0 {
      let shared = before?.count ?? sharedKeys(index)
      let keys = shared + sequence.count
      let tile = probabilities == nil ? min(Self.queryTile, sequence.count) : sequence.count
      for head in heads ?? 0..<shape.heads {
        let column = shape.keyValueHead(of: head) * size
        let keyColumn = shape.queryWidth + column
        let valueColumn = keyColumn + shape.keyValueWidth
        let own = qkv + sequence.start * width
        for first in stride(from: 0, to: sequence.count, by: tile) {
          let t = min(tile, sequence.count - first)
          // Own keys that some row of this tile sees, from `low` on.
          let low = shape.reach.map { max(0, first - $0) } ?? 0
          let seen = shape.endKey(first + t - 1, of: sequence.count) - low
          let p = probabilities.map { $0 + shape.heads * sequence.probabilities + head * t * keys } ?? scratch
          let q = own + first * width + head * size
          if shared > 0 {
            matrixProduct(
              t, shared, size, q, lda: width, prefixKeys + column, ldb: prefixWidth, transposeB: true, p, ldc: keys,
              alpha: shape.scale)
          }
          matrixProduct(
            t, seen, size, q, lda: width, own + keyColumn + low * width, ldb: width, transposeB: true,
            p + shared + low, ldc: keys, alpha: shape.scale)
          for row in 0..<t {
            let pr = p + row * keys
            let end = shape.endKey(shared + first + row, of: keys)
            let start = shape.firstKey(shared + first + row)
            if let cap = shape.softCap { softCap(end - start, cap, pr + start) }
            softmax(end - start, pr + start)
            for column in 0..<start { pr[column] = 0 }
            for column in end..<keys { pr[column] = 0 }
          }
          guard let out else { continue }
          let o = out + (sequence.start + first) * shape.queryWidth + head * size
          matrixProduct(
            t, size, seen, p + shared + low, lda: keys, own + valueColumn + low * width, ldb: width, o,
            ldc: shape.queryWidth)
          if shared > 0 {
            matrixProduct(
              t, size, shared, p, lda: keys, prefixValues + column, ldb: prefixWidth, o, ldc: shape.queryWidth,
              beta: 1)
          }
        }
      }
    }
  }

  /// Floats of scratch that `backward` needs.
  public func backwardScratch(_ shape: AttentionShape) -> Int { (shape.softCap == nil ? 1 : 2) * largestScores }

  /// The gradient of `forward`: the columns in dqkv[N, H·D + 2·G·D] of some heads are overwritten.
  ///
  /// - Parameters:
  ///   - keyValueHeads: heads of keys and values, with the query heads that read them; nil for all.
  ///   - scratch: `backwardScratch` floats.
  public func backward(
    _ shape: AttentionShape, keyValueHeads: Range<Int>? = nil, qkv: UnsafePointer<Float>,
    probabilities: UnsafePointer<Float>, dOut: UnsafePointer<Float>, dqkv: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let (size, width) = (shape.headSize, shape.rowWidth)
    let group = shape.heads / shape.keyValueHeads
    let keyValueHeads = keyValueHeads ?? 0..<shape.keyValueHeads
    let heads = keyValueHeads.lowerBound * group..<keyValueHeads.upperBound * group
    for row in 0..<rows {
      let d = dqkv + row * width
      (d + heads.lowerBound * size).update(repeating: 0, count: heads.count * size)
      for start in [shape.queryWidth, shape.queryWidth + shape.keyValueWidth] {
        (d + start + keyValueHeads.lowerBound * size).update(repeating: 0, count: keyValueHeads.count * size)
      }
    }
    for (index, sequence) in sequences.enumerated() where sequence.count > 0 {
      let t = sequence.count
      let shared = sharedKeys(index)
      let keys = shared + t
      for head in heads {
        let queryColumn = head * size
        let keyColumn = shape.queryWidth + shape.keyValueHead(of: head) * size
        let valueColumn = keyColumn + shape.keyValueWidth
        let own = qkv + sequence.start * width
        let dOwn = dqkv + sequence.start * width
        let p = probabilities + shape.heads * sequence.probabilities + head * t * keys
        let dO = dOut + sequence.start * shape.queryWidth + head * size
        let ldo = shape.queryWidth
        // dV = Pᵀ·dO, dP = dO·Vᵀ, for own rows and for the prefix.
        matrixProduct(
          t, size, t, p + shared, lda: keys, transposeA: true, dO, ldb: ldo, dOwn + valueColumn, ldc: width, beta: 1)
        matrixProduct(
          t, t, size, dO, lda: ldo, own + valueColumn, ldb: width, transposeB: true, scratch + shared, ldc: keys)
        if shared > 0 {
          matrixProduct(
            shared, size, t, p, lda: keys, transposeA: true, dO, ldb: ldo, dqkv + valueColumn, ldc: width, beta: 1)
          matrixProduct(
            t, shared, size, dO, lda: ldo, qkv + valueColumn, ldb: width, transposeB: true, scratch, ldc: keys)
        }
        // Masked places have p = 0, so their dS is 0 too.
        for row in 0..<t { softmaxBackward(keys, p + row * keys, scratch + row * keys) }
        if let cap = shape.softCap {
          capBackward(shape, sequence, shared: shared, head: head, cap: cap, qkv: qkv, scratch: scratch)
        }
        // dQ = dS·K·scale, dK = dSᵀ·Q·scale.
        matrixProduct(
          t, size, t, scratch + shared, lda: keys, own + keyColumn, ldb: width, dOwn + queryColumn, ldc: width,
          alpha: shape.scale, beta: 1)
        matrixProduct(
          t, size, t, scratch + shared, lda: keys, transposeA: true, own + queryColumn, ldb: width, dOwn + keyColumn,
          ldc: width, alpha: shape.scale, beta: 1)
        if shared > 0 {
          matrixProduct(
            t, size, shared, scratch, lda: keys, qkv + keyColumn, ldb: width, dOwn + queryColumn, ldc: width,
            alpha: shape.scale, beta: 1)
          matrixProduct(
            shared, size, t, scratch, lda: keys, transposeA: true, own + queryColumn, ldb: width, dqkv + keyColumn,
            ldc: width, alpha: shape.scale, beta: 1)
        }
      }
    }
  }

  /// Multiplies dS in `scratch` by the soft cap's slope; the scores are computed again behind it.
  private func capBackward(
    _ shape: AttentionShape, _ sequence: Sequence, shared: Int, head: Int, cap: Float, qkv: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let (size, width, t) = (shape.headSize, shape.rowWidth, sequence.count)
    let keys = shared + t
    let scores = scratch + largestScores
    let keyColumn = shape.queryWidth + shape.keyValueHead(of: head) * size
    let own = qkv + sequence.start * width
    let q = own + head * size
    if shared > 0 {
      matrixProduct(
        t, shared, size, q, lda: width, qkv + keyColumn, ldb: width, transposeB: true, scores, ldc: keys,
        alpha: shape.scale)
    }
    matrixProduct(
      t, t, size, q, lda: width, own + keyColumn, ldb: width, transposeB: true, scores + shared, ldc: keys,
      alpha: shape.scale)
    softCap(t * keys, cap, scores)
    softCapBackward(t * keys, cap, scores, scratch)
  }
}
