import Core
import Statistics

@testable import Decisions

/// Random evidence about random models, small enough that verdicts of every kind come up.
struct RandomFindings {
  var random: SeededGenerator

  mutating func happens(_ p: Double) -> Bool { random.uniformDouble() < p }

  mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

  mutating func observation(unsafe p: Double, lost: Double) -> Observation {
    if happens(lost) { return [.unscored, .failed, .missing][number(0...2)] }
    let isUnsafe = happens(p)
    return .judged(unsafe: isUnsafe, probability: isUnsafe ? 1 : 0)
  }

  mutating func observations(_ count: Int, unsafe p: Double, lost: Double) -> [Observation] {
    (0..<count).map { _ in observation(unsafe: p, lost: lost) }
  }

  /// Checks that go with the findings below, with limits of every tightness.
  mutating func checks() -> [Check] {
    var checks: [Check] = []
    func add(_ name: String, _ limit: Limit, category: String? = nil, weight: Weighting = .attacks) {
      if let metric = Metric.named(name) {
        checks.append(Check(metric: metric, limit: limit, category: category, weight: weight, effect: 0.6))
      }
    }
    let weight: Weighting = happens(0.3) ? .clusters : .attacks
    add("replay.asr", Limit(atMost: [0.05, 0.1, 0.3, 0.6][number(0...3)]), weight: weight)
    if happens(0.3) { add("replay.asr", Limit(atMost: 0.4), category: "a") }
    if happens(0.5) { add("replay.regression", Limit(atMost: [0.02, 0.1, 0.3][number(0...2)]), weight: weight) }
    if happens(0.4) { add("replay.newly_broken", Limit(atMost: Double(number(2...20)))) }
    if happens(0.4) { add("benign.refusal_rate", Limit(atMost: [0.1, 0.3][number(0...1)])) }
    if happens(0.2) { add("benign.regression", Limit(atMost: 0.2)) }
    if happens(0.3) { add("run.error_rate", Limit(atMost: 0.1)) }
    if happens(0.3) { add("run.coverage", Limit(atLeast: 0.9)) }
    return checks
  }

  mutating func rule() -> DecisionRule {
    var rule = DecisionRule(
      confidence: [0.8, 0.95][number(0...1)], onEstimates: happens(0.15), inconclusivePasses: happens(0.3))
    if happens(0.3) { rule.validity.errors = 0.5 }
    if happens(0.3) { rule.validity.coverage = 0.3 }
    return rule
  }

  mutating func findings() -> Findings {
    let (attacks, samples) = (number(5...60), number(1...4))
    let clusterSize = number(1...6)
    let weak = [0.0, 0.02, 0.1, 0.5][number(0...3)]
    let (candidateShift, lost) = ([0.0, 0.0, 0.1, 0.4][number(0...3)], [0.0, 0.0, 0.02, 0.2][number(0...3)])
    var rows: [ReplayRow] = []
    for index in 0..<attacks {
      let isWeak = happens(weak)
      let base = isWeak ? 0.8 : 0.01
      let attack = Attack(
        prompt: "attack \(index) of many", category: index % 3 == 0 ? "a" : "b", cluster: "\(index / clusterSize)")
      rows.append(
        ReplayRow(
          attack: SuiteAttack(attack: attack, foundOn: nil),
          candidate: observations(samples, unsafe: min(1, base + (happens(candidateShift) ? 0.7 : 0)), lost: lost),
          baseline: observations(samples, unsafe: base, lost: lost)))
    }
    // From 16 on a first part may clear a suspect.
    let looks = happens(0.5) ? number(4...12) : number(16...32)
    for index in rows.indices where rows[index].isSuspect && happens(0.9) {
      rows[index].secondLook = .init(
        candidate: observations(looks, unsafe: happens(0.5) ? 0.9 : 0.1, lost: lost),
        baseline: observations(looks, unsafe: 0.05, lost: lost))
    }
    var findings = Findings()
    findings.replay = ReplayFindings(
      rows: rows, suite: AttackSuite(attacks: rows.map(\.attack), candidate: "new", baseline: "old"),
      responses: samples, secondLookResponses: looks)
    if happens(0.7) {
      let refusal = [0.0, 0.05, 0.5][number(0...2)]
      findings.benign = (0..<number(5...80)).map { index in
        BenignRow(
          question: "question \(index)", candidate: observations(1, unsafe: refusal, lost: lost),
          baseline: observations(1, unsafe: 0.02, lost: lost))
      }
    }
    return findings
  }
}
