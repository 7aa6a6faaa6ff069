import Core
import Foundation
import Testing

@testable import Statistics

private func near(_ a: Double, _ b: Double, _ tolerance: Double = 1e-8) -> Bool {
  abs(a - b) <= tolerance * max(1, abs(b))
}

// Expected values: the formulas of the doc comments, computed apart with numpy 2 and scipy 1.17.1.
@Suite("Counts over restarts, value by value")
struct CountRateValueTests {
  private func yields(_ counts: [(found: Int, possible: Int, responses: Int)]) -> [RepetitionYield] {
    counts.map { RepetitionYield(found: $0.found, possible: $0.possible, responses: $0.responses) }
  }

  @Test("Garwood's interval at the dispersion that hidden finds allow, and t over z")
  func rate() {
    let estimate = CountRate(counts: yields([(3, 0, 900), (9, 2, 1_000), (4, 1, 1_100), (7, 0, 0)]))
      .estimate(confidence: 0.9)
    #expect(near(estimate.value, 5.333333333333333) && near(estimate.lower, 0.7088364741898835))
    #expect(near(estimate.upper, 20.332425186543027))
    #expect(estimate.n == 3_000 && estimate.effectiveN == 3 && estimate.unscored == 3)
    #expect(near(CountSums(yields([(3, 0, 900), (9, 2, 1_000), (4, 1, 1_100)])).dispersion, 3.1287878787878793))
    let single = CountRate(counts: yields([(5, 0, 800)])).estimate(confidence: 0.5)
    #expect(near(single.lower, 3.203212523435942) && near(single.upper, 11.677529104331438))
    let none = CountRate(counts: yields([(0, 0, 700), (0, 0, 800)])).estimate(confidence: 0.95)
    #expect(none.value == 0 && none.lower == 0 && near(none.upper, 103.3567203631627))
    #expect(CountRate(counts: yields([(0, 0, 2), (0, 0, 2)])).estimate(confidence: 0.95).upper == 1_000)
    #expect(CountRate(counts: yields([(4, 0, 0)])).estimate(confidence: 0.95).n == 0)
  }

  @Test("Differences by MOVER over restarts that have a partner")
  func difference() {
    let estimate = CountDifference(
      candidate: yields([(3, 0, 900), (9, 2, 1_000), (4, 1, 1_100), (50, 0, 10), (60, 0, 20)]),
      baseline: yields([(1, 1, 1_000), (2, 0, 1_000), (0, 0, 900), (8, 0, 0)])
    ).estimate(confidence: 0.9)
    #expect(near(estimate.value, 4.2988505747126435) && near(estimate.lower, -2.3226243864289526))
    #expect(near(estimate.upper, 19.332743002741797))
    #expect(estimate.n == 5_900 && estimate.effectiveN == 3 && estimate.unscored == 4)
    let wide = CountDifference(candidate: yields([(0, 0, 1)]), baseline: yields([(0, 0, 1)])).estimate(confidence: 0.95)
    #expect(wide.lower == -1_000 && wide.upper == 1_000)
  }

  @Test("With many open restarts the dispersion is bounded by the largest share, never below 1")
  func manyOpen() {
    let open = [RepetitionYield](repeating: RepetitionYield(found: 1, possible: 1, responses: 100), count: 13)
    #expect(near(CountSums(open).dispersion, 1_300 * 0.02 / 12))
    // Twelve are tried one by one: no choice of them spreads as far as the bound would say.
    #expect(CountSums(Array(open.dropLast())).dispersion < 1_200 * 0.02 / 11)
    let rare = [RepetitionYield](repeating: RepetitionYield(found: 0, possible: 1, responses: 10_000), count: 13)
    #expect(near(CountSums(rare).dispersion, 13.0 / 12))
    // Restarts that hide nothing need no bound, however many.
    let closed = [RepetitionYield](repeating: RepetitionYield(found: 1, possible: 0, responses: 100), count: 13)
    #expect(CountSums(closed).dispersion == 1)
  }
}

@Suite("Agreement, value by value")
struct JudgeAgreementValueTests {
  private let rated: [RatedResponse] = [
    ("a", true, [true, true], 1.0), ("a", true, [true], 2), ("b", false, [false, false, true], 1),
    ("c", false, [false], 1.5), ("d", true, [false], 1), ("e", false, [false, false], 1),
    ("f", true, [true, true, false], 0.5), ("g", false, [true, true], 1), ("h", false, [false, false, false, true], 1),
  ].map { RatedResponse(cluster: $0.0, judgedUnsafe: $0.1, reviewers: $0.2, weight: $0.3) }

