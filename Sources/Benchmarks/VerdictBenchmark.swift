import ArgumentParser
import Core
import Foundation
import Gate
import Statistics

/// Thousands of simulated gate decisions: how often a gate that should pass fails, one that should fail passes, and what it
/// asks for that, beside what naive gates do on the same answers.
struct VerdictBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verdicts", abstract: "Error rates, power and cost of the gate's verdicts, by simulation.")

  @Option(help: "Simulated decisions of each row with nothing changed.") var runs = 2_000
  @Option(help: "Simulated decisions of each point of a power curve.") var powerRuns = 600
  @Option(help: "Everything random derives from it.") var seed: UInt64 = 1
  @Option(help: "Where table and plot are written.") var out = ".build-bench/verdicts"

  /// What happened in many decisions.
  private struct Counts: Sendable {
    var runs = 0
    var fails = 0
    var passes = 0
    /// The regression check alone.
    var regressionFails = 0
    var asked: [Double] = []
    var naive: [NaiveGate: Int] = [:]

    static func + (a: Counts, b: Counts) -> Counts {
      var sum = a
      sum.runs += b.runs
      sum.fails += b.fails
      sum.passes += b.passes
      sum.regressionFails += b.regressionFails
      sum.asked += b.asked
      sum.naive.merge(b.naive, uniquingKeysWith: +)
      return sum
    }

    var medianAsked: Double { asked.isEmpty ? .nan : asked.sorted()[asked.count / 2] }

    func rate(_ count: Int) -> Estimate {
      BinomialRate(successes: count, trials: runs).estimate(confidence: 0.95)
    }

    func words(_ count: Int) -> String {
      let estimate = rate(count)
      return String(
        format: "%5.1f [%4.1f, %4.1f]", 100 * estimate.value, 100 * estimate.lower, 100 * estimate.upper)
    }
  }

  /// Limits of the family; each can be put where the truth is.
  private struct Family: Sendable {
    var regression: Double
    var attackSuccess: Double?
    var refusal: Double?

    func trial(stopsEarly: Bool) throws -> VerdictTrial {
      var checks = [("replay.regression", Limit(atMost: regression))]
      if let attackSuccess { checks.append(("replay.asr", Limit(atMost: attackSuccess))) }
      if let refusal { checks.append(("benign.refusal_rate", Limit(atMost: refusal))) }
      return try VerdictTrial(checks: checks.map { (metric: $0.0, limit: $0.1) }, stopsEarly: stopsEarly)
    }
  }

  private static let workers = 2

  private func simulate(
    _ world: VerdictWorld, _ family: Family, stopsEarly: Bool, runs: Int, stream: String
  ) async throws -> Counts {
    let trial = try family.trial(stopsEarly: stopsEarly)
    return await withTaskGroup(of: Counts.self) { group in
      for worker in 0..<Self.workers {
        group.addTask {
          var random = SeededGenerator(seed: seed, stream: "\(stream) \(worker)")
          var counts = Counts()
          for run in stride(from: worker, to: runs, by: Self.workers) {
            let draw = world.draw(&random)
            let outcome = trial.decide(draw.answers, refusals: draw.refusals, judge: draw.judge, seed: UInt64(run))
            counts.runs += 1
            counts.asked.append(outcome.asked)
            if outcome.verdict == .fail { counts.fails += 1 }
            if outcome.verdict == .pass { counts.passes += 1 }
            if outcome.checks.first == .fail { counts.regressionFails += 1 }
            for gate in NaiveGate.allCases where gate.blocks(draw, limit: family.regression) {
              counts.naive[gate, default: 0] += 1
            }
          }
          return counts
        }
      }
      return await group.reduce(Counts(), +)
    }
  }

  func run() async throws {
    let began = ContinuousClock.now
    var ratios = try await falseFails()
    ratios.append(try await falsePasses())
    ratios += try await power()
    ratios.append(try await saving())
    ratios.append(judged())
    let seconds = (ContinuousClock.now - began).components.seconds
    FileHandle.standardError.write(Data("verdicts: \(seconds) s\n".utf8))
    print(BenchmarkResult(name: "verdicts", ratio: ratios.min() ?? 0).line)
  }

  // MARK: - Nothing changed

  /// - Returns: 6 % over the upper bound of each row's false-fail rate.
  private func falseFails() async throws -> [Double] {
    print("Nothing changed, every limit exactly at the truth: share of gates that fail, % [95 %]; 5 is allowed")
    print("  and blocked by naive gates that compare the two models at the same limit")
    let naive = NaiveGate.allCases.map { column($0.rawValue, 20) }.joined()
    print("  \(column("world", 58))\(column("fixed", 20))\(column("sequential", 20))\(naive)")
    var ratios: [Double] = []
    for (clusterSize, churn) in [(1, 0.0), (1, 0.04), (4, 0.0), (4, 0.04)] {
      for judgeError in [0.0, 0.05, 0.1, 0.2] {
        var world = VerdictWorld(clusterSize: clusterSize, judgeError: judgeError, labels: judgeError > 0 ? 200 : 0)
        world.fixed = churn
        world = world.regressed(by: 0)
        let family = Family(regression: 0, attackSuccess: world.attackSuccess, refusal: world.refusal)
        let name =
          "clusters of \(clusterSize), \(Int(100 * churn)) % of weaknesses swapped, judge error "
          + "\(Int(100 * judgeError)) %"
        let fixed = try await simulate(world, family, stopsEarly: false, runs: runs, stream: name)
        let looked = try await simulate(world, family, stopsEarly: true, runs: runs, stream: name)
        let rivals = NaiveGate.allCases.map { column(fixed.words(fixed.naive[$0] ?? 0), 20) }.joined()
        print(
          "  \(column(name, 58))\(column(fixed.words(fixed.fails), 20))"
            + "\(column(looked.words(looked.fails), 20))\(rivals)")
        ratios += [fixed, looked].map { 0.06 / max(1e-9, $0.rate($0.fails).upper) }
      }
    }
    return ratios
  }

  /// - Returns: 6 % over the upper bound of the worst row's false-pass rate.
  private func falsePasses() async throws -> Double {
    print("A regression just at its limit of 3 points, all else fine: share of gates that pass, %; 5 is allowed")
    var worst = 0.0
    for clusterSize in [1, 4] {
      for judgeError in [0.0, 0.1] {
        let world = VerdictWorld(clusterSize: clusterSize, judgeError: judgeError, labels: judgeError > 0 ? 200 : 0)
          .regressed(by: 0.03)
        let family = Family(regression: 0.03, attackSuccess: 0.5, refusal: 0.1)
        let name = "clusters of \(clusterSize), judge error \(Int(100 * judgeError)) %"
        let fixed = try await simulate(world, family, stopsEarly: false, runs: runs, stream: name)
        let looked = try await simulate(world, family, stopsEarly: true, runs: runs, stream: name)
        let rivals = NaiveGate.allCases.map { gate in
          column(fixed.words(fixed.runs - (fixed.naive[gate] ?? 0)), 20)
        }.joined()
        print(
          "  \(column(name, 58))\(column(fixed.words(fixed.passes), 20))"
            + "\(column(looked.words(looked.passes), 20))\(rivals)")
        worst = max(worst, fixed.rate(fixed.passes).upper, looked.rate(looked.passes).upper)
      }
    }
    return 0.06 / max(1e-9, worst)
  }

  // MARK: - Power

  /// Curves over the true regression at a limit of 0, in a world where the paired z-test that knows its variance has 95 %
  /// power at 5 points.
  /// - Returns: power at 5 points over 90 %, fixed and sequential.
  private func power() async throws -> [Double] {
    let deltas = [0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1]
    var lines: [String: [(x: Double, y: Double, low: Double, high: Double)]] = [:]
    var ratios: [Double] = []
    let base = Self.calibrated(power: 0.95, at: 0.05)
    print(
      String(
        format: "True regressions, limit 0, 400 attacks of 3 responses, %.1f %% of weaknesses swapped: share of gates "
          + "that fail, %%", 100 * base.fixed))
    let names = ["ideal", "fixed", "sequential", "asked"]
    print("  \(column("points", 10))" + (names + NaiveGate.allCases.map(\.rawValue)).map { column($0, 20) }.joined())
    for delta in deltas {
      let world = base.regressed(by: delta)
      let family = Family(regression: 0, attackSuccess: 0.6, refusal: 0.1)
      let ideal = Self.idealPower(world)
      let stream = "power \(delta)"
      let fixed = try await simulate(world, family, stopsEarly: false, runs: powerRuns, stream: stream)
      let looked = try await simulate(world, family, stopsEarly: true, runs: powerRuns, stream: stream)
      var cells = [column(String(format: "%5.1f", 100 * ideal), 20)]
      lines["ideal", default: []].append((100 * delta, ideal, ideal, ideal))
      for (name, counts) in [("fixed", fixed), ("sequential", looked)] {
        let rate = counts.rate(counts.regressionFails)
        lines[name, default: []].append((100 * delta, rate.value, rate.lower, rate.upper))
        cells.append(column(counts.words(counts.regressionFails), 20))
      }
      cells.append(column(String(format: "%3.0f %%", 100 * looked.medianAsked), 20))
      for gate in NaiveGate.allCases {
        let rate = fixed.rate(fixed.naive[gate] ?? 0)
        lines[gate.rawValue, default: []].append((100 * delta, rate.value, rate.lower, rate.upper))
        cells.append(column(fixed.words(fixed.naive[gate] ?? 0), 20))
      }
      print("  \(column(String(format: "%.0f", 100 * delta), 10))" + cells.joined())
      if delta == 0.05 {
        ratios = [fixed, looked].map { $0.rate($0.regressionFails).value / 0.9 }
      }
    }
    try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
    let order = ["ideal", "fixed", "sequential"] + NaiveGate.allCases.map(\.rawValue)
    let plot = LinePlot(
      title: "Share of gates that fail against the true regression in points",
      panels: [
        .init(
          title: "Share that fails against true regression (points)",
          lines: order.map { .init(name: $0, points: lines[$0] ?? []) })
      ], top: 1, format: { String(format: "%.0f %%", 100 * $0) })
    try Data(plot.svg.utf8).write(to: URL(filePath: "\(out)/power.svg"))
    print("  plot: \(out)/power.svg")
    return ratios
  }

  /// Power of a two-sided z-test at 5 % on the paired differences that knows their variance.
  private static func idealPower(_ world: VerdictWorld) -> Double {
    let z = world.regression / (world.differenceVariance / Double(world.attacks)).squareRoot()
    return Distributions.studentCDF(z - 1.959964, degrees: 1e7)
  }

  /// How many weaknesses are swapped for this ideal power: more make the difference noisier.
  private static func calibrated(power: Double, at delta: Double) -> VerdictWorld {
    var (low, high) = (0.0, VerdictWorld().weak)
    for _ in 0..<50 {
      let middle = (low + high) / 2
      var world = VerdictWorld()
      world.fixed = middle
      if idealPower(world.regressed(by: delta)) > power { low = middle } else { high = middle }
    }
    var world = VerdictWorld()
    world.fixed = low
    return world
  }

  // MARK: - Stopping early

  /// - Returns: the share saved over a half, in the least saving world.
  private func saving() async throws -> Double {
    print("Truths far from their limits (attack success at most 15 %, regression at most 5 points): median share asked")
    var least = 1.0
    let safe = VerdictWorld(weak: 0.02)
    var better = VerdictWorld()
    better.fixed = 0.1
    let worlds = [
      ("hardly any weakness", safe), ("most weaknesses fixed", better),
      ("20 points worse", VerdictWorld().regressed(by: 0.2)), ("40 points worse", VerdictWorld().regressed(by: 0.4)),
    ]
    for (name, world) in worlds {
      let family = Family(regression: 0.05, attackSuccess: 0.15, refusal: 0.1)
      let counts = try await simulate(world, family, stopsEarly: true, runs: powerRuns, stream: name)
      print(
        "  \(column(name, 58))\(column(String(format: "%3.0f %%", 100 * counts.medianAsked), 12))"
          + "pass \(counts.words(counts.passes))  fail \(counts.words(counts.fails))")
      least = min(least, 1 - counts.medianAsked)
    }
    return least / 0.5
  }

  // MARK: - The judge

  /// Coverage of the corrected attack success rate where the judge has sensitivity 0.8 and specificity 0.9 on 200 labels.
  /// - Returns: 1 or more where every coverage is between 93 and 97 %.
  private func judged() -> Double {
    print("A judge of sensitivity 0.8 and specificity 0.9 on 200 labels: intervals at 95 % that hold the truth, %")
    var worst = Double.infinity
    for truth in [0.1, 0.3, 0.5] {
      var random = SeededGenerator(seed: seed, stream: "judge \(truth)")
      func happens(_ p: Double) -> Bool { random.uniformDouble() < p }
      var (corrected, plain) = (0, 0)
      let trials = 2 * runs
      for _ in 0..<trials {
        let judge = JudgeCalibration(
          unsafe: 100, unsafeFound: (0..<100).count { _ in happens(0.8) }, safe: 100,
          safeFound: (0..<100).count { _ in happens(0.9) })
        let units = (0..<400).map { index in
          ClusteredUnit(
            cluster: "\(index)", mean: happens(happens(truth) ? 0.8 : 0.1) ? 1 : 0, responses: 1)
        }
        let observed = ClusteredRate(units)
        func holds(_ estimate: Estimate) -> Bool { estimate.lower <= truth && truth <= estimate.upper }
        if holds(CorrectedRate(observed, judge: judge).estimate(confidence: 0.95)) { corrected += 1 }
        if holds(observed.estimate(confidence: 0.95)) { plain += 1 }
      }
      let coverage = Double(corrected) / Double(trials)
      print(
        String(
          format: "  attack success %.1f   corrected %.1f   taken as judged %.1f", truth, 100 * coverage,
          100 * Double(plain) / Double(trials)))
      worst = min(worst, coverage / 0.93, 0.97 / coverage)
    }
    return worst
  }

  private func column(_ text: String, _ width: Int) -> String {
    text.padding(toLength: max(width, text.count), withPad: " ", startingAt: 0)
  }
}
