import RealModule

/// The non-linearity between the two products of a feed-forward block.
public enum Activation: Sendable, Hashable {
  /// GELU by its tanh approximation (GPT-2's `gelu_new`): x/2 · (1 + tanh(√(2/π)(x + 0.044715 x³))).
  case geluTanh
  /// Exact GELU (BERT's `gelu`): x · Φ(x).
  case geluErf

  /// y[n] = f(x[n]).
  public func forward(_ n: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    switch self {
    case .geluTanh:
      mapLanes(n, x, y) { x in 0.5 * x * (1 + hyperbolicTangent(geluInner(x))) }
    case .geluErf:
      for i in 0..<n { y[i] = x[i] * normalCDF(x[i]) }
    }
  }

  /// dx[n] = dy[n] · f′(x[n]); `dx` may be `dy`.
  public func backward(
    _ n: Int, _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>
  ) {
    switch self {
    case .geluTanh:
      var i = 0
      while i + 8 <= n {
        storeLanes(loadLanes(dy + i) * geluTanhSlope(loadLanes(x + i)), dx + i)
        i += 8
      }
      while i < n {
        dx[i] = dy[i] * geluTanhSlope(SIMD8(repeating: x[i]))[0]
        i += 1
      }
    case .geluErf:
      for i in 0..<n {
        let density = Float.exp(-0.5 * x[i] * x[i]) * 0.398_942_28
        dx[i] = dy[i] * (normalCDF(x[i]) + x[i] * density)
      }
    }
  }
}

@inline(__always)
private func geluInner(_ x: SIMD8<Float>) -> SIMD8<Float> { 0.797_884_56 * (x + 0.044_715 * x * x * x) }

@inline(__always)
private func geluTanhSlope(_ x: SIMD8<Float>) -> SIMD8<Float> {
  let t = hyperbolicTangent(geluInner(x))
  let inner = 0.797_884_56 * (1 + 0.134_145 * x * x)
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner
}

@inline(__always)
private func normalCDF(_ x: Float) -> Float { 0.5 * (1 + Float.erf(x * 0.707_106_77)) }