  @Test("Cohen's kappa of judge and consensus with the jackknife's interval")
  func kappa() {
    let estimate = JudgeAgreement(rated, .kappa).estimate(confidence: 0.8)
    #expect(near(estimate.value, 0.595959595959596) && near(estimate.lower, -0.09680259478915021))
    #expect(estimate.upper == 1 && estimate.n == 9 && estimate.effectiveN == 8)
    #expect(estimate.method == "Cohen's kappa of judge and consensus, jackknife over 8 attacks")
  }

  @Test("Krippendorff's alpha, with the judge and among reviewers alone")
  func alpha() {
    let all = JudgeAgreement(rated, .alpha).estimate(confidence: 0.8)
    #expect(near(all.value, 0.3986175115207373) && near(all.lower, -0.10656132644463523))
    #expect(near(all.upper, 0.9037963494861099) && all.method.contains("judge and reviewers"))
    let people = JudgeAgreement(rated, .alpha, includesJudge: false).estimate(confidence: 0.8)
    #expect(near(people.value, 0.3526785714285713) && near(people.lower, -0.04906693163970849))
    #expect(near(people.upper, 0.7544240744968511) && people.n == 6)
    #expect(people.method == "Krippendorff's alpha of reviewers, jackknife over 6 attacks")
  }

  @Test("An even vote is no consensus, a majority is one, and perfect agreement on few labels proves little")
  func consensus() {
    func response(_ reviewers: [Bool]) -> RatedResponse {
      RatedResponse(cluster: "x", judgedUnsafe: true, reviewers: reviewers)
    }
    #expect(response([]).consensus == nil && response([true, false]).consensus == nil)
    #expect(response([true, true, false]).consensus == true && response([false, false, true]).consensus == false)
    #expect(response([true]).label == JudgedLabel(cluster: "x", isUnsafe: true, judgedUnsafe: true))
    #expect(response([]).label == nil)
    // Two attacks of either kind, all agreed: 1 − (1 − 0.025^(1/4))/(1/2).
    let agreed = (0..<4).map { RatedResponse(cluster: "\($0)", judgedUnsafe: $0 < 2, reviewers: [$0 < 2]) }
    let estimate = JudgeAgreement(agreed, .kappa).estimate(confidence: 0.95)
    #expect(estimate.value == 1 && estimate.upper == 1 && near(estimate.lower, 1 - 2 * (1 - pow(0.025, 0.25))))
    #expect(JudgeAgreement([], .kappa).estimate(confidence: 0.95).n == 0)
    // Where both always say the same there is nothing that chance could explain.
    #expect(JudgeAgreement(Array(agreed.prefix(2)), .kappa).estimate(confidence: 0.95).n == 0)
  }
}

@Suite("Measured shares, value by value")
struct MeasuredShareTests {
  @Test("A weighted share counts as many labels as the jackknife over clusters says")
  func weighted() {
    let labels = [
      ("a", true, 1.0), ("a", true, 2), ("b", false, 1), ("c", true, 1.5), ("d", false, 1), ("e", true, 0.5),
    ]
    .map { JudgedLabel(cluster: $0.0, isUnsafe: true, judgedUnsafe: $0.1, weight: $0.2) }
    let share = JudgeCalibration(labels).sensitivity
    #expect(near(share.value, 5.0 / 7) && share.trials == 6 && near(share.effectiveTrials, 3.1565033322848297))
    let exact = share.estimate(confidence: 0.9)
    #expect(near(exact.lower, 0.17183644084195962) && near(exact.upper, 0.9890771533207451) && exact.n == 6)
    let wilson = share.interval(confidence: 0.9)
    #expect(near(wilson.lower, 0.29293793640922106) && near(wilson.upper, 0.9378325080626351))
    // Without variation, Kish's number of the clusters' weights 3, 1, 1.5, 1, 0.5.
    let allRight = labels.map {
      JudgedLabel(cluster: $0.cluster, isUnsafe: true, judgedUnsafe: true, weight: $0.weight)
    }
    #expect(near(JudgeCalibration(allRight).sensitivity.effectiveTrials, 49 / 13.5))
    #expect(JudgeCalibration(allRight).specificity.trials == 0)
    #expect(JudgeCalibration(allRight).specificity.estimate(confidence: 0.9).n == 0)
  }

