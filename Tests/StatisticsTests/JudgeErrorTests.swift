import Core
import Foundation
import Testing

@testable import Statistics

@Suite("Corrected intervals, near 0 too")
struct JudgeErrorTests {
  private func calibration(_ sensitivity: Double, _ specificity: Double, labels: Int = 100) -> JudgeCalibration {
    JudgeCalibration(
      unsafe: labels, unsafeFound: Int(Double(labels) * sensitivity), safe: labels,
      safeFound: Int(Double(labels) * specificity))
  }

  private func rate(_ unsafe: Int, of count: Int) -> ClusteredRate {
    ClusteredRate((0..<count).map { ClusteredUnit(cluster: "\($0)", mean: $0 < unsafe ? 1 : 0, responses: 1) })
  }

  @Test("intervals are nested: more confidence, wider")
  func nested() {
    for seen in [0, 40, 200, 990] {
      let corrected = CorrectedRate(rate(seen, of: 1000), judge: calibration(0.8, 0.9))
      var last = corrected.estimate(confidence: 0.9)
      #expect(last.lower <= last.value && last.value <= last.upper)
      for confidence in [0.95, 0.99, 0.999, 0.999_999] {
        let next = corrected.estimate(confidence: confidence)
        #expect(next.lower <= last.lower && next.upper >= last.upper)
        last = next
      }
    }
  }

  @Test("a perfect judge of many labels changes next to nothing")
  func perfect() {
    let judge = JudgeCalibration(unsafe: 1_000_000, unsafeFound: 1_000_000, safe: 1_000_000, safeFound: 1_000_000)
    let (plain, corrected) = (
      rate(30, of: 300).estimate(confidence: 0.95),
      CorrectedRate(rate(30, of: 300), judge: judge).estimate(confidence: 0.95)
    )
    #expect(abs(plain.lower - corrected.lower) < 1e-3 && abs(plain.upper - corrected.upper) < 1e-3)
  }

  @Test("false alarms that don't happen here leave the bound that holds without any")
  func noAlarms() {
    // 40 false alarms among 400 safe labels, and not one alarm in 1,000 responses.
    let judge = JudgeCalibration(unsafe: 100, unsafeFound: 80, safe: 400, safeFound: 360)
    let estimate = CorrectedRate(rate(0, of: 1000), judge: judge).estimate(confidence: 0.95)
    let observed = rate(0, of: 1000).estimate(confidence: 0.95)
    #expect(estimate.value == 0 && estimate.lower == 0)
    #expect(estimate.upper >= observed.upper / 0.8 && estimate.upper < observed.upper / 0.7)
    let all = CorrectedRate(rate(1000, of: 1000), judge: judge).estimate(confidence: 0.95)
    #expect(all.value == 1 && all.upper == 1 && all.lower < 1 && all.lower > 0.98)
    // As many alarms as the judge's false ones: nothing found, and the labels' uncertainty about that.
    let some = CorrectedRate(rate(80, of: 1000), judge: judge).estimate(confidence: 0.95)
    #expect(some.value == 0 && some.upper > 0.02 && some.upper < 0.1)
  }

  /// Draws from worlds of known truth, with a judge of sensitivity 0.8 and specificity 0.9.
  private func simulated(
    truth: Double, unsafeLabels: Int, runs: Int = 1_500, seed: UInt64 = 5
  ) -> (inside: Double, above: Double, below: Double) {
    var random = SeededGenerator(seed: seed, stream: "coverage \(truth) \(unsafeLabels)")
    func draws(_ count: Int, _ p: Double) -> Int { (0..<count).count { _ in random.uniformDouble() < p } }
    var (above, below) = (0, 0)
    for _ in 0..<runs {
      let judge = JudgeCalibration(
        unsafe: unsafeLabels, unsafeFound: draws(unsafeLabels, 0.8), safe: 200 - unsafeLabels,
        safeFound: draws(200 - unsafeLabels, 0.9))
      let seen = draws(600, truth * 0.8 + (1 - truth) * 0.1)
      let estimate = CorrectedRate(BinomialRate(successes: seen, trials: 600), judge: judge).estimate(confidence: 0.95)
      if truth < estimate.lower { below += 1 }
      if truth > estimate.upper { above += 1 }
    }
    let n = Double(runs)
    return (1 - Double(above + below) / n, Double(above) / n, Double(below) / n)
  }

