/// Sum of the products of two vectors' elements, one after the other; the cosine of unit vectors. What one of them has more
/// doesn't count.
@inlinable
public func dot(_ a: [Float], _ b: [Float]) -> Float {
  var sum: Float = 0
  for index in 0..<min(a.count, b.count) { sum += a[index] * b[index] }
  return sum
}
