import Synchronization
import Tensors

/// Immutable weights of one version of a model, shared by any number of threads.
///
/// A version that differs from another in some projections only (an adapter's) shares everything else with it.
public final class Weights: Sendable {
  private enum Base {
    /// All parameters, `layout.count` floats.
    case floats([Float])
    case stored(StoredWeights)
  }

  public let layout: ParameterLayout
  private let base: Base
  /// Fused projections that differ from the base, one after the other.
  private let changed: FloatMemory?
  /// By fused projection: where in `changed` it is, nil for the base's.
  private let changedOffsets: [Int?]
  /// Copies of the base's matrices that every version with this base reads.
  private let packed: PackedBase

  public var architecture: Architecture { layout.architecture }

  /// All parameters, `layout.count` floats.
  public var values: [Float] {
    var values: [Float]
    switch base {
    case .floats(let floats): values = floats
    case .stored(let stored): values = stored.values(layout)
    }
    guard let changed else { return values }
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
    base = .floats(values)
    changed = nil
    changedOffsets = Array(repeating: nil, count: layout.graph.projections.count)
    packed = PackedBase()
  }

  init(layout: ParameterLayout, stored: StoredWeights) {
    self.layout = layout
    base = .stored(stored)
    changed = nil
    changedOffsets = Array(repeating: nil, count: layout.graph.projections.count)
    packed = PackedBase()
  }

  /// How the weights are held.
  public var precision: WeightPrecision { stored == nil ? .float32 : .stored }

  private var stored: StoredWeights? {
    guard case .stored(let stored) = base else { return nil }
    return stored
  }

  /// Bytes that the weights take.
  public var byteCount: Int {
    (stored?.byteCount ?? layout.count * MemoryLayout<Float>.stride) + (changed?.count ?? 0)
      * MemoryLayout<Float>.stride
  }

  /// The same weights, all as float32: what is to be trained.
  public var inFloat32: Weights { stored == nil ? self : Weights(layout: layout, values: values) }

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
    // Changes of a version that has some already are made to all of its weights.
    let source = other.changed == nil ? other.base : .floats(other.values)
    changed = FloatMemory(next) { buffer in
      guard let to = buffer.baseAddress else { return }
      Crew.gather(workers) { crew in
        crew.run(parts: chosen.count) { part in
          let index = chosen[part]
          let projection = projections[index]
          let place = to + (offsets[index] ?? 0)
          switch source {
          case .floats(let floats):
            floats.withUnsafeBufferPointer { floats in
              guard let from = floats.baseAddress else { return }
              place.update(from: from + projection.weight, count: projection.count)
            }
          case .stored(let stored): stored.read(projection: index, into: place)
          }
          change(projection, place)
        }
      }
    }
    base = source
    packed = other.changed == nil ? other.packed : PackedBase()
    changedOffsets = offsets
    layout = other.layout
  }

  /// Calls `body` with the weights' addresses.
  func withPointers<Result>(_ body: (WeightPointers) throws -> Result) rethrows -> Result {
    switch base {
    case .floats(let floats): try lend(floats, to: body)
    case .stored(let stored): try lend(stored.vectors, to: body)
    }
  }

  /// - Parameter address: of the base's values, or of its vectors alone, for the time of the call.
  private func lend<Result>(
    _ address: UnsafePointer<Float>, to body: (WeightPointers) throws -> Result
  ) rethrows -> Result {
    try withExtendedLifetime(changed) {
      try body(
        WeightPointers(
          base: address, stored: stored, changed: changed.map { UnsafePointer($0.base) } ?? address,
          changedOffsets: changedOffsets))
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
  fileprivate let stored: StoredWeights?
  fileprivate let changed: UnsafePointer<Float>
  fileprivate let changedOffsets: [Int?]

  /// The tensor at an offset of the layout: a vector, or a table of weights in float32.
  ///
  /// Nothing asks for a stored table: `read(row:ofTable:…)` and `multiply(byTable:…)` are how tables are used, and what trains has
  /// float32 (`Likelihood.gradient` makes sure).
  subscript(offset: Int) -> UnsafePointer<Float> {
    guard let stored else { return base + offset }
    guard let place = stored.places[offset] else { preconditionFailure("a stored matrix has no address") }
    return base + place
  }

  /// The weight of a fused projection, in float32.
  func matrix(_ index: Int, _ projection: FusedProjection) -> UnsafePointer<Float> {
    if let offset = changedOffsets[index] { return changed + offset }
    precondition(stored == nil, "weights are trained in float32")
    return base + projection.weight
  }

  /// Y[N,O] = X[N,I] · W + bias[O] (+ residual) for a fused projection.
  ///
  /// - Parameter packed: its matrix copied beforehand, where it is.
  func linear(
    _ index: Int, _ projection: FusedProjection, packed: PackedMatrix?, rows: Int, x: UnsafePointer<Float>,
    residual: UnsafePointer<Float>?, y: UnsafeMutablePointer<Float>, crew: Crew?
  ) {
    let bias = projection.bias.map { self[$0] }
    if let packed {
      return packed.linear(rows: rows, x: x, bias: bias, residual: residual, y: y, crew: crew)
    }
    guard let stored, changedOffsets[index] == nil else {
      return Tensors.linear(
        projection.shape, rows: rows, x: x, weight: matrix(index, projection), bias: bias, residual: residual, y: y,
        crew: crew)
    }
    let outputs = projection.shape.outputs
    startLinear(rows: rows, outputs: outputs, bias: bias, residual: residual, y: y, crew: crew)
    for (part, matrix) in zip(projection.parts, stored.projections[index]) {
      matrix.multiply(
        rows: rows, x: x, y: y + part.column, stride: outputs, accumulates: bias != nil || residual != nil, crew: crew)
    }
  }

  /// A row of the table at an offset of the layout.
  func read(row: Int, ofTable offset: Int, width: Int, into values: UnsafeMutablePointer<Float>) {
    if let table = stored?.tables[offset] {
      table.read(row, into: values)
    } else {
      values.update(from: self[offset] + row * width, count: width)
    }
  }

  /// Y[N,V] = X[N,C] · Tᵀ for the table T[V,C] at an offset of the layout.
  func multiply(
    byTable offset: Int, rows: Int, x: UnsafePointer<Float>, _ architecture: Architecture,
    y: UnsafeMutablePointer<Float>, crew: Crew?
  ) {
    if let table = stored?.tables[offset] { return table.multiply(rows: rows, x: x, y: y, crew: crew) }
    let (c, v) = (architecture.width, architecture.vocabulary)
    matrixProduct(rows, v, c, x, lda: c, self[offset], ldb: c, transposeB: true, y, ldc: v, crew: crew)
  }
}
