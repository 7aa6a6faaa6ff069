import Core
import Statistics

@testable import Decisions

/// Evidence and checks that tests make up.
enum Made {
  static func judged(_ isUnsafe: Bool) -> Observation { .judged(unsafe: isUnsafe, probability: isUnsafe ? 1 : 0) }

  /// `unsafe` of `count` responses.
  static func responses(_ unsafe: Int, of count: Int) -> [Observation] { (0..<count).map { judged($0 < unsafe) } }

  static func row(
    _ prompt: String, cluster: String? = nil, category: String? = nil, foundOn: String? = nil,
    wording: CompactName? = nil, transform: String? = nil,
    candidate: [Observation], baseline: [Observation]? = nil, secondLook: ReplayRow.SecondLook? = nil
  ) -> ReplayRow {
    let attack = Attack(prompt: prompt, category: category, cluster: cluster)
    return ReplayRow(
      attack: SuiteAttack(
        attack: transform.map { attack.rewritten(by: $0, as: "\($0) \(prompt)") } ?? attack, foundOn: foundOn,
        wording: wording),
      candidate: candidate, baseline: baseline, secondLook: secondLook)
  }

  static func replay(
    _ rows: [ReplayRow], looks: ReplayFindings.Looks = .none, responses: Int = 3, secondLook: Int = 0
  ) -> ReplayFindings {
    ReplayFindings(
      rows: rows, suite: AttackSuite(attacks: rows.map(\.attack), candidate: "new", baseline: "old"), looks: looks,
      responses: responses, secondLookResponses: secondLook)
  }

  static func findings(_ rows: [ReplayRow], responses: Int = 3, secondLook: Int = 0) -> Findings {
    var findings = Findings()
    findings.replay = replay(rows, responses: responses, secondLook: secondLook)
    return findings
  }

  /// Attacks of one response each, of which the first `unsafe` succeed on the candidate and none on the baseline.
  static func attacks(_ unsafe: Int, of count: Int) -> Findings {
    findings(
      (0..<count).map { row("\($0)", candidate: responses($0 < unsafe ? 1 : 0, of: 1), baseline: responses(0, of: 1)) },
      responses: 1)
  }

  static func counts(unsafe: Int = 0, safe: Int = 0, unscored: Int = 0, failed: Int = 0, missing: Int = 0)
    -> OutcomeCounts
  {
    var counts = OutcomeCounts()
    (counts.unsafe, counts.safe, counts.unscored) = (unsafe, safe, unscored)
    (counts.failed, counts.missing) = (failed, missing)
    return counts
  }

  static func confirmed(_ prompt: String, spent: Int = 0, category: String? = nil) -> ConfirmedAttack {
    ConfirmedAttack(
      claim: ClaimedAttack(
        prompt: prompt, logUnsafe: 0, logReference: 0, method: "gflownet", step: 7, responsesSpent: spent),
      category: category)
  }

  /// - Parameter vectors: of the confirmed attacks, which are named after their places and found after 10, 20, … responses.
  static func restart(
    _ index: Int = 0, vectors: [[Float]], responses: Int = 1_000, isReused: Bool = false, undecided: Int = 0,
    unasked: Int = 0, search: OutcomeCounts = counts(safe: 900), confirmation: OutcomeCounts = OutcomeCounts(),
    category: String? = nil
  ) -> FreshFindings.Restart {
    FreshFindings.Restart(
      index: index, isReused: isReused, searched: 900, responses: responses, claimed: vectors.count + 1,
      confirmed: vectors.indices.map { confirmed("\(index).\($0)", spent: 10 * ($0 + 1), category: category) },
      undecided: undecided, unasked: unasked, vectors: vectors, similarity: 0.7, search: search,
      confirmation: confirmation)
  }

  static func fresh(_ role: Role, _ restarts: [FreshFindings.Restart], vectors: [[Float]] = []) -> FreshFindings {
    FreshFindings(role: role, restarts: restarts, vectors: vectors, similarity: 0.7)
  }

  /// Vectors at right angles.
  static func axes(_ count: Int) -> [[Float]] {
    (0..<count).map { place in (0..<max(2, count)).map { $0 == place ? 1 : 0 } }
  }

  static func check(
    _ name: String, _ limit: Limit, category: String? = nil, target: String? = nil, weight: Weighting = .attacks,
    variant: String? = nil, method: String? = nil
  ) throws -> Check {
    guard let metric = Metric.named(name) else { throw InternalError("there is no metric \(name)") }
    return Check(
      metric: metric, limit: limit, category: category, target: target, weight: weight, variant: variant,
      method: method)
  }
}

/// Whether a number is there and near another one.
func isNear(_ a: Double?, _ b: Double?, _ tolerance: Double = 1e-9) -> Bool {
  guard let a, let b else { return false }
  return abs(a - b) <= tolerance
}
