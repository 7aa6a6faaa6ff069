import Tensors

/// Runs a graph's steps backwards: from the gradient of the hidden states to those of whatever is trained.
///
/// Gradients of values live in buffers that are handed on: a residual's gradient is its sum's, moved, not copied.
struct BackwardPass: ~Copyable {
  private let layout: ParameterLayout
  private let weights: WeightPointers
  private let activations: Activations
  private let values: UnsafePointer<Float>
  private let rows: Int
  private let crew: Crew?
  /// Gradient [N,width] of a value, once something behind it has given one.
  private var gradients: [UnsafeMutablePointer<Float>?]
  private var idle: [Int: [UnsafeMutablePointer<Float>]] = [:]
  /// Whose the buffers are.
  private var memory: [FloatMemory] = []

  init(
    layout: ParameterLayout, weights: WeightPointers, activations: Activations, values: UnsafePointer<Float>,
    crew: Crew?
  ) {
    self.layout = layout
    self.weights = weights
    self.activations = activations
    self.values = values
    self.crew = crew
    rows = activations.batch.rows
    gradients = Array(repeating: nil, count: layout.graph.widths.count)
  }

  mutating func run(dHidden: UnsafePointer<Float>, into sink: inout GradientSink) {
    let graph = layout.graph
    guard wants(graph.result) else { return }
    let first = take(graph.widths[graph.result])
    first.update(from: dHidden, count: rows * graph.widths[graph.result])
    gradients[graph.result] = first
    for step in graph.steps.reversed() {
      switch step {
      case .embed(let step):
        guard let dy = gradients[step.output] else { continue }
        sink.embedding(step, activations.batch, d: dy)
      case .norm(let step): norm(step, &sink)
      case .linear(let step): linear(step, &sink)
      case .headNorm(let step): headNorm(step, &sink)
      case .rotate(let step): rotate(step)
      case .attend(let step): attend(step)
      case .activate(let step): activate(step)
      }
    }
  }

  // MARK: - Steps

