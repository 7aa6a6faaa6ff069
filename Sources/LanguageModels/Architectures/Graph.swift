import Tensors

/// What a transformer computes from token ids to hidden states: steps over values [N,width], in order.
///
/// An architecture states its steps once; the forward pass, the backward pass and the step-by-step decoder all follow
/// them.
struct Graph: Sendable {
  /// Index of a value.
  typealias Value = Int

  enum Step: Sendable {
    case embed(Embed)
    case norm(Norm)
    case linear(Linear)
    case headNorm(HeadNorm)
    case rotate(Rotate)
    case attend(Attend)
    case activate(Activate)
  }

  /// output = scale · token[id] + position[p + offset] + segment[s].
  struct Embed: Sendable {
    /// Offsets in the layout, nil where there is no such table.
    let tokens: Int
    let positions: Int?
    let positionOffset: Int
    let segments: Int?
    let scale: Float
    let output: Value
  }

  /// output = norm(input) (+ residual).
  struct Norm: Sendable {
    enum Kind: Sendable {
      /// `bias` is nil for none.
      case layer(bias: Int?)
      case rms
    }
    let kind: Kind
    let gain: Int
    let input: Value
    let residual: Value?
    /// [N,2]: mean and 1/deviation of a layer norm; [N,1] for RMS.
    let statistics: Value
    let output: Value
  }

  /// output = input · W + bias (+ residual).
  struct Linear: Sendable {
    let projection: Int
    let input: Value
    let residual: Value?
    let output: Value
  }

  /// Queries and keys normed head by head; values copied.
  struct HeadNorm: Sendable {
    let shape: AttentionShape
    let queryGain: Int
    let keyGain: Int
    let input: Value
    /// [N,H+G]: 1/deviation.
    let statistics: Value
    let output: Value
  }

  /// Queries and keys turned by their position, in place.
  struct Rotate: Sendable {
    let shape: AttentionShape
    /// In `rotations`.
    let rotation: Int
    let value: Value
  }

  struct Attend: Sendable {
    /// Counts the attention layers from 0.
    let layer: Int
    let shape: AttentionShape
    /// What distances add to the scores; nil for nothing.
    let relative: Relative?
    let input: Value
    let output: Value
  }

  /// Disentangled attention's table of positions and its projections, as offsets in the layout.
  struct Relative: Sendable {
    struct Projection: Sendable {
      /// [H·D,C] and [H·D].
      let weight: Int
      let bias: Int
    }
    let positions: RelativePositions
    /// [2·span,C].
    let table: Int
    /// Gain and bias of the norm on the table; nil for none.
    let norm: Projection?
    let key: Projection?
    let query: Projection?
  }

  struct Activate: Sendable {
    let activation: Activation
    /// Gate and up side by side in the input, twice as wide as the output.
    let isGated: Bool
    let input: Value
    let output: Value
  }

  /// From hidden states to logits [V].
  struct Head: Sendable {
    /// Offset of [V,C]: the token embedding, or output weights of their own.
    let weight: Int
    let softCap: Float?
  }

  var steps: [Step] = []
  /// Columns of each value.
  var widths: [Int] = []
  var projections: [FusedProjection] = []
  var rotations: [RotaryCache] = []
  /// By attention layer.
  var attention: [AttentionShape] = []
  /// The hidden states [N,C].
  var result: Value = 0
  var head = Head(weight: 0, softCap: nil)
}

extension Graph.Step {
  /// Values that the step reads, statistics aside.
  var inputs: [Graph.Value] {
    switch self {
    case .embed: []
    case .norm(let step): [step.input] + (step.residual.map { [$0] } ?? [])
    case .linear(let step): [step.input] + (step.residual.map { [$0] } ?? [])
    case .headNorm(let step): [step.input]
    case .rotate(let step): [step.value]
    case .attend(let step): [step.input]
    case .activate(let step): [step.input]
    }
  }

  /// The statistics that a norm keeps; nil for other steps.
  var statistics: Graph.Value? {
    switch self {
    case .norm(let step): step.statistics
    case .headNorm(let step): step.statistics
    default: nil
    }
  }

  /// Values that the step makes.
  var outputs: [Graph.Value] {
    switch self {
    case .embed(let step): [step.output]
    case .norm(let step): [step.output, step.statistics]
    case .linear(let step): [step.output]
    case .headNorm(let step): [step.output, step.statistics]
    case .rotate: []
    case .attend(let step): [step.output]
    case .activate(let step): [step.output]
    }
  }
}