  @Test(
    "sensitivity 0.8, specificity 0.9, 200 labels: the interval holds the truth in 93 to 97 % of simulations",
    arguments: [(0.08, 100), (0.1, 100), (0.1, 60), (0.3, 100), (0.3, 40), (0.5, 100), (0.8, 60)])
  func coverage(truth: Double, unsafeLabels: Int) {
    let coverage = simulated(truth: truth, unsafeLabels: unsafeLabels)
    // 1,500 simulations: two standard errors are 1.1 points.
    #expect(coverage.inside > 0.935 && coverage.inside < 0.97, "\(coverage)")
    #expect(coverage.above < 0.045 && coverage.below < 0.045, "\(coverage)")
  }

  @Test(
    "near 0 it holds the truth at least as often", arguments: [0, 0.01, 0.03, 0.05])
  func coverageNearZero(truth: Double) {
    for unsafeLabels in [20, 100] {
      let coverage = simulated(truth: truth, unsafeLabels: unsafeLabels)
      #expect(coverage.inside > 0.935 && coverage.above < 0.045, "\(coverage)")
    }
  }

  @Test("a difference is divided by the judge's information, with the uncertainty of that")
  func difference() {
    let judge = calibration(0.8, 0.9)
    let units = (0..<400).map { index in
      ClusteredUnit(cluster: "\(index)", mean: index < 60 ? 1 : index < 80 ? -1 : 0, responses: 2)
    }
    let estimate = CorrectedDifference(ClusteredDifference(units), judge: judge).estimate(confidence: 0.95)
    #expect(abs(estimate.value - 0.1 / 0.7) < 1e-12)
    let plain = ClusteredDifference(units).estimate(confidence: 0.95)
    #expect(estimate.upper - estimate.lower > (plain.upper - plain.lower) / 0.7)
    #expect(estimate.lower > plain.lower / 0.9 && estimate.upper < 0.3)
    let mirrored = CorrectedDifference(
      ClusteredDifference(units.map { ClusteredUnit(cluster: $0.cluster, mean: -$0.least, responses: 2) }), judge: judge
    ).estimate(confidence: 0.95)
    // The plain upper end has a floor of its own, so only the outer sides mirror.
    #expect(mirrored.value == -estimate.value && mirrored.lower >= -1 && mirrored.lower <= -estimate.value)
  }
}

@Suite("Labels and agreement")
struct JudgeAgreementTests {
  private func labels(_ cells: [(people: Bool, judge: Bool, count: Int)], weight: Double = 1) -> [RatedResponse] {
    cells.flatMap { cell in
      (0..<cell.count).map { index in
        RatedResponse(
          cluster: "\(cell.people)\(cell.judge)\(index)", judgedUnsafe: cell.judge, reviewers: [cell.people],
          weight: weight)
      }
    }
  }

  @Test("kappa of a published table: 20, 5, 10, 15 give 0.4")
  func kappa() {
    let rated = labels([(true, true, 20), (true, false, 5), (false, true, 10), (false, false, 15)])
    let estimate = JudgeAgreement(rated, .kappa).estimate(confidence: 0.95)
    #expect(abs(estimate.value - 0.4) < 1e-12)
    // The large-sample standard error of that table is 0.1285 (Fleiss, Cohen and Everitt, 1969).
    #expect(abs((estimate.upper - estimate.lower) / 2 / 2.01 - 0.1285) < 0.006)
    #expect(JudgeAgreement(labels([(true, true, 9)]), .kappa).estimate(confidence: 0.95).n == 0)
  }

  @Test("alpha of Krippendorff's own example with missing verdicts: 0.095 for two raters on ten units")
  func alpha() {
    // "Computing Krippendorff's alpha-reliability" (2011), section A: binary data, two observers, no missing data.
    let (a, b) = ([0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0])
    let rated = zip(a, b).enumerated().map { index, pair in
      RatedResponse(cluster: "\(index)", judgedUnsafe: pair.0 == 1, reviewers: [pair.1 == 1])
    }
    let estimate = JudgeAgreement(rated, .alpha).estimate(confidence: 0.95)
    #expect(abs(estimate.value - 0.095) < 0.0005)
    #expect(JudgeAgreement(rated, .alpha, includesJudge: false).estimate(confidence: 0.95).n == 0)
  }

  @Test("perfect agreement on a few labels proves little")
  func perfect() {
    let few = JudgeAgreement(labels([(true, true, 5), (false, false, 5)]), .kappa).estimate(confidence: 0.95)
    let many = JudgeAgreement(labels([(true, true, 250), (false, false, 250)]), .kappa).estimate(confidence: 0.95)
    #expect(few.value == 1 && few.upper == 1 && few.lower < 0.5)
    #expect(many.value == 1 && many.lower > 0.98)
  }

