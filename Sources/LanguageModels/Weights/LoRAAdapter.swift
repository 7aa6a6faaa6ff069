import Core
import Tensors

/// Low-rank adapters (Hu et al., 2021): x·W′ = x·W + (α/r)·x·A·B on the named projections. A starts random, B at zero.
public struct LoRAAdapter: Sendable {
  /// Offsets of one projection's factors in `values`: A[I,r], B[r,O].
  struct Factor: Sendable {
    let slot: ParameterSlot
    let shape: LinearShape
    let a: Int
    let b: Int
  }

  /// Where the adapted weights are.
  public let layout: ParameterLayout
  /// r.
  public let rank: Int
  /// α.
  public let alpha: Float
  /// Names of projections: the end of a module's path, as PEFT's `target_modules` (`attn.c_attn`, `q_proj`).
  public let projections: [String]
  /// A[I,r] and B[r,O] of each adapted projection, one after the other, in the layout's order.
  public var values: [Float]
  /// By the offset of the adapted weight in `layout`.
  let factors: [Int: Factor]

  /// α/r: the factor on A·B.
  public var scaling: Float { alpha / Float(rank) }

  /// - Throws: `SluiceError` (usage) for a projection that the architecture doesn't have, or a rank below 1.
  public init(
    layout: ParameterLayout, rank: Int, alpha: Float, projections: [String] = ["attn.c_attn"], seed: UInt64
  ) throws {
    guard rank > 0 else { throw SluiceError(.usage, "an adapter of rank \(rank)", remedy: "Use a rank of 1 or more.") }
    func names(_ slot: ParameterSlot) -> [String] { projections.filter { slot.name.hasSuffix(".\($0).weight") } }
    let adapted = layout.slots.filter { $0.linear != nil && !names($0).isEmpty }
    if let missing = Set(projections).subtracting(adapted.flatMap(names)).sorted().first {
      throw SluiceError(
        .usage, "no projection is called '\(missing)'",
        remedy: "This model has \(layout.projections.joined(separator: ", ")).")
    }
    self.init(layout: layout, rank: rank, alpha: alpha, projections: projections, slots: adapted)
    var generator = SeededGenerator(seed: seed, stream: "adapter")
    for factor in ordered {
      // Kaiming-uniform with a = √5, as PEFT starts A: U(−1/√I, 1/√I).
      let bound = 1 / Float(factor.shape.inputs).squareRoot()
      for i in factor.a..<factor.b { values[i] = bound * (2 * generator.uniform() - 1) }
    }
  }

  /// An adapter of zeros on `slots`, which are projections of `layout` in its order.
  init(layout: ParameterLayout, rank: Int, alpha: Float, projections: [String], slots: [ParameterSlot]) {
    var factors: [Int: Factor] = [:]
    var offset = 0
    for slot in slots {
      guard let shape = slot.linear else { continue }
      factors[slot.offset] = Factor(slot: slot, shape: shape, a: offset, b: offset + shape.inputs * rank)
      offset += (shape.inputs + shape.outputs) * rank
    }
    self.layout = layout
    self.rank = rank
    self.alpha = alpha
    self.projections = projections
    self.factors = factors
    values = [Float](repeating: 0, count: offset)
  }

  /// The factors in the layout's order.
  var ordered: [Factor] { factors.values.sorted { $0.a < $1.a } }

  /// Fused projections of which some part is adapted.
  private var adapted: [Int] {
    let projections = layout.graph.projections
    return projections.indices.filter { Trainable.adapter(self).trains(projections[$0], layout.slots) }
  }

  /// The base weights with the adapter: merged into those in float32, beside those that are stored, which stay as they are.
  ///
  /// - Parameter workers: threads that take a projection each.
  public func applied(to base: Weights, workers: Int = 1) -> Weights {
    base.precision == .stored ? Weights(base: base, beside: self) : merged(into: base, workers: workers)
  }

  /// The base weights with the adapter added. Only adapted projections are copied, as float32.
  ///
  /// - Parameter workers: threads that take a projection each.
  public func merged(into base: Weights, workers: Int = 1) -> Weights {
    values.withUnsafeBufferPointer { buffer in
      guard let p = buffer.baseAddress else { return base }
      return Weights(base: base, changing: adapted, workers: workers) { merge(p, into: $1, of: $0) }
    }
  }

  /// Adds the adapter to all parameters of its layout.
  func merge(into weights: UnsafeMutablePointer<Float>) {
    values.withUnsafeBufferPointer { buffer in
      guard let p = buffer.baseAddress else { return }
      for index in adapted {
        let projection = layout.graph.projections[index]
        merge(p, into: weights + projection.weight, of: projection)
      }
    }
  }

  /// - Parameters:
  ///   - p: the address of `values`.
  ///   - weights: of the projection.
  private func merge(
    _ p: UnsafePointer<Float>, into weights: UnsafeMutablePointer<Float>, of projection: FusedProjection
  ) {
    for part in projection.parts {
      guard let factor = factors[layout.slots[part.slot].offset] else { continue }
      let (inputs, outputs) = (factor.shape.inputs, factor.shape.outputs)
      let w = weights + factor.slot.offset - projection.weight
      switch factor.shape.order {
      case .inputsFirst:
        matrixProduct(
          inputs, outputs, rank, p + factor.a, lda: rank, p + factor.b, ldb: outputs, w, ldc: outputs,
          alpha: scaling, beta: 1)
      case .outputsFirst:
        // (A·B)ᵀ = Bᵀ·Aᵀ.
        matrixProduct(
          outputs, inputs, rank, p + factor.b, lda: outputs, transposeA: true, p + factor.a, ldb: rank,
          transposeB: true, w, ldc: inputs, alpha: scaling, beta: 1)
      }
    }
  }
}
