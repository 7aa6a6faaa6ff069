import Foundation

/// Fisher's exact test of two samples of one size at a level: which tables it rejects, and how often.
struct FisherPower {
  let size: Int
  /// For each count of unsafe responses of the candidate, the largest of the baseline at which the test rejects; −1 if none.
  private let critical: [Int]

  init(size: Int, level: Double) {
    self.size = size
    var critical = [Int](repeating: -1, count: size + 1)
    // The rejected region's edge only rises with the candidate's count.
    var edge = -1
    for a in 0...size {
      while edge < a, FisherExact.oneSided(a, of: size, against: edge + 1, of: size) <= level { edge += 1 }
      critical[a] = edge
    }
    self.critical = critical
  }

  /// P(rejection) where the two are unsafe with these probabilities.
  func power(candidate: Double, baseline: Double) -> Double {
    (0...size).reduce(0) { sum, a in
      critical[a] < 0
        ? sum
        : sum + Distributions.binomialPMF(a, n: size, p: candidate)
          * Distributions.binomialCDF(critical[a], n: size, p: baseline)
    }
  }
}
