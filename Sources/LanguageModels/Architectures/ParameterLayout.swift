import Tensors

/// One row of a layout table: a named tensor in a flat buffer.
public struct ParameterSlot: Hashable, Sendable {
  /// What a tensor is there for; how it starts follows from it.
  public enum Role: Hashable, Sendable {
    /// A table with a row for each token, position or segment.
    case embedding
    /// The matrix of a linear layer.
    case projection(MatrixOrder)
    /// A projection whose output is added to the residual stream.
    case residualProjection(MatrixOrder)
    /// What a norm multiplies by.
    case gain
    /// What a linear layer or a norm adds.
    case bias
  }

  /// The name in a Hugging Face checkpoint of the whole model, head included.
  public let name: String
  /// Row-major.
  public let shape: [Int]
  /// Where its elements begin in the flat buffer.
  public let offset: Int
  /// What it is there for.
  public let role: Role
  /// Checkpoints hold the value less this (Gemma's norms multiply by 1 + w).
  let storedLess: Float

  /// Elements.
  public var count: Int { shape.reduce(1, *) }
  /// Weight decay applies to matrices, not to norms and biases.
  public var decays: Bool { shape.count > 1 }

  /// The shape as a linear layer, nil for anything that is none.
  var linear: LinearShape? {
    switch role {
    case .projection(.inputsFirst), .residualProjection(.inputsFirst):
      LinearShape(inputs: shape[0], outputs: shape[1], order: .inputsFirst)
    case .projection(.outputsFirst), .residualProjection(.outputsFirst):
      LinearShape(inputs: shape[1], outputs: shape[0], order: .outputsFirst)
    default: nil
    }
  }
}

/// A matrix that one product reads: one projection, or several with the same input that lie one after the other.
struct FusedProjection: Sendable {
  struct Part: Sendable {
    /// The weight's index in the layout's slots.
    let slot: Int
    /// Where its outputs begin among the fused ones.
    let column: Int
    let outputs: Int
  }

  let shape: LinearShape
  /// Offset of the weight, and of the bias [O], in the layout.
  let weight: Int
  let bias: Int?
  let parts: [Part]

  var count: Int { shape.inputs * shape.outputs }
}

/// The one table from which sizes, offsets and checkpoint names of a transformer derive, and the steps that use them.
///
/// Tensors keep the order and orientation of the checkpoint.
public struct ParameterLayout: Hashable, Sendable {
  /// What everything else derives from.
  public let architecture: Architecture
  /// All tensors in the order of the buffer.
  public let slots: [ParameterSlot]
  /// Floats of the whole buffer.
  public let count: Int
  let graph: Graph

  /// Lays out the tensors of an architecture as its published checkpoints name them.
  public init(_ architecture: Architecture) {
    var builder = GraphBuilder(architecture)
    switch architecture.family {
    case .gpt2: builder.buildGPT2()
    case .bert, .roberta, .xlmRoberta: builder.buildBERT()
    case .debertaV2: builder.buildDeBERTa()
    case .modernBERT: builder.buildModernBERT()
    case .llama, .mistral, .qwen2, .qwen3, .phi3, .smollm3: builder.buildLlama()
    case .gemma2, .gemma3: builder.buildGemma()
    }
    self.architecture = architecture
    slots = builder.slots
    count = builder.count
    graph = builder.graph
  }

  /// The names by which an adapter can address projections, without layer and suffix: `attn.c_attn`,
  /// `self_attn.q_proj`.
  public var projections: [String] {
    var names: [String] = []
    for slot in slots where slot.linear != nil {
      // …LAYER.NAME.weight
      let parts = slot.name.split(separator: ".")
      guard let layer = parts.firstIndex(where: { Int($0) != nil }) else { continue }
      let name = parts[(layer + 1)..<(parts.count - 1)].joined(separator: ".")
      if !names.contains(name) { names.append(name) }
    }
    return names
  }

  public static func == (a: ParameterLayout, b: ParameterLayout) -> Bool { a.architecture == b.architecture }

  public func hash(into hasher: inout Hasher) { hasher.combine(architecture) }
}
