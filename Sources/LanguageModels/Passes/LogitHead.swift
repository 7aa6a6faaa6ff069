import Tensors

extension Graph.Head {
  /// logits[M,T] = hidden[M,C] · Wᵀ, soft-capped where the model says so.
  ///
  /// - Parameter some: the T tokens whose logits are made, the first a multiple of 16; nil for all V.
  func logits(
    rows: Int, _ architecture: Architecture, of some: Range<Int>? = nil, hidden: UnsafePointer<Float>,
    _ weights: WeightPointers, into logits: UnsafeMutablePointer<Float>, crew: Crew? = nil
  ) {
    let some = some ?? 0..<architecture.vocabulary
    weights.multiply(
      byTable: weight, some, rows: rows, x: hidden, width: architecture.width, y: logits, crew: crew)
    if let cap = softCap {
      let width = some.count
      share(crew, rows, work: width) { Tensors.softCap($0.count * width, cap, logits + $0.lowerBound * width) }
    }
  }

  /// dHidden[M,C] = dLogits[M,T] · W (+ dHidden); `dLogits` are already those before the soft cap.
  ///
  /// - Parameter some: as for `logits`.
  func hiddenGradient(
    rows: Int, _ architecture: Architecture, of some: Range<Int>, dLogits: UnsafePointer<Float>,
    _ weights: WeightPointers, into dHidden: UnsafeMutablePointer<Float>, accumulates: Bool, crew: Crew? = nil
  ) {
    weights.inputGradient(
      ofTable: weight, some, rows: rows, dy: dLogits, width: architecture.width, dx: dHidden,
      accumulates: accumulates, crew: crew)
  }
}
