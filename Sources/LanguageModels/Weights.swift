import Synchronization
import Tensors

/// Immutable weights of one version of a model, shared by any number of threads.
///
/// A version that differs from another in some projections only (an adapter's) shares everything else with it.
public final class Weights: Sendable {
  public let layout: ParameterLayout
  private let base: [Float]
  /// Fused projections that differ from the base, one after the other.
  private let changed: FloatMemory?
  /// By fused projection: where in `changed` it is, nil for the base's.
  private let changedOffsets: [Int?]
  /// Copies of the base's matrices that every version with this base reads.
  private let packed: PackedBase

  public var architecture: Architecture { layout.architecture }

  /// All parameters, `layout.count` floats.
  public var values: [Float] {
    guard let changed else { return base }
    var values = base
    for (projection, offset) in zip(layout.graph.projections, changedOffsets) {
      guard let offset else { continue }
      values.replaceSubrange(
        projection.weight..<projection.weight + projection.count,
        with: changed.withUnsafeBufferPointer { Array($0[offset..<offset + projection.count]) })
    }
    return values
  }

  public init(layout: ParameterLayout, values: [Float]) {
    precondition(values.count == layout.count, "weights must fill their layout")
    self.layout = layout
    base = values
    changed = nil
    changedOffsets = Array(repeating: nil, count: layout.graph.projections.count)
    packed = PackedBase()
  }

  /// The weights of `base` with some fused projections replaced.
  ///
  /// - Parameters:
  ///   - chosen: indices of fused projections.
  ///   - change: gets a chosen projection and its values to change in place.
  init(
    base other: Weights, changing chosen: [Int], workers: Int = 1,
    _ change: (_ projection: FusedProjection, _ values: UnsafeMutablePointer<Float>) -> Void
  ) {
    let projections = other.layout.graph.projections
    var offsets = [Int?](repeating: nil, count: projections.count)
    var next = 0
    for index in chosen {
      offsets[index] = next
      next += projections[index].count
    }
    let source = other.changed == nil ? other.base : other.values
    changed = FloatMemory(next) { buffer in
      source.withUnsafeBufferPointer { source in
        guard let to = buffer.baseAddress, let from = source.baseAddress else { return }
        Crew.gather(workers) { crew in
          crew.run(parts: chosen.count) { part in
            let index = chosen[part]
            let projection = projections[index]
            let place = to + (offsets[index] ?? 0)
            place.update(from: from + projection.weight, count: projection.count)
            change(projection, place)
          }
        }
      }
    }
    base = source
    packed = other.changed == nil ? other.packed : PackedBase()
    changedOffsets = offsets
    layout = other.layout
  }

  /// Calls `body` with the weights' addresses.
  func withPointers<Result>(_ body: (WeightPointers) throws -> Result) rethrows -> Result { try lend(base, to: body) }

  /// - Parameter address: of the base's values, for the time of the call.
  private func lend<Result>(
    _ address: UnsafePointer<Float>, to body: (WeightPointers) throws -> Result
  ) rethrows -> Result {
    try withExtendedLifetime(changed) {
      try body(
        WeightPointers(
          base: address, changed: changed.map { UnsafePointer($0.base) } ?? address, changedOffsets: changedOffsets))
    }
  }
}

/// Matrices of the base weights, by fused projection, packed once for all versions.
private final class PackedBase: Sendable {
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
  /// By fused projection: its matrix packed, where it is wanted; those of the base are kept for later.
  func pack(_ crew: Crew, where isWanted: (FusedProjection) -> Bool) -> [PackedMatrix?] {
    withPointers { pointers in
      layout.graph.projections.enumerated().map { index, projection in
        guard isWanted(projection) else { return nil }
        func make() -> PackedMatrix {
          PackedMatrix(projection.shape, weight: pointers.matrix(index, projection), crew: crew)
        }
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

/// The addresses of weights for the time of one computation.
struct WeightPointers {
  fileprivate let base: UnsafePointer<Float>
  fileprivate let changed: UnsafePointer<Float>
  fileprivate let changedOffsets: [Int?]

  /// The tensor at an offset of the layout; for anything but projections.
  subscript(offset: Int) -> UnsafePointer<Float> { base + offset }

  /// The weight of a fused projection.
  func matrix(_ index: Int, _ projection: FusedProjection) -> UnsafePointer<Float> {
    if let offset = changedOffsets[index] { return changed + offset }
    return base + projection.weight
  }
}
