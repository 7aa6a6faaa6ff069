import Foundation

/// Bounds of a mean over clusters whose means lie in [0, 1], without any assumption about how those are distributed.
///
/// The lower and upper bounds are those of Gaffke (2005; Learned-Miller and Thomas, "A new confidence interval for the mean
/// of a bounded random variable", 2020): quantiles of Σ Dᵢxᵢ for Dirichlet-distributed shares D of the clusters seen and of
/// one more, which might have been anything. Where all clusters are 0 or 1 they are Clopper and Pearson's; where all are alike
/// they leave open the share of other clusters that all G happened to miss, 1 − (α/2)^{1/G}, on either side; with many
/// clusters they near Student's. They are monotone in every cluster's mean: no missing response that is scored later can move
/// a bound outward.
///
/// Unequal weights wᵢ, which sum to 1, count as n equal ones (`EffectiveClusters`).
struct ClusteredBound: Sendable {
  /// Means in [0, 1] and weights of the clusters, read as the least and the most that they can be.
  private let least: BinnedMeans
  private let most: BinnedMeans
  let effective: EffectiveClusters

  init(_ means: ThreeReadings<[(mean: Double, weight: Double)]>) {
    effective = EffectiveClusters(means.least.map(\.weight))
    least = BinnedMeans(means.least)
    most = BinnedMeans(means.most)
  }

  /// - Parameter means: of clusters of which nothing is missing.
  init(known means: [(mean: Double, weight: Double)]) {
    effective = EffectiveClusters(means.map(\.weight))
    least = BinnedMeans(means)
    most = least
  }

  /// Small where the mean is at most `theta` as far as the evidence tells: the p-value of "it is more".
  func doubtBelow(_ theta: Double) -> Double {
    if theta >= 1 { return 0 }
    guard effective.count > 1 else { return 1 }
    return most.withOneMore(at: 1, concentration: effective.upper(at: theta)).tail(above: theta)
  }

  /// Small where the mean is at least `theta`: the p-value of "it is less".
  func doubtAbove(_ theta: Double) -> Double {
    if theta <= 0 { return 0 }
    guard effective.count > 1 else { return 1 }
    return least.mirrored.withOneMore(at: 1, concentration: effective.lower(at: theta)).tail(above: 1 - theta)
  }

  func lower(confidence: Double) -> Double {
    1 - Self.crossing(from: 1 - least.mean, level: (1 - confidence) / 2) { doubtAbove(1 - $0) }
  }

  func upper(confidence: Double) -> Double {
    Self.crossing(from: most.mean, level: (1 - confidence) / 2, doubtBelow)
  }

  func interval(confidence: Double) -> (lower: Double, upper: Double) {
    (lower(confidence: confidence), upper(confidence: confidence))
  }

  /// The point in [start, 1] where the doubt, which falls, reaches `level`: regula falsi on logarithms (Illinois), and
  /// bisection where that is undefined.
  static func crossing(from start: Double, level: Double, _ doubt: (Double) -> Double) -> Double {
    func excess(_ x: Double) -> Double { log(doubt(x)) - log(level) }
    var (low, high) = (start, 1.0)
    var atLow = excess(low)
    // Unknown until `high` has moved, and infinite where nothing is left of the doubt.
    var atHigh: Double?
    /// Which end moved last: where one moves twice in turn, the other's value is halved.
    var movedLow: Bool?
    if atLow <= 0 { return low }
    while high - low > 1e-12 {
      var middle = (low + high) / 2
      if let atHigh, atHigh.isFinite {
        let straight = low + (high - low) * atLow / (atLow - atHigh)
        if straight > low && straight < high { middle = straight }
      }
      let value = excess(middle)
      if abs(value) < 1e-10 { return middle }
      if value > 0 {
        low = middle
        atLow = value
        if movedLow == true { atHigh? /= 2 }
        movedLow = true
      } else {
        high = middle
        atHigh = value
        if movedLow == false { atLow /= 2 }
        movedLow = false
      }
    }
    return high
  }
}

/// How many clusters of equal weight say as much as these.
///
/// Kish's number (Σw)²/Σw² has the right variance where all of a cluster goes one way, but a sum in which one weight stands
/// out is more skewed than a mean of so many equal parts, and a bound on the far side of the skew is then too sure. So it is
/// never above √2·(Σw³)^{−1/2}, where (Σw³)^{−1/2} equal parts have the sum's third moment; and on the side to which a
/// mean at θ is skewed (upward where θ < 1/2) it goes down to that number as θ nears its end of the range.
struct EffectiveClusters: Sendable {
  let count: Int
  /// Kish's number.
  let kish: Double
  /// (Σw³)^{−1/2}: equal to `count` for equal weights, and below Kish's number for others.
  private let cubic: Double

  /// - Parameter weights: of the clusters, summing to 1.
  init(_ weights: [Double]) {
    count = weights.count
    kish = 1 / weights.reduce(0) { $0 + $1 * $1 }
    cubic = 1 / weights.reduce(0) { $0 + $1 * $1 * $1 }.squareRoot()
  }

  /// For the lower bound, tested at `theta`.
  func lower(at theta: Double) -> Double {
    min(kish, cubic * (1 + (2.0.squareRoot() - 1) * min(1, 2 * max(0, theta))))
  }

  /// For the upper bound, tested at `theta`.
  func upper(at theta: Double) -> Double { lower(at: 1 - theta) }
}

/// Weighted means of clusters on a grid, so that a distribution over thousands of them costs no more than over the grid.
///
/// A mean between two grid points is split between them: that keeps the sum and adds a variance below 1/(4·240²), on the side
/// of caution.
struct BinnedMeans: Sendable {
  static let cells = 240

  let mean: Double
  let weights: [Double]

  init(_ clusters: [(mean: Double, weight: Double)]) {
    mean = clusters.weightedMean
    var weights = [Double](repeating: 0, count: Self.cells + 1)
    for (mean, weight) in clusters {
      let place = min(1, max(0, mean)) * Double(Self.cells)
      // A value that is a grid point but for its last bits is one.
      let nearest = place.rounded()
      if abs(place - nearest) < 1e-9 {
        weights[Int(nearest)] += weight
      } else {
        let below = Int(place.rounded(.down))
        weights[below] += weight * (Double(below + 1) - place)
        weights[below + 1] += weight * (place - Double(below))
      }
    }
    self.weights = weights
  }

  private init(mean: Double, weights: [Double]) {
    self.mean = mean
    self.weights = weights
  }

  /// The same of 1 − x.
  var mirrored: BinnedMeans { BinnedMeans(mean: 1 - mean, weights: weights.reversed()) }

  /// These clusters as `concentration` equal ones, and one more.
  func withOneMore(at extra: Double, concentration: Double) -> DirichletMean {
    let seen = weights.indices.filter { weights[$0] > 0 }
    return DirichletMean(
      values: seen.map { Double($0) / Double(Self.cells) } + [extra],
      masses: seen.map { weights[$0] * concentration } + [1])
  }
}
