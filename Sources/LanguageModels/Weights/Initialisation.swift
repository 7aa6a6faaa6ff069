import Core
import Tensors

extension Weights {
  /// Random weights as GPT-2 starts training: N(0, 0.02²), residual projections scaled by 1/√(2L), norms at identity
  /// (Radford et al., 2019).
  public static func random(_ architecture: Architecture, seed: UInt64) -> Weights {
    let layout = ParameterLayout(architecture)
    var values = [Float](inLargePages: layout.count) { $0.update(repeating: 0) }
    var generator = SeededGenerator(seed: seed, stream: "initial weights")
    let residual = 1 / Float(2 * architecture.layers).squareRoot()
    for slot in layout.slots {
      let scale: Float
      switch slot.role {
      case .embedding, .projection: scale = 0.02
      case .residualProjection: scale = 0.02 * residual
      case .gain:
        for i in slot.offset..<slot.offset + slot.count { values[i] = 1 }
        continue
      case .bias: continue
      }
      for i in slot.offset..<slot.offset + slot.count { values[i] = scale * Float(generator.normal()) }
    }
    return Weights(layout: layout, values: values)
  }
}
