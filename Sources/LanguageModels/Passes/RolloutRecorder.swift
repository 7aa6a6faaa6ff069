import Tensors

/// Keeps what a rollout computes on its way: all that the gradient of its own samples needs.
///
/// B = rows, F = most tokens that a row is fed, P = rows of the prefix. Values are laid out as a packed batch in which
/// every sequence has F tokens. Logits lie step after step, as they were made: first the one row that predicts every
/// first token, then a row for each token fed.
struct RolloutRecorder {
  /// A row of logits: the one after `token` fed tokens of row `row`, and log Σ e^logit.
  private struct Prediction {
    let row: Int
    let token: Int
    let normaliser: Float
  }

  private let weights: Weights
  private let prefix: [Int32]
  private let trainable: Trainable
  private let needs: BackwardNeeds
  /// F.
  private let most: Int
  private let places: ActivationPlaces
  let values: FloatMemory
  /// [1 + B·F, V]; nil where they would be too many.
  private let logits: FloatMemory?
  /// By step of the graph: what is to be kept before it, since it, or a later one, overwrites it. One more for the end.
  private let kept: [[Graph.Value]]
  private var predictions: [Prediction] = []
  /// By row: the tokens drawn, an end token included, and log p of each.
  private(set) var drawn: [[Int32]]
  private var logProbabilities: [[Float]]

  /// Nil where more than `mostKept` floats would have to be kept: the gradient then makes the forward pass again, for what was
  /// drawn.
  init?(weights: Weights, prefix: [Int32], rows: Int, most: Int, mostKept: Int, for trainable: Trainable) {
    let graph = weights.layout.graph
    let needs = BackwardNeeds(weights.layout, trainable)
    let plan = AttentionPlan(prefix: prefix.count, lengths: [Int](repeating: most, count: rows))
    let places = ActivationPlaces(keeping: graph, needs: needs, plan: plan)
    guard places.count <= mostKept else { return nil }
    self.weights = weights
    self.prefix = prefix
    self.trainable = trainable
    self.needs = needs
    self.most = most
    self.places = places
    values = FloatMemory(places.count)
    let size = (1 + rows * most) * weights.architecture.vocabulary
    logits = size <= LikelihoodPiece.mostKept ? FloatMemory(size) : nil
    drawn = Array(repeating: [], count: rows)
    logProbabilities = Array(repeating: [], count: rows)
    var kept = [[Graph.Value]](repeating: [], count: graph.steps.count + 1)
    var isKnown = [Bool](repeating: false, count: graph.widths.count)
    for (index, step) in graph.steps.enumerated() {
      if let statistics = step.statistics, needs.values[statistics] { kept[index + 1].append(statistics) }
      if case .rotate = step { continue }
      for value in step.inputs where needs.values[value] && !isKnown[value] {
        isKnown[value] = true
        kept[index].append(value)
      }
    }
    kept[graph.steps.count].append(graph.result)
    self.kept = kept
  }

  /// Where the rows of one forward pass go.
  struct Step {
    fileprivate let recorder: RolloutRecorder
    /// By row of the pass: its row among those recorded.
    fileprivate let rows: [Int]

    /// Copies what the graph's step `index` reads first, and the statistics of the one before.
    func keep(before index: Int, _ places: ActivationPlaces, _ values: UnsafePointer<Float>, _ crew: Crew?) {
      let widths = recorder.weights.layout.graph.widths
      for value in recorder.kept[index] {
        let width = widths[value]
        let (from, to) = (values + places.offsets[value], recorder.values.base + recorder.places.offsets[value])
        share(crew, rows.count, work: width) { range in
          for row in range { (to + rows[row] * width).update(from: from + row * width, count: width) }
        }
      }
    }
  }

  /// A recording step of some rows, each of which is fed its token number `fed`.
  func step(_ rows: [(row: Int, fed: Int)]) -> Step {
    Step(recorder: self, rows: rows.map { prefix.count + $0.row * most + $0.fed })
  }

  /// The prefix's own forward pass, made for the same gradient.
  func keepPrefix(_ activations: Activations) {
    let widths = weights.layout.graph.widths
    for (value, offset) in places.offsets.enumerated() where offset >= 0 {
      (values.base + offset).update(
        from: activations.values.base + activations.places.offsets[value], count: prefix.count * widths[value])
    }
  }

