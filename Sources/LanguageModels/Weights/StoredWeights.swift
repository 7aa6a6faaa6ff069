import Tensors

/// How a checkpoint's weights are held in memory.
public enum WeightPrecision: Sendable, Hashable {
  /// Every weight as a float32, which training all of them needs.
  case float32
  /// Matrices as their file has them; the rest as float32. Likelihoods are the same bits; samples are computed in no more
  /// bits than the weights have.
  ///
  /// Decoders whose matrices all have their outputs first are held so; others, and encoders, as `float32`. An adapter's folder
  /// has its adapter merged in, so that adapted matrices are float32.
  case stored
  /// As `stored`, with the adapter of an adapter's folder beside its base: what adapters are trained over.
  ///
  /// Likelihoods and gradients are those of `float32` up to the rounding of the adapter's products; without one, the same bits.
  case frozen
}

/// Weights of a decoder whose matrices are in the precision in which they are stored.
final class StoredWeights: Sendable {
  /// By fused projection: the matrix of each of its parts.
  let projections: [[StoredMatrix]]
  /// Tables [V,C] by their offset in the layout.
  let tables: [Int: StoredMatrix]
  /// Everything else, one after the other, and where it begins by its offset in the layout.
  let vectors: [Float]
  let places: [Int: Int]

  init(projections: [[StoredMatrix]], tables: [Int: StoredMatrix], vectors: [Float], places: [Int: Int]) {
    self.projections = projections
    self.tables = tables
    self.vectors = vectors
    self.places = places
  }

  /// Bytes of all weights.
  var byteCount: Int {
    projections.joined().reduce(0) { $0 + $1.byteCount } + tables.values.reduce(0) { $0 + $1.byteCount }
      + 4 * vectors.count
  }

  /// Writes a fused projection [O,I] as float32.
  func read(projection index: Int, into values: UnsafeMutablePointer<Float>) {
    var place = values
    for part in projections[index] {
      part.read(into: place)
      place += part.outputs * part.inputs
    }
  }

  /// All parameters as float32, in the layout's order.
  func values(_ layout: ParameterLayout) -> [Float] {
    [Float](unsafeUninitializedCapacity: layout.count) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      for (index, projection) in layout.graph.projections.enumerated() {
        read(projection: index, into: base + projection.weight)
      }
      for (offset, table) in tables { table.read(into: base + offset) }
      for slot in layout.slots {
        guard let place = places[slot.offset] else { continue }
        (base + slot.offset).update(from: Array(vectors[place..<place + slot.count]), count: slot.count)
      }
      count = layout.count
    }
  }
}

extension ParameterLayout {
  /// Whether `StoredWeights` can hold a model of this layout: nothing but projections with their outputs first, tables that are
  /// read row by row, and vectors.
  var canBeStored: Bool {
    !architecture.family.isEncoder
      && graph.projections.allSatisfy { $0.shape.order == .outputsFirst }
      && graph.steps.allSatisfy { step in
        guard case .embed(let embed) = step else { return true }
        return embed.positions == nil && embed.segments == nil
      }
  }
}
