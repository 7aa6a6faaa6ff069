import Core
import Foundation
import Testing

@testable import Statistics

/// What SciPy, statsmodels and NumPy say on random inputs; `Goldens/generate.py` makes it, by hand only.
private struct Goldens: Decodable {
  struct Screened: Decodable {
    let size: Int
    let looks: [[Int]]
    let holm: [Double]
    let bh: [Double]
  }
  struct Counts: Decodable {
    let found: [Int]
    let responses: [Int]
    let bounds: [Double]
  }
  struct Betting: Decodable {
    let clusters: [[Double]]
    let theta: Double
    let above: Double
    let below: Double
  }
  struct Repeats: Decodable {
    let values: [Double]
    let bounds: [Double]
  }
  struct Dirichlet: Decodable {
    let values: [Double]
    let masses: [Double]
    let u: Double
    let tail: Double
  }
  struct Clusters: Decodable {
    let means: [Double]
    let sizes: [Int]
    /// Value, lower and upper bound at 95 %.
    let attacks: [Double]
    let clusters: [Double]

    var units: [ClusteredUnit] {
      zip(means, sizes).enumerated().flatMap { index, cluster in
        (0..<cluster.1).map { _ in ClusteredUnit(cluster: "\(index)", mean: cluster.0, responses: 1) }
      }
    }
  }
  struct Slope: Decodable {
    let sizes: [Int]
    let means: [Double]
    let p: Double
  }

  let clopper: [[Double]]
  let gamma: [[Double]]
  let fisher: [[Double]]
  let screened: [Screened]
  let power: [[Double]]
  let counts: [Counts]
  let slopes: [Slope]
  let betting: [Betting]
  let repeats: [Repeats]
  let dirichlet: [Dirichlet]
  let rates: [Clusters]
  let differences: [Clusters]

  static func load() throws -> Goldens {
    let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Goldens/goldens.json")
    return try JSONDecoder().decode(Goldens.self, from: Data(contentsOf: url))
  }
}

@Suite("The statistics agree with independent references on random inputs")
struct GoldenTests {
  private let goldens: Goldens

  init() throws { goldens = try Goldens.load() }

  private func agrees(_ a: Double, _ b: Double, _ tolerance: Double = 1e-8) -> Bool {
    abs(a - b) <= tolerance * max(1, abs(b))
  }

  @Test("Clopper and Pearson's interval: SciPy's beta quantiles")
  func clopper() {
    for item in goldens.clopper {
      let (lower, upper) = clopperPearson(successes: item[0], trials: item[1], confidence: item[2])
      #expect(agrees(lower, item[3]) && agrees(upper, item[4]), "\(item)")
    }
  }

  @Test("Poisson's bounds: SciPy's quantiles of chi-squared")
  func gamma() {
    for item in goldens.gamma {
      #expect(agrees(Distributions.gammaQuantile(item[0], shape: item[1]), item[2]), "\(item)")
    }
  }

  @Test("Fisher's exact test: SciPy's")
  func fisher() {
    for item in goldens.fisher {
      let whole = item.prefix(4).map { Int($0) }
      #expect(agrees(FisherExact.oneSided(whole[0], of: whole[1], against: whole[2], of: whole[3]), item[4]), "\(item)")
    }
  }

  @Test("Adjusted p-values: statsmodels' Holm and Benjamini-Hochberg")
  func adjusted() {
    for item in goldens.screened {
      for (control, expected) in [(NewlyBroken.Control.familyWise, item.holm), (.falseDiscovery, item.bh)] {
        let screened = item.looks.enumerated().map { index, look in
          NewlyBroken.Outcome(
            id: "\(index)", candidateUnsafe: look[0], candidateScored: item.size, baselineUnsafe: look[1],
            baselineScored: item.size)
        }
        let test = NewlyBroken(
          screened: screened, attacks: 100, screenResponses: 3, confirmResponses: item.size, effect: 0.6,
          control: control)
        for (id, p) in test.adjusted { #expect(Int(id).map { agrees(p, expected[$0]) } == true) }
      }
    }
  }

  @Test("Power of Fisher's test: the sum over the whole table")
  func power() {
    for item in goldens.power {
      let test = FisherPower(size: Int(item[0]), level: item[1])
      #expect(agrees(test.power(candidate: item[2], baseline: item[3]), item[4]), "\(item)")
    }
  }

  @Test("Counts over restarts: chi-squared bounds at the effective count")
  func counts() {
    for item in goldens.counts {
      let counts = zip(item.found, item.responses).map { RepetitionYield(found: $0, responses: $1) }
      let estimate = CountRate(counts: counts).estimate(confidence: 0.95)
      #expect(agrees(estimate.lower, item.bounds[0]) && agrees(estimate.upper, item.bounds[1]))
    }
  }

  @Test("Size and weakness: statsmodels' HC3")
  func slopes() {
    for item in goldens.slopes {
      let units = zip(item.means, item.sizes).enumerated().flatMap { index, cluster in
        (0..<cluster.1).map { _ in ClusteredUnit(cluster: "\(index)", mean: cluster.0, responses: 1) }
      }
      #expect(SizeAssociation.p(units).map { agrees($0, item.p) } == true)
    }
  }

  @Test("Bets: the capital's largest value by NumPy's cumulative product")
  func betting() {
    for item in goldens.betting {
      let clusters = item.clusters.map { (least: $0[0], most: $0[0], size: $0[1]) }
      let evidence = BettingEvidence(clusters: clusters, largest: 4)
      #expect(
        agrees(evidence.alphaAbove(item.theta), item.above) && agrees(evidence.alphaBelow(item.theta), item.below))
    }
  }

  @Test("Means of restarts: SciPy's t interval")
  func repeats() {
    for item in goldens.repeats {
      let estimate = RepetitionMean(item.values, n: 1, step: 1e-6).estimate(confidence: 0.95)
      #expect(agrees(estimate.lower, item.bounds[0]) && agrees(estimate.upper, item.bounds[1]))
    }
  }

  @Test("Tails of Dirichlet means: Imhof's real integral by SciPy's quadrature")
  func dirichlet() {
    for item in goldens.dirichlet {
      let tail = DirichletMean(values: item.values, masses: item.masses).tail(above: item.u)
      #expect(agrees(tail, item.tail), "\(item)")
    }
  }

  @Test("Rates in unequal clusters, by attacks and by clusters: root finding on Imhof's integral")
  func rates() {
    for item in goldens.rates {
      for (weight, expected) in [(Weighting.attacks, item.attacks), (.clusters, item.clusters)] {
        let estimate = ClusteredRate(item.units, weight: weight).estimate(confidence: 0.95)
        #expect(agrees(estimate.value, expected[0]) && agrees(estimate.lower, expected[1], 1e-7))
        #expect(agrees(estimate.upper, expected[2], 1e-7), "\(estimate) \(expected)")
      }
    }
  }

  @Test("Paired differences in unequal clusters: square-and-add of such bounds")
  func differences() {
    for item in goldens.differences {
      for (weight, expected) in [(Weighting.attacks, item.attacks), (.clusters, item.clusters)] {
        let estimate = ClusteredDifference(item.units, weight: weight).estimate(confidence: 0.95)
        #expect(agrees(estimate.value, expected[0]) && agrees(estimate.lower, expected[1], 1e-7))
        #expect(agrees(estimate.upper, expected[2], 1e-7), "\(estimate) \(expected)")
      }
    }
  }
}
