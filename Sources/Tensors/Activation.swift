/// The non-linearity between the two products of a feed-forward block.
public enum Activation: Sendable, Hashable {
  /// GELU by its tanh approximation (GPT-2's `gelu_new`): x/2 · (1 + tanh(√(2/π)(x + 0.044715 x³))).
  case geluTanh
  /// Exact GELU (BERT's `gelu`): x · Φ(x).
  case geluErf
  /// SiLU (Llama's `silu`): x / (1 + e^{−x}).
  case silu

  /// y[n] = f(x[n]); `y` may be `x`.
  public func forward(_ n: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    switch self {
    case .geluTanh: mapLanes(n, x, y) { geluTanhValue($0) }
    case .geluErf: mapLanes(n, x, y) { geluErfValue($0) }
    case .silu: mapLanes(n, x, y) { siluValue($0) }
    }
  }

  /// dx[n] = dy[n] · f′(x[n]); `dx` may be `dy`.
  public func backward(
    _ n: Int, _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>
  ) {
    switch self {
    case .geluTanh: mapLanes(n, x, dy, dx) { $1 * geluTanhSlope($0) }
    case .geluErf: mapLanes(n, x, dy, dx) { $1 * geluErfSlope($0) }
    case .silu: mapLanes(n, x, dy, dx) { $1 * siluSlope($0) }
    }
  }

  /// y[N,F] = f(gate) · up, from gate and up side by side in x[N,2F] (Shazeer, 2020).
  public func gatedForward(
    rows: Int, width: Int, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>
  ) {
    for row in 0..<rows {
      let gate = x + row * 2 * width
      let out = y + row * width
      switch self {
      case .geluTanh: mapLanes(width, gate, gate + width, out) { geluTanhValue($0) * $1 }
      case .geluErf: mapLanes(width, gate, gate + width, out) { geluErfValue($0) * $1 }
      case .silu: mapLanes(width, gate, gate + width, out) { siluValue($0) * $1 }
      }
    }
  }

  /// The gradient of `gatedForward`: dx[N,2F] is overwritten.
  public func gatedBackward(
    rows: Int, width: Int, x: UnsafePointer<Float>, dy: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>
  ) {
    for row in 0..<rows {
      let gate = x + row * 2 * width
      let up = gate + width
      let d = dy + row * width
      let dGate = dx + row * 2 * width
      // d(up) = dy · f(gate) needs f itself; then d(gate) = dy · up · f′(gate).
      forward(width, gate, dGate + width)
      for i in 0..<width { dGate[width + i] *= d[i] }
      for i in 0..<width { dGate[i] = d[i] * up[i] }
      backward(width, gate, dGate, dGate)
    }
  }
}

@inline(__always)
private func geluInner(_ x: SIMD8<Float>) -> SIMD8<Float> { 0.797_884_56 * (x + 0.044_715 * x * x * x) }

@inline(__always)
private func geluTanhValue(_ x: SIMD8<Float>) -> SIMD8<Float> {
  // (1 + tanh u) / 2 is the sigmoid of 2u.
  x * sigmoid(2 * geluInner(x))
}

@inline(__always)
private func geluTanhSlope(_ x: SIMD8<Float>) -> SIMD8<Float> {
  let s = sigmoid(2 * geluInner(x))
  return s + x * s * (1 - s) * 1.595_769_12 * (1 + 0.134_145 * x * x)
}

@inline(__always)
private func geluErfValue(_ x: SIMD8<Float>) -> SIMD8<Float> { x * normalCDF(x) }

@inline(__always)
private func geluErfSlope(_ x: SIMD8<Float>) -> SIMD8<Float> {
  normalCDF(x) + x * exponential(-0.5 * x * x) * 0.398_942_28
}

@inline(__always)
private func normalCDF(_ x: SIMD8<Float>) -> SIMD8<Float> { 0.5 * (1 + errorFunction(x * 0.707_106_77)) }

@inline(__always)
private func sigmoid(_ x: SIMD8<Float>) -> SIMD8<Float> { 1 / (1 + exponential(-x)) }

@inline(__always)
private func siluValue(_ x: SIMD8<Float>) -> SIMD8<Float> { x * sigmoid(x) }

@inline(__always)
private func siluSlope(_ x: SIMD8<Float>) -> SIMD8<Float> {
  let s = sigmoid(x)
  return s * (1 + x * (1 - s))
}
