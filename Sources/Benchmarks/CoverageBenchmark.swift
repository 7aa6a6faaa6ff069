import ArgumentParser
import Core
import Foundation
import Statistics

/// How often intervals hold the truth, by estimator and world: small numbers of clusters, rates near 0, weaknesses that
/// come as whole clusters.
struct CoverageBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coverage", abstract: "How often the intervals hold the truth, by estimator and world.")

  @Option(help: "Simulated runs of each world.")
  var runs = 2_000

  @Option(help: "Everything random derives from it.")
  var seed: UInt64 = 1

  /// A superpopulation of clusters of attacks.
  private struct World {
    let clusters: Int
    /// Sizes are drawn evenly from this range.
    let sizes: ClosedRange<Int>
    /// Share of clusters that are weak on the candidate, and on the baseline.
    let candidateWeak: Double
    let baselineWeak: Double
    /// Success rate of weak clusters, and of all others.
    let weakRate: Double
    let background: Double

    static let responses = 3

    var name: String {
      "\(clusters) clusters of \(sizes.lowerBound)-\(sizes.upperBound), "
        + String(format: "weak %.2f and %.2f at %.2f, else %.2f", candidateWeak, baselineWeak, weakRate, background)
    }

    private func rate(_ weak: Double) -> Double { weak * weakRate + (1 - weak) * background }
    var candidateTruth: Double { rate(candidateWeak) }
    var differenceTruth: Double { rate(candidateWeak) - rate(baselineWeak) }

    /// The models share weak clusters: one uniform number a cluster decides for both.
    func draw(_ random: inout SeededGenerator) -> (candidate: [ClusteredUnit], difference: [ClusteredUnit]) {
      var candidate: [ClusteredUnit] = []
      var difference: [ClusteredUnit] = []
      for cluster in 0..<clusters {
        let place = random.uniformDouble()
        let rates = [candidateWeak, baselineWeak].map { place < $0 ? weakRate : background }
        for _ in 0..<Int.random(in: sizes, using: &random) {
          let means = rates.map { rate in
            Double((0..<Self.responses).count { _ in random.uniformDouble() < rate }) / Double(Self.responses)
          }
          candidate.append(ClusteredUnit(cluster: "\(cluster)", mean: means[0], responses: Self.responses))
          difference.append(
            ClusteredUnit(cluster: "\(cluster)", mean: means[0] - means[1], responses: 2 * Self.responses))
        }
      }
      return (candidate, difference)
    }
  }

  private static let worlds: [World] = [5, 12, 30, 96, 400].flatMap { clusters in
    [1...1, 4...4, 1...12].flatMap { sizes in
      [(0.0, 0.0, 0.0, 0.01), (0, 0, 0, 0.1), (0.03, 0.03, 0.9, 0.01), (0.1, 0.05, 0.9, 0.01), (0.03, 0, 1, 0)].map {
        World(
          clusters: clusters, sizes: sizes, candidateWeak: $0.0, baselineWeak: $0.1, weakRate: $0.2,
          background: $0.3)
      }
    }
  }

  /// Below and above are the shares of intervals that lie wholly below or above the truth.
  private struct Tally {
    var below = 0
    var above = 0
    var width = 0.0

    mutating func add(_ estimate: Estimate, _ truth: Double) {
      if estimate.upper < truth - 1e-12 { below += 1 }
      if estimate.lower > truth + 1e-12 { above += 1 }
      width += estimate.upper - estimate.lower
    }
  }

  /// Unique attacks that a few restarts of an attacker found per 1,000 responses, as fresh metrics have them, and by a
  /// bootstrap over restarts.
  /// - Returns: the least coverage of the former.
  private func restarts(_ random: inout SeededGenerator) -> Double {
    print("Attacks found per restart: share of 95% intervals that hold the mean, as counts and by bootstrap")
    // Restarts differ by a quarter of the mean beyond Poisson's noise, or not at all; finds are many or hardly any.
    return [(8.0, 16), (8, nil), (0.5, nil)].flatMap { mean, shape in
      [3, 5, 10].map { count -> Double in
        var held = (counts: 0, bootstrap: 0)
        for _ in 0..<runs {
          let found = (0..<count).map { _ in
            Self.poisson(shape.map { Self.gamma($0, mean: mean, &random) } ?? mean, &random)
          }
          let estimate = CountRate(counts: found.map { RepetitionYield(found: $0, responses: 1_000) }, per: 1_000)
            .estimate(confidence: 0.95)
          if estimate.lower <= mean && mean <= estimate.upper { held.counts += 1 }
          if Bootstrap.interval(found.map(Double.init), draws: 400).contains(mean) { held.bootstrap += 1 }
        }
        let shares = [held.counts, held.bootstrap].map { Double($0) / Double(runs) }
        print(
          String(
            format: "  mean %.1f%@, %2d restarts   counts %5.1f %%   bootstrap %5.1f %%", mean,
            shape == nil ? "" : " and as different as attackers are", count, 100 * shares[0], 100 * shares[1]))
        return shares[0]
      }
    }.min() ?? 0
  }

  /// Gamma-distributed with a whole-numbered shape: the sum of so many exponentials.
  private static func gamma(_ shape: Int, mean: Double, _ random: inout SeededGenerator) -> Double {
    (0..<shape).reduce(0.0) { sum, _ in sum - mean / Double(shape) * log(1 - random.uniformDouble()) }
  }

  /// By arrivals within a unit of time.
  private static func poisson(_ mean: Double, _ random: inout SeededGenerator) -> Int {
    var (count, time) = (-1, 0.0)
    while time <= mean {
      time -= log(1 - random.uniformDouble())
      count += 1
    }
    return count
  }

  func run() throws {
    var random = SeededGenerator(seed: seed, stream: "coverage")
    print("Intervals at 95%: share wholly below the truth (a gate would pass wrongly), above it (fail wrongly), width")
    var worst = 0.0
    for world in Self.worlds {
      var tallies = (rate: Tally(), difference: Tally())
      for _ in 0..<runs {
        let (candidate, difference) = world.draw(&random)
        tallies.rate.add(ClusteredRate(candidate).estimate(confidence: 0.95), world.candidateTruth)
        tallies.difference.add(ClusteredDifference(difference).estimate(confidence: 0.95), world.differenceTruth)
      }
      let columns = [tallies.rate, tallies.difference].map { tally -> String in
        worst = max(worst, Double(tally.below + tally.above) / Double(runs))
        return String(
          format: "%5.1f %% %5.1f %% %.3f", 100 * Double(tally.below) / Double(runs),
          100 * Double(tally.above) / Double(runs), tally.width / Double(runs))
      }
      print(world.name.padding(toLength: 64, withPad: " ", startingAt: 0), columns.joined(separator: "  |"))
    }
    worst = max(worst, 1 - restarts(&random))
    print(BenchmarkResult(name: "coverage", ratio: (1 - worst) / 0.95, bar: 0.98).line)
  }
}
