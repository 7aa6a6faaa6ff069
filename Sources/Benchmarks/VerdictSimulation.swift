import Core
import Decisions
import Foundation
import Statistics

/// So many of so many.
struct CountedShare: Hashable, Sendable {
  var count = 0
  var trials = 0

  mutating func add(_ happened: Bool) {
    trials += 1
    if happened { count += 1 }
  }

  static func + (a: CountedShare, b: CountedShare) -> CountedShare {
    CountedShare(count: a.count + b.count, trials: a.trials + b.trials)
  }

  var value: Double { trials == 0 ? .nan : Double(count) / Double(trials) }

  /// Wilson's interval at 95 % (JASA, 1927).
  var interval: (lower: Double, upper: Double) {
    if trials == 0 { return (0, 1) }
    let (n, z) = (Double(trials), 1.959964)
    let centre = (value + z * z / (2 * n)) / (1 + z * z / n)
    let half = z / (1 + z * z / n) * (value * (1 - value) / n + z * z / (4 * n * n)).squareRoot()
    // At the ends the formula is exact but for rounding.
    return (count == 0 ? 0 : centre - half, count == trials ? 1 : centre + half)
  }

  /// In percent.
  var words: String {
    trials == 0
      ? "–" : String(format: "%.1f [%.1f, %.1f]", 100 * value, 100 * interval.lower, 100 * interval.upper)
  }
  var percent: String { trials == 0 ? "–" : String(format: "%.1f", 100 * value) }
}

/// What the checks allow.
struct VerdictLimits: Sendable {
  var attackSuccess: Double
  var regression: Double
  var refusal: Double

  init(attackSuccess: Double, regression: Double, refusal: Double) {
    self.attackSuccess = attackSuccess
    self.regression = regression
    self.refusal = refusal
  }

  /// Exactly the truth.
  init(_ world: VerdictWorld) {
    self.init(attackSuccess: world.attackSuccess, regression: world.regression, refusal: world.refusal)
  }
}

/// Mean and spread of what was estimated.
struct Moments: Sendable {
  private var count = 0.0
  private var sum = 0.0
  private var squares = 0.0

  mutating func add(_ value: Double) {
    if value.isNaN { return }
    count += 1
    sum += value
    squares += value * value
  }

  static func + (a: Moments, b: Moments) -> Moments {
    var total = a
    total.count += b.count
    total.sum += b.sum
    total.squares += b.squares
    return total
  }

  var mean: Double { sum / count }

  /// How many standard errors the mean is from this value; nil where there is no spread.
  func distance(from value: Double) -> Double? {
    let variance = squares / count - mean * mean
    return count > 1 && variance > 1e-12 ? (mean - value) / (variance / count).squareRoot() : nil
  }
}

/// Policies that a world's answers are held against: each check alone, with all of α, and all of them as a family.
enum VerdictQuestion: String, Hashable, Sendable, CaseIterable {
  case attackSuccess = "replay.asr"
  case regression = "replay.regression"
  case family

  private func checks(_ limits: VerdictLimits) -> [(metric: String, limit: Double)] {
    let attackSuccess = ("replay.asr", limits.attackSuccess)
    let regression = ("replay.regression", limits.regression)
    return switch self {
    case .attackSuccess: [attackSuccess]
    case .regression: [regression]
    case .family: [regression, attackSuccess, ("benign.refusal_rate", limits.refusal)]
    }
  }

  func trial(_ world: VerdictWorld, _ limits: VerdictLimits, stopsEarly: Bool) throws -> VerdictTrial {
    let checks = try checks(limits).map { name, limit in
      guard let metric = Metric.named(name) else { throw SluiceError(.usage, "there is no metric \(name)") }
      return Check(
        metric: metric, limit: Limit(atMost: limit),
        weight: metric.narrowing.contains("weight") ? world.weight : .attacks)
    }
    var rule = DecisionRule(confidence: 0.95)
    if world.isValidityLoosened { (rule.validity.errors, rule.validity.coverage) = (1, 0) }
    return VerdictTrial(checks: checks, rule: rule, stopsEarly: stopsEarly)
  }
}

/// Verdicts of many decisions in one world, by question and by whether the suite was asked only as far as needed.
struct VerdictTally: Sendable {
  struct Cell: Hashable, Sendable {
    let question: VerdictQuestion
    let stopsEarly: Bool
  }

  struct Counts: Sendable {
    var passes = CountedShare()
    var fails = CountedShare()
    /// Any check decided, where all of them are at their limits.
    var anyDecided = CountedShare()
    /// Decisions either way without the notice that sizes go with weakness.
    var silentPasses = CountedShare()
    var silentFails = CountedShare()
    var asked: [Double] = []
    /// Estimates of the first check.
    var estimates = Moments()

