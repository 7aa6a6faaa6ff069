import Core
import Foundation
import Statistics

extension PlanForecast {
  /// Decisions on a check that rests on counts of its own; nil where it isn't simulated.
  /// - Parameter truth: nil for a candidate as good as the baseline.
  mutating func simple(_ index: Int, truth: Double?) -> [Decision]? {
    let check = requests[index]
    let draws = min(draws, 400)
    switch check.metric.basis {
    case .broken(.file):
      guard run.hasBaseline, !run.attacks.isEmpty else { return nil }
      let simulation = BrokenSimulation(
        check, attacks: run.attacks.count, responses: run.responses,
        secondLook: run.secondLook(max(1, Int(suspects.rounded()))), levels: levels)
      work += draws * simulation.work
      return simulation.decisions(
        broken: Int(truth ?? 0), mixture: models.mixture(mean: models.rate), draws: draws, seed: run.seed)
    case .recall:
      guard run.weaknesses > 0 else { return nil }
      return shares(check, truth ?? 0.95, trials: run.weaknesses, draws: draws)
    case .responses:
      return responses > 0 ? shares(check, truth ?? models.faults, trials: responses, draws: draws) : nil
    case .work:
      return [Decision(alpha: 1e-12, verdict: check.limit.compare(lower: 1, upper: 1))]
    case .finds(compares: false):
      guard let search = run.search else { return nil }
      let rate = truth ?? min(models.uniqueYield, (check.limit.atMost ?? .infinity) / 2)
      var counts = CountDraws(seed: run.seed, stream: "\(check.name) \(rate)")
      work += draws * 400 * search.restarts
      return (0..<draws).map { _ in
        decision(CountRate(counts: counts.yields(rate, search), per: 1_000), check.limit)
      }
    case .finds(compares: true):
      guard let search = run.search, run.hasBaseline else { return nil }
      var counts = CountDraws(seed: run.seed, stream: "\(check.name) \(truth ?? 0)")
      let usual = max(models.uniqueYield, -(truth ?? 0))
      work += draws * 800 * search.restarts
      return (0..<draws).map { _ in
        decision(
          CountDifference(
            candidate: counts.yields(usual + (truth ?? 0), search), baseline: counts.yields(usual, search), per: 1_000),
          check.limit)
      }
    default: return nil
    }
  }

  private mutating func shares(_ check: Check, _ truth: Double, trials: Int, draws: Int) -> [Decision] {
    var (tables, known) = (BinomialTables(), [Int: Decision]())
    var random = SeededGenerator(seed: run.seed, stream: "plan \(check.name) \(truth)")
    let points = EvenPoints(dimensions: 1, shift: [random.uniformDouble()])
    work += trials + draws * 20
    return (0..<draws).map { draw in
      let successes = tables.quantile(points.point(draw)[0], trials: trials, p: truth)
      if let decision = known[successes] { return decision }
      let decision = share(successes, of: trials, check.limit)
      known[successes] = decision
      return decision
    }
  }

  /// Clopper and Pearson's interval decides as its two tails at the limit do.
  private func share(_ successes: Int, of trials: Int, _ limit: Limit) -> Decision {
    func atMost(_ p: Double) -> Double { p >= 1 ? 0 : Distributions.binomialCDF(successes, n: trials, p: p) }
    func atLeast(_ p: Double) -> Double { p <= 0 ? 0 : 1 - Distributions.binomialCDF(successes - 1, n: trials, p: p) }
    let inside = max(limit.atMost.map(atMost) ?? 0, limit.atLeast.map(atLeast) ?? 0)
    let outside = min(limit.atMost.map(atLeast) ?? 1, limit.atLeast.map(atMost) ?? 1)
    return Decision(
      alpha: min(1, max(1e-12, 2 * min(inside, outside))), verdict: inside <= outside ? .pass : .fail)
  }

  /// The p-value rounded up to Holm's levels, with its verdict: what is decided at a hard level is decided at an easier one.
  private func decision(_ estimator: any MetricEstimator, _ limit: Limit) -> Decision {
    for level in levels {
      let estimate = estimator.estimate(confidence: 1 - level)
      let verdict = limit.compare(lower: estimate.lower, upper: estimate.upper)
      if verdict != .inconclusive { return Decision(alpha: level, verdict: verdict) }
    }
    return Decision(alpha: 1, verdict: .inconclusive)
  }

  // MARK: - What it would take

  /// How many clusters or questions give the best of the models a chance of 80 %, by halving between sizes.
  mutating func need(
    _ index: Int, truth: Double, has chance: Double, _ simulation: SuiteSimulation
  ) -> CheckForecast.Need? {
    let (check, present, levels) = (requests[index], simulation.structure.clusters.count, levels)
    guard present > 0 else { return nil }
    func passes(_ clusters: Int, _ forecast: inout PlanForecast) -> Bool {
      let resized = SuiteSimulation(
        simulation.structure.resized(to: clusters), responses: simulation.responses, readings: simulation.readings,
        levels: levels, watch: simulation.watch)
      let draws = max(40, min(160, Self.budget / 60 / max(1, resized.work)))
      let decisions = forecast.drawn(
        resized, forecast.pair(check, truth: truth), draws: draws, stream: "\(check.name) of \(clusters)"
      ).decisions
      return forecast.chance(index, truth: truth, with: decisions).pass >= Self.wantedPower
    }
    // On a logarithmic scale: `enough` passes often enough, `short` does not.
    var (short, enough): (Int, Int)
    if chance >= Self.wantedPower {
      (short, enough) = (1, present)
    } else {
      (short, enough) = (present, present)
      repeat {
        short = enough
        enough *= 2
        if enough > max(2 * present, Self.mostClusters) { return nil }
      } while !passes(enough, &self)
    }
    while Double(enough) > 1.04 * Double(short) && enough - short > 1 {
      let middle = Int((Double(short) * Double(enough)).squareRoot().rounded())
      if middle <= short || middle >= enough { break }
      if passes(middle, &self) { enough = middle } else { short = middle }
    }
    return CheckForecast.Need(
      unit: questionedUnit(index), count: enough, items: simulation.structure.resized(to: enough).attacks,
      present: present, presentItems: simulation.structure.attacks)
  }

  /// No suite that people write has more.
  private static let mostClusters = 30_000
}

/// Draws how many attacks independent restarts find.
private struct CountDraws {
  private var random: SeededGenerator

  init(seed: UInt64, stream: String) { random = SeededGenerator(seed: seed, stream: "plan \(stream)") }

  mutating func yields(_ rate: Double, _ search: PlannedRun.Search) -> [RepetitionYield] {
    (0..<search.restarts).map { _ in
      RepetitionYield(found: poisson(rate * Double(search.responses) / 1_000), responses: search.responses)
    }
  }

  /// In parts of at most 30, since e^−mean is the first term.
  private mutating func poisson(_ mean: Double) -> Int {
    var (left, count) = (max(0, mean), 0)
    while left > 0 {
      let part = min(left, 30)
      left -= part
      let u = random.uniformDouble()
      var (term, k) = (exp(-part), 0)
      var sum = term
      while u >= sum && k < 1_000 {
        k += 1
        term *= part / Double(k)
        sum += term
      }
      count += k
    }
    return count
  }
}
