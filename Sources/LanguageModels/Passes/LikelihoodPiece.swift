import Tensors

/// One micro-batch: token log-probabilities, and what their backward pass needs.
///
/// M = rows of logits, V = vocabulary.
struct LikelihoodPiece: Sendable {
  /// What the rows of logits are.
  struct LogitRows: Sendable {
    /// [M]: the row of hidden states that each was made from.
    var hidden: [Int] = []
    /// [M]: the tokens that each predicts.
    var predicted: [[(sequence: Int, token: Int)]] = []
    /// [M]: log Σ e^logit.
    var normaliser: [Float] = []

    /// Whether the hidden states lie one after the other, as the logits do.
    fileprivate var areInOrder: Bool {
      hidden.indices.allSatisfy { hidden[$0] == hidden[0] + $0 }
    }
  }

  let sequences: [[Int32]]
  private let batch: PackedBatch
  private let trainable: Trainable
  /// Nil where no backward pass follows, or where they would be too many: it then makes them again.
  private let activations: Activations?
  /// [M,V] where a backward pass follows and they aren't too many.
  private let logits: FloatMemory?
  let logProbabilities: [[Float]]
  private let rows: LogitRows

  /// Up to this many logits are kept for the backward pass (256 MB); beyond, they are computed again.
  static let mostKept = 64 << 20

  /// Rows and tokens of the logits that are made at a time where they aren't kept: 50 MB at most where the vocabulary is large.
  private static func tile(rows m: Int, vocabulary v: Int) -> (rows: Int, tokens: Int) {
    // As many tokens as blocks of the products divide, so that their sums are the same as for all at once.
    v <= 1 << 16 ? (min(m, 64), v) : (min(m, 512), 64 * 384)
  }

  /// What a rollout has computed already.
  init(
    recorded activations: Activations, for trainable: Trainable, sequences: [[Int32]], logits: FloatMemory?,
    logProbabilities: [[Float]],
    rows: LogitRows
  ) {
    self.sequences = sequences
    batch = activations.batch
    self.trainable = trainable
    self.activations = activations
    self.logits = logits
    self.logProbabilities = logProbabilities
    self.rows = rows
  }

  /// A forward pass.
  ///
  /// - Parameter room: floats of it that may be kept for a backward pass.
  init(
    prefix: [Int32], sequences: [[Int32]], weights: Weights, for trainable: Trainable, keeping room: Int = 0,
    _ crew: Crew
  ) {
    let architecture = weights.architecture
    let (c, v) = (architecture.width, architecture.vocabulary)
    let batch = PackedBatch(prefix: prefix[...], sequences: sequences.map { $0.dropLast() })
    let places = ActivationPlaces(
      weights.layout.graph, rows: batch.rows, needs: BackwardNeeds(weights.layout, trainable), plan: batch.plan)
    let isKept = places.count <= room
    let activations = Transformer.forward(batch, weights, for: isKept ? trainable : .nothing, crew: crew)
    let firstRow = prefix.count - 1
    let m = batch.rows - firstRow
    let keeps = isKept && m * v <= Self.mostKept
    let tile = keeps ? (rows: m, tokens: v) : Self.tile(rows: m, vocabulary: v)
    let logits = FloatMemory(tile.rows * tile.tokens)
    var normaliser = [Float](repeating: -.infinity, count: m)
    var logProbabilities = sequences.map { [Float](repeating: 0, count: $0.count) }
    let predicted = Self.predictions(sequences, batch.plan, firstRow: firstRow)
    withExtendedLifetime((logits, activations)) {
      let (l, hidden) = (logits.base, activations.values.base + activations.hidden + firstRow * c)
      weights.withPointers { pointers in
        for first in stride(from: 0, to: m, by: tile.rows) {
          let rows = min(tile.rows, m - first)
          for token in stride(from: 0, to: v, by: tile.tokens) {
            let some = token..<min(token + tile.tokens, v)
            let width = some.count
            weights.layout.graph.head.logits(
              rows: rows, architecture, of: some, hidden: hidden + first * c, pointers, into: l, crew: crew)
            normaliser.withUnsafeMutableBufferPointer { normaliser in
              guard let sums = normaliser.baseAddress else { return }
              share(crew, rows, work: 4 * width) { range in
                for row in range {
                  sums[first + row] = logSumExp(sums[first + row], logSumExp(width, l + row * width))
                }
              }
            }
            for row in first..<first + rows {
              for (sequence, place) in predicted[row] {
                let id = Int(sequences[sequence][place])
                if some.contains(id) { logProbabilities[sequence][place] = l[(row - first) * width + id - token] }
              }
            }
          }
          for row in first..<first + rows {
            for (sequence, place) in predicted[row] { logProbabilities[sequence][place] -= normaliser[row] }
          }
        }
      }
    }
    self.sequences = sequences
    self.batch = batch
    self.trainable = trainable
    self.activations = isKept ? activations : nil
    self.logits = keeps ? logits : nil
    self.logProbabilities = logProbabilities
    rows = LogitRows(hidden: Array(firstRow..<firstRow + m), predicted: predicted, normaliser: normaliser)
  }

