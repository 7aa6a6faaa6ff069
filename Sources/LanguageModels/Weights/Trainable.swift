/// Which weights a backward pass makes gradients for.
enum Trainable: Sendable {
  case nothing
  case all
  case adapter(LoRAAdapter)

  /// Whether some part of a fused projection is trained.
  func trains(_ projection: FusedProjection, _ slots: [ParameterSlot]) -> Bool {
    switch self {
    case .nothing: false
    case .all: true
    case .adapter(let adapter): projection.parts.contains { adapter.factors[slots[$0.slot].offset] != nil }
    }
  }

  var trainsEverything: Bool {
    if case .all = self { true } else { false }
  }
}

/// What a backward pass needs from the forward pass before it.
struct BackwardNeeds: Sendable, Equatable {
  /// By value: whether anything trained lies before it, so that its gradient is wanted.
  private(set) var gradients: [Bool]
  /// By value: whether the backward pass reads it.
  private(set) var values: [Bool]
  /// By attention layer: whether its probabilities are read.
  private(set) var probabilities: [Bool]

  init(_ layout: ParameterLayout, _ trainable: Trainable) {
    let graph = layout.graph
    var gradients = [Bool](repeating: false, count: graph.widths.count)
    var values = gradients
    var probabilities = [Bool](repeating: false, count: graph.attention.count)
    let all = trainable.trainsEverything
    for step in graph.steps {
      let wanted = step.inputs.contains { gradients[$0] }
      switch step {
      case .embed(let step): gradients[step.output] = all
      case .norm(let step):
        gradients[step.output] = wanted || all
        if gradients[step.input] || all {
          values[step.input] = true
          values[step.statistics] = true
        }
      case .linear(let step):
        let trained = trainable.trains(graph.projections[step.projection], layout.slots)
        gradients[step.output] = wanted || trained
        if trained { values[step.input] = true }
      case .headNorm(let step):
        gradients[step.output] = wanted || all
        if wanted || all {
          values[step.input] = true
          values[step.statistics] = true
        }
      case .rotate: break
      case .attend(let step):
        gradients[step.output] = wanted
        if wanted {
          values[step.input] = true
          probabilities[step.layer] = true
        }
      case .activate(let step):
        gradients[step.output] = wanted
        if wanted { values[step.input] = true }
      }
    }
    self.gradients = gradients
    self.values = values
    self.probabilities = probabilities
  }
}
