import Tensors

/// Products with an adapter that stays beside its base: the base's weights need not be numbers that it can be added to
/// (Dettmers et al., 2023).
extension LoRAAdapter {
  /// Adds (α/r) · X[N,I] · A · B to the columns of Y[N,O] that adapted parts of a fused projection make.
  func addProduct(
    _ projection: FusedProjection, rows: Int, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>, crew: Crew?
  ) {
    let (inputs, stride) = (projection.shape.inputs, projection.shape.outputs)
    withFactors(projection, rows: rows) { a, b, part, u in
      matrixProduct(rows, rank, inputs, x, lda: inputs, a, ldb: rank, u, ldc: rank, crew: crew)
      matrixProduct(
        rows, part.outputs, rank, u, lda: rank, b, ldb: part.outputs, y + part.column, ldc: stride, alpha: scaling,
        beta: 1, crew: crew)
    }
  }

  /// Adds (α/r) · dY[N,O] · Bᵀ · Aᵀ, over the adapted parts of a fused projection, to dX[N,I].
  func addInputGradient(
    _ projection: FusedProjection, rows: Int, dy: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>, crew: Crew?
  ) {
    let (inputs, stride) = (projection.shape.inputs, projection.shape.outputs)
    withFactors(projection, rows: rows) { a, b, part, u in
      matrixProduct(
        rows, rank, part.outputs, dy + part.column, lda: stride, b, ldb: part.outputs, transposeB: true, u, ldc: rank,
        crew: crew)
      matrixProduct(
        rows, inputs, rank, u, lda: rank, a, ldb: rank, transposeB: true, dx, ldc: inputs, alpha: scaling, beta: 1,
        crew: crew)
    }
  }

  /// Calls `body` with each adapted part, its factors A[I,r] and B[r,O], and room for [N,r].
  private func withFactors(
    _ projection: FusedProjection, rows: Int,
    _ body: (
      _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ part: FusedProjection.Part,
      _ u: UnsafeMutablePointer<Float>
    ) -> Void
  ) {
    values.withUnsafeBufferPointer { values in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * rank) { scratch in
        guard let p = values.baseAddress, let u = scratch.baseAddress else { return }
        for part in projection.parts {
          guard let factor = factors[layout.slots[part.slot].offset] else { continue }
          body(p + factor.a, p + factor.b, part, u)
        }
      }
    }
  }
}
