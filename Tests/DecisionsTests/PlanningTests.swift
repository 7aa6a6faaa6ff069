import Core
import Statistics
import Testing

@testable import Decisions

/// Suites and checks that planning is tried on.
private enum Sample {
  /// Clusters of these sizes.
  static func attacks(_ sizes: [Int], category: (Int) -> String? = { _ in nil }) -> [SuiteAttack] {
    sizes.enumerated().flatMap { cluster, size in
      (0..<size).map { member in
        SuiteAttack(
          attack: Attack(prompt: "\(cluster).\(member)", category: category(member), cluster: "c\(cluster)"),
          foundOn: nil)
      }
    }
  }

  static func check(_ name: String, _ limit: Double, category: String? = nil, weight: Weighting = .attacks) throws
    -> Check
  {
    Check(
      metric: try #require(Metric.named(name)), limit: Limit(atMost: limit), category: category, weight: weight)
  }

  static func run(_ sizes: [Int], responses: Int = 3, stopsEarly: Bool = false) -> PlannedRun {
    PlannedRun(attacks: attacks(sizes), responses: responses, hasBaseline: true, stopsEarly: stopsEarly, seed: 5)
  }

  static let model = PlannedModel(role: "candidate", name: "a", maxTokens: 100)
}

@Suite("A plan's counts")
struct ResponsePlanTests {
  @Test("Every stage asks what its settings multiply to")
  func counts() throws {
    var run = Sample.run([Int](repeating: 1, count: 100))
    run.looksTwice = true
    run.secondLook = { _ in 12 }
    run.questions = 40
    run.questionResponses = 2
    run.search = .init(responses: 1_000, restarts: 3, roles: [.candidate, .control], confirmation: .majority(of: 3))
    var (baseline, control, other) = (Sample.model, Sample.model, Sample.model)
    (baseline.role, control.role, other.role) = ("baseline", "control", "transfer.b")
    let cast = PlannedCast(
      candidate: Sample.model, baseline: baseline, control: control, transfer: [other], confirmJudges: [],
      rewardJudges: [])
    let plan = ResponsePlan(run, cast: cast, models: AssumedModels(rate: 0.05), asked: 100, suspects: 5)
    func row(_ role: String, _ stage: String) throws -> PlannedRequests {
      try #require(plan.rows.first { $0.role == role && $0.stage == stage })
    }
    for role in ["candidate", "baseline"] {
      #expect(try row(role, "replay").expected == 300)
      #expect(try row(role, "second look").expected == 60)
      #expect(try row(role, "second look").most == 1_200)
      #expect(try row(role, "benign").expected == 80)
    }
    #expect(try row("candidate", "search").most == 3_000)
    #expect(try row("control", "search").expected == 2_940)
    // 20 confirmed attacks for 1,000 responses, three responses each.
    #expect(try row("transfer.b", "transfer").expected == 180)
    #expect(plan.responses.expected == 600 + 120 + 160 + 2 * 2_940 + 180)
    #expect(!plan.rows.contains { $0.role == "baseline" && $0.stage == "search" })
  }

  @Test("Prices, latency and rate limits are those of each model")
  func costs() throws {
    var model = Sample.model
    (model.promptPrice, model.completionPrice) = (2, 10)
    (model.concurrency, model.latency, model.overheadTokens) = (4, 2, 9)
    let judge = PlannedModel(
      role: "judge", name: "j", concurrency: 8, requestsPerMinute: 60, latency: 1, maxTokens: 4)
    var run = PlannedRun(
      attacks: (10..<60).map { SuiteAttack(attack: Attack(prompt: "\($0)ab"), foundOn: nil) }, responses: 2,
      hasBaseline: false)
    run.questions = 0
    let cast = PlannedCast(candidate: model, confirmJudges: [judge])
    let plan = ResponsePlan(run, cast: cast, models: AssumedModels(rate: 0.05), asked: 50, suspects: 0)
    let replay = try #require(plan.rows.first { $0.stage == "replay" })
    // 100 requests of one token and nine more; 40 of 100 tokens come back.
    #expect(replay.promptTokens == 1_000)
    #expect(replay.completionTokens == 4_000)
    let cost: Double = 0.042
    #expect(replay.cost == cost)
    #expect(replay.mostTokens == 11_000)
    #expect(replay.seconds == 50)
    let judging = try #require(plan.rows.first { $0.stage == "judging" })
    #expect(judging.expected == 100)
    #expect(judging.seconds == 100)
    #expect(judging.cost == nil)
    #expect(plan.seconds == 150)
    #expect(plan.responses.expected == 100)
  }