  /// Where the next `rows` rows of logits go; nil where they aren't kept.
  func nextLogits() -> UnsafeMutablePointer<Float>? {
    logits.map { $0.base + predictions.count * weights.architecture.vocabulary }
  }

  /// Takes note of a row of logits.
  mutating func predict(_ row: Int, token: Int, normaliser: Float) {
    predictions.append(Prediction(row: row, token: token, normaliser: normaliser))
  }

  mutating func draw(_ row: Int, _ choice: Sampler.Choice) {
    drawn[row].append(Int32(choice.token))
    logProbabilities[row].append(choice.logProbability)
  }

  // MARK: - After the rollout

  /// Whether a gradient is that of the model that was rolled out, for the same weights.
  func serves(_ weights: Weights, prefix: [Int32], _ trainable: Trainable) -> Bool {
    weights === self.weights && prefix == self.prefix && BackwardNeeds(weights.layout, trainable) == needs
  }

  /// What the gradient of some rows' samples needs; to be called once, for it is made in place.
  ///
  /// - Parameter rows: ascending.
  func piece(_ rows: [Int], _ crew: Crew) -> LikelihoodPiece {
    let graph = weights.layout.graph
    let sequences = rows.map { drawn[$0] }
    let batch = PackedBatch(prefix: prefix[...], sequences: sequences.map { $0.dropLast() })
    let places = ActivationPlaces(keeping: graph, needs: needs, plan: batch.plan)
    let base = values.base
    // Every place moves to a lower one, in their order, so none is overwritten before it has moved.
    for (value, offset) in places.offsets.enumerated() where offset >= 0 {
      let (width, old) = (graph.widths[value], self.places.offsets[value])
      (base + offset).update(from: base + old, count: prefix.count * width)
      for (row, sequence) in zip(rows, batch.plan.sequences.dropFirst()) {
        (base + offset + sequence.start * width).update(
          from: base + old + (prefix.count + row * most) * width, count: sequence.count * width)
      }
    }
    for (layer, shape) in graph.attention.enumerated() {
      guard let probabilities = places.probabilities[layer], let qkv = graph.attentionInput(layer) else { continue }
      share(crew, shape.heads, work: batch.rows * shape.headSize) { heads in
        withUnsafeTemporaryAllocation(of: Float.self, capacity: batch.plan.forwardScratch()) { buffer in
          guard let scratch = buffer.baseAddress else { return }
          batch.plan.forward(
            shape, heads: heads, qkv: base + places.offsets[qkv], probabilities: base + probabilities,
            scratch: scratch, out: nil)
        }
      }
    }
    return LikelihoodPiece(
      recorded: Activations(batch: batch, places: places, needs: needs, values: values), for: trainable,
      sequences: sequences, logits: logits, logProbabilities: rows.map { logProbabilities[$0] },
      rows: logitRows(of: rows, batch.plan))
  }

  /// The chosen rows' logits, moved together, and which row of the batch each was made from.
  private func logitRows(of rows: [Int], _ plan: AttentionPlan) -> LikelihoodPiece.LogitRows {
    let v = weights.architecture.vocabulary
    var place = [Int?](repeating: nil, count: logProbabilities.count)
    for (index, row) in rows.enumerated() { place[row] = index }
    var result = LikelihoodPiece.LogitRows()
    for (index, prediction) in predictions.enumerated() {
      var origin = prefix.count - 1
      if prediction.token > 0 {
        guard let chosen = place[prediction.row] else { continue }
        origin = plan.sequences[1 + chosen].start + prediction.token - 1
        result.predicted.append([(chosen, prediction.token)])
      } else {
        result.predicted.append(rows.indices.map { ($0, 0) })
      }
      if let logits, index != result.hidden.count {
        (logits.base + result.hidden.count * v).update(from: logits.base + index * v, count: v)
      }
      result.hidden.append(origin)
      result.normaliser.append(prediction.normaliser)
    }
    return result
  }
}

extension Graph {
  /// The value that an attention layer reads.
  fileprivate func attentionInput(_ layer: Int) -> Value? {
    for case .attend(let step) in steps where step.layer == layer { return step.input }
    return nil
  }
}
