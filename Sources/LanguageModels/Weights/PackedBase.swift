import Synchronization
import Tensors

/// Matrices of the base weights, by fused projection, packed once for all versions.
final class PackedBase: Sendable {
  let matrices = Mutex<[Int: PackedMatrix]>([:])
  /// By attention layer.
  let relative = Mutex<[Int: RelativeTables]>([:])
}

extension Weights {
  /// A layer's projections of its table of relative positions, made once: no text changes them.
  func relativeTables(_ step: Graph.Attend, _ relative: Graph.Relative) -> RelativeTables {
    packed.relative.withLock { tables in
      if let known = tables[step.layer] { return known }
      let made = withPointers { RelativeTables(step, relative, architecture, $0) }
      tables[step.layer] = made
      return made
    }
  }
}

extension RelativeTables {
  fileprivate init(
    _ step: Graph.Attend, _ relative: Graph.Relative, _ architecture: Architecture, _ weights: WeightPointers
  ) {
    let (rows, width) = (2 * relative.positions.span, architecture.width)
    var table = Array(UnsafeBufferPointer(start: weights[relative.table], count: rows * width))
    if let norm = relative.norm {
      var normed = table
      var statistics = [Float](repeating: 0, count: 2 * rows)
      layerNorm(
        rows: rows, width: width, epsilon: architecture.epsilon, x: table, gamma: weights[norm.weight],
        beta: weights[norm.bias], y: &normed, statistics: &statistics)
      table = normed
    }
    func projected(_ projection: Graph.Relative.Projection?) -> [Float]? {
      projection.map { projection in
        var result = [Float](repeating: 0, count: rows * step.shape.queryWidth)
        linear(
          LinearShape(inputs: width, outputs: step.shape.queryWidth, order: .outputsFirst), rows: rows, x: table,
          weight: weights[projection.weight], bias: weights[projection.bias], y: &result)
        return result
      }
    }
    self.init(positions: relative.positions, keys: projected(relative.key), queries: projected(relative.query))
  }
}

extension Weights {
  /// By fused projection: its matrix packed, where it is wanted and in float32; those of the base are kept for later.
  func pack(_ crew: Crew, where isWanted: (FusedProjection) -> Bool) -> [PackedMatrix?] {
    withPointers { pointers in
      layout.graph.projections.enumerated().map { index, projection in
        guard isWanted(projection), let weight = pointers.floats(index, projection) else { return nil }
        func make() -> PackedMatrix { PackedMatrix(projection.shape, weight: weight, crew: crew) }
        if changedOffsets[index] != nil { return make() }
        return packed.matrices.withLock { matrices in
          let matrix = matrices[index] ?? make()
          matrices[index] = matrix
          return matrix
        }
      }
    }
  }

  /// By fused projection: its matrix packed, where that was done before.
  var packedBefore: [PackedMatrix?] {
    packed.matrices.withLock { matrices in
      changedOffsets.indices.map { changedOffsets[$0] == nil ? matrices[$0] : nil }
    }
  }
}
