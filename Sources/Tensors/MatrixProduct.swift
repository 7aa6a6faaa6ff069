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

/// Y[N,O] = X[N,I] · W[I,O] + bias[O].
public func linear(
  rows: Int, inputs: Int, outputs: Int, x: UnsafePointer<Float>, weight: UnsafePointer<Float>,
  bias: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>
) {
  for row in 0..<rows { (y + row * outputs).update(from: bias, count: outputs) }
  matrixProduct(rows, outputs, inputs, x, lda: inputs, weight, ldb: outputs, y, ldc: outputs, beta: 1)
}

/// dX[N,I] (+)= dY[N,O] · Wᵀ.
public func linearInputGradient(
  rows: Int, inputs: Int, outputs: Int, dy: UnsafePointer<Float>, weight: UnsafePointer<Float>,
  dx: UnsafeMutablePointer<Float>, accumulate: Bool = false
) {
  matrixProduct(
    rows, inputs, outputs, dy, lda: outputs, weight, ldb: outputs, transposeB: true, dx, ldc: inputs,
    beta: accumulate ? 1 : 0)
}

/// dW[I,O] += Xᵀ · dY and dBias[O] += column sums of dY.
public func linearWeightGradient(
  rows: Int, inputs: Int, outputs: Int, x: UnsafePointer<Float>, dy: UnsafePointer<Float>,
  dWeight: UnsafeMutablePointer<Float>, dBias: UnsafeMutablePointer<Float>
) {
  matrixProduct(
    inputs, outputs, rows, x, lda: inputs, transposeA: true, dy, ldb: outputs, dWeight, ldc: outputs, beta: 1)
  for row in 0..<rows { add(outputs, dy + row * outputs, to: dBias) }
}