  /// By row of logits: the tokens that it predicts. The first row predicts every sequence's first token.
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

  /// Floats that are held until the backward pass.
  var keptFloats: Int { (activations?.values.count ?? 0) + (logits?.count ?? 0) }

  /// Adds the gradient of Σ slope · log p; to be called once, for kept logits are gone after it.
  func addGradient(slopes: [[Float]], weights: Weights, to sink: inout GradientSink, _ crew: Crew) {
    let c = weights.architecture.width
    let activations = activations ?? Transformer.forward(batch, weights, for: trainable, crew: crew)
    let dHidden = FloatMemory(activations.batch.rows * c) { $0.update(repeating: 0) }
    let first = rows.hidden.first ?? 0
    withExtendedLifetime((activations, dHidden)) {
      let hidden = activations.values.base + activations.hidden
      if rows.areInOrder {
        logitGradients(
          slopes, weights, hidden: hidden + first * c, dHidden: dHidden.base + first * c, to: &sink, crew)
      } else {
        // Brought into the order of the logits, and the gradients back.
        let gathered = FloatMemory(2 * rows.hidden.count * c)
        withExtendedLifetime(gathered) {
          let (x, dx) = (gathered.base, gathered.base + rows.hidden.count * c)
          for (row, origin) in rows.hidden.enumerated() {
            (x + row * c).update(from: hidden + origin * c, count: c)
          }
          logitGradients(slopes, weights, hidden: x, dHidden: dx, to: &sink, crew)
          for (row, origin) in rows.hidden.enumerated() {
            (dHidden.base + origin * c).update(from: dx + row * c, count: c)
          }
        }
      }
      Transformer.backward(activations, weights, dHidden: dHidden.base, into: &sink, crew: crew)
    }
  }

  /// From slopes to the gradients of the hidden states [M,C] that logits were made from, and of the output weights.
  private func logitGradients(
    _ slopes: [[Float]], _ weights: Weights, hidden: UnsafePointer<Float>, dHidden: UnsafeMutablePointer<Float>,
    to sink: inout GradientSink, _ crew: Crew
  ) {
    let architecture = weights.architecture
    let head = weights.layout.graph.head
    let (c, v, m) = (architecture.width, architecture.vocabulary, rows.hidden.count)
    let tile = logits == nil ? Self.tile(rows: m, vocabulary: v) : (rows: m, tokens: v)
    // Logits turn into their gradients in place, kept ones all at once.
    let scratch = logits ?? FloatMemory(tile.rows * tile.tokens)
    withExtendedLifetime(scratch) {
      let d = scratch.base
      weights.withPointers { pointers in
        for first in stride(from: 0, to: m, by: max(tile.rows, 1)) {
          let count = min(tile.rows, m - first)
          let x = hidden + first * c
          for token in stride(from: 0, to: v, by: tile.tokens) {
            let some = token..<min(token + tile.tokens, v)
            let width = some.count
            if logits == nil {
              head.logits(rows: count, architecture, of: some, hidden: x, pointers, into: d, crew: crew)
            }
            share(crew, count, work: 4 * width) { range in
              for row in range { logitGradient(d + row * width, of: some, row: first + row, slopes, head.softCap) }
            }
            head.hiddenGradient(
              rows: count, architecture, of: some, dLogits: d, pointers, into: dHidden + first * c,
              accumulates: token > 0, crew: crew)
            sink.withOutputWeights(head) { dWeights in
              matrixProduct(
                width, c, count, d, lda: width, transposeA: true, x, ldb: c, dWeights + token * c, ldc: c, beta: 1,
                crew: crew)
            }
          }
        }
      }
    }
  }

  /// Overwrites one row of some tokens' logits with their gradient: for each predicted token slope · (onehot − softmax).
  private func logitGradient(
    _ logits: UnsafeMutablePointer<Float>, of some: Range<Int>, row: Int, _ slopes: [[Float]], _ softCap: Float?
  ) {
    let (predicted, v) = (rows.predicted[row], some.count)
    func turn() {
      let total = predicted.reduce(Float(0)) { $0 + slopes[$1.sequence][$1.token] }
      softmaxScaled(v, logits, normaliser: rows.normaliser[row], by: -total)
      for (sequence, token) in predicted {
        let id = Int(sequences[sequence][token])
        if some.contains(id) { logits[id - some.lowerBound] += slopes[sequence][token] }
      }
    }
    guard let softCap else { return turn() }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: v) { scratch in
      guard let capped = scratch.baseAddress else { return }
      capped.update(from: logits, count: v)
      turn()
      softCapBackward(v, softCap, capped, logits)
    }
  }
}
