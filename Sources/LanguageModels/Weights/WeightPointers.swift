import Tensors

/// The addresses of weights for the time of one computation.
struct WeightPointers {
  let base: UnsafePointer<Float>
  let stored: StoredWeights?
  let changed: UnsafePointer<Float>
  let changedOffsets: [Int?]
  /// Beside the weights.
  let adapters: [LoRAAdapter]
  /// Whether rows are rounded to eight bits where they meet weights in blocks.
  var roundsRows = false

  /// The tensor at an offset of the layout: a vector, or a table of weights in float32.
  ///
  /// Nothing asks for a stored table: `read(row:ofTable:…)`, `multiply(byTable:…)` and `inputGradient(ofTable:…)` are how tables
  /// are used.
  subscript(offset: Int) -> UnsafePointer<Float> {
    guard let stored else { return base + offset }
    guard let place = stored.places[offset] else { preconditionFailure("a stored matrix has no address") }
    return base + place
  }

  /// The weight of a fused projection, in float32; nil where it is stored.
  func floats(_ index: Int, _ projection: FusedProjection) -> UnsafePointer<Float>? {
    if let offset = changedOffsets[index] { return changed + offset }
    return stored == nil ? base + projection.weight : nil
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
      packed.linear(rows: rows, x: x, bias: bias, residual: residual, y: y, crew: crew)
    } else if let weight = floats(index, projection) {
      Tensors.linear(
        projection.shape, rows: rows, x: x, weight: weight, bias: bias, residual: residual, y: y, crew: crew)
    } else if let stored {
      let outputs = projection.shape.outputs
      startLinear(rows: rows, outputs: outputs, bias: bias, residual: residual, y: y, crew: crew)
      let accumulates = bias != nil || residual != nil
      rounded(stored.projections[index], rows: rows, x: x, crew) { rounded in
        for (part, matrix) in zip(projection.parts, stored.projections[index]) {
          let place = y + part.column
          if let rounded, matrix.format.isQuantised {
            matrix.multiply(rounded, y: place, stride: outputs, accumulates: accumulates, crew: crew)
          } else {
            matrix.multiply(rows: rows, x: x, y: place, stride: outputs, accumulates: accumulates, crew: crew)
          }
        }
      }
    }
    for adapter in adapters { adapter.addProduct(projection, rows: rows, x: x, y: y, crew: crew) }
  }

  /// Calls `body` with rows rounded once for all of some matrices; with nil where none takes them so.
  private func rounded(
    _ matrices: [StoredMatrix], rows: Int, x: UnsafePointer<Float>, _ crew: Crew?, _ body: (RoundedRows?) -> Void
  ) {
    guard roundsRows, let first = matrices.first(where: \.format.isQuantised) else { return body(nil) }
    RoundedRows.round(x, rows: rows, inputs: first.inputs, crew: crew) { body($0) }
  }

  /// dX[N,I] = dY[N,O] · Wᵀ (+ dX) for a fused projection.
  func inputGradient(
    _ index: Int, _ projection: FusedProjection, rows: Int, dy: UnsafePointer<Float>,
    dx: UnsafeMutablePointer<Float>, accumulates: Bool, crew: Crew?
  ) {
    if let weight = floats(index, projection) {
      linearInputGradient(
        projection.shape, rows: rows, dy: dy, weight: weight, dx: dx, accumulate: accumulates, crew: crew)
    } else if let stored {
      StoredMatrix.inputGradient(
        stored.projections[index], rows: rows, dy: dy, dx: dx, accumulates: accumulates, crew: crew)
    }
    for adapter in adapters { adapter.addInputGradient(projection, rows: rows, dy: dy, dx: dx, crew: crew) }
  }

  /// A row of the table at an offset of the layout.
  func read(row: Int, ofTable offset: Int, width: Int, into values: UnsafeMutablePointer<Float>) {
    if let table = stored?.tables[offset] {
      table.read(row, into: values)
    } else {
      values.update(from: self[offset] + row * width, count: width)
    }
  }

  /// Y[N,R] = X[N,C] · Tᵀ for some rows T[R,C] of the table at an offset of the layout.
  ///
  /// - Parameter some: the rows; the first is a multiple of 16.
  func multiply(
    byTable offset: Int, _ some: Range<Int>, rows: Int, x: UnsafePointer<Float>, width c: Int,
    y: UnsafeMutablePointer<Float>, crew: Crew?
  ) {
    if let table = stored?.tables[offset]?.part(some) {
      return rounded([table], rows: rows, x: x, crew) { rounded in
        guard let rounded else { return table.multiply(rows: rows, x: x, y: y, crew: crew) }
        table.multiply(rounded, y: y, crew: crew)
      }
    }
    matrixProduct(
      rows, some.count, c, x, lda: c, self[offset] + some.lowerBound * c, ldb: c, transposeB: true, y, ldc: some.count,
      crew: crew)
  }

  /// dX[N,C] = dY[N,R] · T (+ dX) for some rows T[R,C] of the table at an offset of the layout.
  ///
  /// - Parameter some: as for `multiply`.
  func inputGradient(
    ofTable offset: Int, _ some: Range<Int>, rows: Int, dy: UnsafePointer<Float>, width c: Int,
    dx: UnsafeMutablePointer<Float>, accumulates: Bool, crew: Crew?
  ) {
    if let table = stored?.tables[offset] {
      return StoredMatrix.inputGradient(
        [table.part(some)], rows: rows, dy: dy, dx: dx, accumulates: accumulates, crew: crew)
    }
    matrixProduct(
      rows, c, some.count, dy, lda: some.count, self[offset] + some.lowerBound * c, ldb: c, dx, ldc: c,
      beta: accumulates ? 1 : 0, crew: crew)
  }
}
