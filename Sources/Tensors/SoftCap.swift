/// x[n] = cap · tanh(x / cap), in place (Gemma 2).
public func softCap(_ n: Int, _ cap: Float, _ x: UnsafeMutablePointer<Float>) {
  let inverse = 1 / cap
  mapLanes(n, x, x) { cap * hyperbolicTangent($0 * inverse) }
}

/// dx[n] *= 1 − (y / cap)², where y = cap · tanh(x / cap) is what `softCap` left.
public func softCapBackward(_ n: Int, _ cap: Float, _ y: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>) {
  let inverse = 1 / cap
  for i in 0..<n {
    let ratio = y[i] * inverse
    dx[i] *= 1 - ratio * ratio
  }
}
