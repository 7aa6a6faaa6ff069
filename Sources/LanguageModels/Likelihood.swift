import Tensors

/// Token log-probabilities of sequences after a shared prefix, and their gradient.
///
/// The prefix is computed once for each micro-batch; each sequence's last token is predicted but never fed. Micro-batches
/// have a fixed size and their gradients are added in order, so the result is the same for any number of workers.
public struct Likelihood: Sendable {
  /// Shared context that comes before every sequence; at least one token, which predicts each sequence's first.
  public let prefix: [Int32]
  public let workers: Int
  /// Sequences in one unit of work.
  public let microBatch: Int

  public init(prefix: [Int32], workers: Int = 1, microBatch: Int = 16) {
    precondition(!prefix.isEmpty, "a prefix predicts the first token")
    self.prefix = prefix
    self.workers = workers
    self.microBatch = microBatch
  }

  /// log p(token) for every token of every sequence, natural logarithm.
  public func logProbabilities(_ sequences: [[Int32]], _ weights: Weights) -> [[Float]] {
    let pieces = split(sequences)
    return mapConcurrently(pieces.count, workers: workers) { piece in
      Piece(prefix: prefix, sequences: pieces[piece], weights: weights, keepLogits: false).logProbabilities
    }.flatMap { $0 }
  }

  /// One loss and its gradient.
  ///
  /// - Parameters:
  ///   - adapter: gradients are its factors' (then `weights` must be merged with it); nil for all weights.
  ///   - loss: from token log-probabilities to (loss, ∂loss/∂log p for each token).
  public func gradient(
    _ sequences: [[Int32]], _ weights: Weights, adapter: LoRAAdapter? = nil,
    loss: ([[Float]]) -> (value: Double, slopes: [[Float]])
  ) -> (loss: Double, gradient: [Float]) {
    let pieces = split(sequences)
    let forward = mapConcurrently(pieces.count, workers: workers) { piece in
      Piece(prefix: prefix, sequences: pieces[piece], weights: weights, keepLogits: true)
    }
    let (value, slopes) = loss(forward.flatMap(\.logProbabilities))
    let size = microBatch
    let gradients = mapConcurrently(pieces.count, workers: workers) { piece in
      let first = piece * size
      return forward[piece].gradient(
        slopes: Array(slopes[first..<first + pieces[piece].count]), weights: weights, adapter: adapter)
    }
    guard var total = gradients.first else {
      return (value, [Float](repeating: 0, count: adapter?.values.count ?? weights.layout.count))
    }
    for other in gradients.dropFirst() {
      total.withUnsafeMutableBufferPointer { sum in
        other.withUnsafeBufferPointer { part in
          if let sum = sum.baseAddress, let part = part.baseAddress { add(other.count, part, to: sum) }
        }
      }
    }
    return (value, total)
  }

  private func split(_ sequences: [[Int32]]) -> [[[Int32]]] {
    stride(from: 0, to: sequences.count, by: microBatch).map {
      Array(sequences[$0..<min($0 + microBatch, sequences.count)])
    }
  }
}

/// One micro-batch: a forward pass and what its backward pass needs.
///
/// M = rows that predict something: the prefix's last row, then all rows of the sequences.
private struct Piece: Sendable {
  let sequences: [[Int32]]
  let activations: Activations
  /// [M,V], only where a backward pass follows.
  let logits: [Float]
  /// [M]: log Σ e^logit.
  let normaliser: [Float]
  let logProbabilities: [[Float]]
  let firstRow: Int

