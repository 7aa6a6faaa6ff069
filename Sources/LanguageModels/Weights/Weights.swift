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

  /// Where each tensor is among the values.
  public let layout: ParameterLayout
  private let base: Base
  /// Fused projections that differ from the base, one after the other.
  private let changed: FloatMemory?
  /// By fused projection: where in `changed` it is, nil for the base's.
  let changedOffsets: [Int?]
  /// Whose low-rank products are added to those of base and `changed`.
  private let adapters: [LoRAAdapter]
  /// Copies of the base's matrices that every version with this base reads.
  let packed: PackedBase

  /// The dimensions of the model.
  public var architecture: Architecture { layout.architecture }

  /// All parameters, `layout.count` floats.
  public var values: [Float] {
    var values: [Float]
    switch base {
    case .floats(let floats): values = floats
    case .stored(let stored): values = stored.values(layout)
    }
    if let changed {
      for (projection, offset) in zip(layout.graph.projections, changedOffsets) {
        guard let offset else { continue }
        values.replaceSubrange(
          projection.weight..<projection.weight + projection.count,
          with: changed.withUnsafeBufferPointer { Array($0[offset..<offset + projection.count]) })
      }
    }
    for adapter in adapters {
      values.withUnsafeMutableBufferPointer { values in
        if let base = values.baseAddress { adapter.merge(into: base) }
      }
    }
    return values
  }

  public init(layout: ParameterLayout, values: [Float]) {
    precondition(values.count == layout.count, "weights must fill their layout")
    self.layout = layout
    base = .floats(values)
    changed = nil
    adapters = []
    changedOffsets = Array(repeating: nil, count: layout.graph.projections.count)
    packed = PackedBase()
  }

  init(layout: ParameterLayout, stored: StoredWeights) {
    self.layout = layout
    base = .stored(stored)
    changed = nil
    adapters = []
    changedOffsets = Array(repeating: nil, count: layout.graph.projections.count)
    packed = PackedBase()
  }

  /// `other` with an adapter beside it, whose low-rank products are added to its own.
  init(base other: Weights, beside adapter: LoRAAdapter) {
    layout = other.layout
    base = other.base
    changed = other.changed
    changedOffsets = other.changedOffsets
    adapters = other.adapters + [adapter]
    packed = other.packed
  }

  /// How the weights are held: `stored` also for those with adapters beside them.
  public var precision: WeightPrecision { stored == nil ? .float32 : .stored }

  /// Formats of all matrices and tables that are held as they are stored; none for float32.
  var storedFormats: [StoredFormat] {
    guard let stored else { return [] }
    return stored.projections.joined().map(\.format) + stored.tables.values.map(\.format)
  }

  private var stored: StoredWeights? {
    guard case .stored(let stored) = base else { return nil }
    return stored
  }

  /// Bytes that the weights take.
  public var byteCount: Int {
    let floats = (changed?.count ?? 0) + adapters.reduce(0) { $0 + $1.values.count }
    return (stored?.byteCount ?? layout.count * MemoryLayout<Float>.stride) + floats * MemoryLayout<Float>.stride
  }

  /// The same weights, all as float32: what is trained whole.
  public var inFloat32: Weights {
    stored == nil && adapters.isEmpty ? self : Weights(layout: layout, values: values)
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
    // Changes of a version that has some already are made to all of its weights.
    let isPlain = other.changed == nil && other.adapters.isEmpty
    let source = isPlain ? other.base : .floats(other.values)
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
    packed = isPlain ? other.packed : PackedBase()
    adapters = []
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
          changedOffsets: changedOffsets, adapters: adapters))
    }
  }
}
