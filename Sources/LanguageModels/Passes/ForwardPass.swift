import Tensors

/// Runs a graph's steps on rows of tokens.
struct ForwardPass {
  let layout: ParameterLayout
  let weights: WeightPointers
  let places: ActivationPlaces
  /// The activations' buffer.
  let values: UnsafeMutablePointer<Float>
  /// Threads that share each step.
  let crew: Crew?
  /// By projection: its matrix packed beforehand, where it is.
  var packed: [PackedMatrix?] = []
  /// Keeps what the steps read.
  var recorder: RolloutRecorder.Step?

  /// - Parameters:
  ///   - tokens, positions: [N].
  ///   - segments: [N], or empty where all rows are of the first.
  ///   - attend: fills the output [N,H·D] of an attention step from its input; what is there to attend to is the
  ///     caller's to know.
  func run(
    rows: Int, tokens: UnsafePointer<Int32>, positions: UnsafePointer<Int32>, segments: [Int32] = [],
    attend: (_ step: Graph.Attend, _ qkv: UnsafeMutablePointer<Float>, _ out: UnsafeMutablePointer<Float>) -> Void
  ) {
    let graph = layout.graph
    let epsilon = layout.architecture.epsilon
    var reach: Int32 = 0
    for row in 0..<rows { reach = max(reach, positions[row] + 1) }
    let tables = graph.rotations.map { $0.table(positions: Int(reach)) }
    for (index, step) in graph.steps.enumerated() {
      recorder?.keep(before: index, places, values, crew)
      switch step {
      case .embed(let step): embed(step, rows: rows, tokens: tokens, positions: positions, segments: segments)
      case .norm(let step):
        let width = graph.widths[step.input]
        norm(step, rows: rows, width: width, epsilon: epsilon)
      case .linear(let step):
        let projection = graph.projections[step.projection]
        let (x, y) = (values + places.offsets[step.input], values + places.offsets[step.output])
        let residual = step.residual.map { UnsafePointer(values + places.offsets[$0]) }
        let matrix = step.projection < packed.count ? packed[step.projection] : nil
        weights.linear(
          step.projection, projection, packed: matrix, rows: rows, x: x, residual: residual, y: y, crew: crew)
      case .headNorm(let step): headNorm(step, rows: rows, epsilon: epsilon)
      case .rotate(let step):
        let x = values + places.offsets[step.value]
        share(crew, rows, work: step.shape.rowWidth) { range in
          tables[step.rotation].rotate(
            rows: range.count, heads: step.shape.heads + step.shape.keyValueHeads, headSize: step.shape.headSize,
            stride: step.shape.rowWidth,
            positions: positions + range.lowerBound, x: x + range.lowerBound * step.shape.rowWidth)
        }
      case .attend(let step): attend(step, values + places.offsets[step.input], values + places.offsets[step.output])
      case .activate(let step):
        let (x, y) = (values + places.offsets[step.input], values + places.offsets[step.output])
        let width = graph.widths[step.output]
        share(crew, rows, work: 4 * width) { range in
          let out = y + range.lowerBound * width
          if step.isGated {
            step.activation.gatedForward(
              rows: range.count, width: width, x: x + range.lowerBound * 2 * width, y: out)
          } else {
            step.activation.forward(range.count * width, x + range.lowerBound * width, out)
          }
        }
      }
    }
    recorder?.keep(before: graph.steps.count, places, values, crew)
  }

  private func embed(
    _ step: Graph.Embed, rows: Int, tokens: UnsafePointer<Int32>, positions: UnsafePointer<Int32>, segments: [Int32]
  ) {
    let c = layout.architecture.width
    let out = values + places.offsets[step.output]
    for row in 0..<rows {
      let y = out + row * c
      weights.read(row: Int(tokens[row]), ofTable: step.tokens, width: c, into: y)
      if step.scale != 1 { for i in 0..<c { y[i] *= step.scale } }
      if let table = step.positions { add(c, weights[table] + (Int(positions[row]) + step.positionOffset) * c, to: y) }
      if let table = step.segments { add(c, weights[table] + (segments.isEmpty ? 0 : Int(segments[row]) * c), to: y) }
    }
  }

  private func norm(_ step: Graph.Norm, rows: Int, width: Int, epsilon: Float) {
    let (x, y) = (values + places.offsets[step.input], values + places.offsets[step.output])
    let statistics = values + places.offsets[step.statistics]
    let residual = step.residual.map { values + places.offsets[$0] }
    share(crew, rows, work: 2 * width) { range in
      let (first, place) = (range.lowerBound, range.lowerBound * width)
      switch step.kind {
      case .layer(let bias):
        layerNorm(
          rows: range.count, width: width, epsilon: epsilon, x: x + place, gamma: weights[step.gain],
          beta: bias.map { weights[$0] }, y: y + place, statistics: statistics + 2 * first)
      case .rms:
        rmsNorm(
          rows: range.count, width: width, epsilon: epsilon, x: x + place, gain: weights[step.gain],
          residual: residual.map { UnsafePointer($0 + place) }, y: y + place, rstd: statistics + first)
      }
    }
  }

  private func headNorm(_ step: Graph.HeadNorm, rows: Int, epsilon: Float) {
    let (width, heads) = (step.shape.rowWidth, step.shape.heads + step.shape.keyValueHeads)
    share(crew, rows, work: 2 * width) { range in
      Tensors.headNorm(
        step.shape, rows: range.count, epsilon: epsilon,
        qkv: values + places.offsets[step.input] + range.lowerBound * width, queryGain: weights[step.queryGain],
        keyGain: weights[step.keyGain], normed: values + places.offsets[step.output] + range.lowerBound * width,
        rstd: values + places.offsets[step.statistics] + range.lowerBound * heads)
    }
  }
}
