import Tensors

/// Token log-probabilities of sequences after a shared prefix, and their gradient.
///
/// The prefix is computed once for each micro-batch; each sequence's last token is predicted but never fed. Micro-batches
/// have a fixed size, follow one another and add their gradients in that order, and the workers share every operation of
/// one, so that weights are read once and the result is the same for any number of workers.
public struct Likelihood: Sendable {
  /// Shared context that comes before every sequence; at least one token, which predicts each sequence's first.
  public let prefix: [Int32]
  public let workers: Int
  /// Sequences in one unit of work.
  public let microBatch: Int

  public init(prefix: [Int32], workers: Int = 1, microBatch: Int = 64) {
    precondition(!prefix.isEmpty, "a prefix predicts the first token")
    self.prefix = prefix
    self.workers = workers
    self.microBatch = microBatch
  }

  /// log p(token) for every token of every sequence, natural logarithm.
  public func logProbabilities(_ sequences: [[Int32]], _ weights: Weights) -> [[Float]] {
    let pieces = split(sequences)
    return mapInTurn(pieces.count, workers: workers) { piece, crew in
      LikelihoodPiece(prefix: prefix, sequences: pieces[piece], weights: weights, for: .nothing, crew).logProbabilities
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
    let trainable = adapter.map { Trainable.adapter($0) } ?? .all
    let forward = mapInTurn(pieces.count, workers: workers) { piece, crew in
      LikelihoodPiece(prefix: prefix, sequences: pieces[piece], weights: weights, for: trainable, crew)
    }
    let (value, slopes) = loss(forward.flatMap(\.logProbabilities))
    var sink = GradientSink(weights.layout, adapter: adapter)
    Crew.gather(workers) { crew in
      for (piece, state) in forward.enumerated() {
        let first = piece * microBatch
        state.addGradient(
          slopes: Array(slopes[first..<first + pieces[piece].count]), weights: weights, to: &sink, crew)
      }
    }
    return (value, sink.values)
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
private struct LikelihoodPiece: Sendable {
  let sequences: [[Int32]]
  let activations: Activations
  /// [M,V] where a backward pass follows and they aren't too many.
  let logits: FloatMemory?
  /// [M]: log Σ e^logit.
  let normaliser: [Float]
  let logProbabilities: [[Float]]
  let firstRow: Int

  /// Rows of logits at a time, so that memory doesn't grow with M × V.
  private static let tile = 64
  /// Up to this many logits are kept for the backward pass (256 MB); beyond, they are computed again.
  private static let mostKept = 64 << 20

  init(prefix: [Int32], sequences: [[Int32]], weights: Weights, for trainable: Trainable, _ crew: Crew) {
    let architecture = weights.architecture
    let (c, v) = (architecture.width, architecture.vocabulary)
    let batch = PackedBatch(prefix: prefix[...], sequences: sequences.map { $0.dropLast() })
    let activations = Transformer.forward(batch, weights, for: trainable, crew: crew)
    let firstRow = prefix.count - 1
    let m = batch.rows - firstRow
    var keeps = m * v <= Self.mostKept
    if case .nothing = trainable { keeps = false }
    let tile = keeps ? m : min(m, Self.tile)
    let logits = FloatMemory(tile * v)
    var normaliser = [Float](repeating: 0, count: m)
    var logProbabilities = sequences.map { [Float](repeating: 0, count: $0.count) }
    let predictions = Self.predictions(sequences, batch.plan, firstRow: firstRow)
    logits.withUnsafeMutableBufferPointer { logitBuffer in
      activations.values.withUnsafeBufferPointer { buffer in
        guard let l = logitBuffer.baseAddress, let a = buffer.baseAddress else { return }
        weights.withPointers { pointers in
          for first in stride(from: 0, to: m, by: tile) {
            let rows = min(tile, m - first)
            weights.layout.graph.head.logits(
              rows: rows, architecture, hidden: a + activations.hidden + (firstRow + first) * c, pointers, into: l,
              crew: crew)
            normaliser.withUnsafeMutableBufferPointer { normaliser in
              guard let sums = normaliser.baseAddress else { return }
              share(crew, rows, work: 4 * v) { range in
                for row in range { sums[first + row] = logSumExp(v, l + row * v) }
              }
            }
            for row in first..<first + rows {
              let rowLogits = l + (row - first) * v
              for (sequence, token) in predictions[row] {
                logProbabilities[sequence][token] = rowLogits[Int(sequences[sequence][token])] - normaliser[row]
              }
            }
          }
        }
      }
    }
    self.sequences = sequences
    self.activations = activations
    self.logits = keeps ? logits : nil
    self.normaliser = normaliser
    self.logProbabilities = logProbabilities
    self.firstRow = firstRow
  }

  /// By row [M]: the tokens that it predicts. The first row predicts every sequence's first token.
  private static func predictions(
    _ sequences: [[Int32]], _ plan: AttentionPlan, firstRow: Int
  ) -> [[(sequence: Int, token: Int)]] {
    var predictions = [[(sequence: Int, token: Int)]](repeating: [], count: plan.rows - firstRow)
    for (index, (tokens, place)) in zip(sequences, plan.sequences.dropFirst()).enumerated() {
      for token in tokens.indices {
        predictions[token == 0 ? 0 : place.start + token - 1 - firstRow].append((index, token))
      }
    }
    return predictions
  }

  /// Adds the gradient of Σ slope · log p; to be called once, for kept logits are gone after it.
  func addGradient(slopes: [[Float]], weights: Weights, to sink: inout GradientSink, _ crew: Crew) {
    let architecture = weights.architecture
    let head = weights.layout.graph.head
    let (c, v) = (architecture.width, architecture.vocabulary)
    let rows = activations.batch.rows
    let m = rows - firstRow
    let tile = logits == nil ? min(m, Self.tile) : m
    let dHidden = FloatMemory(rows * c) { $0.update(repeating: 0) }
    let predictions = Self.predictions(sequences, activations.batch.plan, firstRow: firstRow)
    // Logits turn into their gradients in place, kept ones all at once.
    (logits ?? FloatMemory(tile * v)).withUnsafeMutableBufferPointer { scratchBuffer in
      dHidden.withUnsafeMutableBufferPointer { hiddenBuffer in
        activations.values.withUnsafeBufferPointer { buffer in
          guard let d = scratchBuffer.baseAddress, let dh = hiddenBuffer.baseAddress, let a = buffer.baseAddress
          else { return }
          weights.withPointers { pointers in
            for first in stride(from: 0, to: m, by: tile) {
              let count = min(tile, m - first)
              let hidden = a + activations.hidden + (firstRow + first) * c
              if logits == nil {
                head.logits(rows: count, architecture, hidden: hidden, pointers, into: d, crew: crew)
              }
              share(crew, count, work: 4 * v) { range in
                for row in range {
                  logitGradient(
                    d + row * v, predictions[first + row], slopes, normaliser: normaliser[first + row],
                    softCap: head.softCap, vocabulary: v)
                }
              }
              head.hiddenGradient(
                rows: count, architecture, dLogits: d, pointers, into: dh + (firstRow + first) * c, crew: crew)
              sink.withOutputWeights(head) { dWeights in
                matrixProduct(
                  v, c, count, d, lda: v, transposeA: true, hidden, ldb: c, dWeights, ldc: c, beta: 1,
                  crew: crew)
              }
            }
          }
        }
      }
    }
    dHidden.withUnsafeBufferPointer { buffer in
      if let d = buffer.baseAddress { Transformer.backward(activations, weights, dHidden: d, into: &sink, crew: crew) }
    }
  }

  /// Overwrites one row of logits [V] with its gradient: for each predicted token slope · (onehot − softmax).
  private func logitGradient(
    _ row: UnsafeMutablePointer<Float>, _ predicted: [(sequence: Int, token: Int)], _ slopes: [[Float]],
    normaliser: Float, softCap: Float?, vocabulary v: Int
  ) {
    func turn() {
      let total = predicted.reduce(Float(0)) { $0 + slopes[$1.sequence][$1.token] }
      softmaxScaled(v, row, normaliser: normaliser, by: -total)
      for (sequence, token) in predicted { row[Int(sequences[sequence][token])] += slopes[sequence][token] }
    }
    guard let softCap else { return turn() }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: v) { scratch in
      guard let capped = scratch.baseAddress else { return }
      capped.update(from: row, count: v)
      turn()
      softCapBackward(v, softCap, capped, row)
    }
  }
}
