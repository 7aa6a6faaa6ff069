import Tensors

/// States an architecture: its parameters, in the order of their offsets, and its steps.
struct GraphBuilder {
  let architecture: Architecture
  private(set) var slots: [ParameterSlot] = []
  /// Floats of all parameters so far.
  private(set) var count = 0
  private(set) var graph = Graph()
  private var rotations: [Rotary: Int] = [:]

  init(_ architecture: Architecture) { self.architecture = architecture }

  // MARK: - Parameters

  private mutating func parameter(
    _ name: String, _ shape: [Int], _ role: ParameterSlot.Role, storedLess: Float = 0
  ) -> Int {
    let slot = ParameterSlot(name: name, shape: shape, offset: count, role: role, storedLess: storedLess)
    slots.append(slot)
    count += slot.count
    return slot.offset
  }

  /// An embedding table [rows,C].
  mutating func table(_ name: String, rows: Int) -> Int {
    parameter(name, [rows, architecture.width], .embedding)
  }

  /// A norm's gain; `storedLess` is what checkpoints leave out.
  mutating func gain(_ name: String, width: Int, storedLess: Float = 0) -> Int {
    parameter(name, [width], .gain, storedLess: storedLess)
  }

  mutating func bias(_ name: String, width: Int) -> Int { parameter(name, [width], .bias) }

  // MARK: - Steps

  private mutating func value(_ width: Int) -> Graph.Value {
    graph.widths.append(width)
    return graph.widths.count - 1
  }

  mutating func embed(
    tokens: Int, positions: Int? = nil, segments: Int? = nil, scale: Float = 1
  ) -> Graph.Value {
    let output = value(architecture.width)
    graph.steps.append(
      .embed(
        Graph.Embed(
          tokens: tokens, positions: positions, positionOffset: architecture.positionOffset, segments: segments,
          scale: scale, output: output)))
    return output
  }

  /// A layer norm with parameters `name.weight` and, where it has one, `name.bias`.
  mutating func layerNorm(_ input: Graph.Value, _ name: String, hasBias: Bool = true) -> Graph.Value {
    let width = graph.widths[input]
    let gain = gain(name + ".weight", width: width)
    let bias = hasBias ? bias(name + ".bias", width: width) : nil
    return norm(.layer(bias: bias), gain: gain, input: input, residual: nil, statistics: 2)
  }

  /// An RMS norm with the parameter `name.weight`.
  mutating func rmsNorm(
    _ input: Graph.Value, _ name: String, storedLess: Float = 0, residual: Graph.Value? = nil
  ) -> Graph.Value {
    let gain = gain(name + ".weight", width: graph.widths[input], storedLess: storedLess)
    return norm(.rms, gain: gain, input: input, residual: residual, statistics: 1)
  }

  private mutating func norm(
    _ kind: Graph.Norm.Kind, gain: Int, input: Graph.Value, residual: Graph.Value?, statistics: Int
  ) -> Graph.Value {
    let statistics = value(statistics)
    let output = value(graph.widths[input])
    graph.steps.append(
      .norm(
        Graph.Norm(
          kind: kind, gain: gain, input: input, residual: residual, statistics: statistics, output: output)))
    return output
  }