  @Test("The expected number of suspects is that of drawn answers")
  func suspects() throws {
    let pair = ModelPair(AssumedModels(rate: 0.1), baseline: 0.1, change: 0)
    let simulation = SuiteSimulation(
      SuiteStructure(Sample.attacks([Int](repeating: 1, count: 400))), responses: 3,
      readings: [SuiteSimulation.Reading(try Sample.check("replay.regression", 0.05))].compactMap(\.self),
      levels: [0.05],
      watch: nil)
    var drawer = simulation.drawer(pair, seed: 3, stream: "suspects")
    let draws = 400
    var suspects = 0
    for _ in 0..<draws {
      let answers = simulation.draw(&drawer)
      suspects += zip(answers.candidate, answers.baseline).count { $0 > $1 }
    }
    let expected = BrokenSimulation.suspects(pair, attacks: 400, responses: 3)
    #expect(abs(Double(suspects) / Double(draws) - expected) < 0.03 * expected)
  }
}

@Suite("A plan's chances")
struct CheckForecastTests {
  /// Answers as observations, from a draw of the simulation.
  private func answers(_ simulation: SuiteSimulation, _ attacks: [SuiteAttack], _ drawn: SuiteSimulation.Answers)
    -> [VerdictTrial.Answers]
  {
    // One cell for each category of a cluster, its responses dealt out over its attacks.
    var left: [String: (candidate: Int, baseline: Int)] = [:]
    var place = 0
    var seen: [String] = []
    for attack in attacks where !seen.contains(attack.unit.text) { seen.append(attack.unit.text) }
    for (unit, cluster) in zip(seen, simulation.structure.clusters) {
      for cell in cluster.cells {
        left[unit + (cell.kind.category ?? "")] = (drawn.candidate[place], drawn.baseline[place])
        place += 1
      }
    }
    return attacks.map { attack in
      let key = attack.unit.text + (attack.attack.category ?? "")
      func deal(_ count: inout Int) -> [Bool?] {
        let taken = min(count, simulation.responses)
        count -= taken
        return (0..<simulation.responses).map { $0 < taken }
      }
      var counts = left[key] ?? (0, 0)
      let answer = VerdictTrial.Answers(
        prompt: attack.attack.prompt, unit: attack.attack.cluster, candidate: deal(&counts.candidate),
        baseline: deal(&counts.baseline), category: attack.attack.category)
      left[key] = counts
      return answer
    }
  }

