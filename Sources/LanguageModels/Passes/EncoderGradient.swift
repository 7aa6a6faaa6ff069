import Tensors

/// How token states become one vector a sequence.
public enum Pooling: Sendable, Hashable {
  /// The first token's state ([CLS]).
  case first
  /// The mean over all tokens.
  case mean
}

/// Pooled states of an encoder and their gradient, in micro-batches of fixed size.
public struct Encoding: Sendable {
  /// How token states become one vector.
  public let pooling: Pooling
  /// Threads that take micro-batches side by side; results don't depend on their number.
  public let workers: Int
  /// Sequences in one unit of work.
  public let microBatch: Int
  /// Tokens behind the first of these are of the second segment (BERT's pairs); nil for one segment.
  public let secondSegmentAfter: Int32?

  public init(pooling: Pooling, workers: Int = 1, microBatch: Int = 16, secondSegmentAfter: Int32? = nil) {
    self.pooling = pooling
    self.workers = workers
    self.microBatch = microBatch
    self.secondSegmentAfter = secondSegmentAfter
  }

  /// One vector [C] for each input. An empty input gives zeros.
  public func pooled(_ inputs: [[Int32]], _ weights: Weights) -> [[Float]] {
    let pieces = split(inputs)
    return mapConcurrently(pieces.count, workers: workers) { piece, crew in
      pool(forward(pieces[piece], weights, for: .nothing, crew), width: weights.architecture.width)
    }.flatMap { $0 }
  }

  /// One loss on the pooled vectors and its gradient on all weights.
  ///
  /// - Parameter loss: from vectors [B][C] to (loss, ∂loss/∂vector [B][C]).
  public func gradient(
    _ inputs: [[Int32]], _ weights: Weights, loss: ([[Float]]) -> (value: Double, slopes: [[Float]])
  ) -> (loss: Double, gradient: [Float]) {
    let width = weights.architecture.width
    let pieces = split(inputs)
    let states = mapConcurrently(pieces.count, workers: workers) { forward(pieces[$0], weights, for: .all, $1) }
    let (value, slopes) = loss(states.flatMap { pool($0, width: width) })
    let size = microBatch
    let gradients = mapConcurrently(pieces.count, workers: workers) { piece, crew in
      backward(
        states[piece], weights, slopes: Array(slopes[piece * size..<piece * size + pieces[piece].count]), crew)
    }
    var total = [Float](repeating: 0, count: weights.layout.count)
    for part in gradients {
      total.withUnsafeMutableBufferPointer { sum in
        part.withUnsafeBufferPointer { part in
          if let sum = sum.baseAddress, let values = part.baseAddress { add(part.count, values, to: sum) }
        }
      }
    }
    return (value, total)
  }

  private func split(_ inputs: [[Int32]]) -> [[[Int32]]] {
    stride(from: 0, to: inputs.count, by: microBatch).map { Array(inputs[$0..<min($0 + microBatch, inputs.count)]) }
  }

  private func forward(
    _ inputs: [[Int32]], _ weights: Weights, for trainable: Trainable, _ crew: Crew
  ) -> Activations {
    let segments = secondSegmentAfter.map { separator in
      inputs.flatMap { input -> [Int32] in
        let first = (input.firstIndex(of: separator) ?? input.count) + 1
        return input.indices.map { $0 < first ? 0 : 1 }
      }
    }
    // What isn't trained is read again and again.
    var packed: [PackedMatrix?] = []
    if case .nothing = trainable { packed = weights.pack(crew) { _ in true } }
    return Transformer.forward(
      PackedBatch(prefix: [], sequences: inputs.map { $0[...] }, segments: segments ?? []), weights, for: trainable,
      crew: crew, packed: packed)
  }

  private func pool(_ activations: Activations, width: Int) -> [[Float]] {
    activations.batch.plan.sequences.dropFirst().map { sequence in
      var vector = [Float](repeating: 0, count: width)
      let rows = pooling == .first ? min(1, sequence.count) : sequence.count
      for row in 0..<rows {
        let start = activations.hidden + (sequence.start + row) * width
        for i in 0..<width { vector[i] += activations.values[start + i] / Float(rows) }
      }
      return vector
    }
  }

  private func backward(
    _ activations: Activations, _ weights: Weights, slopes: [[Float]], _ crew: Crew
  ) -> [Float] {
    let width = weights.architecture.width
    var sink = GradientSink(weights.layout, adapter: nil)
    var dHidden = [Float](repeating: 0, count: activations.batch.rows * width)
    for (sequence, slope) in zip(activations.batch.plan.sequences.dropFirst(), slopes) {
      let rows = pooling == .first ? min(1, sequence.count) : sequence.count
      for row in 0..<rows {
        let start = (sequence.start + row) * width
        for i in 0..<width { dHidden[start + i] = slope[i] / Float(rows) }
      }
    }
    dHidden.withUnsafeBufferPointer { buffer in
      if let d = buffer.baseAddress { Transformer.backward(activations, weights, dHidden: d, into: &sink, crew: crew) }
    }
    return sink.values
  }
}
