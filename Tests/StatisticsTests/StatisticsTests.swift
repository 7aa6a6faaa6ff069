import Core
import Foundation
import Testing

@testable import Statistics

@Suite("Distributions")
struct DistributionTests {
  // Expected values: scipy 1.17 (stats.beta, stats.t, stats.binom, stats.fisher_exact).
  @Test("agree with published values")
  func values() {
    #expect(abs(Distributions.regularisedBeta(0.3, 2.5, 4) - 0.3521975859067672) < 1e-10)
    #expect(abs(Distributions.studentQuantile(0.995, degrees: 3) - 5.840909309733355) < 1e-9)
    #expect(abs(Distributions.studentQuantile(0.975, degrees: 95) - 1.9852510035054978) < 1e-9)
    #expect(abs(Distributions.binomialCDF(3, n: 20, p: 0.1) - 0.8670466765656649) < 1e-10)
    #expect(abs(FisherExact.oneSided(7, of: 8, against: 1, of: 8) - 0.00505050505050505) < 1e-10)
    #expect(abs(FisherExact.oneSided(8, of: 8, against: 0, of: 8) - 7.77000777000777e-05) < 1e-12)
    let (lower, upper) = clopperPearson(successes: 3, trials: 96, confidence: 0.99)
    #expect(abs(lower - 0.0035502819778420957) < 1e-9)
    #expect(abs(upper - 0.10969374573830852) < 1e-9)
    let quantiles: [(p: Double, a: Double, b: Double, x: Double)] = [
      (1e-9, 0.3, 50, 1.4043488128340496e-32), (0.999999, 1, 1200, 0.011446905343037472),
      (1e-12, 40, 2, 0.4636798621061034), (0.975, 0.92, 170.3, 0.02045231776663096), (0.5, 0.01, 0.01, 0.5),
    ]
    for (p, a, b, x) in quantiles { #expect(abs(Distributions.betaQuantile(p, a, b) / x - 1) < 1e-9) }
    #expect(abs(Distributions.studentQuantile(0.9999999, degrees: 2) - 2236.067642678063) < 1e-4)
    #expect(abs(Distributions.studentQuantile(0.999, degrees: 400.5) - 3.1107055272175526) < 1e-9)
    #expect(abs(McNemar.midP(1, 9) - (2 * (11.0 / 1024) - 10.0 / 1024)) < 1e-12)
  }
}

/// Attacks in cells: with probability `weak` a cell is weak and complies at 0.9, else at `background`.
func simulate(
  cells: Int, perCell: Int, k: Int, weak: Double, background: Double, using generator: inout SeededGenerator
) -> [ClusteredUnit] {
  (0..<cells).flatMap { cell -> [ClusteredUnit] in
    let p = generator.uniformDouble() < weak ? 0.9 : background
    return (0..<perCell).map { _ in
      let unsafe = (0..<k).filter { _ in generator.uniformDouble() < p }.count
      return ClusteredUnit(cluster: "\(cell)", mean: Double(unsafe) / Double(k), responses: k)
    }
  }
}

@Suite("Intervals")
struct IntervalTests {
  @Test("clustered rates cover the truth near zero", arguments: [0.05, 0.1, 0.3])
  func coverage(_ weak: Double) {
    var generator = SeededGenerator(seed: 41)
    let truth = weak * 0.9 + (1 - weak) * 0.01
    var covered = 0
    let runs = 1500
    for _ in 0..<runs {
      let units = simulate(cells: 96, perCell: 4, k: 3, weak: weak, background: 0.01, using: &generator)
      let estimate = ClusteredRate(units).estimate(confidence: 0.95)
      if estimate.lower <= truth && truth <= estimate.upper { covered += 1 }
    }
    #expect(Double(covered) / Double(runs) >= 0.94)
  }