    var inconclusive: CountedShare {
      CountedShare(count: passes.trials - passes.count - fails.count, trials: passes.trials)
    }
    var medianAsked: Double { asked.isEmpty ? .nan : asked.sorted()[asked.count / 2] }

    mutating func add(_ outcome: VerdictTrial.Outcome) {
      passes.add(outcome.verdict == .pass)
      fails.add(outcome.verdict == .fail)
      anyDecided.add(outcome.checks.contains { $0 != .inconclusive })
      silentPasses.add(outcome.verdict == .pass && !outcome.sizeGoesWithWeakness)
      silentFails.add(outcome.verdict == .fail && !outcome.sizeGoesWithWeakness)
      asked.append(outcome.asked)
      if let estimate = outcome.estimates.first?.map(\.value) { estimates.add(estimate) }
    }

    static func + (a: Counts, b: Counts) -> Counts {
      Counts(
        passes: a.passes + b.passes, fails: a.fails + b.fails, anyDecided: a.anyDecided + b.anyDecided,
        silentPasses: a.silentPasses + b.silentPasses, silentFails: a.silentFails + b.silentFails,
        asked: a.asked + b.asked, estimates: a.estimates + b.estimates)
    }
  }

  var cells: [Cell: Counts] = [:]
  /// How often each naive gate blocks.
  var naive: [VerdictQuestion: [NaiveGate: CountedShare]] = [:]
  /// How often reports carry the notice that sizes go with weakness.
  var notices = CountedShare()

  subscript(question: VerdictQuestion, stopsEarly stopsEarly: Bool) -> Counts {
    cells[Cell(question: question, stopsEarly: stopsEarly)] ?? Counts()
  }

  static func + (a: VerdictTally, b: VerdictTally) -> VerdictTally {
    var sum = a
    sum.cells.merge(b.cells, uniquingKeysWith: +)
    sum.naive.merge(b.naive) { $0.merging($1, uniquingKeysWith: +) }
    sum.notices = a.notices + b.notices
    return sum
  }
}

/// Decisions on many draws of one world. Draw and decision depend on seed and number alone, not on the workers.
struct VerdictSimulation: Sendable {
  let world: VerdictWorld
  let seed: UInt64
  let questions: [VerdictQuestion]
  let limits: VerdictLimits
  private let stopping: [Bool]

  /// - Parameters:
  ///   - limits: nil for exactly the truth.
  ///   - stopping: whether to stop early, or both; nil as the world has it.
  init(
    _ world: VerdictWorld, seed: UInt64, questions: [VerdictQuestion] = VerdictQuestion.allCases,
    limits: VerdictLimits? = nil, stopping: [Bool]? = nil
  ) {
    self.world = world
    self.seed = seed
    self.questions = questions
    self.limits = limits ?? VerdictLimits(world)
    self.stopping = stopping ?? (world.stopsEarly ? [false, true] : [false])
  }

  func draw(_ number: Int) -> VerdictWorld.Draw {
    var random = SeededGenerator(seed: seed, stream: "\(world.name) \(world.regression) \(number)")
    return world.draw(&random)
  }

  /// - Throws: where a metric doesn't exist.
  func run(decisions: Int, workers: Int) async throws -> VerdictTally {
    let trials = try questions.flatMap { question in
      try stopping.map { stopsEarly in
        (
          VerdictTally.Cell(question: question, stopsEarly: stopsEarly),
          try question.trial(world, limits, stopsEarly: stopsEarly)
        )
      }
    }
    return await withTaskGroup(of: VerdictTally.self) { group in
      for worker in 0..<workers {
        group.addTask {
          var tally = VerdictTally()
          for number in stride(from: worker, to: decisions, by: workers) {
            add(number, trials, to: &tally)
          }
          return tally
        }
      }
      return await group.reduce(VerdictTally(), +)
    }
  }

  private func add(_ number: Int, _ trials: [(VerdictTally.Cell, VerdictTrial)], to tally: inout VerdictTally) {
    let draw = draw(number)
    for (place, (cell, trial)) in trials.enumerated() {
      let outcome = trial.decide(draw.answers, refusals: draw.refusals, judge: draw.judge, seed: UInt64(number))
      tally.cells[cell, default: .init()].add(outcome)
      if place == 0 { tally.notices.add(outcome.sizeGoesWithWeakness) }
    }
    for question in questions where question != .family {
      for gate in NaiveGate.allCases {
        tally.naive[question, default: [:]][gate, default: .init()].add(gate.blocks(draw, question, limits))
      }
    }
  }
}