  private mutating func norm(_ step: Graph.Norm, _ sink: inout GradientSink) {
    guard let dy = gradients[step.output] else { return }
    let width = layout.graph.widths[step.input]
    let isWanted = wants(step.input)
    if isWanted || sink.isFull {
      // Where only the gain is trained, the input's gradient goes nowhere.
      let (dx, accumulates) = isWanted ? target(step.input) : (take(width), false)
      let x = place(step.input)
      let statistics = place(step.statistics)
      switch step.kind {
      case .layer(let bias):
        let weights = weights
        sink.withVectors(step.gain, bias ?? step.gain) { dGain, dBias in
          sharedRows(work: 4 * width, sums: dGain != nil) { range in
            let (first, place) = (range.lowerBound, range.lowerBound * width)
            withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * width) { scratch in
              guard let scratch = scratch.baseAddress else { return }
              layerNormBackward(
                rows: range.count, width: width, x: x + place, gamma: weights[step.gain],
                statistics: statistics + 2 * first, dy: dy + place, dx: dx + place, accumulate: accumulates,
                dGamma: dGain, dBeta: bias == nil ? nil : dBias, scratch: scratch)
            }
          }
        }
      case .rms:
        let weights = weights
        sink.withVectors(step.gain, step.gain) { dGain, _ in
          sharedRows(work: 4 * width, sums: dGain != nil) { range in
            let (first, place) = (range.lowerBound, range.lowerBound * width)
            rmsNormBackward(
              rows: range.count, width: width, x: x + place, gain: weights[step.gain], rstd: statistics + first,
              dy: dy + place, dx: dx + place, accumulate: accumulates, dGain: dGain)
          }
        }
      }
      if !isWanted { give(dx, width) }
    }
    passOn(step.output, to: step.residual)
  }

  private mutating func linear(_ step: Graph.Linear, _ sink: inout GradientSink) {
    guard let dy = gradients[step.output] else { return }
    let projection = layout.graph.projections[step.projection]
    sink.linear(projection, layout.slots, rows: rows, x: place(step.input), dy: dy, crew: crew)
    if wants(step.input) {
      let (dx, accumulates) = target(step.input)
      weights.inputGradient(
        step.projection, projection, rows: rows, dy: dy, dx: dx, accumulates: accumulates, crew: crew)
    }
    passOn(step.output, to: step.residual)
  }

  private mutating func headNorm(_ step: Graph.HeadNorm, _ sink: inout GradientSink) {
    guard let dy = gradients[step.output] else { return }
    let (dx, _) = target(step.input)
    sink.withVectors(step.queryGain, step.keyGain) { dQueryGain, dKeyGain in
      headNormBackward(
        step.shape, rows: rows, qkv: place(step.input), queryGain: weights[step.queryGain],
        keyGain: weights[step.keyGain], rstd: place(step.statistics), dNormed: dy, dqkv: dx,
        dQueryGain: dQueryGain, dKeyGain: dKeyGain)
    }
    passOn(step.output, to: nil)
  }

  private func rotate(_ step: Graph.Rotate) {
    guard let d = gradients[step.value] else { return }
    let positions = activations.batch.positions
    let reach = Int(positions.max() ?? 0) + 1
    layout.graph.rotations[step.rotation].table(positions: reach).rotate(
      rows: rows, heads: step.shape.heads + step.shape.keyValueHeads, headSize: step.shape.headSize,
      stride: step.shape.rowWidth, positions: positions, x: d, inverse: true)
  }

  private mutating func attend(_ step: Graph.Attend) {
    guard let dy = gradients[step.output] else { return }
    precondition(step.relative == nil, "disentangled attention has no backward pass")
    if wants(step.input), let probabilities = activations.places.probabilities[step.layer] {
      let plan = activations.batch.plan
      let (dx, _) = target(step.input)
      let (qkv, kept) = (place(step.input), values + probabilities)
      share(crew, step.shape.keyValueHeads, work: rows * step.shape.headSize) { heads in
        withUnsafeTemporaryAllocation(of: Float.self, capacity: plan.backwardScratch(step.shape)) { scratch in
          guard let scratch = scratch.baseAddress else { return }
          plan.backward(
            step.shape, keyValueHeads: heads, qkv: qkv, probabilities: kept, dOut: dy, dqkv: dx, scratch: scratch)
        }
      }
    }
    passOn(step.output, to: nil)
  }

  private mutating func activate(_ step: Graph.Activate) {
    guard let dy = gradients[step.output] else { return }
    let width = layout.graph.widths[step.output]
    if wants(step.input) {
      let x = place(step.input)
      if step.isGated {
        let (dx, _) = target(step.input)
        sharedRows(work: 8 * width) { range in
          let place = range.lowerBound * width
          step.activation.gatedBackward(
            rows: range.count, width: width, x: x + 2 * place, dy: dy + place, dx: dx + 2 * place)
        }
      } else {
        sharedRows(work: 4 * width) { range in
          let place = range.lowerBound * width
          step.activation.backward(range.count * width, x + place, dy + place, dy + place)
        }
        return passOn(step.output, to: step.input)
      }
    }
    passOn(step.output, to: nil)
  }

  /// Rows shared by the crew; those of an operation that also sums over rows stay together, in their order.
  private func sharedRows(work: Int, sums: Bool = false, _ body: (Range<Int>) -> Void) {
    share(sums ? nil : crew, rows, work: work, body)
  }

  // MARK: - Buffers

  private func wants(_ value: Graph.Value) -> Bool { activations.needs.gradients[value] }

  private func place(_ value: Graph.Value) -> UnsafePointer<Float> { values + activations.places.offsets[value] }

  /// The gradient's buffer of a value, and whether something is in it already.
  private mutating func target(_ value: Graph.Value) -> (UnsafeMutablePointer<Float>, accumulates: Bool) {
    if let known = gradients[value] { return (known, true) }
    let new = take(layout.graph.widths[value])
    gradients[value] = new
    return (new, false)
  }

  /// The gradient of `value` has been used: it becomes that of `other`, or is added to it.
  private mutating func passOn(_ value: Graph.Value, to other: Graph.Value?) {
    guard let d = gradients[value] else { return }
    gradients[value] = nil
    if let other, wants(other) {
      guard let known = gradients[other] else {
        gradients[other] = d
        return
      }
      let width = layout.graph.widths[other]
      sharedRows(work: width) { add($0.count * width, d + $0.lowerBound * width, to: known + $0.lowerBound * width) }
    }
    give(d, layout.graph.widths[value])
  }

  private mutating func take(_ width: Int) -> UnsafeMutablePointer<Float> {
    if let buffer = idle[width]?.popLast() { return buffer }
    let new = FloatMemory(rows * width)
    memory.append(new)
    return new.base
  }

  private mutating func give(_ buffer: UnsafeMutablePointer<Float>, _ width: Int) {
    idle[width, default: []].append(buffer)
  }
}