  init(prefix: [Int32], sequences: [[Int32]], weights: Weights, keepLogits: Bool) {
    let architecture = weights.architecture
    let (c, v) = (architecture.width, architecture.vocabulary)
    let batch = PackedBatch(
      prefix: prefix[...], sequences: sequences.map { $0.dropLast() }, architecture: architecture)
    let activations = Transformer.forward(batch, weights)
    let firstRow = prefix.count - 1
    let m = batch.rows - firstRow
    // Without a backward pass logits are made a tile at a time, so memory doesn't grow with M × V.
    let tile = keepLogits ? m : min(m, max(1, 4_000_000 / v))
    var logits = [Float](unsafeUninitializedCapacity: tile * v) { _, count in count = tile * v }
    var normaliser = [Float](repeating: 0, count: m)
    // What each row predicts: (sequence, token index); the first row predicts every sequence's first token.
    var logProbabilities = sequences.map { [Float](repeating: 0, count: $0.count) }
    let starts = batch.plan.sequences.dropFirst().map(\.start)
    logits.withUnsafeMutableBufferPointer { logitBuffer in
      activations.values.withUnsafeBufferPointer { buffer in
        weights.values.withUnsafeBufferPointer { weightBuffer in
          guard let l = logitBuffer.baseAddress, let a = buffer.baseAddress, let w = weightBuffer.baseAddress
          else { return }
          var next = 0
          var sequence = 0
          while next < m {
            let count = min(tile, m - next)
            matrixProduct(
              count, v, c, a + activations.hidden + (firstRow + next) * c, lda: c,
              w + weights.layout.tokenEmbedding, ldb: c, transposeB: true, l, ldc: v)
            for row in next..<next + count {
              let rowLogits = l + (row - next) * v
              let total = logSumExp(v, rowLogits)
              normaliser[row] = total
              if row == 0 {
                for (s, tokens) in sequences.enumerated() where !tokens.isEmpty {
                  logProbabilities[s][0] = rowLogits[Int(tokens[0])] - total
                }
              } else {
                let packed = firstRow + row
                while sequence + 1 < starts.count && starts[sequence + 1] <= packed { sequence += 1 }
                let token = packed - starts[sequence] + 1
                logProbabilities[sequence][token] = rowLogits[Int(sequences[sequence][token])] - total
              }
            }
            next += count
          }
        }
      }
    }
    self.sequences = sequences
    self.activations = activations
    self.logits = keepLogits ? logits : []
    self.normaliser = normaliser
    self.logProbabilities = logProbabilities
    self.firstRow = firstRow
  }

  func gradient(slopes: [[Float]], weights: Weights, adapter: LoRAAdapter?) -> [Float] {
    let architecture = weights.architecture
    let layout = weights.layout
    let (c, v) = (architecture.width, architecture.vocabulary)
    let rows = activations.batch.rows
    let m = rows - firstRow
    let starts = activations.batch.plan.sequences.dropFirst().map(\.start)
    var sink = adapter.map { GradientSink(adapter: $0) } ?? GradientSink(fullFor: layout)
    // ∂/∂logits of log p(token) = onehot − softmax.
    var dLogits = logits
    var dHidden = [Float](repeating: 0, count: rows * c)
    dLogits.withUnsafeMutableBufferPointer { logitBuffer in
      dHidden.withUnsafeMutableBufferPointer { hiddenBuffer in
        activations.values.withUnsafeBufferPointer { buffer in
          weights.values.withUnsafeBufferPointer { weightBuffer in
            guard let d = logitBuffer.baseAddress, let dh = hiddenBuffer.baseAddress, let a = buffer.baseAddress,
              let w = weightBuffer.baseAddress
            else { return }
            var slopeOfRow = [Float](repeating: 0, count: m)
            for (s, tokenSlopes) in slopes.enumerated() {
              for (token, slope) in tokenSlopes.enumerated() {
                slopeOfRow[token == 0 ? 0 : starts[s] + token - 1 - firstRow] += slope
              }
            }
            for row in 0..<m {
              softmaxScaled(v, d + row * v, normaliser: normaliser[row], by: -slopeOfRow[row])
            }
            for (s, tokenSlopes) in slopes.enumerated() {
              for (token, slope) in tokenSlopes.enumerated() {
                let row = token == 0 ? 0 : starts[s] + token - 1 - firstRow
                d[row * v + Int(sequences[s][token])] += slope
              }
            }
            matrixProduct(
              m, c, v, d, lda: v, w + layout.tokenEmbedding, ldb: c, dh + firstRow * c, ldc: c)
            sink.withTokenEmbedding(layout) { embedding in
              matrixProduct(
                v, c, m, d, lda: v, transposeA: true, a + activations.hidden + firstRow * c, ldb: c, embedding, ldc: c,
                beta: 1)
            }
          }
        }
      }
    }
    dHidden.withUnsafeBufferPointer { buffer in
      if let d = buffer.baseAddress { Transformer.backward(activations, weights, dHidden: d, into: &sink) }
    }
    return sink.values
  }
}
