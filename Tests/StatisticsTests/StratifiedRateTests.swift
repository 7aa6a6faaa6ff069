import Core
import Testing

@testable import Statistics

@Suite("Rates of a few restarts of several methods")
struct StratifiedRateTests {
  /// One method's restarts: each has a rate of its own around the method's.
  private func counts(
    _ rate: Double, spread: Double, restarts: Int, trials: Int, _ random: inout SeededGenerator
  ) -> [RepetitionCount] {
    (0..<restarts).map { _ in
      let own = min(1, max(0, rate + spread * (2 * random.uniformDouble() - 1)))
      return RepetitionCount(successes: (0..<trials).count { _ in random.uniformDouble() < own }, trials: trials)
    }
  }

  @Test("hold the truth as often as they say", arguments: [0.0, 0.1, 0.2])
  func coverage(spread: Double) {
    var random = SeededGenerator(seed: 11, stream: "\(spread)")
    let rates = [0.25, 0.5, 0.4, 0.3, 0.6, 0.35]
    let truth = rates.reduce(0, +) / 6
    let runs = 1_000
    var held = (mean: 0, difference: 0, single: 0)
    for _ in 0..<runs {
      let a = rates.map { counts($0, spread: spread, restarts: 3, trials: 100, &random) }
      let b = rates.map { counts($0 - 0.1, spread: spread, restarts: 3, trials: 100, &random) }
      let mean = StratifiedRate(a).estimate(confidence: 0.95)
      if mean.lower <= truth && truth <= mean.upper { held.mean += 1 }
      let single = StratifiedRate([a[0]]).estimate(confidence: 0.95)
      if single.lower <= 0.25 && 0.25 <= single.upper { held.single += 1 }
      let change = StratifiedDifference(zip(b, a).map { (minuend: $0, subtrahend: $1) }).estimate(confidence: 0.95)
      if change.lower <= -0.1 && -0.1 <= change.upper { held.difference += 1 }
    }
    #expect(Double(held.mean) / Double(runs) > 0.935, "mean \(held.mean)")
    #expect(Double(held.difference) / Double(runs) > 0.935, "difference \(held.difference)")
    #expect(Double(held.single) / Double(runs) > 0.93, "single \(held.single)")
  }

  @Test("leave something open where nothing succeeded, and everything where nothing was repeated")
  func edges() {
    let none = StratifiedRate([[(0, 100), (0, 100), (0, 100)].map { RepetitionCount(successes: $0.0, trials: $0.1) }])
      .estimate(confidence: 0.95)
    #expect(none.value == 0 && none.lower == 0 && none.upper > 0.01)
    let single = StratifiedRate([[RepetitionCount(successes: 5, trials: 10)]]).estimate(confidence: 0.95)
    #expect(single.lower == 0 && single.upper == 1)
    let nothing = StratifiedRate([[RepetitionCount(successes: 0, trials: 0)]]).estimate(confidence: 0.95)
    #expect(nothing.n == 0 && nothing.lower == -.infinity)
    let zeros = [RepetitionCount](repeating: RepetitionCount(successes: 0, trials: 100), count: 3)
    let change = StratifiedDifference([(minuend: zeros, subtrahend: zeros)]).estimate(confidence: 0.95)
    #expect(change.value == 0 && change.upper > 0.005 && change.lower < -0.005)
  }
}
