import RealModule

/// Turns x[n] into its softmax in place and returns log Σ e^x.
@discardableResult
public func softmax(_ n: Int, _ x: UnsafeMutablePointer<Float>) -> Float {
  var top = -Float.infinity
  for i in 0..<n { top = max(top, x[i]) }
  for i in 0..<n { x[i] -= top }
  exponential(n, x, x)
  let total = sum(n, x)
  scale(n, 1 / total, x)
  return top + Float.log(total)
}

/// log Σ e^{x[n]}, x untouched.
public func logSumExp(_ n: Int, _ x: UnsafePointer<Float>) -> Float {
  var top = -Float.infinity
  for i in 0..<n { top = max(top, x[i]) }
  var lanes = SIMD8<Float>()
  var i = 0
  while i + 8 <= n {
    lanes += exponential(loadLanes(x + i) - top)
    i += 8
  }
  var total = lanes.sum()
  while i < n {
    total += Float.exp(x[i] - top)
    i += 1
  }
  return top + Float.log(total)
}

/// Given probabilities p[n] = softmax(s) and dp[n], overwrites dp with ds = p · (dp − Σ p·dp).
func softmaxBackward(_ n: Int, _ p: UnsafePointer<Float>, _ dp: UnsafeMutablePointer<Float>) {
  let inner = dot(n, p, dp)
  for i in 0..<n { dp[i] = p[i] * (dp[i] - inner) }
}

/// Overwrites logits x[n] with factor · softmax(x), given log Σ e^x.
public func softmaxScaled(_ n: Int, _ x: UnsafeMutablePointer<Float>, normaliser: Float, by factor: Float) {
  mapLanes(n, x, x) { factor * exponential($0 - normaliser) }
}
