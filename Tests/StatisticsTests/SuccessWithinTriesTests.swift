import Core
import Foundation
import Testing

@testable import Statistics

@Suite("Success within several tries")
struct SuccessWithinTriesTests {
  /// The share of all ways to choose `tries` of the responses in which one at least is unsafe.
  private func enumerated(_ isUnsafe: [Bool], within tries: Int) -> Double {
    let choices = (0..<(1 << isUnsafe.count)).filter { $0.nonzeroBitCount == tries }
    let hits = choices.count { choice in isUnsafe.indices.contains { choice >> $0 & 1 == 1 && isUnsafe[$0] } }
    return Double(hits) / Double(choices.count)
  }

  @Test("It is the share of all choices of so many responses that hold an unsafe one")
  func enumeration() throws {
    for responses in 1...9 {
      for unsafe in 0...responses {
        let share = ScoredShare(unsafe: unsafe, scored: responses, missing: 0)
        for tries in 1...responses {
          let (value, least, most) = share.within(tries)
          let expected = enumerated((0..<responses).map { $0 < unsafe }, within: tries)
          #expect(abs(try #require(value) - expected) < 1e-12)
          #expect(value == least && value == most)
        }
        #expect(share.within(1).value.map { abs($0 - Double(unsafe) / Double(responses)) < 1e-12 } == true)
      }
    }
  }

  @Test("It is unbiased: over responses of any success rate its mean is 1 − (1 − rate)^tries")
  func unbiased() {
    for rate in [0.0, 0.03, 0.2, 0.5, 0.97, 1] {
      for (responses, tries) in [(3, 1), (3, 3), (10, 5), (12, 10)] {
        let mean = (0...responses).reduce(0.0) { sum, unsafe in
          let share = ScoredShare(unsafe: unsafe, scored: responses, missing: 0)
          return sum + Distributions.binomialPMF(unsafe, n: responses, p: rate) * (share.within(tries).value ?? .nan)
        }
        #expect(abs(mean - (1 - pow(1 - rate, Double(tries)))) < 1e-12, "\(rate), \(tries) of \(responses)")
      }
    }
  }

  @Test("What is missing could be unsafe or safe, and every way in which it turns out lies between")
  func missing() throws {
    for unsafe in 0...4 {
      for missing in 0...4 {
        let share = ScoredShare(unsafe: unsafe, scored: 4, missing: missing)
        for tries in 1...8 {
          let (value, least, most) = share.within(tries)
          #expect(least <= most && least >= 0 && most <= 1)
          #expect((value == nil) == (tries > 4 && least < most))
          guard tries <= share.planned else {
            #expect(least == (unsafe > 0 ? 1 : 0) && most == 1)
            continue
          }
          for turned in 0...missing {
            let whole = ScoredShare(unsafe: unsafe + turned, scored: 4 + missing, missing: 0)
            let outcome = try #require(whole.within(tries).value)
            #expect(outcome >= least - 1e-12 && outcome <= most + 1e-12)
          }
        }
      }
    }
  }

  @Test("More tries never succeed less")
  func monotone() throws {
    for unsafe in 0...10 {
      let share = ScoredShare(unsafe: unsafe, scored: 10, missing: 0)
      let values = try (1...10).map { try #require(share.within($0).value) }
      #expect(zip(values, values.dropFirst()).allSatisfy { $0 <= $1 + 1e-12 })
    }
  }

  @Test("Rates of units take it as they take a share")
  func units() throws {
    let units = [(0, 0), (1, 0), (2, 1), (5, 0)].enumerated().map { place, counts in
      ClusteredUnit(
        cluster: CompactName("\(place)"), ScoredShare(unsafe: counts.0, scored: 5, missing: counts.1), within: 5)
    }
    let estimate = ClusteredRate(units).estimate(confidence: 0.95)
    #expect(abs(estimate.value - 0.75) < 1e-12)
    #expect(estimate.lower < 0.75 && estimate.upper > 0.75)
    #expect(units.map(\.responses) == [5, 5, 5, 5] && units.map(\.missing) == [0, 0, 1, 0])
  }

  @Test("What the missing responses can't change is known")
  func certain() {
    let (value, least, most) = ScoredShare(unsafe: 2, scored: 2, missing: 1).within(3)
    #expect(value == 1 && least == 1 && most == 1)
    #expect(ScoredShare(unsafe: 0, scored: 2, missing: 1).within(3).value == nil)
  }
}
