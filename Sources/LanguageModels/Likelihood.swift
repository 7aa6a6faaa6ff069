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

  /// The mean over the prefix of the last hidden states [C], those that logits are made from.
  public func prefixState(_ weights: Weights) -> [Float] {
    let width = weights.architecture.width
    var mean = [Float](repeating: 0, count: width)
    Crew.gather(workers) { crew in
      let activations = Transformer.forward(PackedBatch(prefix: prefix[...], sequences: []), weights, crew: crew)
      withExtendedLifetime(activations) {
        let hidden = activations.values.base + activations.hidden
        for row in prefix.indices {
          for column in 0..<width { mean[column] += hidden[row * width + column] / Float(prefix.count) }
        }
      }
    }
    return mean
  }

  /// One loss and its gradient.
  ///
  /// - Parameters:
  ///   - weights: in float32 (`Weights.inFloat32`).
  ///   - adapter: gradients are its factors' (then `weights` must be merged with it); nil for all weights.
  ///   - recording: of rollouts by these weights; what it holds of the sequences isn't computed again.
  ///   - loss: from token log-probabilities to (loss, ∂loss/∂log p for each token).
  public func gradient(
    _ sequences: [[Int32]], _ weights: Weights, adapter: LoRAAdapter? = nil, reusing recording: RolloutRecording? = nil,
    loss: ([[Float]]) -> (value: Double, slopes: [[Float]])
  ) -> (loss: Double, gradient: [Float]) {
    precondition(weights.precision == .float32, "weights are trained in float32")
    let trainable = adapter.map { Trainable.adapter($0) } ?? .all
    var pieces: [(members: [Int], state: LikelihoodPiece)] = []
    Crew.gather(workers) { crew in
      pieces = recorded(sequences, weights, trainable, recording, crew)
      let known = Set(pieces.flatMap(\.members))
      let others = sequences.indices.filter { !known.contains($0) }
      for first in stride(from: 0, to: others.count, by: microBatch) {
        let members = Array(others[first..<min(first + microBatch, others.count)])
        pieces.append(
          (
            members,
            LikelihoodPiece(
              prefix: prefix, sequences: members.map { sequences[$0] }, weights: weights, for: trainable, crew)
          ))
      }
    }
    var logProbabilities = [[Float]](repeating: [], count: sequences.count)
    for (members, state) in pieces {
      for (member, values) in zip(members, state.logProbabilities) { logProbabilities[member] = values }
    }
    let (value, slopes) = loss(logProbabilities)
    var sink = GradientSink(weights.layout, adapter: adapter)
    Crew.gather(workers) { crew in
      for (members, state) in pieces {
        state.addGradient(slopes: members.map { slopes[$0] }, weights: weights, to: &sink, crew)
      }
    }
    return (value, sink.values)
  }

  /// Pieces of the sequences that were recorded, with their places in `sequences`.
  private func recorded(
    _ sequences: [[Int32]], _ weights: Weights, _ trainable: Trainable, _ recording: RolloutRecording?, _ crew: Crew
  ) -> [(members: [Int], state: LikelihoodPiece)] {
    guard let recording else { return [] }
    var wanted: [[Int32]: [Int]] = [:]
    for (index, sequence) in sequences.enumerated().reversed() { wanted[sequence, default: []].append(index) }
    return recording.take().compactMap { rollout in
      guard rollout.serves(weights, prefix: prefix, trainable) else { return nil }
      var (rows, members): ([Int], [Int]) = ([], [])
      for (row, drawn) in rollout.drawn.enumerated() {
        guard let member = wanted[drawn]?.popLast() else { continue }
        rows.append(row)
        members.append(member)
      }
      return rows.isEmpty ? nil : (members, rollout.piece(rows, crew))
    }
  }

  private func split(_ sequences: [[Int32]]) -> [[[Int32]]] {
    stride(from: 0, to: sequences.count, by: microBatch).map {
      Array(sequences[$0..<min($0 + microBatch, sequences.count)])
    }
  }
}
