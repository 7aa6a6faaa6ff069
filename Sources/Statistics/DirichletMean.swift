import Foundation

/// The distribution of Σ Dᵢxᵢ, where D is Dirichlet-distributed: what a sample says of a mean when its parts' shares in the
/// population are as uncertain as a sample leaves them.
///
/// With Gamma-distributed Eᵢ, P(Σ Dᵢxᵢ > u) = P(Q > 0) for Q = Σ Eᵢ(xᵢ − u), and that is the integral of M(s)/(2πi·s) along
/// a vertical line right of 0, where M is Q's moment-generating function. The line goes through the saddle point and its
/// nodes are spaced by sinh, so the trapezoidal rule converges exponentially and tails keep their relative accuracy (Rice,
/// SIAM Journal on Scientific and Statistical Computing, 1980).
struct DirichletMean {
  /// xᵢ in [0, 1], and the parameters of D, all above 0.
  private let values: [Double]
  private let masses: [Double]

  init(values: [Double], masses: [Double]) {
    self.values = values
    self.masses = masses
  }

  /// P(Σ Dᵢxᵢ > u), to a relative 1e-9.
  func tail(above u: Double) -> Double {
    let gaps = values.map { $0 - u }
    guard let most = gaps.max(), let least = gaps.min(), most > 0 else { return 0 }
    if least >= 0 { return 1 }
    let saddle = saddle(gaps, end: 1 / most)
    let damped = zip(gaps, masses).map { gap, mass in (slope: gap / (1 - gap * saddle), mass: mass) }
    let curvature = damped.reduce(1 / (saddle * saddle)) { $0 + $1.mass * $1.slope * $1.slope }
    let width = 1 / curvature.squareRoot()
    let logHeight = -zip(gaps, masses).reduce(0) { $0 + $1.1 * log1p(-$1.0 * saddle) }

    /// The integrand at saddle + i·width·sinh(t) over M(saddle): its real part, and a bound of its size.
    func integrand(_ t: Double) -> (real: Double, size: Double) {
      let y = width * sinh(t)
      var (logSize, phase) = (0.0, 0.0)
      for (slope, mass) in damped {
        let turn = slope * y
        logSize -= 0.5 * mass * log1p(turn * turn)
        phase += mass * atan(turn)
      }
      let size = exp(logSize) * width * cosh(t) / (saddle * saddle + y * y)
      return (size * (saddle * cos(phase) + y * sin(phase)), size * (saddle + abs(y)))
    }

    /// Σ over the nodes at `first`, `first` + `step`, … as far as they matter.
    func sum(from first: Double, step: Double, scale: Double) -> Double {
      var (total, t) = (0.0, first)
      while t < 40 {
        let (real, size) = integrand(t)
        total += real
        if size < 1e-13 * max(scale, abs(total)) { break }
        t += step
      }
      return total
    }

    var step = 0.25
    var total = integrand(0).real / 2 + sum(from: step, step: step, scale: integrand(0).size)
    for _ in 0..<5 {
      let finer = total + sum(from: step / 2, step: step, scale: abs(total))
      let change = abs(finer / 2 - total)
      (total, step) = (finer, step / 2)
      // The error is squared by each halving.
      if change <= 1e-6 * abs(finer / 2) { break }
    }
    return min(1, max(0, exp(logHeight) * step * total / .pi))
  }

  /// Where log M(s) − log s is least on (0, end): its derivative is monotone there.
  private func saddle(_ gaps: [Double], end: Double) -> Double {
    var (low, high) = (0.0, end)
    var s = end / 2
    for _ in 0..<100 {
      var (slope, curvature) = (-1 / s, 1 / (s * s))
      for (gap, mass) in zip(gaps, masses) {
        let part = gap / (1 - gap * s)
        slope += mass * part
        curvature += mass * part * part
      }
      if slope < 0 { low = s } else { high = s }
      let next = s - slope / curvature
      // Any point near the saddle serves: the integral doesn't depend on it.
      if abs(next - s) <= 1e-3 * s && next > 0 && next < end { return next }
      s = next > low && next < high ? next : (low + high) / 2
    }
    return s
  }
}
