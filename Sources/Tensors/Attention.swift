/// Which rows of a packed batch belong together, and what each may attend to.
///
/// Rows 0..<prefix are one shared prefix; sequence s owns rows start..<start+count and attends to the prefix and to
/// itself. The prefix attends to itself. T = own rows, K = prefix + T keys.
public struct AttentionPlan: Sendable, Hashable {
  public struct Sequence: Sendable, Hashable {
    public let start: Int
    public let count: Int
    /// Where the sequence's probabilities [H,T,K] begin.
    let probabilities: Int
  }
  public let prefix: Int
  public let sequences: [Sequence]
  public let rows: Int
  public let heads: Int
  public let headSize: Int
  public let causal: Bool
  /// Floats that the probabilities of all sequences take.
  public let probabilityCount: Int
  /// The largest T·K of any sequence: scratch for the backward pass.
  public let largestScores: Int

  /// - Parameter lengths: own rows of each sequence, in packed order after the prefix.
  public init(prefix: Int, lengths: [Int], heads: Int, headSize: Int, causal: Bool) {
    var sequences: [Sequence] = []
    var row = 0
    var offset = 0
    var largest = 0
    func place(_ count: Int, keys: Int) {
      sequences.append(Sequence(start: row, count: count, probabilities: offset))
      row += count
      offset += heads * count * keys
      largest = max(largest, count * keys)
    }
    // The prefix is the first sequence, with no prefix of its own.
    place(prefix, keys: prefix)
    for length in lengths { place(length, keys: prefix + length) }
    self.prefix = prefix
    self.sequences = sequences
    self.rows = row
    self.heads = heads
    self.headSize = headSize
    self.causal = causal
    self.probabilityCount = offset
    self.largestScores = largest
  }

  /// Prefix rows that sequence `index` attends to (index 0 is the prefix itself).
  func sharedKeys(_ index: Int) -> Int { index == 0 ? 0 : prefix }

  /// out[N,C] = softmax(Q·Kᵀ/√D) · V by head; keeps the probabilities for the backward pass.
  ///
  /// - Parameters:
  ///   - qkv: [N,3C], the columns q, k, v.
  ///   - probabilities: `probabilityCount` floats.
  public func forward(
    qkv: UnsafePointer<Float>, probabilities: UnsafeMutablePointer<Float>, out: UnsafeMutablePointer<Float>
  ) {
    let c = heads * headSize
    let factor = 1 / Float(headSize).squareRoot()
    for (index, sequence) in sequences.enumerated() where sequence.count > 0 {
      let t = sequence.count
      let shared = sharedKeys(index)
      let keys = shared + t
      for head in 0..<heads {
        let q = qkv + sequence.start * 3 * c + head * headSize
        let p = probabilities + sequence.probabilities + head * t * keys
        if shared > 0 {
          matrixProduct(
            t, shared, headSize, q, lda: 3 * c, qkv + c + head * headSize, ldb: 3 * c, transposeB: true, p, ldc: keys,
            alpha: factor)
        }
        matrixProduct(
          t, t, headSize, q, lda: 3 * c, q + c, ldb: 3 * c, transposeB: true, p + shared, ldc: keys, alpha: factor)
        for row in 0..<t {
          let visible = causal ? shared + row + 1 : keys
          let pr = p + row * keys
          softmax(visible, pr)
          for column in visible..<keys { pr[column] = 0 }
        }
        let o = out + sequence.start * c + head * headSize
        matrixProduct(t, headSize, t, p + shared, lda: keys, q + 2 * c, ldb: 3 * c, o, ldc: c)
        if shared > 0 {
          matrixProduct(
            t, headSize, shared, p, lda: keys, qkv + 2 * c + head * headSize, ldb: 3 * c, o, ldc: c, beta: 1)
        }
      }
    }
  }

