import RealModule

/// e^x in eight lanes; relative error below 3e-7 for x in [-87, 88], clamped outside.
///
/// x = n·ln 2 + r with |r| ≤ ln 2 / 2; e^r by its Taylor polynomial of degree 6 (remainder below 1.2e-7); 2^n by its
/// exponent bits. The split of ln 2 into two parts is Cody and Waite's.
@inline(__always)
func exponential(_ x: SIMD8<Float>) -> SIMD8<Float> {
  // Comparisons, for `clamped` goes lane by lane.
  let raised = x.replacing(with: -87, where: x .< -87)
  let clamped = raised.replacing(with: 88, where: raised .> 88)
  // Adding 1.5·2^23 rounds to an integer and leaves that integer in the low bits of the sum.
  let shifted = clamped * 1.442_695_04 + 12_582_912
  let n = shifted - 12_582_912
  let r = (clamped - n * 0.693_359_375).addingProduct(n, SIMD8(repeating: 2.121_944_4e-4))
  var p = SIMD8<Float>(repeating: 1 / 720)
  p = SIMD8(repeating: 1 / 120).addingProduct(p, r)
  p = SIMD8(repeating: 1 / 24).addingProduct(p, r)
  p = SIMD8(repeating: 1 / 6).addingProduct(p, r)
  p = SIMD8(repeating: 0.5).addingProduct(p, r)
  p = SIMD8(repeating: 1).addingProduct(p, r)
  p = SIMD8(repeating: 1).addingProduct(p, r)
  let bits = (unsafeBitCast(shifted, to: SIMD8<Int32>.self) &- 0x4b40_0000 &+ 127) &<< 23
  return p * unsafeBitCast(bits, to: SIMD8<Float>.self)
}

/// tanh in eight lanes; absolute error below 4e-7: 1 − 2 / (e^{2x} + 1).
@inline(__always)
func hyperbolicTangent(_ x: SIMD8<Float>) -> SIMD8<Float> {
  1 - 2 / (exponential(x * 2) + 1)
}

/// Applies an eight-lane function to n floats; the rest is padded, so each element's result is the same wherever it is.
@inline(__always)
func mapLanes(
  _ n: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
  _ body: (SIMD8<Float>) -> SIMD8<Float>
) {
  var i = 0
  while i + 8 <= n {
    storeLanes(body(loadLanes(x + i)), y + i)
    i += 8
  }
  if i < n {
    var lanes = SIMD8<Float>()
    for j in i..<n { lanes[j - i] = x[j] }
    let result = body(lanes)
    for j in i..<n { y[j] = result[j - i] }
  }
}

/// Applies an eight-lane function of two arguments to n pairs of floats, padded as above.
@inline(__always)
func mapLanes(
  _ n: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
  _ body: (SIMD8<Float>, SIMD8<Float>) -> SIMD8<Float>
) {
  var i = 0
  while i + 8 <= n {
    storeLanes(body(loadLanes(a + i), loadLanes(b + i)), y + i)
    i += 8
  }
  if i < n {
    var first = SIMD8<Float>()
    var second = SIMD8<Float>()
    for j in i..<n {
      first[j - i] = a[j]
      second[j - i] = b[j]
    }
    let result = body(first, second)
    for j in i..<n { y[j] = result[j - i] }
  }
}

/// y[n] = e^{x[n]}.
public func exponential(_ n: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
  mapLanes(n, x, y) { exponential($0) }
}

/// y[n] = tanh x[n].
public func hyperbolicTangent(_ n: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
  mapLanes(n, x, y) { hyperbolicTangent($0) }
}
