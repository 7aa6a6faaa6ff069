import Core
import Foundation
import Statistics

/// How often a true regression is found, beside an oracle: the two-sided z-test at 5 % on the paired mean that knows the
/// variance it has over the superpopulation.
struct VerdictPower {
  /// A suite whose power is measured.
  struct Suite: Sendable {
    let world: VerdictWorld
    /// The regression whose power has a bar.
    let delta: Double
    /// Power that the gate has to have there, and with early stopping; nil asks for nothing.
    let least: Double
    let leastEarly: Double?
  }

  static let suites: [Suite] = {
    // 400 attacks of 3 responses, with as many weaknesses swapped as leave the oracle 95 % at 5 points.
    var independent = VerdictWorld("power-iid-400")
    independent.fixed = solve(0...independent.weak) { fixed in
      var world = independent
      world.fixed = fixed
      return oracle(world.regressed(by: 0.05)) < 0.95
    }
    var clustered = VerdictWorld("power-equal-4")
    clustered.sizes = .equal(4)
    clustered.clusters = 100
    var uneven = VerdictWorld("power-lognormal-1")
    uneven.sizes = .lognormal(1)
    uneven.clusters = 60
    // The oracle loses hardly anything to the swaps that any two releases have; the regression is what gives it 95 %.
    let others = [clustered, uneven].map { world -> Suite in
      var world = world
      world.fixed = 0.03
      let delta = solve(0.01...0.4) { delta in oracle(world.regressed(by: delta)) > 0.95 }
      return Suite(world: world, delta: delta, least: 0.8 * 0.95, leastEarly: nil)
    }
    return [Suite(world: independent, delta: 0.05, least: 0.96, leastEarly: 0.9)] + others
  }()

  /// Its power to find that the candidate is worse at all (limit 0).
  static func oracle(_ world: VerdictWorld) -> Double {
    Distributions.studentCDF(world.regression / world.standardError - 1.959964, degrees: 1e7)
  }

  /// Where a property that changes once over the range changes.
  private static func solve(_ range: ClosedRange<Double>, _ isAbove: (Double) -> Bool) -> Double {
    var (low, high) = (range.lowerBound, range.upperBound)
    for _ in 0..<40 {
      let middle = (low + high) / 2
      if isAbove(middle) { high = middle } else { low = middle }
    }
    return (low + high) / 2
  }

  /// A point of a suite's curve.
  struct Point {
    let delta: Double
    let oracle: Double
    let plain: CountedShare
    let early: CountedShare
    let asked: Double
    let naive: [NaiveGate: CountedShare]
    let nemo: CountedShare?
  }

  let suite: Suite
  let seed: UInt64
  let workers: Int

  /// - Throws: where a decision can't be simulated or the peer ended.
  func point(_ delta: Double, decisions: Int, nemo: NeMoGate?, peerDecisions: Int) async throws -> Point {
    let world = suite.world.regressed(by: delta)
    var limits = VerdictLimits(world)
    limits.regression = 0
    let simulation = VerdictSimulation(
      world, seed: seed, questions: [.regression], limits: limits, stopping: [false, true])
    async let rival = nemo?.decide(simulation, decisions: peerDecisions).fails
    let tally = try await simulation.run(decisions: decisions, workers: workers)
    let (plain, early) = (tally[.regression, stopsEarly: false], tally[.regression, stopsEarly: true])
    return Point(
      delta: delta, oracle: Self.oracle(world), plain: plain.fails, early: early.fails, asked: early.medianAsked,
      naive: tally.naive[.regression] ?? [:], nemo: try await rival)
  }
}

extension VerdictWorld {
  /// Standard deviation of the mean paired difference over suites: what varies between clusters, by Σm²/(Σm)², and the noise
  /// of responses, by 1/Σm, both averaged over suites' sizes m.
  var standardError: Double {
    func noise(_ p: Double) -> Double { p * (1 - p) / Double(samples.lowerBound) }
    let sampling =
      2 * (weak - fixed) * noise(weakRate) + 2 * (1 - weak - broken) * noise(otherRate)
      + (fixed + broken) * (noise(weakRate) + noise(otherRate))
    let between = (fixed + broken) * effect * effect - regression * regression
    var random = SeededGenerator(seed: 1, stream: "sizes")
    let suites = 2_000
    var (squares, inverse) = (0.0, 0.0)
    for _ in 0..<suites {
      let sizes = sizes.draw(clusters, &random).map(Double.init)
      let total = sizes.reduce(0, +)
      squares += sizes.reduce(0) { $0 + $1 * $1 } / (total * total) / Double(suites)
      inverse += 1 / total / Double(suites)
    }
    return (between * squares + sampling * inverse).squareRoot()
  }
}