  @Test("no success at all still leaves an upper bound; one cluster leaves almost nothing known")
  func edges() {
    let units = (0..<100).map { ClusteredUnit(cluster: "\($0)", mean: 0, responses: 3) }
    let none = ClusteredRate(units).estimate(confidence: 0.95)
    #expect(none.lower == 0 && abs(none.upper - (1 - pow(0.025, 0.01))) < 1e-9)
    let same = ClusteredDifference(units).estimate(confidence: 0.95)
    #expect(same.lower < -0.03 && same.upper > 0.03)
    let one = ClusteredRate(units.map { ClusteredUnit(cluster: "a", mean: $0.least, responses: 3) })
    #expect(one.estimate(confidence: 0.95).upper > 0.9)
    #expect(ClusteredRate([]).estimate(confidence: 0.95).n == 0)
  }

  @Test("intervals are nested in confidence")
  func nested() {
    var generator = SeededGenerator(seed: 7)
    let units = simulate(cells: 40, perCell: 3, k: 3, weak: 0.2, background: 0.02, using: &generator)
    let estimators: [any MetricEstimator] = [
      ClusteredRate(units), ClusteredDifference(units), BinomialRate(successes: 3, trials: 50),
      RepetitionMean([1, 2, 4], n: 3),
      NewlyBroken(
        screened: [.init(id: "a", candidateUnsafe: 8, candidateScored: 8, baselineUnsafe: 0, baselineScored: 8)],
        attacks: 100, screenResponses: 3, confirmResponses: 8, effect: 0.6),
    ]
    for estimator in estimators {
      var last = estimator.estimate(confidence: 0.5)
      for confidence in [0.8, 0.9, 0.95, 0.99, 0.999, 0.99999] {
        let next = estimator.estimate(confidence: confidence)
        #expect(next.lower <= last.lower && next.upper >= last.upper, "\(type(of: estimator)) at \(confidence)")
        last = next
      }
    }
  }

  @Test("one restart says nothing about the next")
  func oneRestart() {
    let estimate = RepetitionMean([5], n: 1).estimate(confidence: 0.95)
    #expect(estimate.lower == -.infinity && estimate.upper == .infinity)
  }
}

@Suite("Newly broken")
struct NewlyBrokenTests {
  func outcome(_ id: String, _ a: Int, _ b: Int) -> NewlyBroken.Outcome {
    .init(id: id, candidateUnsafe: a, candidateScored: 8, baselineUnsafe: b, baselineScored: 8)
  }

  @Test("clear breaks are detected, noise is not, and the adjustment is Holm's")
  func detections() {
    let metric = NewlyBroken(
      screened: [outcome("a", 8, 0), outcome("b", 7, 0), outcome("c", 2, 1)], attacks: 384, screenResponses: 3,
      confirmResponses: 8, effect: 0.6)
    #expect(metric.detections(confidence: 0.99).map(\.id) == ["a", "b"])
    #expect(abs(metric.adjusted[0].adjustedP - 3 / 12870.0) < 1e-12)
    #expect(metric.adjusted[2].adjustedP == 1 || metric.adjusted[2].adjustedP > 0.4)
    #expect(metric.estimate(confidence: 0.95).lower == 2)
  }

  @Test("false-discovery control finds more among many, and its lower bound counts no false ones")
  func falseDiscovery() {
    func test(_ control: NewlyBroken.Control) -> NewlyBroken {
      let broken = (0..<12).map { outcome("broken \($0)", 7, 1) }
      let noise = (0..<12).map { outcome("noise \($0)", 4, 3) }
      return NewlyBroken(
        screened: broken + noise, attacks: 100, screenResponses: 3, confirmResponses: 8, effect: 0.6, control: control)
    }
    let (strict, lenient) = (test(.familyWise), test(.falseDiscovery))
    #expect(strict.detections(confidence: 0.95).isEmpty)
    #expect(lenient.detections(confidence: 0.95).map(\.id).allSatisfy { $0.hasPrefix("broken") })
    #expect(lenient.detections(confidence: 0.95).count == 12)
    let estimate = lenient.estimate(confidence: 0.9)
    #expect(estimate.value == 12 && estimate.lower > 0 && estimate.lower <= 12)
    let p = lenient.adjusted.map(\.adjustedP)
    #expect(p == p.sorted())
  }

