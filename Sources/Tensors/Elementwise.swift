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

/// Σ a[i] · b[i], in 32 fixed lanes, so that the order of additions depends on n alone.
public func dot(_ n: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>) -> Float {
  var (s0, s1, s2, s3) = (SIMD8<Float>(), SIMD8<Float>(), SIMD8<Float>(), SIMD8<Float>())
  var i = 0
  while i + 32 <= n {
    s0 = s0.addingProduct(loadLanes(a + i), loadLanes(b + i))
    s1 = s1.addingProduct(loadLanes(a + i + 8), loadLanes(b + i + 8))
    s2 = s2.addingProduct(loadLanes(a + i + 16), loadLanes(b + i + 16))
    s3 = s3.addingProduct(loadLanes(a + i + 24), loadLanes(b + i + 24))
    i += 32
  }
  while i + 8 <= n {
    s0 = s0.addingProduct(loadLanes(a + i), loadLanes(b + i))
    i += 8
  }
  var sum = ((s0 + s1) + (s2 + s3)).sum()
  while i < n {
    sum += a[i] * b[i]
    i += 1
  }
  return sum
}

/// Σ a[i], in 32 fixed lanes.
func sum(_ n: Int, _ a: UnsafePointer<Float>) -> Float {
  var (s0, s1, s2, s3) = (SIMD8<Float>(), SIMD8<Float>(), SIMD8<Float>(), SIMD8<Float>())
  var i = 0
  while i + 32 <= n {
    s0 += loadLanes(a + i)
    s1 += loadLanes(a + i + 8)
    s2 += loadLanes(a + i + 16)
    s3 += loadLanes(a + i + 24)
    i += 32
  }
  while i + 8 <= n {
    s0 += loadLanes(a + i)
    i += 8
  }
  var total = ((s0 + s1) + (s2 + s3)).sum()
  while i < n {
    total += a[i]
    i += 1
  }
  return total
}

/// The largest of a[n], −∞ for none.
func largest(_ n: Int, _ a: UnsafePointer<Float>) -> Float {
  var lanes = SIMD8<Float>(repeating: -.infinity)
  var i = 0
  while i + 8 <= n {
    let next = loadLanes(a + i)
    lanes = lanes.replacing(with: next, where: next .> lanes)
    i += 8
  }
  var top = lanes.max()
  while i < n {
    top = max(top, a[i])
    i += 1
  }
  return top
}

@inline(__always)
func loadLanes(_ p: UnsafePointer<Float>) -> SIMD8<Float> {
  UnsafeRawPointer(p).loadUnaligned(as: SIMD8<Float>.self)
}

@inline(__always)
func storeLanes(_ v: SIMD8<Float>, _ p: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(p).storeBytes(of: v, as: SIMD8<Float>.self)
}
