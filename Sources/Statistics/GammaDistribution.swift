import Foundation

extension Distributions {
  /// P(a, x), the regularised lower incomplete gamma function: series below a + 1, Lentz's continued fraction above
  /// (Numerical Recipes, 6.2).
  public static func regularisedGamma(_ a: Double, _ x: Double) -> Double {
    if x <= 0 { return 0 }
    if x == .infinity { return 1 }
    let front = gammaKernel(a, x)
    if x < a + 1 {
      var (term, total, n) = (1 / a, 1 / a, a)
      while term > total * 1e-17 {
        n += 1
        term *= x / n
        total += term
      }
      return min(1, front * total)
    }
    let tiny = 1e-300
    var b = x + 1 - a
    var c = 1 / tiny
    var d = 1 / b
    var h = d
    for i in 1..<100_000 {
      let i = Double(i)
      let numerator = -i * (i - a)
      b += 2
      d = numerator * d + b
      d = 1 / (abs(d) < tiny ? tiny : d)
      c = b + numerator / c
      if abs(c) < tiny { c = tiny }
      h *= c * d
      if abs(c * d - 1) < 1e-15 { break }
    }
    return 1 - front * h
  }

  /// x^a e^(−x)/Γ(a): the density of the gamma distribution is this over x.
  private static func gammaKernel(_ a: Double, _ x: Double) -> Double { exp(a * log(x) - x - lgamma(a)) }

  /// The x with P(a, x) = p.
  public static func gammaQuantile(_ p: Double, shape a: Double) -> Double {
    if p <= 0 { return 0 }
    if p >= 1 { return .infinity }
    var top = max(1, 2 * a)
    while regularisedGamma(a, top) < p { top *= 2 }
    return solve(for: p, from: 0, to: top, start: min(a, top / 2)) { x in
      (regularisedGamma(a, x), gammaKernel(a, x) / x)
    }
  }
}
