import Tensors

extension Graph.Head {
  /// logits[M,V] = hidden[M,C] · Wᵀ, soft-capped where the model says so.
  func logits(
    rows: Int, _ architecture: Architecture, hidden: UnsafePointer<Float>, _ weights: WeightPointers,
    into logits: UnsafeMutablePointer<Float>, crew: Crew? = nil
  ) {
    let v = architecture.vocabulary
    weights.multiply(byTable: weight, rows: rows, x: hidden, architecture, y: logits, crew: crew)
    if let cap = softCap {
      share(crew, rows, work: v) { Tensors.softCap($0.count * v, cap, logits + $0.lowerBound * v) }
    }
  }

  /// dHidden[M,C] = dLogits[M,V] · W; `dLogits` are already those before the soft cap.
  func hiddenGradient(
    rows: Int, _ architecture: Architecture, dLogits: UnsafePointer<Float>, _ weights: WeightPointers,
    into dHidden: UnsafeMutablePointer<Float>, crew: Crew? = nil
  ) {
    let (c, v) = (architecture.width, architecture.vocabulary)
    matrixProduct(rows, c, v, dLogits, lda: v, weights[weight], ldb: c, dHidden, ldc: c, crew: crew)
  }
}
