import Core
import Tensors

/// Low-rank adapters (Hu et al., 2021): W′ = W + (α/r)·A·B on the named projections. A starts random, B at zero.
public struct LoRAAdapter: Sendable {
  /// Offsets of one projection's factors in `values`: A[I,r], B[r,O].
  struct Factor: Sendable {
    let slot: ParameterSlot
    let a: Int
    let b: Int
  }

  public let layout: ParameterLayout
  public let rank: Int
  public let alpha: Float
  /// Projection names as in `layout` without block and suffix, for example `attn.c_attn`.
  public let projections: [String]
  public var values: [Float]
  /// By the offset of the adapted weight in `layout`.
  let factors: [Int: Factor]

  public var scaling: Float { alpha / Float(rank) }

  /// - Throws: `SluiceError` (usage) for a projection that the architecture doesn't have.
  public init(
    layout: ParameterLayout, rank: Int, alpha: Float, projections: [String] = ["attn.c_attn"], seed: UInt64
  ) throws {
    var factors: [Int: Factor] = [:]
    var offset = 0
    var unknown = Set(projections)
    for slot in layout.slots where slot.shape.count == 2 {
      guard let projection = projections.first(where: { slot.name.hasSuffix(".\($0).weight") }) else { continue }
      unknown.remove(projection)
      let (inputs, outputs) = (slot.shape[0], slot.shape[1])
      factors[slot.offset] = Factor(slot: slot, a: offset, b: offset + inputs * rank)
      offset += (inputs + outputs) * rank
    }
    if let missing = unknown.sorted().first {
      throw SluiceError(
        .usage, "no projection is called '\(missing)'",
        remedy: "Use attn.c_attn, attn.c_proj, mlp.c_fc or mlp.c_proj.")
    }
    self.layout = layout
    self.rank = rank
    self.alpha = alpha
    self.projections = projections
    self.factors = factors
    values = [Float](repeating: 0, count: offset)
    var generator = SeededGenerator(seed: seed, stream: "adapter")
    for factor in factors.values.sorted(by: { $0.a < $1.a }) {
      // Kaiming-uniform with a = √5, as PEFT starts A: U(−1/√I, 1/√I).
      let bound = 1 / Float(factor.slot.shape[0]).squareRoot()
      for i in factor.a..<factor.b { values[i] = bound * (2 * generator.uniform() - 1) }
    }
  }

  /// The base weights with the adapter added: what every forward pass of this version uses.
  public func merged(into base: Weights) -> Weights {
    var merged = base.values
    merged.withUnsafeMutableBufferPointer { buffer in
      values.withUnsafeBufferPointer { factorBuffer in
        guard let w = buffer.baseAddress, let p = factorBuffer.baseAddress else { return }
        for (offset, factor) in factors {
          let (inputs, outputs) = (factor.slot.shape[0], factor.slot.shape[1])
          matrixProduct(
            inputs, outputs, rank, p + factor.a, lda: rank, p + factor.b, ldb: outputs, w + offset, ldc: outputs,
            alpha: scaling, beta: 1)
        }
      }
    }
    return Weights(layout: base.layout, values: merged)
  }
}
