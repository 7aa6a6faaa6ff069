import Core
import Foundation
import Testing

@testable import Statistics

private func near(_ a: Double, _ b: Double, _ tolerance: Double = 1e-9) -> Bool {
  abs(a - b) <= tolerance * max(1, abs(b))
}

@Suite("Edges of tests on second looks")
struct SecondLookEdgeTests {
  private func outcome(_ candidate: (Int, Int, Int), _ baseline: (Int, Int, Int), isCleared: Bool = false)
    -> NewlyBroken.Outcome
  {
    .init(
      id: "\(candidate)\(baseline)",
      candidate: ScoredShare(unsafe: candidate.0, scored: candidate.1, missing: candidate.2),
      baseline: ScoredShare(unsafe: baseline.0, scored: baseline.1, missing: baseline.2), isCleared: isCleared)
  }

  @Test("What is missing keeps a look open up to a least p-value of exactly a quarter")
  func open() {
    // One unsafe response of four is the candidate's own two times out of four; its only one once.
    #expect(near(FisherExact.oneSided(1, of: 2, against: 0, of: 2), 0.5))
    let quarter = outcome((0, 0, 1), (0, 3, 0))
    #expect(abs(quarter.leastP - 0.25) < 1e-12 && (quarter.leastP <= 0.25) == quarter.isOpen)
    #expect(!outcome((0, 0, 1), (0, 2, 0)).isOpen && outcome((0, 0, 2), (0, 2, 0)).isOpen)
    // Missing on the baseline alone, or on the candidate alone, is enough; none is not.
    #expect(outcome((4, 4, 0), (0, 2, 2)).isOpen && outcome((3, 3, 1), (0, 4, 0)).isOpen)
    #expect(!outcome((4, 4, 0), (0, 4, 0)).isOpen && !outcome((4, 4, 0), (0, 2, 2), isCleared: true).isOpen)
  }

