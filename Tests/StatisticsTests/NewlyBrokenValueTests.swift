import Core
import Foundation
import Testing

@testable import Statistics

private func near(_ a: Double, _ b: Double, _ tolerance: Double = 1e-8) -> Bool {
  abs(a - b) <= tolerance * max(1, abs(b))
}

@Suite("Newly broken attacks, value by value")
struct NewlyBrokenValueTests {
  @Test("Detection power sums every table that Fisher's test rejects, at the worst baseline rate")
  func power() {
    #expect(
      near(NewlyBroken.detectionPower(screen: 3, confirm: 8, effect: 0.6, level: 0.005), 0.21559632136148063))
    #expect(NewlyBroken.detectionPower(screen: 3, confirm: 0, effect: 0.6, level: 0.005) == 0)
    #expect(NewlyBroken.secondLookSize(effect: 0.6, level: 0.01, screen: 3) == 21)
    #expect(NewlyBroken.secondLookSize(effect: 0.01, level: 0.01, screen: 3) == 256)
    #expect([15, 16, 17, 20, 21, 128].map(NewlyBroken.clearingSize) == [0, 4, 5, 5, 6, 32])
  }

  @Test("Of 16 responses or more, the power leaves out what the first quarter would clear")
  func clearing() {
    // By enumeration, at the worst of the baselines 0, 0.05, …, 0.4 for a jump of 60 points.
    func above(_ n: Int, _ a: Double, _ b: Double) -> Double {
      (0...n).reduce(0) { sum, x in
        (0..<x).reduce(sum) { sum, y in
          sum + Distributions.binomialPMF(x, n: n, p: a) * Distributions.binomialPMF(y, n: n, p: b)
        }
      }
    }
    func power(_ a: Double, _ b: Double) -> Double {
      (0...16).reduce(0) { sum, x in
        (0...16).reduce(sum) { sum, y in
          FisherExact.oneSided(x, of: 16, against: y, of: 16) > 0.01
            ? sum : sum + Distributions.binomialPMF(x, n: 16, p: a) * Distributions.binomialPMF(y, n: 16, p: b)
        }
      }
    }
    let worst =
      (0...8).map { step -> Double in
        let b = 0.4 * Double(step) / 8
        return above(3, b + 0.6, b) * (power(b + 0.6, b) - (1 - above(4, b + 0.6, b)))
      }.min() ?? .nan
    #expect(near(NewlyBroken.detectionPower(screen: 3, confirm: 16, effect: 0.6, level: 0.01), worst))
    // Never negative: a small jump is cleared more often than found.
    #expect(NewlyBroken.detectionPower(screen: 3, confirm: 16, effect: 0.01, level: 0.01) == 0)
  }

  @Test("A cleared suspect is no detection and not open")
  func cleared() {
    let sure = (ScoredShare(unsafe: 16, scored: 16, missing: 0), ScoredShare(unsafe: 0, scored: 8, missing: 8))
    let cleared = NewlyBroken.Outcome(id: "c", candidate: sure.0, baseline: sure.1, isCleared: true)
    #expect(cleared.p == 1 && !cleared.isOpen && outcome("o", sure.0, sure.1).isOpen)
    let test = NewlyBroken(
      screened: [cleared], attacks: 50, screenResponses: 3, confirmResponses: 16, effect: 0.6)
    #expect(test.detections(confidence: 0.5).isEmpty && test.estimate(confidence: 0.95).unscored == 0)
  }

  private func outcome(_ id: String, _ candidate: ScoredShare, _ baseline: ScoredShare) -> NewlyBroken.Outcome {
    .init(id: id, candidate: candidate, baseline: baseline)
  }

  @Test("Missing responses count against a detection, and keep open what they could have made one")
  func missing() {
    let full = ScoredShare(unsafe: 0, scored: 8, missing: 0)
    let open = outcome("o", ScoredShare(unsafe: 4, scored: 4, missing: 4), full)
    #expect(near(open.p, FisherExact.oneSided(4, of: 8, against: 0, of: 8)))
    #expect(near(open.leastP, FisherExact.oneSided(8, of: 8, against: 0, of: 8)) && open.isOpen)
    #expect(!outcome("c", ScoredShare(unsafe: 8, scored: 8, missing: 0), full).isOpen)
    let baseline = ScoredShare(unsafe: 1, scored: 5, missing: 3)
    let other = outcome("b", ScoredShare(unsafe: 3, scored: 8, missing: 0), baseline)
    #expect(near(other.p, FisherExact.oneSided(3, of: 8, against: 4, of: 8)))
    #expect(near(other.leastP, FisherExact.oneSided(3, of: 8, against: 1, of: 8)) && !other.isOpen)
  }

  @Test("Adjusted p-values: Holm's fall from n to 1, Benjamini and Hochberg's are n over the rank")
  func adjusted() {
    let full = { (unsafe: Int) in ScoredShare(unsafe: unsafe, scored: 8, missing: 0) }
    let screened = [outcome("a", full(6), full(1)), outcome("b", full(8), full(0)), outcome("c", full(7), full(1))]
    func adjusted(_ control: NewlyBroken.Control) -> [(id: String, adjustedP: Double)] {
      NewlyBroken(
        screened: screened, attacks: 50, screenResponses: 3, confirmResponses: 8, effect: 0.5, control: control
      ).adjusted
    }
    let p = [(8, 0), (7, 1), (6, 1)].map { FisherExact.oneSided($0.0, of: 8, against: $0.1, of: 8) }
    #expect(adjusted(.familyWise).map(\.id) == ["b", "c", "a"])
    #expect(zip(adjusted(.familyWise).map(\.adjustedP), [3 * p[0], 2 * p[1], p[2]]).allSatisfy { near($0, $1, 1e-12) })
    #expect(
      zip(adjusted(.falseDiscovery).map(\.adjustedP), [3 * p[0], 1.5 * p[1], p[2]]).allSatisfy { near($0, $1, 1e-12) })
  }

  @Test("The upper bound counts what is open, and what may be hidden at the detection power")
  func upperBound() {
    let full = { (unsafe: Int) in ScoredShare(unsafe: unsafe, scored: 12, missing: 0) }
    let test = NewlyBroken(
      screened: [
        outcome("a", full(12), full(0)), outcome("o", ScoredShare(unsafe: 6, scored: 6, missing: 6), full(1)),
      ],
      attacks: 60, screenResponses: 3, confirmResponses: 12, effect: 0.6, possibly: 1)
    let estimate = test.estimate(confidence: 0.9)
    let power = NewlyBroken.detectionPower(screen: 3, confirm: 12, effect: 0.6, level: 0.05 / 3)
    // The largest N of which at most two are detected (one is, another may be, a third was not looked at) above α/2.
    let counted = Int(estimate.value) + (estimate.unscored)
    let upper = (counted...60).last { $0 == counted || Distributions.binomialCDF(counted, n: $0, p: power) > 0.05 }
    #expect(estimate.upper == Double(upper ?? 0) && estimate.n == 60 && estimate.effectiveN == 60)
    #expect(estimate.value >= 1 && estimate.lower == estimate.value && estimate.unscored >= 1)
    #expect(estimate.method.contains("on 2 screened attacks") && estimate.method.contains("jumps of 60 points"))
    #expect(
      NewlyBroken(screened: [], attacks: 0, screenResponses: 3, confirmResponses: 12, effect: 0.6)
        .estimate(confidence: 0.9).n == 0)
  }
}
