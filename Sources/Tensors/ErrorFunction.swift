/// erf x in eight lanes; absolute error below 5e-7.
///
/// 1 − (a₁t + … + a₅t⁵)·e^{−x²}, t = 1 / (1 + p·|x|): Abramowitz and Stegun, 7.1.26 (its own error is 1.5e-7).
@inline(__always)
func errorFunction(_ x: SIMD8<Float>) -> SIMD8<Float> {
  let magnitude = x.replacing(with: -x, where: x .< 0)
  let t = 1 / (1 + 0.327_591_1 * magnitude)
  var p = SIMD8<Float>(repeating: 1.061_405_429)
  p = SIMD8(repeating: -1.453_152_027).addingProduct(p, t)
  p = SIMD8(repeating: 1.421_413_741).addingProduct(p, t)
  p = SIMD8(repeating: -0.284_496_736).addingProduct(p, t)
  p = SIMD8(repeating: 0.254_829_592).addingProduct(p, t)
  let result = 1 - p * t * exponential(-magnitude * magnitude)
  return result.replacing(with: -result, where: x .< 0)
}

/// y[n] = erf x[n].
public func errorFunction(_ n: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
  mapLanes(n, x, y) { errorFunction($0) }
}