  /// The gradient of `forward`: dqkv[N,3C] is overwritten.
  ///
  /// - Parameter scratch: `largestScores` floats.
  public func backward(
    qkv: UnsafePointer<Float>, probabilities: UnsafePointer<Float>, dOut: UnsafePointer<Float>,
    dqkv: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    let c = heads * headSize
    let factor = 1 / Float(headSize).squareRoot()
    dqkv.update(repeating: 0, count: rows * 3 * c)
    for (index, sequence) in sequences.enumerated() where sequence.count > 0 {
      let t = sequence.count
      let shared = sharedKeys(index)
      let keys = shared + t
      for head in 0..<heads {
        let column = head * headSize
        let q = qkv + sequence.start * 3 * c + column
        let dq = dqkv + sequence.start * 3 * c + column
        let p = probabilities + sequence.probabilities + head * t * keys
        let dO = dOut + sequence.start * c + column
        // dV = Pᵀ·dO, dP = dO·Vᵀ, for own rows and for the prefix.
        matrixProduct(
          t, headSize, t, p + shared, lda: keys, transposeA: true, dO, ldb: c, dq + 2 * c, ldc: 3 * c, beta: 1)
        matrixProduct(
          t, t, headSize, dO, lda: c, q + 2 * c, ldb: 3 * c, transposeB: true, scratch + shared, ldc: keys)
        if shared > 0 {
          matrixProduct(
            shared, headSize, t, p, lda: keys, transposeA: true, dO, ldb: c, dqkv + 2 * c + column, ldc: 3 * c, beta: 1)
          matrixProduct(
            t, shared, headSize, dO, lda: c, qkv + 2 * c + column, ldb: 3 * c, transposeB: true, scratch, ldc: keys)
        }
        // Masked places have p = 0, so their dS is 0 too.
        for row in 0..<t { softmaxBackward(keys, p + row * keys, scratch + row * keys) }
        // dQ = dS·K/√D, dK = dSᵀ·Q/√D.
        matrixProduct(
          t, headSize, t, scratch + shared, lda: keys, q + c, ldb: 3 * c, dq, ldc: 3 * c, alpha: factor, beta: 1)
        matrixProduct(
          t, headSize, t, scratch + shared, lda: keys, transposeA: true, q, ldb: 3 * c, dq + c, ldc: 3 * c,
          alpha: factor, beta: 1)
        if shared > 0 {
          matrixProduct(
            t, headSize, shared, scratch, lda: keys, qkv + c + column, ldb: 3 * c, dq, ldc: 3 * c, alpha: factor,
            beta: 1)
          matrixProduct(
            shared, headSize, t, scratch, lda: keys, transposeA: true, q, ldb: 3 * c, dqkv + c + column, ldc: 3 * c,
            alpha: factor, beta: 1)
        }
      }
    }
  }
}

/// Attention of one new row over cached keys and values: out[C] from q[C], K[keys,C], V[keys,C].
///
/// - Parameters:
///   - shared: keys and values [P,C] that come first, shared by all rows.
///   - scores: P + own floats of scratch.
public func attendCached(
  heads: Int, headSize: Int, q: UnsafePointer<Float>,
  shared: (keys: UnsafePointer<Float>, values: UnsafePointer<Float>, count: Int),
  own: (keys: UnsafePointer<Float>, values: UnsafePointer<Float>, count: Int),
  scores: UnsafeMutablePointer<Float>, out: UnsafeMutablePointer<Float>
) {
  let c = heads * headSize
  let factor = 1 / Float(headSize).squareRoot()
  out.update(repeating: 0, count: c)
  for head in 0..<heads {
    let column = head * headSize
    for key in 0..<shared.count {
      scores[key] = factor * dot(headSize, q + column, shared.keys + key * c + column)
    }
    for key in 0..<own.count {
      scores[shared.count + key] = factor * dot(headSize, q + column, own.keys + key * c + column)
    }
    softmax(shared.count + own.count, scores)
    for key in 0..<shared.count {
      addScaled(headSize, scores[key], shared.values + key * c + column, to: out + column)
    }
    for key in 0..<own.count {
      addScaled(headSize, scores[shared.count + key], own.values + key * c + column, to: out + column)
    }
  }
}
