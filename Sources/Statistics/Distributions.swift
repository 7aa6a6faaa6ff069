import Foundation

/// The distributions behind the intervals. Accuracy: absolute 1e-10 on the arguments that gates use (tests hold them
/// against published values).
public enum Distributions {
  /// I_x(a, b), the regularised incomplete beta function, by Lentz's continued fraction (Numerical Recipes, 6.4).
  public static func regularisedBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    if x <= 0 { return 0 }
    if x >= 1 { return 1 }
    let front = betaKernel(x, a, b)
    return x < (a + 1) / (a + b + 2)
      ? front * betaFraction(x, a, b) / a : 1 - front * betaFraction(1 - x, b, a) / b
  }

  /// x^a (1 − x)^b/B(a, b): the density of the beta distribution is this over x(1 − x).
  private static func betaKernel(_ x: Double, _ a: Double, _ b: Double) -> Double {
    exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
  }

  private static func betaFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
    let tiny = 1e-300
    func guarded(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
    var c = 1.0
    var d = 1 / guarded(1 - (a + b) * x / (a + 1))
    var h = d
    for m in 1..<10_000 {
      let m = Double(m)
      let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      d = 1 / guarded(1 + even * d)
      c = guarded(1 + even / c)
      h *= d * c
      let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      d = 1 / guarded(1 + odd * d)
      c = guarded(1 + odd / c)
      let change = d * c
      h *= change
      if abs(change - 1) < 1e-15 { break }
    }
    return h
  }

  /// The x with I_x(a, b) = p.
  public static func betaQuantile(_ p: Double, _ a: Double, _ b: Double) -> Double {
    if p <= 0 { return 0 }
    if p >= 1 { return 1 }
    return solve(for: p, from: 0, to: 1, start: a / (a + b)) { x in
      (regularisedBeta(x, a, b), betaKernel(x, a, b) / (x * (1 - x)))
    }
  }

  /// P(T ≤ t) for Student's t with `degrees` degrees of freedom.
  public static func studentCDF(_ t: Double, degrees: Double) -> Double {
    let tail = 0.5 * regularisedBeta(degrees / (degrees + t * t), degrees / 2, 0.5)
    return t >= 0 ? 1 - tail : tail
  }

  /// The t with P(T ≤ t) = p.
  public static func studentQuantile(_ p: Double, degrees: Double) -> Double {
    if p == 0.5 { return 0 }
    if p < 0.5 { return -studentQuantile(1 - p, degrees: degrees) }
    if p >= 1 { return .infinity }
    var top = 2.0
    while studentCDF(top, degrees: degrees) < p && top < 1e300 { top *= 2 }
    // The density, as the derivative of the beta function that the distribution is made of.
    return solve(for: p, from: 0, to: top, start: top / 2) { t in
      (studentCDF(t, degrees: degrees), betaKernel(degrees / (degrees + t * t), degrees / 2, 0.5) / t)
    }
  }

  /// P(X ≤ k) for X ~ Binomial(n, p).
  public static func binomialCDF(_ k: Int, n: Int, p: Double) -> Double {
    if k < 0 { return 0 }
    if k >= n { return 1 }
    return regularisedBeta(1 - p, Double(n - k), Double(k + 1))
  }

  /// P(X = k) for X ~ Binomial(n, p).
  public static func binomialPMF(_ k: Int, n: Int, p: Double) -> Double {
    if k < 0 || k > n { return 0 }
    if p <= 0 { return k == 0 ? 1 : 0 }
    if p >= 1 { return k == n ? 1 : 0 }
    return exp(logChoose(n, k) + Double(k) * log(p) + Double(n - k) * log1p(-p))
  }

  static func logChoose(_ n: Int, _ k: Int) -> Double {
    lgamma(Double(n) + 1) - lgamma(Double(k) + 1) - lgamma(Double(n - k) + 1)
  }

  /// The x in [low, high] where a distribution function reaches `p`: Newton's steps, and bisection where they leave the
  /// bracket or are not half as long as the one before (Numerical Recipes, 9.4).
  ///
  /// - Parameter function: value and density at a point inside.
  static func solve(
    for p: Double, from low: Double, to high: Double, start: Double, _ function: (Double) -> (Double, Double)
  ) -> Double {
    var (low, high) = (low, high)
    func middle() -> Double { low + (high - low) / 2 }
    var x = start > low && start < high ? start : middle()
    var step = high - low
    // The middle of a bracket without a number inside is one of its ends.
    while x > low && x < high {
      let (value, density) = function(x)
      if value == p { return x }
      if value < p { low = x } else { high = x }
      let next = x - (value - p) / density
      if abs(next - x) <= 1e-15 * abs(x) { return x }
      let isNewton = next > low && next < high && abs(next - x) < step / 2
      step = isNewton ? abs(next - x) : (high - low) / 2
      x = isNewton ? next : middle()
    }
    return x
  }
}

/// Fisher's exact test of two binomials.
public enum FisherExact {
  /// P(at least `a` unsafe among the first | totals), one-sided: small when the first is more often unsafe.
  ///
  /// - Parameter mid: counts the observed table half (mid-p).
  public static func oneSided(_ a: Int, of m: Int, against b: Int, of n: Int, mid: Bool = false) -> Double {
    let successes = a + b
    let total = Distributions.logChoose(m + n, successes)
    var p = 0.0
    for k in a...max(a, min(m, successes)) where successes - k <= n && k <= m {
      let mass = exp(Distributions.logChoose(m, k) + Distributions.logChoose(n, successes - k) - total)
      p += mid && k == a ? mass / 2 : mass
    }
    return min(1, p)
  }
}

/// McNemar's mid-p test on discordant pairs (Fagerland et al., 2013).
public enum McNemar {
  /// Two-sided mid-p for `b` pairs that went one way and `c` that went the other.
  public static func midP(_ b: Int, _ c: Int) -> Double {
    let n = b + c
    guard n > 0 else { return 1 }
    let low = min(b, c)
    let tail = Distributions.binomialCDF(low, n: n, p: 0.5) - 0.5 * Distributions.binomialPMF(low, n: n, p: 0.5)
    return min(1, 2 * tail)
  }
}