  @Test("A judge is informative above J = 0.1, not at it")
  func information() {
    let edge = JudgeCalibration(unsafe: 100, unsafeFound: 55, safe: 100, safeFound: 55)
    #expect(near(edge.information, 0.1) && !edge.isInformative && edge.labels == 200)
    #expect(JudgeCalibration(unsafe: 100, unsafeFound: 55, safe: 100, safeFound: 56).isInformative)
  }

  @Test("A symmetric error shrinks differences by 1 − 2e")
  func attenuation() {
    #expect(near(JudgeAttenuation.factor(symmetricError: 0.1), 0.8))
  }
}

@Suite("Simple estimators, value by value")
struct SimpleEstimatorTests {
  @Test("Missing trials count against both bounds of a binomial rate")
  func binomial() {
    let estimate = BinomialRate(successes: 3, trials: 18, missing: 2).estimate(confidence: 0.95)
    let (low, high) = (
      clopperPearson(successes: 3, trials: 20, confidence: 0.95).lower,
      clopperPearson(successes: 5, trials: 20, confidence: 0.95).upper
    )
    #expect(near(estimate.value, 3.0 / 18) && near(estimate.lower, low) && near(estimate.upper, high))
    #expect(estimate.n == 18 && estimate.effectiveN == 20 && estimate.unscored == 2)
    let unknown = BinomialRate(successes: 0, trials: 0, missing: 4).estimate(confidence: 0.95)
    #expect(unknown.value.isNaN && unknown.lower == 0 && unknown.upper == 1 && unknown.n == 0)
    #expect(BinomialRate(successes: 0, trials: 0).estimate(confidence: 0.95).lower == -.infinity)
  }

  @Test("Means over restarts never claim less variance than one value a step away would show")
  func repetitions() {
    let spread = RepetitionMean([1, 2, 4], n: 9).estimate(confidence: 0.95)
    #expect(near(spread.value, 7.0 / 3) && near(spread.upper - spread.value, 3.794583033596759))
    #expect(near(spread.value - spread.lower, 3.794583033596759) && spread.n == 9 && spread.effectiveN == 3)
    let agreed = RepetitionMean([5, 5, 5, 5], n: 4, range: 4.5...8, step: 2).estimate(confidence: 0.9)
    #expect(agreed.lower == 4.5 && near(agreed.upper, 5 + 1.1766817174009117))
    #expect(RepetitionMean([], n: 0).estimate(confidence: 0.9).n == 0)
  }

  @Test("What is counted has no interval")
  func known() {
    let share = KnownShare(done: 3, planned: 4).estimate(confidence: 0.95)
    #expect(share.value == 0.75 && share.lower == 0.75 && share.upper == 0.75 && share.n == 4 && share.effectiveN == 4)
    #expect(KnownShare(done: 0, planned: 0).estimate(confidence: 0.95).method == "no observation")
  }

  @Test("Shares of no plan are as open as can be, and differences take each side at its worst")
  func scoredShares() {
    let nothing = ScoredShare(unsafe: 0, scored: 0, missing: 0)
    #expect(nothing.value == nil && nothing.least == 0 && nothing.most == 1)
    let (ours, theirs) = (ScoredShare(unsafe: 2, scored: 3, missing: 1), ScoredShare(unsafe: 1, scored: 2, missing: 2))
    #expect(near(ours.least, 0.5) && near(ours.most, 0.75) && ours.planned == 4)
    let unit = ClusteredUnit(cluster: "x", candidate: ours, baseline: theirs)
    #expect(near(unit.value ?? 9, 2.0 / 3 - 0.5) && near(unit.least, 0.5 - 0.75) && near(unit.most, 0.75 - 0.25))
    #expect(unit.responses == 5 && unit.missing == 3)
  }

  @Test("α found by bisection is the one at which the interval reaches the limit")
  func bisection() {
    let rate = BinomialRate(successes: 2, trials: 40)
    let limit = Limit(atMost: rate.estimate(confidence: 0.93).upper)
    #expect(abs(rate.leastAlpha(limit) / 0.07 - 1) < 1e-6)
    #expect(rate.leastAlpha(Limit(atMost: 0.05)) == 1)
    #expect(KnownShare(done: 1, planned: 2).leastAlpha(Limit(atMost: 0.5)) == 1e-12)
  }