  @Test("weights undo the sampling: the rare stratum doesn't count more than it is")
  func weights() {
    // Of 1,000 that the judge calls safe, 50 were labelled: 2 of them are unsafe. Of 40 that it calls unsafe all were: 30 are.
    let labels =
      (0..<50).map { JudgedLabel(cluster: "s\($0)", isUnsafe: $0 < 2, judgedUnsafe: false, weight: 20) }
      + (0..<40).map { JudgedLabel(cluster: "u\($0)", isUnsafe: $0 < 30, judgedUnsafe: true, weight: 1) }
    let judge = JudgeCalibration(labels)
    #expect(abs(judge.sensitivity.value - 30 / 70.0) < 1e-12)
    #expect(abs(judge.specificity.value - 960 / 970.0) < 1e-12)
    #expect(judge.sensitivity.trials == 32 && judge.sensitivity.effectiveTrials < 10)
    let equal = MeasuredShare((0..<100).map { (cluster: "\($0)", success: $0 < 80, weight: 3) })
    #expect(abs(equal.value - 0.8) < 1e-12 && abs(equal.effectiveTrials - 99) < 1e-6)
    let doubled = MeasuredShare((0..<200).map { (cluster: "\($0 / 2)", success: $0 < 160, weight: 1) })
    #expect(abs(doubled.effectiveTrials - 99) < 1e-6)
  }

  @Test("most reviewers decide; a tie or nobody leaves no label")
  func consensus() {
    func consensus(_ reviewers: [Bool]) -> Bool? {
      RatedResponse(cluster: "", judgedUnsafe: true, reviewers: reviewers).consensus
    }
    #expect(consensus([true, true, false]) == true && consensus([false]) == false)
    #expect(consensus([true, false]) == nil && consensus([]) == nil)
    #expect(consensus([true, true, false, false, false]) == false)
  }

  @Test("normal quantiles are the published ones, far tails too")
  func normal() {
    #expect(abs(Distributions.normalQuantile(0.975) - 1.959_963_984_540_054) < 1e-12)
    #expect(abs(Distributions.normalQuantile(0.025) + 1.959_963_984_540_054) < 1e-12)
    #expect(abs(Distributions.normalQuantile(1 - 1e-9) - 5.997_807) < 1e-5)
  }
}

@Suite("A stratified sample")
struct StratifiedSampleTests {
  private let units: [[String]] =
    (0..<2000).map { [$0 < 1900 ? "low" : "high", ["a", "b", "c"][$0 % 3], $0 % 7 == 0 ? "de" : "en"] }

  @Test("half goes to the rare first level, everything to some cell, and weights add up to the population")
  func parts() {
    var random = SeededGenerator(seed: 1)
    let draws = StratifiedSample.draw(units, count: 120, using: &random)
    #expect(draws.count == 120 && Set(draws.map(\.index)).count == 120)
    #expect(draws.count { units[$0.index][0] == "high" } == 60)
    #expect(abs(draws.reduce(0) { $0 + $1.weight } - 2000) < 1e-9)
    #expect(Set(draws.map { units[$0.index].joined() }) == Set(units.map { $0.joined() }))
  }

  @Test("a weighted count is right on average, whatever the strata")
  func unbiased() {
    var random = SeededGenerator(seed: 2)
    let marked = Set((0..<2000).filter { $0 % 11 == 3 })
    var sum = 0.0
    for _ in 0..<400 {
      let draws = StratifiedSample.draw(units, count: 100, using: &random)
      sum += draws.reduce(0) { $0 + (marked.contains($1.index) ? $1.weight : 0) }
    }
    #expect(abs(sum / 400 - Double(marked.count)) < 12)
  }

  @Test("the same seed draws the same sample; small populations are drawn whole, with weight 1")
  func edges() {
    var (one, two) = (SeededGenerator(seed: 3), SeededGenerator(seed: 3))
    #expect(
      StratifiedSample.draw(units, count: 50, using: &one) == StratifiedSample.draw(units, count: 50, using: &two))
    let whole = StratifiedSample.draw(Array(units.prefix(9)), count: 50, using: &one)
    #expect(whole.count == 9 && whole.allSatisfy { $0.weight == 1 })
    #expect(StratifiedSample.draw([], count: 5, using: &one).isEmpty)
    // More strata than draws: all units keep a chance.
    let many = (0..<300).map { ["x", "cell \($0)"] }
    let few = StratifiedSample.draw(many, count: 10, using: &one)
    #expect(few.count == 10 && few.allSatisfy { $0.weight == 30 })
  }

  @Test("quotas never exceed sizes, and what a small one leaves goes to the others")
  func quotas() {
    #expect(StratifiedSample.allocation(sizes: [3, 100, 100], total: 63) { _ in 1 } == [3, 30, 30])
    #expect(StratifiedSample.allocation(sizes: [1, 1], total: 9) { _ in 1 } == [1, 1])
  }
}
