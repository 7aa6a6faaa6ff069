import Tensors

/// Everything a forward pass leaves, in one flat buffer.
struct Activations: Sendable {
  let batch: PackedBatch
  let places: ActivationPlaces
  let needs: BackwardNeeds
  let values: FloatMemory

  /// Where the hidden states [N,C] begin.
  var hidden: Int { places.hidden }
}

/// Where in the buffer each value is.
///
/// A value that no later step and no backward pass reads gives its place to the next one of the same width.
struct ActivationPlaces: Sendable {
  /// By value.
  let offsets: [Int]
  /// By attention layer; nil where probabilities aren't kept.
  let probabilities: [Int?]
  let hidden: Int
  /// Floats in the buffer.
  let count: Int

  /// - Parameter plan: of the packed rows; nil where one row a sequence is computed.
  init(_ graph: Graph, rows: Int, needs: BackwardNeeds, plan: AttentionPlan?) {
    var lastUse = [Int](repeating: -1, count: graph.widths.count)
    for (index, step) in graph.steps.enumerated() {
      for value in step.inputs { lastUse[value] = index }
    }
    lastUse[graph.result] = graph.steps.count
    var offsets = [Int](repeating: -1, count: graph.widths.count)
    var next = 0
    var free: [Int: [Int]] = [:]
    func isOver(_ value: Int, after step: Int) -> Bool { lastUse[value] <= step && !needs.values[value] }
    for (index, step) in graph.steps.enumerated() {
      var reused: Int?
      for value in step.outputs {
        let width = graph.widths[value]
        if let inherited = step.inherits, offsets[value] < 0, graph.widths[inherited] == width,
          isOver(inherited, after: index), value == step.outputs[0]
        {
          // Computed in place of an input that ends here.
          offsets[value] = offsets[inherited]
          reused = inherited
        } else if let place = free[width]?.popLast() {
          offsets[value] = place
        } else {
          offsets[value] = next
          next += rows * width
        }
      }
      var ended: [Int] = []
      for value in step.inputs + step.outputs where isOver(value, after: index) && value != reused {
        if !ended.contains(value) { ended.append(value) }
      }
      for value in ended { free[graph.widths[value], default: []].append(offsets[value]) }
    }
    self.init(graph, needs, plan, offsets: offsets, end: next)
  }

  /// Places for what a backward pass reads and for the hidden states, and for nothing else; the others have none.
  ///
  /// Each place begins no later than it would with more rows or longer sequences.
  init(keeping graph: Graph, needs: BackwardNeeds, plan: AttentionPlan) {
    var offsets = [Int](repeating: -1, count: graph.widths.count)
    var next = 0
    for (value, width) in graph.widths.enumerated() where needs.values[value] || value == graph.result {
      offsets[value] = next
      next += plan.rows * width
    }
    self.init(graph, needs, plan, offsets: offsets, end: next)
  }

  /// - Parameter end: where probabilities begin, behind all values.
  private init(_ graph: Graph, _ needs: BackwardNeeds, _ plan: AttentionPlan?, offsets: [Int], end: Int) {
    var next = end
    var probabilities = [Int?](repeating: nil, count: graph.attention.count)
    if let plan {
      for (layer, shape) in graph.attention.enumerated() where needs.probabilities[layer] {
        probabilities[layer] = next
        next += shape.heads * plan.probabilitiesPerHead
      }
    }
    self.offsets = offsets
    self.probabilities = probabilities
    hidden = offsets[graph.result]
    count = next
  }
}

extension Graph.Step {
  /// The input that the first output may overwrite.
  fileprivate var inherits: Graph.Value? {
    switch self {
    case .linear(let step): step.residual
    case .norm(let step): step.residual
    case .activate(let step): step.isGated ? nil : step.input
    default: nil
    }
  }
}