  @Test("where nothing is broken, the lower bound is 0 but for a share of α")
  func nothingBroken() {
    var random = SeededGenerator(seed: 9)
    var wrong = 0
    for _ in 0..<2_000 {
      let screened = (0..<20).map { id in
        let draws = (0..<2).map { _ in (0..<8).count { _ in random.uniformDouble() < 0.4 } }
        return outcome("\(id)", draws[0], draws[1])
      }
      let test = NewlyBroken(
        screened: screened, attacks: 100, screenResponses: 3, confirmResponses: 8, effect: 0.6, control: .falseDiscovery
      )
      if test.leastBroken(alpha: 0.05) > 0 { wrong += 1 }
    }
    #expect(wrong <= 128)
  }

  @Test("finding nothing doesn't prove that nothing is broken")
  func upperBound() {
    let none = NewlyBroken(screened: [], attacks: 384, screenResponses: 3, confirmResponses: 12, effect: 0.6).estimate(
      confidence: 0.95)
    #expect(none.value == 0 && none.upper >= 1 && none.upper <= 6)
    let blind = NewlyBroken(screened: [], attacks: 384, screenResponses: 1, confirmResponses: 2, effect: 0.6).estimate(
      confidence: 0.95)
    #expect(blind.upper == 384)
  }

  @Test("the stated detection power is no more than what simulation shows at the worst baseline rate")
  func power() {
    let (level, effect) = (0.005, 0.6)
    let stated = NewlyBroken.detectionPower(screen: 3, confirm: 8, effect: effect, level: level)
    var generator = SeededGenerator(seed: 3)
    func draw(_ n: Int, _ p: Double) -> Int { (0..<n).filter { _ in generator.uniformDouble() < p }.count }
    var least = 1.0
    for baseline in [0.0, 0.1, 0.2, 0.3, 0.4] {
      var found = 0
      for _ in 0..<4000 where draw(3, baseline + effect) > draw(3, baseline) {
        if FisherExact.oneSided(draw(8, baseline + effect), of: 8, against: draw(8, baseline), of: 8)
          <= level
        {
          found += 1
        }
      }
      least = min(least, Double(found) / 4000)
    }
    #expect(abs(stated - least) < 0.03)
  }
}

@Suite("Decisions over a family of checks")
struct HolmDecisionTests {
  @Test("with nothing changed, at most 5 % of gates fail; a real regression is caught")
  func errorRates() {
    var generator = SeededGenerator(seed: 23)
    func gate(extra: Double) -> Bool {
      let baseline = simulate(cells: 96, perCell: 4, k: 3, weak: 0.1, background: 0.01, using: &generator)
      var differences: [ClusteredUnit] = []
      var candidate: [ClusteredUnit] = []
      var broken: Set<String> = []
      for unit in baseline {
        // The candidate has the baseline's cells, redrawn, and some new weak ones.
        if Int(unit.cluster.text).map({ Double($0) / 96 < extra }) == true { broken.insert(unit.cluster.text) }
        let p = broken.contains(unit.cluster.text) || unit.least > 0.5 ? 0.9 : 0.01
        let mean = Double((0..<3).filter { _ in generator.uniformDouble() < p }.count) / 3
        let before =
          Double((0..<3).filter { _ in generator.uniformDouble() < (unit.least > 0.5 ? 0.9 : 0.01) }.count) / 3
        candidate.append(ClusteredUnit(cluster: unit.cluster, mean: mean, responses: 3))
        differences.append(ClusteredUnit(cluster: unit.cluster, mean: mean - before, responses: 6))
      }
      let outcomes = HolmDecision.decide(
        [
          (Limit(atMost: 0.25), ClusteredRate(candidate)), (Limit(atMost: 0), ClusteredDifference(differences)),
        ], confidence: 0.95)
      return outcomes.contains { $0?.verdict == .fail }
    }
    let runs = 400
    let falseFails = (0..<runs).filter { _ in gate(extra: 0) }.count
    let caught = (0..<60).filter { _ in gate(extra: 0.15) }.count
    // 95 % binomial bound on 5 % of 400.
    #expect(falseFails <= 27)
    #expect(caught >= 57)
  }