  @Test(
    "Sums over clusters decide as the gate does on observations", arguments: [false, true],
    [[Int](repeating: 1, count: 120), (0..<60).map { 1 + $0 % 7 }])
  func fastEqualsSlow(stopsEarly: Bool, sizes: [Int]) throws {
    let checks = [
      try Sample.check("replay.asr", 0.25), try Sample.check("replay.regression", 0.2),
      try Sample.check("replay.asr", 0.3, category: "x"), try Sample.check("replay.asr", 0.2, weight: .clusters),
    ]
    let rule = DecisionRule(confidence: 0.95)
    let attacks = Sample.attacks(sizes) { $0 % 2 == 0 ? "x" : "y" }
    let monitor = try #require(ReplayMonitor(checks: checks, rule: rule, seed: 5))
    let ordered = stopsEarly ? monitor.portions(attacks, least: 1).flatMap(\.self) : attacks
    let simulation = SuiteSimulation(
      SuiteStructure(ordered), responses: 3, readings: checks.compactMap { .init($0) },
      levels: checks.indices.map { 0.05 / Double(checks.count - $0) },
      watch: stopsEarly ? .init(level: monitor.level, least: 1, attacks: 0) : nil)
    let trial = VerdictTrial(checks: checks, rule: rule, stopsEarly: stopsEarly)
    var stopped = 0
    for rate in [0.0, 0.1, 0.25, 0.6] {
      var drawer = simulation.drawer(
        ModelPair(AssumedModels(rate: rate), baseline: rate, change: 0), seed: 1, stream: "equal")
      for _ in 0..<8 {
        let drawn = simulation.draw(&drawer)
        let fast = simulation.decide(drawn)
        let slow = trial.decide(answers(simulation, ordered, drawn), refusals: [], judge: nil, seed: 5)
        #expect(Double(fast.asked) / Double(attacks.count) == slow.asked)
        if slow.asked < 1 { stopped += 1 }
        let family = zip(checks, fast.decisions).map { check, decision in
          (
            limit: check.limit,
            estimator: DecidedEstimator(decision: decision, limit: check.limit) as any MetricEstimator
          )
        }
        let verdicts = HolmDecision.decide(
          family.map { (limit: $0.limit, estimator: Optional($0.estimator)) }, confidence: 0.95
        ).map { $0?.verdict }
        #expect(verdicts == slow.checks)
      }
    }
    // Both ways of ending are tried.
    #expect((stopped > 0) == stopsEarly)
  }

  @Test("Tables of binomial distributions add up their probabilities")
  func tables() {
    var tables = BinomialTables()
    for (trials, p) in [(1, 0.3), (7, 0.0), (7, 1.0), (40, 0.02), (40, 0.98), (3_000, 0.4)] {
      let table = tables.table(trials: trials, p: p)
      #expect(table.count == trials + 1 && table[trials] == 1)
      for successes in 0...trials {
        #expect(abs(table[successes] - Distributions.binomialCDF(successes, n: trials, p: p)) < 1e-9)
      }
    }
  }

  @Test("Expected second looks are those of simulated suspects")
  func expectedLooks() {
    let pair = ModelPair(AssumedModels(rate: 0.1), baseline: 0.1, change: 0.05)
    var random = SeededGenerator(seed: 3)
    func unsafe(_ p: Double, _ trials: Int) -> Int { (0..<trials).count { _ in random.uniformDouble() < p } }
    let (attacks, draws) = (200, 400)
    var (suspects, looks) = (0, 0)
    for _ in 0..<(attacks * draws) {
      let u = random.uniformDouble()
      let kinds = [
        (pair.kept, pair.weak, pair.weak), (pair.fixed, pair.other, pair.weak), (pair.broken, pair.weak, pair.other),
      ]
      var (candidate, baseline, sum) = (pair.other, pair.other, 0.0)
      for (share, ours, theirs) in kinds {
        if u >= sum && u < sum + share { (candidate, baseline) = (ours, theirs) }
        sum += share
      }
      guard unsafe(candidate, 3) > unsafe(baseline, 3) else { continue }
      suspects += 1
      looks += unsafe(candidate, 10) > unsafe(baseline, 10) ? 40 : 10
    }
    let expected = BrokenSimulation.suspects(pair, attacks: Double(attacks), responses: 3)
    #expect(abs(Double(suspects) / Double(draws) / expected - 1) < 0.03)
    let asked = BrokenSimulation.looks(pair, responses: 3, secondLook: 40)
    #expect(abs(Double(looks) / Double(suspects) / asked - 1) < 0.03)
    #expect(BrokenSimulation.looks(pair, responses: 3, secondLook: 12) == 12)
  }

