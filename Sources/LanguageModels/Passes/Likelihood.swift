import Tensors

/// Token log-probabilities of sequences after a shared prefix, and their gradient.
///
/// The prefix is computed once for each micro-batch; each sequence's last token is predicted but never fed. Micro-batches
/// have a fixed size, follow one another and add their gradients in that order, and the workers share every operation of
/// one, so that weights are read once and the result is the same for any number of workers.
public struct Likelihood: Sendable {
  /// Shared context that comes before every sequence; at least one token, which predicts each sequence's first.
  public let prefix: [Int32]
  /// Threads that share the work; results don't depend on their number.
  public let workers: Int
  /// Sequences in one unit of work, at most.
  public let microBatch: Int
  /// Floats that gradients keep of forward passes at most (512 MB), in one unit of work and in all: units have fewer sequences where
  /// those need more, and beyond it a unit's forward pass is made again when its gradient is.
  var mostKept = 128 << 20

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
  ///   - weights: in float32 (`Weights.inFloat32`) where all are trained.
  ///   - adapter: gradients are its factors' (then it must be applied to `weights`); nil for all weights.
  ///   - recording: of rollouts by these weights; what it holds of the sequences isn't computed again.
  ///   - loss: from token log-probabilities to (loss, ∂loss/∂log p for each token).
  public func gradient(
    _ sequences: [[Int32]], _ weights: Weights, adapter: LoRAAdapter? = nil, reusing recording: RolloutRecording? = nil,
    loss: ([[Float]]) -> (value: Double, slopes: [[Float]])
  ) -> (loss: Double, gradient: [Float]) {
    precondition(adapter != nil || weights.precision == .float32, "weights are trained in float32")
    let trainable = adapter.map { Trainable.adapter($0) } ?? .all
    var pieces: [(members: [Int], state: LikelihoodPiece)] = []
    Crew.gather(workers) { crew in
      pieces = recorded(sequences, weights, trainable, recording, crew)
      let known = Set(pieces.flatMap(\.members))
      let others = sequences.indices.filter { !known.contains($0) }
      let size = unit(others.map { sequences[$0].count }, weights.layout, trainable)
      var room = mostKept - pieces.reduce(0) { $0 + $1.state.keptFloats }
      for first in stride(from: 0, to: others.count, by: size) {
        let members = Array(others[first..<min(first + size, others.count)])
        let piece = LikelihoodPiece(
          prefix: prefix, sequences: members.map { sequences[$0] }, weights: weights, for: trainable, keeping: room,
          crew)
        room -= piece.keptFloats
        pieces.append((members, piece))
      }
    }
    var logProbabilities = [[Float]](repeating: [], count: sequences.count)
    for (members, state) in pieces {
      for (member, values) in zip(members, state.logProbabilities) { logProbabilities[member] = values }
    }
    let (value, slopes) = loss(logProbabilities)
    var sink = GradientSink(weights.layout, adapter: adapter)
    Crew.gather(workers) { crew in
      // What a piece keeps is given back before the next one's gradient.
      pieces.reverse()
      while let (members, state) = pieces.popLast() {
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

  /// How many sequences of such lengths one unit of work has, so that none needs more than `mostKept`.
  private func unit(_ lengths: [Int], _ layout: ParameterLayout, _ trainable: Trainable) -> Int {
    let needs = BackwardNeeds(layout, trainable)
    func fits(_ size: Int) -> Bool {
      stride(from: 0, to: lengths.count, by: size).allSatisfy { first in
        let fed = lengths[first..<min(first + size, lengths.count)].map { max(0, $0 - 1) }
        let plan = AttentionPlan(prefix: prefix.count, lengths: fed)
        return ActivationPlaces(layout.graph, rows: plan.rows, needs: needs, plan: plan).count <= mostKept
      }
    }
    var size = microBatch
    while size > 1 && !fits(size) { size = (size + 1) / 2 }
    return size
  }

  private func split(_ sequences: [[Int32]]) -> [[[Int32]]] {
    stride(from: 0, to: sequences.count, by: microBatch).map {
      Array(sequences[$0..<min($0 + microBatch, sequences.count)])
    }
  }
}
