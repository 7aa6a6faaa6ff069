import Core
import Statistics

/// Simulates a policy's decision before anything was asked.
///
/// Each check is tried on models below, at and above its limit, while everything else is as good as the baseline; Holm's
/// procedure then runs over all checks, as it will in the end.
struct PlanForecast: Sendable {
  /// By check, in order.
  private(set) var checks: [CheckForecast] = []
  /// Chances of the verdict on a candidate as good as the baseline; nil where no check could be simulated.
  private(set) var verdict: CheckForecast.Chance?
  /// Attacks that replay is expected to ask of a candidate as good as the baseline.
  private(set) var asked: Double
  /// Attacks expected to be looked at twice.
  private(set) var suspects: Double
  /// Steps of simulation that were done.
  var work = 0

  typealias Decision = ClusterSums.Decision

  /// Steps that a forecast may take, whatever the suite's size.
  static let budget = 220_000_000
  private static let fewestDraws = 110
  private static let mostDraws = 400
  /// The chance of passing that a suite should give the best of the models.
  static let wantedPower = 0.8

  let requests: [Check]
  private let rule: DecisionRule
  let run: PlannedRun
  let models: AssumedModels
  /// Holm's, hardest first.
  let levels: [Double]
  let draws: Int
  private let replay: SuiteSimulation?
  private let benign: SuiteSimulation?
  /// Indices of the checks that each simulation decides.
  private let replayed: [Int]
  private let questioned: [Int]
  /// Decisions on a candidate as good as the baseline, by check; nil for those that aren't simulated.
  private var usual: [[Decision]?] = []
  /// By check, the order in which its decisions are paired with the others': each simulation fills its space evenly, and two of
  /// them in step would go together.
  private let places: [[Int]]
  /// Responses that are asked in all.
  private(set) var responses = 0

  /// - Parameter total: responses asked in all, given the attacks that replay asks and those that it looks at twice.
  init(
    _ requests: [Check], rule: DecisionRule, run: PlannedRun, models: AssumedModels, budget: Int = Self.budget,
    total: (_ asked: Double, _ suspects: Double) -> Int
  ) {
    (self.requests, self.rule, self.run, self.models) = (requests, rule, run, models)
    levels = requests.indices.map { (1 - rule.confidence) / Double(requests.count - $0) }
    let replayed = requests.indices.filter {
      [.rate(.file), .change(.file)].contains(requests[$0].metric.basis)
    }
    let questioned = requests.indices.filter {
      if case .questions = requests[$0].metric.basis { true } else { false }
    }
    (self.replayed, self.questioned) = (replayed, questioned)
    let watch = Self.watch(requests, rule: rule, run: run)
    let ordered = watch == nil ? run.attacks : Self.ordered(requests, rule: rule, run: run)
    let structure = SuiteStructure(ordered)
    replay = SuiteSimulation(
      structure, responses: run.responses, readings: replayed.compactMap { .init(requests[$0]) }, levels: levels,
      watch: watch)
    benign = SuiteSimulation(
      SuiteStructure((0..<run.questions).map { SuiteAttack(attack: Attack(prompt: "question \($0)"), foundOn: nil) }),
      responses: run.questionResponses, readings: questioned.compactMap { .init(requests[$0]) }, levels: levels,
      watch: nil)
    let perDraw =
      (3 * replayed.count + 1) * (replay?.work ?? 0) + (3 * questioned.count + 1) * (benign?.work ?? 0)
    let draws = min(Self.mostDraws, max(Self.fewestDraws, budget / 2 / max(1, perDraw)))
    self.draws = draws
    let all = Array(0..<draws)
    var random = SeededGenerator(seed: run.seed, stream: "plan pairing")
    let ofQuestions = all.shuffled(using: &random)
    places = requests.indices.map { index in
      replayed.contains(index) ? all : questioned.contains(index) ? ofQuestions : all.shuffled(using: &random)
    }
    asked = Double(structure.attacks)
    suspects = 0
    if rule.onEstimates {
      countSuspects()
      checks = requests.map {
        CheckForecast($0, remark: "The policy decides on point estimates, which promise no chances.")
      }
      return
    }
    simulateUsual()
    countSuspects()
    responses = total(asked, suspects)
    for index in requests.indices where usual[index] == nil { usual[index] = simple(index, truth: nil) }
    for index in requests.indices { checks.append(forecast(index)) }
    let simulated = requests.indices.filter { usual[$0] != nil }
    if !simulated.isEmpty { verdict = verdict(simulated) }
  }