  @Test("Second looks decide as the gate's estimator does")
  func brokenEqualsSlow() throws {
    for control in [NewlyBroken.Control.familyWise, .falseDiscovery] {
      var screen = BrokenScreen(attacks: 300, screen: 3, confirm: 12, effect: 0.6, control: control)
      var random = SeededGenerator(seed: 2)
      var seen: Set<Verdict> = []
      for broken in [0, 2, 6, 20] {
        for limit in [2.0, 6, 12] {
          let looks = (0..<(10 + broken)).map { place in
            BrokenScreen.Look(
              candidate: (0..<12).count { _ in random.uniformDouble() < (place < broken ? 0.85 : 0.1) },
              baseline: (0..<12).count { _ in random.uniformDouble() < 0.08 })
          }
          let slow = NewlyBroken(
            screened: looks.enumerated().map { place, look in
              NewlyBroken.Outcome(
                id: "\(place)", candidateUnsafe: look.candidate, candidateScored: 12, baselineUnsafe: look.baseline,
                baselineScored: 12)
            }, attacks: 300, screenResponses: 3, confirmResponses: 12, effect: 0.6, control: control)
          let p = screen.p(looks)
          for alpha in [0.05, 0.01] {
            let estimate = slow.estimate(confidence: 1 - alpha)
            let expected = Limit(atMost: limit).compare(lower: estimate.lower, upper: estimate.upper)
            let verdict = screen.verdict(
              p, limit: Limit(atMost: limit), alpha: alpha, power: screen.power(suspects: looks.count, alpha: alpha))
            #expect(verdict == expected)
            seen.insert(verdict)
          }
        }
      }
      #expect(seen.count == 3)
    }
  }

  @Test("Chances of passing are within five points of a long simulation by the gate's own decision")
  func chances() async throws {
    let checks = [try Sample.check("replay.asr", 0.15), try Sample.check("replay.regression", 0.08)]
    let sizes = (0..<90).map { 1 + $0 % 3 }
    let run = Sample.run(sizes)
    let models = AssumedModels(rate: 0.075)
    let rule = DecisionRule(confidence: 0.95)
    let forecast = PlanForecast(checks, rule: rule, run: run, models: models) { asked, _ in Int(asked) }
    let trial = VerdictTrial(checks: checks, rule: rule, stopsEarly: false)
    await withTaskGroup { group in
      for (index, check) in checks.enumerated() {
        for chance in forecast.checks[index].chances {
          let pair =
            index == 0
            ? ModelPair(models, baseline: chance.truth, change: 0)
            : ModelPair(models, baseline: models.rate, change: chance.truth)
          group.addTask {
            let passed = Self.shareOfPasses(
              trial, index, sizes, pair, stream: "\(check.name) \(chance.truth)", draws: 600)
            // The long simulation errs by two points itself.
            #expect(abs(passed - chance.pass) < 0.05)
          }
        }
      }
    }
  }

  /// The share of independent draws, made cluster by cluster without any of the forecast's machinery, that pass a check.
  private static func shareOfPasses(
    _ trial: VerdictTrial, _ check: Int, _ sizes: [Int], _ pair: ModelPair, stream: String, draws: Int
  ) -> Double {
    var random = SeededGenerator(seed: 99, stream: stream)
    var passed = 0
    for _ in 0..<draws {
      var answers: [VerdictTrial.Answers] = []
      for (cluster, size) in sizes.enumerated() {
        let place = random.uniformDouble()
        let onBaseline = place < pair.kept + pair.fixed
        let onCandidate =
          place < pair.kept || (place >= pair.kept + pair.fixed && place < pair.kept + pair.fixed + pair.broken)
        for member in 0..<size {
          func called(_ isWeak: Bool) -> [Bool?] {
            (0..<3).map { _ in random.uniformDouble() < (isWeak ? pair.weak : pair.other) }
          }
          answers.append(
            .init(
              prompt: "\(cluster).\(member)", unit: "\(cluster)", candidate: called(onCandidate),
              baseline: called(onBaseline)))
        }
      }
      if trial.decide(answers, refusals: [], judge: nil, seed: 1).checks[check] == .pass { passed += 1 }
    }
    return Double(passed) / Double(draws)
  }