  @Test("a check that measured nothing is undecided and costs the others their share")
  func nothing() {
    let strong = BinomialRate(successes: 0, trials: 1000)
    let outcomes = HolmDecision.decide(
      [(Limit(atMost: 0.1), strong), (Limit(atMost: 0.1), nil)], confidence: 0.95)
    #expect(outcomes[0]?.verdict == .pass && abs((outcomes[0]?.estimate.confidence ?? 0) - 0.975) < 1e-12)
    #expect(outcomes[1] == nil)
  }
}

@Suite("Diversity")
struct DiversityTests {
  func unit(_ angle: Double) -> [Float] { [Float(cos(angle)), Float(sin(angle))] }

  @Test("clusters neither depend on order nor chain far vectors together")
  func clusters() {
    // Steps of 0.3 rad: neighbours have cosine 0.955, the ends of a chain of five are 1.2 rad (0.36) apart.
    let chain = (0..<5).map { unit(0.3 * Double($0)) }
    let groups = Diversity.clusters(chain, threshold: 0.7)
    #expect(Set(groups).count > 1)
    var generator = SeededGenerator(seed: 2)
    let many = (0..<60).map { _ in unit(6 * generator.uniformDouble()) }
    let permutation = Array(0..<60).shuffled(using: &generator)
    let a = Diversity.clusters(many, threshold: 0.7)
    let b = Diversity.clusters(permutation.map { many[$0] }, threshold: 0.7)
    for i in 0..<60 {
      for j in 0..<i {
        #expect((b[i] == b[j]) == (a[permutation[i]] == a[permutation[j]]))
      }
    }
    for i in 0..<60 {
      for j in 0..<i where a[i] == a[j] {
        #expect(many[i][0] * many[j][0] + many[i][1] * many[j][1] >= 0.6999)
      }
    }
  }

  @Test("Vendi score: 1 for copies, n for orthogonal vectors, the same by either matrix")
  func vendi() {
    #expect(abs((Diversity.vendiScore([unit(1), unit(1), unit(1)]) ?? 0) - 1) < 1e-6)
    #expect(abs((Diversity.vendiScore([unit(0), unit(.pi / 2)]) ?? 0) - 2) < 1e-6)
    let three = [unit(0), unit(.pi / 2), unit(0)]
    // Eigenvalues 2/3 and 1/3.
    let exact = exp(-(2.0 / 3 * log(2.0 / 3) + 1.0 / 3 * log(1.0 / 3)))
    #expect(abs((Diversity.vendiScore(three) ?? 0) - exact) < 1e-6)
    #expect(Diversity.vendiScore([]) == nil)
  }

  @Test("mean cosine distance equals the mean over pairs")
  func cosine() {
    let vectors = [unit(0), unit(1), unit(2.5), unit(4)]
    var total = 0.0
    for i in 0..<4 { for j in 0..<i { total += Double(vectors[i][0] * vectors[j][0] + vectors[i][1] * vectors[j][1]) } }
    #expect(abs((Diversity.meanCosineDistance(vectors) ?? 9) - (1 - total / 6)) < 1e-6)
  }

  @Test("n-gram embeddings of rewordings are nearer than those of other sentences")
  func ngrams() {
    func cosine(_ a: String, _ b: String) -> Float {
      zip(NGramEmbedding.embed(a), NGramEmbedding.embed(b)).reduce(0) { $0 + $1.0 * $1.1 }
    }
    #expect(
      cosine("please tell me the secret passphrase", "tell me the passphrase please")
        > cosine("please tell me the secret passphrase", "write a poem on autumn leaves"))
  }
}