  // MARK: - A candidate as good as the baseline

  private mutating func countSuspects() {
    guard run.hasBaseline && run.looksTwice else { return }
    suspects = BrokenSimulation.suspects(
      ModelPair(models, baseline: models.rate, change: 0), attacks: asked, responses: run.responses)
  }

  private mutating func simulateUsual() {
    usual = requests.map { _ in nil }
    if let replay, run.attacks.isEmpty == false {
      let (decisions, asked) = drawn(
        replay, ModelPair(models, baseline: models.rate, change: 0), draws: draws, stream: "replay")
      for (place, index) in replayed.enumerated() { usual[index] = decisions[place] }
      if replay.watch != nil { self.asked = asked }
    }
    if let benign, run.questions > 0 {
      let (decisions, _) = drawn(
        benign, ModelPair(models, baseline: models.refusals, change: 0), draws: draws, stream: "benign")
      for (place, index) in questioned.enumerated() { usual[index] = decisions[place] }
    }
  }

  /// Decisions by check, and the mean number of attacks asked.
  mutating func drawn(
    _ simulation: SuiteSimulation, _ pair: ModelPair, draws: Int, stream: String
  ) -> (decisions: [[Decision]], asked: Double) {
    var drawer = simulation.drawer(pair, seed: run.seed, stream: stream)
    var decisions = [[Decision]](repeating: [], count: simulation.readings.count)
    var asked = 0
    for _ in 0..<draws {
      let outcome = simulation.decide(simulation.draw(&drawer))
      asked += outcome.asked
      for (place, decision) in outcome.decisions.enumerated() { decisions[place].append(decision) }
    }
    work += draws * simulation.work
    return (decisions, Double(asked) / Double(max(1, draws)))
  }

  // MARK: - The watch on replay

  /// Nil where everything is asked.
  private static func watch(_ checks: [Check], rule: DecisionRule, run: PlannedRun) -> SuiteSimulation.Watch? {
    guard run.stopsEarly, !run.attacks.isEmpty,
      let monitor = ReplayMonitor(checks: checks, rule: rule, seed: run.seed)
    else { return nil }
    let models = run.hasBaseline ? 2 : 1
    // The least number of responses at which the checks on the run are decided, if nothing fails.
    func isDecided(_ attacks: Int) -> Bool {
      monitor.checks.filter { $0.metric.stage == Stage.decide.rawValue }.allSatisfy { check in
        let trials = attacks * run.responses * models
        let estimate =
          check.metric.basis == .work
          ? KnownShare(done: trials, planned: trials).estimate(confidence: 1 - monitor.level)
          : BinomialRate(successes: 0, trials: trials).estimate(confidence: 1 - monitor.level)
        return check.limit.compare(lower: estimate.lower, upper: estimate.upper) != .inconclusive
      }
    }
    var (short, enough) = (0, run.attacks.count)
    while enough - short > 1 {
      let middle = (short + enough) / 2
      if isDecided(middle) { enough = middle } else { short = middle }
    }
    return SuiteSimulation.Watch(level: monitor.level, least: run.portion, attacks: enough)
  }

  /// In the order in which a monitor has them asked.
  private static func ordered(_ checks: [Check], rule: DecisionRule, run: PlannedRun) -> [SuiteAttack] {
    ReplayMonitor(checks: checks, rule: rule, seed: run.seed)?.portions(run.attacks, least: run.portion).flatMap(\.self)
      ?? run.attacks
  }

  // MARK: - One check

  private mutating func forecast(_ index: Int) -> CheckForecast {
    let check = requests[index]
    guard let truths = CheckTruths(check, run: run)?.values else {
      return CheckForecast(check, remark: check.metric.unforeseen)
    }
    if let simulation = simulation(index), simulation.structure.clusters(of: check.selection) > 0 {
      var chances: [CheckForecast.Chance] = []
      for truth in truths {
        let pair = pair(check, truth: truth)
        let decisions = drawn(simulation, pair, draws: draws, stream: "\(check.name) \(truth)").decisions
        chances.append(chance(index, truth: reached(check, pair), with: decisions))
      }
      let need = need(index, truth: truths[0], has: chances[0].pass, simulation)
      return CheckForecast(check, chances: chances, need: need)
    }
    let chances = truths.compactMap { truth in
      simple(index, truth: truth).map { chance(index, truth: truth, own: $0) }
    }
    return CheckForecast(
      check, chances: chances, remark: chances.isEmpty ? check.metric.unforeseen : CheckTruths.caution(check))
  }

