import COpenBLAS

/// One BLAS thread for each caller: Sluice parallelises over sequences, never inside a product.
///
/// Global initialisers run once and thread-safely; every product reads this first.
private let singleThreaded: Void = sluice_blas_single_thread()

/// C[m,n] = alpha · op(A)[m,k] · op(B)[k,n] + beta · C, row-major, where op transposes if asked.
///
/// - Parameters:
///   - lda: Floats from one row of A (as stored) to the next; likewise `ldb`, `ldc`.
///   - beta: 0 overwrites C, 1 accumulates.
public func matrixProduct(
  _ m: Int, _ n: Int, _ k: Int,
  _ a: UnsafePointer<Float>, lda: Int, transposeA: Bool = false,
  _ b: UnsafePointer<Float>, ldb: Int, transposeB: Bool = false,
  _ c: UnsafeMutablePointer<Float>, ldc: Int,
  alpha: Float = 1, beta: Float = 0
) {
  if m == 0 || n == 0 { return }
  _ = singleThreaded
  cblas_sgemm(
    CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
    blasint(m), blasint(n), blasint(k), alpha, a, blasint(lda), b, blasint(ldb), beta, c, blasint(ldc))
}

/// How a checkpoint stores the matrix of a linear layer with I inputs and O outputs.
public enum MatrixOrder: Sendable, Hashable {
  /// W[I,O], as GPT-2's.
  case inputsFirst
  /// W[O,I], as nearly all others'.
  case outputsFirst
}

/// The matrix of a linear layer, y = x·W.
public struct LinearShape: Sendable, Hashable {
  /// I.
  public let inputs: Int
  /// O.
  public let outputs: Int
  public let order: MatrixOrder

  public init(inputs: Int, outputs: Int, order: MatrixOrder) {
    self.inputs = inputs
    self.outputs = outputs
    self.order = order
  }

  /// Floats from one stored row to the next.
  var stride: Int { order == .inputsFirst ? outputs : inputs }
}

/// Y[N,O] = X[N,I] · W + bias[O].
///
/// - Parameters:
///   - bias: nil for none.
///   - residual: [N,O] that is added, nil for none; may be `y` itself.
public func linear(
  _ shape: LinearShape, rows: Int, x: UnsafePointer<Float>, weight: UnsafePointer<Float>,
  bias: UnsafePointer<Float>?, residual: UnsafePointer<Float>? = nil, y: UnsafeMutablePointer<Float>
) {
  let (i, o) = (shape.inputs, shape.outputs)
  if let residual {
    if residual != UnsafePointer(y) { y.update(from: residual, count: rows * o) }
    if let bias {
      for row in 0..<rows { add(o, bias, to: y + row * o) }
    }
  } else if let bias {
    for row in 0..<rows { (y + row * o).update(from: bias, count: o) }
  }
  matrixProduct(
    rows, o, i, x, lda: i, weight, ldb: shape.stride, transposeB: shape.order == .outputsFirst, y, ldc: o,
    beta: bias == nil && residual == nil ? 0 : 1)
}

/// dX[N,I] (+)= dY[N,O] · Wᵀ.
public func linearInputGradient(
  _ shape: LinearShape, rows: Int, dy: UnsafePointer<Float>, weight: UnsafePointer<Float>,
  dx: UnsafeMutablePointer<Float>, accumulate: Bool = false
) {
  matrixProduct(
    rows, shape.inputs, shape.outputs, dy, lda: shape.outputs, weight, ldb: shape.stride,
    transposeB: shape.order == .inputsFirst, dx, ldc: shape.inputs, beta: accumulate ? 1 : 0)
}

/// dW += Xᵀ · dY, in the weight's own order.
public func linearWeightGradient(
  _ shape: LinearShape, rows: Int, x: UnsafePointer<Float>, dy: UnsafePointer<Float>,
  dWeight: UnsafeMutablePointer<Float>
) {
  let (i, o) = (shape.inputs, shape.outputs)
  switch shape.order {
  case .inputsFirst: matrixProduct(i, o, rows, x, lda: i, transposeA: true, dy, ldb: o, dWeight, ldc: o, beta: 1)
  case .outputsFirst: matrixProduct(o, i, rows, dy, lda: o, transposeA: true, x, ldb: i, dWeight, ldc: i, beta: 1)
  }
}

/// dBias[O] += column sums of dY[N,O].
public func biasGradient(
  rows: Int, outputs: Int, dy: UnsafePointer<Float>, dBias: UnsafeMutablePointer<Float>
) {
  for row in 0..<rows { add(outputs, dy + row * outputs, to: dBias) }
}
