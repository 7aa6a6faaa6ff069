import Foundation

/// Bets against values of θ = E[S]/E[m], the mean over units that come in clusters of m units with sum S in [0, m].
///
/// After each cluster the capital of a bettor who holds that θ is larger is multiplied by 1 + λ(S − θm), of one who holds
/// that it is smaller by 1 − λ(S − θm). At the true θ neither grows in expectation, so by Ville's inequality the chance
/// that one of them *ever* exceeds 1/α is at most α: looking after every cluster, and stopping at will, errs no more often
/// than looking once (Waudby-Smith and Ramdas, JRSS-B, 2024). The capital is spread
/// over a geometric grid of fractions of the largest bet that can't ruin; their sum is a capital too. Clusters have to come in an
/// order that doesn't depend on their answers.
struct BettingEvidence: Sendable {
  /// S and m of each cluster, in the order of asking. What is missing counts against the bettor: `least` is the sum for the
  /// one who holds that θ is larger, `most` for the one who holds that it is smaller.
  private let clusters: [(least: Double, most: Double, size: Double)]
  /// The largest m that any cluster can have, known before the first answer.
  private let largest: Double

  /// What counts as more than 0.
  static let least = 1e-9

  /// Shares of the largest bet, each half of the one before.
  static let fractions = (0..<8).map { 0.99 * pow(0.5, Double($0)) }
  /// How the first capital is spread over them: most on the largest bets, which see soonest that nothing is there.
  static let weights = {
    let harmonic = fractions.indices.map { 1 / Double($0 + 1) }
    return harmonic.map { $0 / harmonic.reduce(0, +) }
  }()

  /// - Parameters:
  ///   - clusters: S and m of each cluster, in the order of asking; 0 ≤ least ≤ most ≤ m ≤ `largest`.
  ///   - largest: the largest m that any cluster could have had.
  init(clusters: [(least: Double, most: Double, size: Double)], largest: Double) {
    self.clusters = clusters
    self.largest = clusters.reduce(largest) { max($0, $1.size) }
  }

  /// The smallest α at which θ is shown to be at least `theta`: 1 over the most that the bet on it ever held.
  func alphaAbove(_ theta: Double) -> Double {
    if theta <= 0 { return 0 }
    return theta >= 1 ? 1 : 1 / mostCapital(against: theta) { $0.least }
  }

  /// The smallest α at which θ is shown to be at most `theta`.
  func alphaBelow(_ theta: Double) -> Double {
    if theta >= 1 { return 0 }
    return theta <= 0 ? 1 : 1 / mostCapital(against: 1 - theta) { $0.size - $0.most }
  }

  /// The values of θ that no bet at α/2 has refuted, up to now.
  func interval(confidence: Double) -> (lower: Double, upper: Double) {
    let level = (1 - confidence) / 2
    // Both α are monotone in θ, since each fraction's capital is.
    let lower = boundary { alphaAbove($0) <= level }
    let upper = 1 - boundary { alphaBelow(1 - $0) <= level }
    return (lower, max(lower, upper))
  }

  /// The end of the refuted values, which begin at 0.
  private func boundary(_ isRefuted: (Double) -> Bool) -> Double {
    guard isRefuted(Self.least) else { return 0 }
    var (low, high) = (Self.least, 1.0)
    for _ in 0..<40 {
      let middle = (low + high) / 2
      if isRefuted(middle) { low = middle } else { high = middle }
    }
    return low
  }

  /// The largest capital at any time, of bets that the sum per unit is larger than `theta`. Bets of the share f are
  /// λ = f/(θ·largest), since S − θm is never below −θ·largest.
  private func mostCapital(
    against theta: Double, _ sum: ((least: Double, most: Double, size: Double)) -> Double
  ) -> Double {
    var capitals = Self.weights
    var most = 1.0
    let stake = 1 / (theta * largest)
    for cluster in clusters {
      let gain = sum(cluster) * stake - cluster.size / largest
      var total = 0.0
      for index in capitals.indices {
        capitals[index] *= 1 + Self.fractions[index] * gain
        total += capitals[index]
      }
      most = max(most, total)
    }
    return most
  }
}
