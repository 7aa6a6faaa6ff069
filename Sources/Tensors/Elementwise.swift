/// y[n] += x[n].
public func add(_ n: Int, _ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>) {
  for i in 0..<n { y[i] += x[i] }
}

/// y[n] += a · x[n].
public func addScaled(_ n: Int, _ a: Float, _ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>) {
  for i in 0..<n { y[i] += a * x[i] }
}

/// y[n] *= a.
public func scale(_ n: Int, _ a: Float, _ y: UnsafeMutablePointer<Float>) {
  for i in 0..<n { y[i] *= a }
}

/// Σ a[i] · b[i], in eight fixed lanes, so that the order of additions depends on n alone.
public func dot(_ n: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>) -> Float {
  var lanes = SIMD8<Float>()
  var i = 0
  while i + 8 <= n {
    lanes += loadLanes(a + i) * loadLanes(b + i)
    i += 8
  }
  var sum = lanes.sum()
  while i < n {
    sum += a[i] * b[i]
    i += 1
  }
  return sum
}

/// Σ a[i], in eight fixed lanes.
func sum(_ n: Int, _ a: UnsafePointer<Float>) -> Float {
  var lanes = SIMD8<Float>()
  var i = 0
  while i + 8 <= n {
    lanes += loadLanes(a + i)
    i += 8
  }
  var total = lanes.sum()
  while i < n {
    total += a[i]
    i += 1
  }
  return total
}

@inline(__always)
func loadLanes(_ p: UnsafePointer<Float>) -> SIMD8<Float> {
  UnsafeRawPointer(p).loadUnaligned(as: SIMD8<Float>.self)
}

@inline(__always)
func storeLanes(_ v: SIMD8<Float>, _ p: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(p).storeBytes(of: v, as: SIMD8<Float>.self)
}
