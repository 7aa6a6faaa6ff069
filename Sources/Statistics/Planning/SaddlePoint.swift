import Foundation

/// Bounds as `ClusteredBound`'s, from a saddle-point approximation of the tails instead of their integral (Lugannani and Rice,
/// Advances in Applied Probability, 1980): right to about one part in a hundred and a hundred times as fast.
struct SaddlePointBound {
  private let effective: EffectiveClusters
  /// Grid points that clusters' means lie on, and their weights, which sum to 1.
  private let places: [(value: Double, weight: Double)]
  let mean: Double

  init(_ clusters: [(mean: Double, weight: Double)], effective: EffectiveClusters) {
    let binned = BinnedMeans(clusters)
    self.effective = effective
    mean = binned.mean
    places = binned.weights.enumerated().filter { $0.element > 0 }.map { place, weight in
      (value: Double(place) / Double(BinnedMeans.cells), weight: weight)
    }
  }

  /// As `ClusteredBound.doubtBelow`.
  func doubtBelow(_ theta: Double) -> Double {
    if theta >= 1 { return 0 }
    guard effective.count > 1 else { return 1 }
    return tail(concentration: effective.upper(at: theta), mirrored: false, theta)
  }

  /// As `ClusteredBound.doubtAbove`.
  func doubtAbove(_ theta: Double) -> Double {
    if theta <= 0 { return 0 }
    guard effective.count > 1 else { return 1 }
    return tail(concentration: effective.lower(at: theta), mirrored: true, 1 - theta)
  }

  /// Where the doubt that the mean is below falls to `level`.
  func upper(level: Double) -> Double { Self.crossing(from: mean, level: level, doubtBelow) }

  func lower(level: Double) -> Double { 1 - Self.crossing(from: 1 - mean, level: level) { doubtAbove(1 - $0) } }

  private static func crossing(from start: Double, level: Double, _ doubt: (Double) -> Double) -> Double {
    var (low, high) = (start, 1.0)
    // Doubts near the mean are about a half, well above any level.
    for _ in 0..<14 {
      let middle = (low + high) / 2
      if doubt(middle) > level { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// P(Σ Dᵢxᵢ > u) with one more cluster at 1; see `DirichletMean`. As P(Q > 0) for Q = Σ Eᵢ(xᵢ − u).
  private func tail(concentration: Double, mirrored: Bool, _ u: Double) -> Double {
    let seen = places.map { (gap: (mirrored ? 1 - $0.value : $0.value) - u, mass: $0.weight * concentration) }
    let gaps = seen + [(gap: 1 - u, mass: 1)]
    guard let least = gaps.map(\.gap).min(), least < 0 else { return 1 }
    // K′ rises from −∞ to ∞ between these.
    var (low, high) = (1 / least, 1 / (1 - u))
    var (s, curvature) = (0.0, 0.0)
    for _ in 0..<60 {
      var slope = 0.0
      curvature = 0
      for (gap, mass) in gaps {
        let part = gap / (1 - gap * s)
        slope += mass * part
        curvature += mass * part * part
      }
      if slope < 0 { low = s } else { high = s }
      let next = s - slope / curvature
      let inside = next > low && next < high
      let moved = abs(next - s)
      if inside && moved <= 1e-7 * max(abs(s), 1e-3) { break }
      s = inside ? next : (low + high) / 2
    }
    let value = -gaps.reduce(0) { $0 + $1.mass * log1p(-$1.gap * s) }
    let r = (s < 0 ? -1.0 : 1.0) * max(0, -2 * value).squareRoot()
    // At the mean both terms have a pole that cancels; nobody needs to know better than about a half there.
    if abs(r) < 1e-2 { return 0.5 }
    let v = s * curvature.squareRoot()
    let density = exp(-r * r / 2) / (2 * Double.pi).squareRoot()
    return erfc(r / 2.0.squareRoot()) / 2 + density * (1 / v - 1 / r)
  }
}
