import Core
import Foundation
import Testing

@testable import Statistics

@Suite("Estimates that may be looked at all the time")
struct SequentialTests {
  private let limit = Limit(atMost: 0.1)

  /// One attack a cluster, one response each, safe but for the given places.
  private func units(_ count: Int, unsafe: (Int) -> Bool) -> [ClusteredUnit] {
    (0..<count).map { ClusteredUnit(cluster: "\($0)", mean: unsafe($0) ? 1 : 0, responses: 1) }
  }

  private func sequence(_ units: [ClusteredUnit], isComplete: Bool = false) -> SequentialEstimate {
    SequentialEstimate(rate: units, largestCluster: 1, isComplete: isComplete)
  }

  @Test("one bet's capital is the product of its factors")
  func capital() {
    // θ = 1/2, largest bet λ = 2f: 1 + f for an unsafe cluster and 1 − f for a safe one.
    let evidence = BettingEvidence(clusters: [(1, 1, 1), (1, 1, 1), (0, 0, 1)], largest: 1)
    let harmonic = (1...8).map { 1 / Double($0) }
    let afterTwo = harmonic.enumerated().reduce(0) { sum, item in
      let share = 1 + 0.99 * pow(0.5, Double(item.offset))
      return sum + item.element * share * share / harmonic.reduce(0, +)
    }
    #expect(abs(evidence.alphaAbove(0.5) - 1 / afterTwo) < 1e-12, "the most that it ever held, not what is left")
    #expect(evidence.alphaBelow(0.5) == 1)
  }

  @Test("a look at every cluster errs no more often than one look would", arguments: [0.02, 0.1, 0.3, 0.5])
  func validAtEveryLook(_ truth: Double) {
    var random = SeededGenerator(seed: 11)
    var wrong = 0
    let trials = 2_000
    for _ in 0..<trials {
      let drawn = (0..<300).map { _ in
        let sum = random.uniformDouble() < truth ? 1.0 : 0
        return (least: sum, most: sum, size: 1.0)
      }
      let evidence = BettingEvidence(clusters: drawn, largest: 1)
      // The running maximum over all 300 looks is inside.
      if 2 * min(evidence.alphaAbove(truth), evidence.alphaBelow(truth)) <= 0.05 { wrong += 1 }
    }
    // At most 5 %: 128 of 2,000 happen with probability below 0.005 then.
    #expect(wrong <= 128)
  }

  @Test("the interval's ends are where the bets refute at α/2, and it narrows as clusters come")
  func interval() {
    let safe = units(200) { $0 % 50 == 7 }
    let (early, late) = (sequence(Array(safe.prefix(50))), sequence(safe))
    for confidence in [0.9, 0.95, 0.999] {
      let (a, b) = (early.estimate(confidence: confidence), late.estimate(confidence: confidence))
      #expect(b.upper < a.upper && b.lower >= a.lower)
      let alpha = late.leastAlpha(Limit(atMost: b.upper))
      #expect(abs(alpha - (1 - confidence)) < 1e-3 * (1 - confidence), "leastAlpha agrees with the interval")
    }
  }

  @Test("a truth far from its limit is decided early, in both directions; one at its limit isn't")
  func decides() {
    let safe = (20...400).first { sequence(units($0) { _ in false }).leastAlpha(limit) <= 0.05 }
    #expect(safe.map { $0 < 120 } == true)
    let unsafe = (1...400).first { sequence(units($0) { $0 % 2 == 0 }).leastAlpha(limit) <= 0.05 }
    #expect(unsafe.map { $0 < 40 } == true)
    #expect(sequence(units(400) { $0 % 10 == 0 }).leastAlpha(limit) > 0.05)
  }

  @Test("what was not stopped has an interval nearly as narrow as if nobody had looked")
  func complete() {
    let all = units(400) { $0 % 12 == 0 }
    let fixed = ClusteredRate(all).estimate(confidence: 0.95)
    let looked = sequence(all, isComplete: true).estimate(confidence: 0.95)
    #expect(looked.upper - looked.lower < 1.08 * (fixed.upper - fixed.lower))
    #expect(looked.value == fixed.value && looked.lower <= looked.value && looked.value <= looked.upper)
    let stopped = sequence(all).estimate(confidence: 0.95)
    #expect(stopped.upper > looked.upper && stopped.lower < looked.lower)
  }

  @Test("differences: no change is never a regression, and a large one is found early")
  func differences() {
    func difference(_ units: [ClusteredUnit]) -> SequentialEstimate {
      SequentialEstimate(difference: units, largestCluster: 1, isComplete: false)
    }
    let same = difference(units(400) { _ in false })
    #expect(same.estimate(confidence: 0.95).lower < 0 && same.estimate(confidence: 0.95).upper < 0.03)
    #expect(same.leastAlpha(Limit(atMost: 0.03)) < 0.05 && same.leastAlpha(Limit(atMost: 0)) == 1)
    let worse = difference(units(60) { $0 % 3 == 0 })
    #expect(worse.leastAlpha(Limit(atMost: 0.03)) < 0.01)
  }

  @Test("limits at the ends of the range are decided as the interval says")
  func ends() {
    let mixed = sequence(units(40) { $0 % 2 == 0 })
    #expect(mixed.leastAlpha(Limit(atMost: 1)) < 0.01)
    #expect(mixed.leastAlpha(Limit(atLeast: 0)) < 0.01)
    #expect(mixed.leastAlpha(Limit(atMost: 0)) < 0.01, "some are unsafe for sure: more than 0")
    #expect(sequence(units(40) { _ in false }).leastAlpha(Limit(atMost: 0)) == 1)
    #expect(sequence([]).leastAlpha(limit) == 1)
    #expect(sequence([]).estimate(confidence: 0.95).n == 0)
  }
}
