import RealModule

/// Turns x[n] into its softmax in place and returns log Σ e^x.
@discardableResult
public func softmax(_ n: Int, _ x: UnsafeMutablePointer<Float>) -> Float {
  let top = largest(n, x)
  mapLanes(n, x, x) { exponential($0 - top) }
  let total = sum(n, x)
  scale(n, 1 / total, x)
  return top + Float.log(total)
}

/// Writes the softmax of x[n] into p[n], and returns log Σ e^x: the bits of `softmax` and of `logSumExp`, from one pass.
public func softmax(_ n: Int, of x: UnsafePointer<Float>, into p: UnsafeMutablePointer<Float>) -> Float {
  let top = largest(n, x)
  var (s0, s1) = (SIMD8<Float>(), SIMD8<Float>())
  var i = 0
  while i + 16 <= n {
    let (low, high) = (exponential(loadLanes(x + i) - top), exponential(loadLanes(x + i + 8) - top))
    storeLanes(low, p + i)
    storeLanes(high, p + i + 8)
    s0 += low
    s1 += high
    i += 16
  }
  var total = (s0 + s1).sum()
  mapLanes(n - i, x + i, p + i) { exponential($0 - top) }
  for j in i..<n { total += Float.exp(x[j] - top) }
  scale(n, 1 / sum(n, p), p)
  return top + Float.log(total)
}

/// log Σ e^{x[n]}, x untouched.
public func logSumExp(_ n: Int, _ x: UnsafePointer<Float>) -> Float {
  let top = largest(n, x)
  var (s0, s1) = (SIMD8<Float>(), SIMD8<Float>())
  var i = 0
  while i + 16 <= n {
    s0 += exponential(loadLanes(x + i) - top)
    s1 += exponential(loadLanes(x + i + 8) - top)
    i += 16
  }
  var total = (s0 + s1).sum()
  while i < n {
    total += Float.exp(x[i] - top)
    i += 1
  }
  return top + Float.log(total)
}

/// log(e^a + e^b): `b` itself where `a` is −∞.
public func logSumExp(_ a: Float, _ b: Float) -> Float {
  let (top, rest) = (max(a, b), min(a, b))
  return rest == -.infinity ? top : top + Float.log(onePlus: Float.exp(rest - top))
}

/// The index that a draw in [0, 1) falls on, where each has a share of p[n]; never one whose share is 0, unless all are.
public func drawIndex(_ n: Int, _ p: UnsafePointer<Float>, at draw: Float) -> Int {
  let run = 256
  var remaining = draw * sum(n, p)
  var last = 0
  for start in stride(from: 0, to: n, by: run) {
    let count = min(run, n - start)
    // Whole runs are passed over by their sum.
    let share = sum(count, p + start)
    if share <= remaining && start + count < n {
      remaining -= share
      continue
    }
    for i in start..<start + count where p[i] > 0 {
      last = i
      remaining -= p[i]
      if remaining < 0 { return i }
    }
  }
  return last
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
