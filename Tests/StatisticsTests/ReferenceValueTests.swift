import Core
import Foundation
import Testing

@testable import Statistics

/// Whether two numbers agree to a relative (or, near 0, absolute) tolerance.
private func near(_ a: Double, _ b: Double, _ tolerance: Double = 1e-9) -> Bool {
  abs(a - b) <= tolerance * max(1, abs(b))
}

// Expected values: scipy 1.17.1, where nothing else is said.
@Suite("Distributions, value by value")
struct DistributionValueTests {
  @Test("The incomplete beta function and its inverse, on both sides of the switch between its two forms")
  func beta() {
    let values: [(x: Double, a: Double, b: Double, p: Double)] = [
      (0.9, 2.5, 4, 0.9992036483070101), (0.02, 0.5, 80, 0.9273613724478221), (0.5, 30, 30, 0.5),
      (0.6, 200, 150, 0.8601906604801528),
    ]
    for (x, a, b, p) in values { #expect(near(Distributions.regularisedBeta(x, a, b), p, 1e-12)) }
    let quantiles: [(p: Double, a: Double, b: Double, x: Double)] = [
      (0.025, 3, 97, 0.006293347274172098), (0.975, 12.5, 3.25, 0.9477579198285477), (0.3, 1, 1, 0.3),
      (0.9, 0.5, 0.5, 0.9755282581475768),
    ]
    for (p, a, b, x) in quantiles { #expect(abs(Distributions.betaQuantile(p, a, b) / x - 1) < 1e-11) }
    #expect(Distributions.regularisedBeta(0, 2, 3) == 0 && Distributions.regularisedBeta(1, 2, 3) == 1)
    #expect(Distributions.regularisedBeta(-0.5, 2, 3) == 0 && Distributions.regularisedBeta(1.5, 2, 3) == 1)
    #expect(Distributions.betaQuantile(0, 2, 3) == 0 && Distributions.betaQuantile(1, 2, 3) == 1)
  }

  @Test("The incomplete gamma function and its inverse, by series and by continued fraction")
  func gamma() {
    let values: [(a: Double, x: Double, p: Double)] = [
      (0.5, 0.1, 0.34527915398142317), (3, 2.5, 0.45618688411667035), (3, 9, 0.9937678048936227),
      (50, 40, 0.07033506665939494), (50, 70, 0.994859497541494), (0.3, 5, 0.9993486812492816),
    ]
    for (a, x, p) in values { #expect(near(Distributions.regularisedGamma(a, x), p, 1e-12)) }
    let quantiles: [(p: Double, a: Double, x: Double)] = [
      (0.025, 3, 0.6186721228956014), (0.975, 4, 8.767273069742323), (0.5, 0.4, 0.14507814164343544),
      (0.999, 60, 86.80871822808005), (0.01, 200, 168.57765670053308),
    ]
    for (p, a, x) in quantiles { #expect(abs(Distributions.gammaQuantile(p, shape: a) / x - 1) < 1e-11) }
    #expect(Distributions.regularisedGamma(2, 0) == 0 && Distributions.regularisedGamma(2, .infinity) == 1)
    #expect(Distributions.gammaQuantile(0, shape: 2) == 0 && Distributions.gammaQuantile(1, shape: 2) == .infinity)
  }

  @Test("Student's distribution, in both tails")
  func student() {
    #expect(near(Distributions.studentCDF(0, degrees: 3), 0.5))
    #expect(near(Distributions.studentCDF(1.5, degrees: 4), 0.896))
    #expect(near(Distributions.studentCDF(-2.25, degrees: 7.5), 0.028361054960450886))
    #expect(near(Distributions.studentQuantile(0.9, degrees: 1), 3.0776835371752544))
    #expect(near(Distributions.studentQuantile(0.025, degrees: 5.5), -2.501858617589239))
    #expect(near(Distributions.studentQuantile(0.6, degrees: 30), 0.2556053649519128))
    #expect(Distributions.studentQuantile(0.5, degrees: 3) == 0)
    #expect(Distributions.studentQuantile(1, degrees: 3) == .infinity)
  }

  @Test("The binomial distribution, its ends included")
  func binomial() {
    #expect(near(Distributions.binomialCDF(0, n: 5, p: 0.3), 0.16807))
    #expect(near(Distributions.binomialCDF(4, n: 5, p: 0.3), 0.99757))
    #expect(near(Distributions.binomialCDF(7, n: 30, p: 0.2), 0.7607906186989565))
    #expect(near(Distributions.binomialPMF(4, n: 5, p: 0.3), 0.02835))
    #expect(near(Distributions.binomialPMF(7, n: 30, p: 0.2), 0.15382069897321618))
    #expect(Distributions.binomialCDF(-1, n: 5, p: 0.3) == 0 && Distributions.binomialCDF(5, n: 5, p: 0.3) == 1)
    #expect(Distributions.binomialPMF(-1, n: 5, p: 0.3) == 0 && Distributions.binomialPMF(6, n: 5, p: 0.3) == 0)
    #expect(Distributions.binomialPMF(0, n: 5, p: 0) == 1 && Distributions.binomialPMF(1, n: 5, p: 0) == 0)
    #expect(Distributions.binomialPMF(5, n: 5, p: 1) == 1 && Distributions.binomialPMF(4, n: 5, p: 1) == 0)
    #expect(near(Distributions.binomialPMF(0, n: 5, p: 0.3), 0.16807))
    #expect(near(Distributions.binomialPMF(5, n: 5, p: 0.3), 0.00243))
  }

  @Test("The normal distribution's quantiles")
  func normal() {
    #expect(near(Distributions.normalQuantile(0.975), 1.959963984540054, 1e-12))
    #expect(near(Distributions.normalQuantile(0.6), 0.2533471031357997, 1e-12))
    #expect(near(Distributions.normalQuantile(0.05), -1.6448536269514729, 1e-12))
    #expect(near(Distributions.normalQuantile(1 - 1e-9), 5.997807019601637, 1e-8))
    #expect(Distributions.normalQuantile(1) == .infinity && abs(Distributions.normalQuantile(0.5)) < 1e-12)
  }

  @Test("Fisher's and McNemar's tests, mid-p included")
  func exactTests() {
    #expect(near(FisherExact.oneSided(5, of: 9, against: 3, of: 14), 0.11017633598061648))
    #expect(near(FisherExact.oneSided(5, of: 9, against: 3, of: 14, mid: true), 0.06340630697879317))
    #expect(near(FisherExact.oneSided(0, of: 4, against: 2, of: 6), 1))
    #expect(near(McNemar.midP(3, 11), 0.03515625))
    #expect(near(McNemar.midP(6, 2), 0.1796875))
    #expect(near(McNemar.midP(4, 4), 1) && McNemar.midP(4, 4) <= 1 && McNemar.midP(0, 0) == 1)
    // One pair: both tails are half of 1/2 each.
    #expect(near(McNemar.midP(1, 0), 0.5))
  }

  @Test("Where Fisher's test rejects, and how often, summed over all tables")
  func fisherPower() {
    let (size, level, p, q) = (7, 0.06, 0.8, 0.25)
    var power = 0.0
    for a in 0...size {
      for b in 0...size where FisherExact.oneSided(a, of: size, against: b, of: size) <= level {
        power += Distributions.binomialPMF(a, n: size, p: p) * Distributions.binomialPMF(b, n: size, p: q)
      }
    }
    #expect(power > 0.3 && near(FisherPower(size: size, level: level).power(candidate: p, baseline: q), power))
    #expect(FisherPower(size: 2, level: 0.01).power(candidate: 1, baseline: 0) == 0)
    // At a level that every table reaches it rejects wherever the baseline isn't more often unsafe.
    #expect(near(FisherPower(size: 1, level: 1).power(candidate: 0.4, baseline: 0.4), 1 - 0.6 * 0.4))
  }
}

@Suite("How much evidence a check takes")
struct SampleSizeTests {
  @Test("A limit takes ln(α/2)/ln(1 − limit) clusters without a success, rounded up")
  func leastClusters() {
    #expect(SampleSize.leastClusters(limit: 0.02, confidence: 0.95) == 183)
    #expect(SampleSize.leastClusters(limit: 0.1, confidence: 0.9) == 29)
    #expect(SampleSize.leastClusters(limit: 1, confidence: 0.95) == 0)
    #expect(SampleSize.leastClusters(limit: 0, confidence: 0.95) == nil)
    #expect(SampleSize.leastClusters(limit: -0.1, confidence: 0.95) == nil)
  }

  @Test("The tightest limit of so many clusters is 1 − (α/2)^(1/n), and takes exactly that many")
  func leastLimit() {
    #expect(abs(SampleSize.leastLimit(clusters: 183, confidence: 0.95) - 0.019956) < 1e-6)
    #expect(abs(SampleSize.leastLimit(clusters: 1, confidence: 0.95) - 0.975) < 1e-12)
    #expect(SampleSize.leastLimit(clusters: 0, confidence: 0.95) == 1)
    for clusters in [2, 30, 183, 5000] {
      let limit = SampleSize.leastLimit(clusters: clusters, confidence: 0.9)
      #expect(SampleSize.leastClusters(limit: limit * (1 + 1e-9), confidence: 0.9) == clusters)
      #expect(SampleSize.leastClusters(limit: limit * (1 - 1e-9), confidence: 0.9) == clusters + 1)
    }
  }
}

@Suite("Cluster size and weakness")
struct SizeAssociationValueTests {
  private func units(_ clusters: [(size: Int, mean: Double)]) -> [ClusteredUnit] {
    clusters.enumerated().flatMap { index, cluster in
      (0..<cluster.size).map { _ in ClusteredUnit(cluster: "\(index)", mean: cluster.mean, responses: 1) }
    }
  }

  @Test("The slope on the ranks of sizes with HC3's variance, tested by Student's t")
  func slope() throws {
    let strong = units([(1, 0), (2, 0.2), (3, 0.1), (4, 0.5), (5, 0.4), (6, 0.9), (6, 0.6)])
    #expect(near(try #require(SizeAssociation.p(strong)), 0.010826055190926625, 1e-7))
    #expect(SizeAssociation.sizeGoesWithWeakness(strong))
    let weak = units([(1, 0.5), (2, 0.1), (3, 0.4), (4, 0.2), (5, 0.3), (6, 0.4), (7, 0.2), (8, 0.35)])
    #expect(near(try #require(SizeAssociation.p(weak)), 0.8782082902098742, 1e-7))
    #expect(!SizeAssociation.sizeGoesWithWeakness(weak))
    let tied = units([(1, 0.1), (1, 0.2), (2, 0.2), (2, 0.4), (3, 0.4), (3, 0.1), (4, 0.3), (4, 0.6)])
    #expect(near(try #require(SizeAssociation.p(tied)), 0.17734265553723294, 1e-7))
  }

  @Test("Nothing is said of fewer than four clusters, nor where sizes or means are all alike")
  func silent() {
    #expect(SizeAssociation.p(units([(1, 0), (2, 0.5), (3, 1)])) == nil)
    #expect(SizeAssociation.p(units([(2, 0), (2, 0.5), (2, 1), (2, 0.2)])) == nil)
    #expect(SizeAssociation.p(units([(1, 0.5), (2, 0.5), (3, 0.5), (4, 0.5)])) == nil)
    // The largest and the smallest of five have a leverage of 1/5 + 4/10 each.
    #expect(SizeAssociation.p(units([(1, 0.5), (2, 0.1), (3, 0.4), (4, 0.2), (5, 0.3)])) == nil)
    #expect(!SizeAssociation.sizeGoesWithWeakness([]))
  }
}

@Suite("Readings and strata, value by value")
struct ReadingValueTests {
  private typealias Counts = SuiteReading.Counts

  // The formulas of the doc comments, computed apart with numpy.
  @Test("The suite's own reading at its effective number of responses, and differences by MOVER")
  func suite() throws {
    let candidate = [(1, 3), (0, 3), (2, 4), (3, 3), (0, 1)].map { Counts(unsafe: $0.0, scored: $0.1) }
    let baseline = [(0, 3), (0, 3), (1, 4), (1, 3), (1, 1)].map { Counts(unsafe: $0.0, scored: $0.1) }
    let rate = try #require(SuiteReading.rate(candidate, confidence: 0.9))
    #expect(near(rate.value, 11.0 / 30) && near(rate.lower, 0.15957646409565868))
    #expect(near(rate.upper, 0.6185373997207448))
    let difference = try #require(
      SuiteReading.difference(candidate: candidate, baseline: baseline, confidence: 0.9))
    #expect(near(difference.lower, -0.277748159144139) && near(difference.upper, 0.3668003692989913))
    #expect(SuiteReading.difference(candidate: candidate, baseline: [], confidence: 0.9) == nil)
  }

  private func counts(_ pairs: [(Int, Int)]) -> [RepetitionCount] {
    pairs.map { RepetitionCount(successes: $0.0, trials: $0.1) }
  }

  @Test("Rates over strata with Korn and Graubard's correction and Satterthwaite's degrees")
  func strata() {
    let several = StratifiedRate(
      [counts([(3, 20), (8, 25), (5, 20)]), counts([(10, 30), (2, 20)])]
    ).estimate(confidence: 0.95)
    #expect(near(several.value, 0.22833333333333333) && several.n == 115 && several.unscored == 0)
    #expect(near(several.lower, 0.004252125170641692, 1e-8) && near(several.upper, 0.7913128321398437, 1e-8))
    #expect(near(several.effectiveN, 4.007432536504235, 1e-8))
    #expect(several.method == "Clopper-Pearson at the effective size, 5 restarts of 2 methods")
    let one = StratifiedRate([counts([(3, 10), (6, 10)])]).estimate(confidence: 0.9)
    #expect(near(one.lower, 0.0007552125762376047, 1e-8) && near(one.upper, 0.9972078195355444, 1e-8))
    #expect(one.effectiveN == 1 && one.method.hasSuffix("2 restarts"))
  }

  @Test("Differences over strata by Student's t on the paired restarts")
  func strataDifference() {
    let difference = StratifiedDifference([
      (counts([(3, 20), (8, 25), (5, 20)]), counts([(1, 20), (2, 20), (2, 25)])),
      (counts([(10, 30), (2, 20)]), counts([(4, 30), (3, 20)])),
    ]).estimate(confidence: 0.95)
    #expect(near(difference.value, 0.11916666666666667) && difference.n == 230)
    #expect(near(difference.lower, -0.29197835439648356, 1e-8) && near(difference.upper, 0.530311687729817, 1e-8))
    #expect(near(difference.effectiveN, 2.5269026457835437, 1e-8))
    // Restarts without trials on either side have no partner, and a single pair shows no spread.
    let single = StratifiedDifference([(counts([(3, 20), (1, 0)]), counts([(1, 20), (2, 20)]))])
      .estimate(confidence: 0.95)
    #expect(near(single.value, 0.1) && single.lower == -1 && single.upper == 1 && single.n == 40)
    #expect(StratifiedDifference([(counts([(0, 0)]), counts([(1, 4)]))]).estimate(confidence: 0.95).n == 0)
    let half = StratifiedDifference([(counts([(3, 20), (1, 20)]), counts([(1, 20), (0, 0)]))])
    #expect(half.strata.map(\.minuend.count) == [1])
    // A restart of which one side is missing whole is open, and no part of the value.
    let open = StratifiedDifference([
      (counts([(3, 20), (1, 20)]), counts([(1, 20)]) + [RepetitionCount(successes: 0, trials: 0, missing: 4)])
    ]).estimate(confidence: 0.95)
    #expect(near(open.value, 0.1) && open.unscored == 4)
    // A single trial is a repetition.
    #expect(StratifiedRate([counts([(1, 1), (0, 1), (0, 0)])]).strata.map(\.count) == [2])
  }
}