  @Test("A better model passes more often, and a larger suite tells more")
  func order() throws {
    let checks = [try Sample.check("replay.asr", 0.1)]
    func forecast(_ attacks: Int) -> CheckForecast {
      PlanForecast(
        checks, rule: DecisionRule(confidence: 0.95), run: Sample.run([Int](repeating: 1, count: attacks)),
        models: AssumedModels(rate: 0.05)
      ) { asked, _ in Int(asked) }.checks[0]
    }
    let (small, large) = (forecast(100), forecast(1_000))
    #expect(small.chances.map(\.pass) == small.chances.map(\.pass).sorted(by: >))
    #expect(large.chances[0].pass > 0.98)
    #expect(large.chances[0].pass > small.chances[0].pass)
    #expect(large.chances[2].fail > small.chances[2].fail)
    #expect(large.chances[1].pass < 0.06)
    // Both say the same of what it takes.
    let needs = (try #require(small.need).count, try #require(large.need).count)
    #expect(needs.0 > 100 && needs.1 < 1_000)
    #expect(abs(Double(needs.0) / Double(needs.1) - 1) < 0.2)
  }

  @Test("A model without new weaknesses passes, one with twice the limit doesn't")
  func newlyBroken() throws {
    var run = Sample.run([Int](repeating: 1, count: 300))
    run.looksTwice = true
    run.secondLook = { suspects in
      NewlyBroken.secondLookSize(effect: 0.3, level: 0.025 / Double(max(1, suspects)), screen: 3)
    }
    let check = try Sample.check("replay.newly_broken", 8)
    let forecast = PlanForecast(
      [check], rule: DecisionRule(confidence: 0.95), run: run, models: AssumedModels(rate: 0.05)
    ) { asked, _ in Int(asked) }
    let chances = forecast.checks[0].chances
    #expect(chances.map(\.truth) == [0, 8, 16])
    #expect(chances[0].pass > 0.9)
    #expect(chances[1].pass < 0.05)
    #expect(chances[2].pass < 0.01)
  }

  @Test("The work of a forecast is bounded, whatever the suite's size", arguments: [false, true])
  func work(stopsEarly: Bool) throws {
    let checks = [try Sample.check("replay.asr", 0.1), try Sample.check("replay.regression", 0.03)]
    let forecast = PlanForecast(
      checks, rule: DecisionRule(confidence: 0.95),
      run: Sample.run([Int](repeating: 1, count: 10_000), stopsEarly: stopsEarly), models: AssumedModels(rate: 0.05)
    ) { asked, _ in Int(asked) }
    #expect(forecast.work < 2 * PlanForecast.budget)
    #expect(forecast.checks.allSatisfy { $0.chances.count == 3 })
  }

  @Test("What can't be foreseen is said, not guessed")
  func remarks() throws {
    let checks = [
      try Sample.check("replay.asr", 0.1), try Sample.check("found.asr", 0.1),
      Check(metric: try #require(Metric.named("run.coverage")), limit: Limit(atLeast: 0.98)),
    ]
    let forecast = PlanForecast(
      checks, rule: DecisionRule(confidence: 0.95), run: Sample.run([Int](repeating: 1, count: 200)),
      models: AssumedModels(rate: 0.02)
    ) { asked, _ in Int(asked) }
    #expect(forecast.checks[1].chances.isEmpty && forecast.checks[1].remark != nil)
    #expect(forecast.checks[2].chances.isEmpty && forecast.checks[2].remark != nil)
    let onEstimates = PlanForecast(
      checks, rule: DecisionRule(confidence: 0.95, onEstimates: true), run: Sample.run([2, 2]),
      models: AssumedModels(rate: 0.02)
    ) { asked, _ in Int(asked) }
    #expect(onEstimates.checks.allSatisfy { $0.chances.isEmpty && $0.remark != nil })
  }
}
