import COpenBLAS

/// C[m,n] = alpha · op(A)[m,k] · op(B)[k,n] + beta · C, row-major, by OpenBLAS on one thread.
///
/// An independent reference for the tests of `Tensors.matrixProduct`, whose parameters it has, and the yardstick of
/// benchmarks. In a module of its own, so that the program itself doesn't need OpenBLAS to run.
public func referenceProduct(
  _ m: Int, _ n: Int, _ k: Int,
  _ a: UnsafePointer<Float>, lda: Int, transposeA: Bool = false,
  _ b: UnsafePointer<Float>, ldb: Int, transposeB: Bool = false,
  _ c: UnsafeMutablePointer<Float>, ldc: Int,
  alpha: Float = 1, beta: Float = 0
) {
  _ = singleThreaded
  cblas_sgemm(
    CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
    blasint(m), blasint(n), blasint(k), alpha, a, blasint(lda), b, blasint(ldb), beta, c, blasint(ldc))
}

/// Global initialisers run once and thread-safely; every call of OpenBLAS reads this first.
private let singleThreaded: Void = sluice_blas_single_thread()