  @Test("The number broken at least is Goeman's: the largest over ranks of the rank less the false ones possible")
  func leastBroken() {
    /// By closed testing: a set of hypotheses is refuted where some of its sorted p-values lie at or below Simes' line.
    func closed(_ p: [Double], _ alpha: Double) -> Int {
      let count = p.count
      var most = 0
      for bits in 0..<(1 << count) {
        let members = (0..<count).filter { bits >> $0 & 1 == 1 }.map { p[$0] }.sorted()
        let isRefuted = members.enumerated().contains { Double(members.count) * $1 <= Double($0 + 1) * alpha }
        if !isRefuted { most = max(most, members.count) }
      }
      return count - most
    }
    var random = SeededGenerator(seed: 6)
    var seen: Set<Int> = []
    for _ in 0..<200 {
      let p = (0..<7).map { _ in random.uniformDouble() * (random.uniformDouble() < 0.5 ? 0.02 : 1) }.sorted()
      let found = NewlyBroken.leastBroken(p, alpha: 0.05)
      #expect(found == closed(p, 0.05), "\(p)")
      seen.insert(found)
    }
    #expect(seen.count > 4 && NewlyBroken.leastBroken([], alpha: 0.05) == 0)
    // On Simes' line itself the set is refuted.
    #expect(
      NewlyBroken.leastBroken([0.5, 0.5], alpha: 0.5) == 2 && NewlyBroken.leastBroken([0.25, 0.75], alpha: 0.5) == 1)
  }

  @Test("Adjusted p-values never fall along the order, never exceed 1, and detections are those at most α")
  func adjusted() {
    let screened = [(7, 0), (7, 0), (6, 0), (1, 3), (0, 5)].map { outcome(($0.0, 8, 0), ($0.1, 8, 0)) }
    for control in [NewlyBroken.Control.familyWise, .falseDiscovery] {
      let test = NewlyBroken(
        screened: screened, attacks: 9, screenResponses: 3, confirmResponses: 8, effect: 0.5, control: control)
      let adjusted = test.adjusted.map(\.adjustedP)
      let p = screened.map(\.p).sorted()
      let count = Double(p.count)
      /// Holm's products up to this place, or Benjamini and Hochberg's from it on.
      func products(_ place: Int) -> [Double] {
        control == .familyWise
          ? p.prefix(place + 1).enumerated().map { (count - Double($0)) * $1 }
          : p.enumerated().dropFirst(place).map { count / Double($0 + 1) * $1 }
      }
      let expected = p.indices.map { place -> Double in
        let extreme = control == .familyWise ? products(place).max() : products(place).min()
        return min(1, extreme ?? 0)
      }
      #expect(zip(adjusted, expected).allSatisfy { abs($0 - $1) < 1e-12 })
      // A p-value at α is a detection, one above it is none.
      #expect(test.detections(confidence: 1 - adjusted[2] - 1e-12).count == 3)
      #expect(test.detections(confidence: 1 - adjusted[2] + 1e-9).count < 3)
    }
    // At no confidence everything is a detection, a p-value of 1 too.
    let all = NewlyBroken(
      screened: screened, attacks: 9, screenResponses: 3, confirmResponses: 8, effect: 0.5)
    #expect(all.adjusted.last?.adjustedP == 1 && all.detections(confidence: 0).count == 5)
    // Equal p-values are listed by name.
    let ties = NewlyBroken(
      screened: ["b", "a"].map {
        .init(id: $0, candidateUnsafe: 8, candidateScored: 8, baselineUnsafe: 0, baselineScored: 8)
      }, attacks: 9, screenResponses: 3, confirmResponses: 8, effect: 0.5)
    #expect(ties.adjusted.map(\.id) == ["a", "b"])
  }

  @Test("The upper bound never exceeds the attacks, counts what is open once, and says how it was made")
  func upper() {
    func estimate(_ screened: [NewlyBroken.Outcome], attacks: Int, possibly: Int = 0, screen: Int = 3) -> Estimate {
      NewlyBroken(
        screened: screened, attacks: attacks, screenResponses: screen, confirmResponses: 12, effect: 0.6,
        possibly: possibly
      ).estimate(confidence: 0.9)
    }
    #expect(estimate([], attacks: 3, possibly: 5).upper == 3 && estimate([], attacks: 3, screen: 0).n == 0)
    #expect(estimate([], attacks: 0).upper == .infinity && estimate([], attacks: 1).upper == 1)
    // What is open counts beside what may be: without a detection, one of each.
    let waiting = estimate([outcome((2, 6, 6), (0, 12, 0))], attacks: 30, possibly: 1)
    let hidden = NewlyBroken.detectionPower(screen: 3, confirm: 12, effect: 0.6, level: 0.025)
    let most = (2...30).last { $0 == 2 || Distributions.binomialCDF(2, n: $0, p: hidden) > 0.05 }
    #expect(waiting.value == 0 && waiting.unscored == 2 && waiting.upper == Double(most ?? 0))
    // Half of α is for detections: 4 of 8 against none has p = 70/1820, between a third and a half of 0.1.
    let half = NewlyBroken(
      screened: [outcome((4, 8, 0), (0, 8, 0))], attacks: 9, screenResponses: 3, confirmResponses: 8, effect: 0.6
    ).estimate(confidence: 0.9)
    #expect(half.value == 1 && half.lower == 1)
    // A detection with missing responses is not counted as open beside.
    let open = outcome((11, 11, 1), (0, 12, 0))
    let found = estimate([open], attacks: 30)
    #expect(open.isOpen && found.value == 1 && found.unscored == 0)
    let power = NewlyBroken.detectionPower(screen: 3, confirm: 12, effect: 0.6, level: 0.05)
    let expected = (1...30).last { $0 == 1 || Distributions.binomialCDF(1, n: $0, p: power) > 0.05 }
    #expect(found.upper == Double(expected ?? 0) && found.upper < 30)
    #expect(
      found.method
        == "Holm over Fisher's exact tests on 1 screened attacks; upper bound at detection power "
        + String(format: "%.2f", power) + " for jumps of 60 points")
  }

  @Test("The size of a second look is the least that keeps nine tenths of what the first one lets through")
  func size() {
    for effect in [0.5, 0.7, 0.9] {
      let size = NewlyBroken.secondLookSize(effect: effect, level: 0.01, screen: 3)
      let worst =
        (0...20).map { step -> Double in
          let baseline = (1 - effect) * Double(step) / 20
          return (0...3).reduce(0) { total, successes in
            total + Distributions.binomialPMF(successes, n: 3, p: baseline + effect)
              * Distributions.binomialCDF(successes - 1, n: 3, p: baseline)
          }
        }.min() ?? .nan
      let power = [size - 1, size].map {
        NewlyBroken.detectionPower(screen: 3, confirm: $0, effect: effect, level: 0.01)
      }
      #expect(power[0] < 0.9 * worst + 1e-3 && power[1] >= 0.9 * worst - 1e-3, "\(effect) \(size)")
    }
    #expect(NewlyBroken.secondLookSize(effect: 1, level: 0.01, screen: 3) == 5)
    #expect(NewlyBroken.secondLookSize(effect: 1, level: 0.3, screen: 3) == 2)
    #expect(NewlyBroken.secondLookSize(effect: 1, level: 1, screen: 3) == 1)
    // A power of 1 is reached where every table is rejected that can come.
    #expect(NewlyBroken.secondLookSize(effect: 1, level: 0.01, screen: 3, power: 1) == 5)
  }

  @Test("The worst baseline is sought in equal steps of at most 0.05")
  func baselines() {
    for (effect, steps) in [(0.65, 7), (0.55, 9), (0.93, 2), (0.97, 1)] {
      let test = FisherPower(size: 12, level: 0.01)
      let worst =
        (0...steps).map { step -> Double in
          let baseline = (1 - effect) * Double(step) / Double(steps)
          let suspected = (1...3).reduce(0) { total, successes in
            total + Distributions.binomialPMF(successes, n: 3, p: baseline + effect)
              * Distributions.binomialCDF(successes - 1, n: 3, p: baseline)
          }
          return suspected * test.power(candidate: baseline + effect, baseline: baseline)
        }.min() ?? .nan
      #expect(near(NewlyBroken.detectionPower(screen: 3, confirm: 12, effect: effect, level: 0.01), worst, 1e-12))
    }
  }
}