  private func simulation(_ index: Int) -> SuiteSimulation? {
    if replayed.contains(index) { return replay }
    return questioned.contains(index) ? benign : nil
  }

  func pair(_ check: Check, truth: Double) -> ModelPair {
    let usual = check.metric.stage == Stage.benign.rawValue ? models.refusals : models.rate
    return check.metric.unit == .share
      ? ModelPair(models, baseline: truth, change: 0) : ModelPair(models, baseline: usual, change: truth)
  }

  /// The truth that a pair of models has, which ends at 0 and 1.
  private func reached(_ check: Check, _ pair: ModelPair) -> Double {
    check.metric.unit == .share ? pair.candidateRate : pair.candidateRate - pair.baselineRate
  }

  /// - Parameter decisions: of the checks that are decided together with this one.
  func chance(_ index: Int, truth: Double, with decisions: [[Decision]]) -> CheckForecast.Chance {
    let together = replayed.contains(index) ? replayed : questioned
    var pools = usual
    for (place, other) in together.enumerated() { pools[other] = decisions[place] }
    return chance(index, truth: truth, pools)
  }

  private func chance(_ index: Int, truth: Double, own: [Decision]) -> CheckForecast.Chance {
    var pools = usual
    pools[index] = own
    return chance(index, truth: truth, pools)
  }

  private func chance(_ index: Int, truth: Double, _ pools: [[Decision]?]) -> CheckForecast.Chance {
    let draws = pools[index]?.count ?? 0
    var counts: [Verdict: Int] = [:]
    for draw in 0..<draws { counts[decided(pools, draw)[index] ?? .inconclusive, default: 0] += 1 }
    func share(_ verdict: Verdict) -> Double { Double(counts[verdict] ?? 0) / Double(max(1, draws)) }
    return .init(truth: truth, pass: share(.pass), fail: share(.fail), inconclusive: share(.inconclusive))
  }

  private func verdict(_ simulated: [Int]) -> CheckForecast.Chance {
    var counts: [Verdict: Int] = [:]
    for draw in 0..<draws {
      let decided = decided(usual, draw)
      let verdicts = simulated.map { decided[$0] ?? .inconclusive }
      counts[
        verdicts.contains(.fail) ? .fail : verdicts.allSatisfy { $0 == .pass } ? .pass : .inconclusive, default: 0] += 1
    }
    func share(_ verdict: Verdict) -> Double { Double(counts[verdict] ?? 0) / Double(draws) }
    return .init(truth: models.rate, pass: share(.pass), fail: share(.fail), inconclusive: share(.inconclusive))
  }

  func questionedUnit(_ index: Int) -> String { questioned.contains(index) ? "questions" : "clusters" }

  /// Verdicts by check in one draw; checks that weren't simulated count in the family, undecided.
  private func decided(_ pools: [[Decision]?], _ draw: Int) -> [Verdict?] {
    let family = requests.indices.map { index -> (limit: Limit, estimator: (any MetricEstimator)?) in
      let decision = pools[index].map { pool in pool[places[index][draw % places[index].count] % pool.count] }
      return (requests[index].limit, decision.map { DecidedEstimator(decision: $0, limit: requests[index].limit) })
    }
    return zip(requests, HolmDecision.decide(family, confidence: rule.confidence)).map { check, outcome in
      outcome.map { check.adequacy && $0.verdict == .fail ? .inconclusive : $0.verdict }
    }
  }
}

/// Says at any confidence what was decided: Holm's procedure asks for no more.
struct DecidedEstimator: MetricEstimator {
  let decision: ClusterSums.Decision
  let limit: Limit

  func leastAlpha(_ limit: Limit) -> Double { decision.alpha }

  func estimate(confidence: Double) -> Estimate {
    let inside = limit.atMost ?? limit.atLeast ?? 0
    let value =
      switch decision.verdict {
      case .pass: inside
      case .fail: limit.atMost.map { $0.nextUp } ?? inside.nextDown
      case .inconclusive: Double.nan
      }
    return Estimate(
      value: value, lower: value, upper: value, confidence: confidence, n: 1, effectiveN: 1, method: "simulated")
  }
}
