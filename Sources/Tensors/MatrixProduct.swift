import CProcessor

/// Up to this many rows a transposed B is read where it is; with more, packing it costs less than turning the results.
private let fewRows = 64

/// Operations below which sharing a product costs more than it gains (about 2 µs of one thread).
private let leastShared = 200_000

/// C[m,n] = alpha · op(A)[m,k] · op(B)[k,n] + beta · C, row-major, where op transposes if asked.
///
/// Each element is summed in the same order whatever m, n, the transposes and the crew are.
///
/// - Parameters:
///   - lda: Floats from one row of A (as stored) to the next; likewise `ldb`, `ldc`.
///   - beta: 0 overwrites C, 1 accumulates.
///   - crew: threads that share the columns of C, or its rows where there are few columns; nil for the caller alone.
public func matrixProduct(
  _ m: Int, _ n: Int, _ k: Int,
  _ a: UnsafePointer<Float>, lda: Int, transposeA: Bool = false,
  _ b: UnsafePointer<Float>, ldb: Int, transposeB: Bool = false,
  _ c: UnsafeMutablePointer<Float>, ldc: Int,
  alpha: Float = 1, beta: Float = 0, crew: Crew? = nil
) {
  if m == 0 || n == 0 { return }
  func part(rows: Range<Int>, columns: Range<Int>) {
    let left = PanelProduct.Operand(
      base: a + rows.lowerBound * (transposeA ? 1 : lda), row: transposeA ? 1 : lda, column: transposeA ? lda : 1)
    let right = PanelProduct.Operand(
      base: b + columns.lowerBound * (transposeB ? ldb : 1), row: transposeB ? 1 : ldb, column: transposeB ? ldb : 1)
    let place = c + rows.lowerBound * ldc + columns.lowerBound
    if transposeB && rows.count <= fewRows {
      PanelProduct.multiply(
        columns.count, rows.count, k, right.transposed, left.transposed, c: place, rowStride: 1, columnStride: ldc,
        alpha: alpha, accumulates: beta != 0)
    } else {
      PanelProduct.multiply(
        rows.count, columns.count, k, left, right, c: place, rowStride: ldc, columnStride: 1, alpha: alpha,
        accumulates: beta != 0)
    }
  }
  guard let crew, crew.workers > 1, m * n * k > leastShared else { return part(rows: 0..<m, columns: 0..<n) }
  if n >= 32 * crew.workers {
    crew.split(n, grain: 16) { part(rows: 0..<m, columns: $0) }
  } else {
    crew.split(m, grain: 12) { part(rows: $0, columns: 0..<n) }
  }
}

/// Whether this processor can run the kernels at all: they are compiled for AVX2 and FMA on x86-64.
public var hasVectorUnits: Bool { sluice_has_vectors() != 0 }

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
  /// How W is stored.
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
  bias: UnsafePointer<Float>?, residual: UnsafePointer<Float>? = nil, y: UnsafeMutablePointer<Float>,
  crew: Crew? = nil
) {
  let (i, o) = (shape.inputs, shape.outputs)
  startLinear(rows: rows, outputs: o, bias: bias, residual: residual, y: y, crew: crew)
  matrixProduct(
    rows, o, i, x, lda: i, weight, ldb: shape.stride, transposeB: shape.order == .outputsFirst, y, ldc: o,
    beta: bias == nil && residual == nil ? 0 : 1, crew: crew)
}

/// Y[N,O] = bias[O] + residual[N,O], what there is of both; untouched where there is neither.
public func startLinear(
  rows: Int, outputs o: Int, bias: UnsafePointer<Float>?, residual: UnsafePointer<Float>?,
  y: UnsafeMutablePointer<Float>, crew: Crew?
) {
  if residual == nil && bias == nil { return }
  share(crew, rows, work: o) { range in
    for row in range {
      let place = y + row * o
      if let residual {
        if residual != UnsafePointer(y) { place.update(from: residual + row * o, count: o) }
        if let bias { add(o, bias, to: place) }
      } else if let bias {
        place.update(from: bias, count: o)
      }
    }
  }
}

/// dX[N,I] (+)= dY[N,O] · Wᵀ.
public func linearInputGradient(
  _ shape: LinearShape, rows: Int, dy: UnsafePointer<Float>, weight: UnsafePointer<Float>,
  dx: UnsafeMutablePointer<Float>, accumulate: Bool = false, crew: Crew? = nil
) {
  matrixProduct(
    rows, shape.inputs, shape.outputs, dy, lda: shape.outputs, weight, ldb: shape.stride,
    transposeB: shape.order == .inputsFirst, dx, ldc: shape.inputs, beta: accumulate ? 1 : 0, crew: crew)
}

/// dW += Xᵀ · dY, in the weight's own order.
public func linearWeightGradient(
  _ shape: LinearShape, rows: Int, x: UnsafePointer<Float>, dy: UnsafePointer<Float>,
  dWeight: UnsafeMutablePointer<Float>, crew: Crew? = nil
) {
  let (i, o) = (shape.inputs, shape.outputs)
  switch shape.order {
  case .inputsFirst:
    matrixProduct(i, o, rows, x, lda: i, transposeA: true, dy, ldb: o, dWeight, ldc: o, beta: 1, crew: crew)
  case .outputsFirst:
    matrixProduct(o, i, rows, dy, lda: o, transposeA: true, x, ldb: i, dWeight, ldc: i, beta: 1, crew: crew)
  }
}

/// dBias[O] += column sums of dY[N,O].
public func biasGradient(
  rows: Int, outputs: Int, dy: UnsafePointer<Float>, dBias: UnsafeMutablePointer<Float>
) {
  for row in 0..<rows { add(outputs, dy + row * outputs, to: dBias) }
}