  /// One product with the weights `name.weight` of all parts, and their biases where there are any.
  ///
  /// - Parameters:
  ///   - parts: names without suffix, and outputs; several are one product and need `.outputsFirst`.
  ///   - residual: added to the output.
  mutating func linear(
    _ input: Graph.Value, _ parts: [(name: String, outputs: Int)], order: MatrixOrder = .outputsFirst,
    hasBias: Bool, residual: Graph.Value? = nil
  ) -> Graph.Value {
    precondition(parts.count == 1 || order == .outputsFirst, "only rows can be fused")
    let inputs = graph.widths[input]
    let outputs = parts.reduce(0) { $0 + $1.outputs }
    let weight = count
    var column = 0
    var fused: [FusedProjection.Part] = []
    for part in parts {
      fused.append(FusedProjection.Part(slot: slots.count, column: column, outputs: part.outputs))
      column += part.outputs
      _ = parameter(
        part.name + ".weight", order == .inputsFirst ? [inputs, part.outputs] : [part.outputs, inputs],
        residual == nil ? .projection(order) : .residualProjection(order))
    }
    let bias = hasBias ? count : nil
    if hasBias {
      for part in parts { _ = self.bias(part.name + ".bias", width: part.outputs) }
    }
    let output = value(outputs)
    graph.steps.append(
      .linear(Graph.Linear(projection: graph.projections.count, input: input, residual: residual, output: output)))
    graph.projections.append(
      FusedProjection(
        shape: LinearShape(inputs: inputs, outputs: outputs, order: order), weight: weight, bias: bias, parts: fused))
    return output
  }

  /// Norms on the heads of queries and keys, with parameters `queryName.weight` and `keyName.weight`.
  mutating func headNorm(
    _ input: Graph.Value, layer: Int, query queryName: String, key keyName: String, storedLess: Float
  ) -> Graph.Value {
    let shape = architecture.attention(layer: layer)
    let queryGain = gain(queryName + ".weight", width: shape.headSize, storedLess: storedLess)
    let keyGain = gain(keyName + ".weight", width: shape.headSize, storedLess: storedLess)
    let statistics = value(shape.heads + shape.keyValueHeads)
    let output = value(shape.rowWidth)
    graph.steps.append(
      .headNorm(
        Graph.HeadNorm(
          shape: shape, queryGain: queryGain, keyGain: keyGain, input: input, statistics: statistics, output: output)))
    return output
  }

  /// Attention over q, k and v side by side, turned before where the architecture has rotary positions.
  mutating func attend(_ input: Graph.Value, layer: Int, relative: Graph.Relative? = nil) -> Graph.Value {
    let shape = architecture.attention(layer: layer)
    if let rotary = architecture.rotary(layer: layer) {
      let rotation = rotations[rotary] ?? graph.rotations.count
      if rotations.updateValue(rotation, forKey: rotary) == nil {
        graph.rotations.append(
          RotaryCache(rotary, headSize: architecture.headSize, context: architecture.context))
      }
      graph.steps.append(.rotate(Graph.Rotate(shape: shape, rotation: rotation, value: input)))
    }
    let output = value(shape.queryWidth)
    graph.steps.append(
      .attend(
        Graph.Attend(
          layer: graph.attention.count, shape: shape, relative: relative, input: input, output: output)))
    graph.attention.append(shape)
    return output
  }

  mutating func activate(_ input: Graph.Value, isGated: Bool = false) -> Graph.Value {
    let output = value(isGated ? graph.widths[input] / 2 : graph.widths[input])
    graph.steps.append(
      .activate(
        Graph.Activate(activation: architecture.activation, isGated: isGated, input: input, output: output)))
    return output
  }

  /// Where the weight and the bias of a projection lie.
  /// - Parameter outputs: where it isn't there yet, the columns with which it is made.
  mutating func projection(_ name: String, outputs: Int? = nil) -> Graph.Relative.Projection? {
    if let weight = slots.first(where: { $0.name == name + ".weight" }),
      let bias = slots.first(where: { $0.name == name + ".bias" })
    {
      return Graph.Relative.Projection(weight: weight.offset, bias: bias.offset)
    }
    return outputs.map { outputs in
      let weight = parameter(name + ".weight", [outputs, architecture.width], .projection(.outputsFirst))
      return Graph.Relative.Projection(weight: weight, bias: bias(name + ".bias", width: outputs))
    }
  }

  /// Names the hidden states, and where logits come from.
  mutating func finish(_ result: Graph.Value, head: Int) {
    graph.result = result
    graph.head = Graph.Head(weight: head, softCap: architecture.logitCap)
  }
}