  @Test("Holm's procedure holds the least p against α/m and stops at the first that is too large")
  func holm() {
    let strong = BinomialRate(successes: 0, trials: 200)
    let weak = BinomialRate(successes: 4, trials: 60)
    let outcomes = HolmDecision.decide(
      [(Limit(atMost: 0.1), weak), (Limit(atMost: 0.1), strong), (Limit(atMost: 0.05), weak)], confidence: 0.9)
    #expect(outcomes.map { $0?.verdict } == [.inconclusive, .pass, .inconclusive])
    #expect(near(outcomes[1]?.estimate.confidence ?? 0, 1 - 0.1 / 3))
    let confidences = outcomes.compactMap { $0?.estimate.confidence }.sorted()
    #expect(near(confidences[0], 0.9) && near(confidences[1], 0.95))
    let bare = HolmDecision.decideOnEstimates(
      [
        (Limit(atMost: 0.1), weak), (Limit(atMost: 0.05), weak),
        (Limit(atMost: 1), BinomialRate(successes: 0, trials: 0)),
      ],
      confidence: 0.9)
    #expect(bare.map { $0?.verdict } == [.pass, .fail, .inconclusive])
    let one = HolmDecision.decideOnEstimates(
      [(Limit(atMost: 0.5), BinomialRate(successes: 0, trials: 1))], confidence: 0.9)
    #expect(one.map { $0?.verdict } == [.pass])
  }

  // ∫ of a product of two beta distributions (scipy's quad).
  @Test("Tails of Dirichlet means: two values give a beta distribution, three its integral")
  func dirichlet() {
    // D₂ ~ Beta(3, 8): P(D₂ > 0.3).
    #expect(near(DirichletMean(values: [0, 1], masses: [8, 3]).tail(above: 0.3), 0.3827827864))
    let three = DirichletMean(values: [0, 0.5, 1], masses: [4, 2, 1])
    #expect(near(three.tail(above: 0.4), 0.184896))
    #expect(abs(three.tail(above: 0.9) / 4e-6 - 1) < 1e-8)
    #expect(three.tail(above: 1) == 0 && three.tail(above: -0.1) == 1 && three.tail(above: 0) == 1)
  }
}

@Suite("Strata of a sample")
struct StratifiedSampleValueTests {
  @Test("Shares go to the group furthest below its part, each at least one and none more than it has")
  func allocation() {
    func equal(_ sizes: [Int], _ total: Int) -> [Int] {
      StratifiedSample.allocation(sizes: sizes, total: total) { _ in 1 }
    }
    #expect(equal([3, 100, 100], 30) == [3, 14, 13] || equal([3, 100, 100], 30) == [3, 13, 14])
    #expect(equal([5, 5], 100) == [5, 5] && equal([4, 4, 4], 2).reduce(0, +) == 2)
    let roots = StratifiedSample.allocation(sizes: [1, 100, 400], total: 31) { Double($0).squareRoot() }
    #expect(roots == [1, 10, 20])
    #expect(StratifiedSample.allocation(sizes: [50, 1], total: 2) { Double($0) } == [1, 1])
  }

  @Test("Weights undo the chances of being drawn: they add up to the population")
  func weights() {
    var random = SeededGenerator(seed: 4)
    let units = (0..<90).map { [$0 < 10 ? "unsafe" : "safe", "\($0 % 3)"] }
    let draws = StratifiedSample.draw(units, count: 24, using: &random)
    #expect(draws.count == 24 && Set(draws.map(\.index)).count == 24)
    #expect(draws.count { $0.index < 10 } == 10 && near(draws.reduce(0) { $0 + $1.weight }, 90))
    #expect(draws.filter { $0.index < 10 }.allSatisfy { $0.weight == 1 })
    // Of the eighty others in three cells, fourteen are drawn: five, five and four.
    let cells = Dictionary(grouping: draws.filter { $0.index >= 10 }) { $0.index % 3 }.mapValues(\.count)
    #expect(cells.values.sorted() == [4, 5, 5])
    // Too small a sample for two of each cell: the second level is dropped, so that all weights within the first are equal.
    let few = StratifiedSample.draw(units, count: 6, using: &random)
    #expect(few.filter { $0.index >= 10 }.allSatisfy { near($0.weight, 80.0 / 3) })
    #expect(StratifiedSample.draw(units, count: 500, using: &random).count == 90)
  }
}

@Suite("Vectors, value by value")
struct VectorValueTests {
  @Test("Vendi score and eigenvalues agree with numpy's")
  func vendi() throws {
    let vectors: [[Float]] = [[1, 0, 0], [0.6, 0.8, 0], [0, 0.6, 0.8], [0, 0, 1], [0.8, 0, 0.6]]
    #expect(near(try #require(Diversity.vendiScore(vectors)), 2.6465376842703154, 1e-6))
    #expect(near(try #require(Diversity.vendiScore(Array(vectors.prefix(2)))), 1.6493848884661177, 1e-6))
    var matrix = [2, -1, 0.5, -1, 3, 1, 0.5, 1, -1]
    let eigenvalues = Diversity.symmetricEigenvalues(&matrix, 3).sorted()
    #expect(zip(eigenvalues, [-1.39467896, 1.69644237, 3.69823659]).allSatisfy { near($0, $1, 1e-7) })
    // A pair is turned whatever stands in the first row, and as far as it takes: 2 ± 1, and (1 ± √(1 + 4·10⁻⁴))/2.
    var block: [Double] = [1, 0, 0, 0, 2, 1, 0, 1, 2]
    #expect(zip(Diversity.symmetricEigenvalues(&block, 3).sorted(), [1, 1, 3]).allSatisfy { near($0, $1, 1e-12) })
    for (off, gap) in [(0.01, 1.0), (1, 1.5), (1, 0.5), (1, -1.5), (0.3, 0.4), (-0.3, 0.4)] {
      var pair = [0, off, off, gap]
      let half = (gap * gap / 4 + off * off).squareRoot()
      let found = Diversity.symmetricEigenvalues(&pair, 2).sorted()
      #expect(near(found[0], gap / 2 - half, 1e-12) && near(found[1], gap / 2 + half, 1e-12), "\(off) \(gap)")
    }
    #expect(Diversity.meanCosineDistance([[1, 0]]) == nil && Diversity.meanCosineDistance([]) == nil)
  }

  @Test("Complete linkage joins the nearest first, at the threshold itself too, and numbers by appearance")
  func linkage() {
    // Cosines: a·b = 0.96, b·c = 0.8, a·c = 0.6.
    let (a, b, c): ([Float], [Float], [Float]) = ([1, 0], [0.96, 0.28], [0.6, 0.8])
    #expect(Diversity.clusters([c, a, b], threshold: 0.7) == [0, 1, 1])
    #expect(Diversity.clusters([a, b, c], threshold: 0.55) == [0, 0, 0])
    #expect(Diversity.clusters([a, b, c], threshold: 0.97) == [0, 1, 2])
    #expect(Diversity.clusters([[1, 0], [0.5, 0.75]], threshold: 0.5) == [0, 0])
    #expect(Diversity.clusters([], threshold: 0.5).isEmpty)
  }

  @Test("N-gram embeddings are unit vectors; words shorter than a gram still have their edges")
  func embedding() {
    for text in ["a", "tell me", "secret passphrase 12"] {
      let length = NGramEmbedding.embed(text).reduce(Float(0)) { $0 + $1 * $1 }
      #expect(abs(length - 1) < 1e-5 && NGramEmbedding.embed(text).count == 256)
    }
    // «<a>» is one gram of three letters.
    #expect(NGramEmbedding.embed("a").count { $0 != 0 } == 1)
    // «<ab>» has two of three letters and one of four.
    #expect(NGramEmbedding.embed("ab").count { $0 != 0 } == 3)
    #expect(NGramEmbedding.embed("?!").allSatisfy { $0 == 0 })
    #expect(NGramEmbedding.embed("A, b") == NGramEmbedding.embed("a b"))
  }

  @Test("The larger half of each axis is positive")
  func axes() {
    let flat = PrincipalPlane.coordinates([[-9, 0], [0, 0], [1, 0], [2, 0]])
    #expect(near(flat[0].x, 7.5) && near(flat[3].x, -3.5) && flat.allSatisfy { abs($0.y) < 1e-9 })
    #expect(PrincipalPlane.coordinates([[]]).isEmpty)
  }
}
