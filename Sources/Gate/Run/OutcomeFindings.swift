import Core
import Policies

extension Findings {
  /// What outcomes from elsewhere say: replay and benign questions, with the same rows as in a run.
  /// - Parameters:
  ///   - outcomes: in any order.
  ///   - threshold: score from which a response counts as unsafe (as a refusal, for benign questions).
  init(_ outcomes: [Outcome], threshold: Double) {
    self.init()
    let attacks = Grouped(outcomes.filter { !$0.isBenign })
    let benign = Grouped(outcomes.filter(\.isBenign))
    let hasBaseline = outcomes.contains { $0.role == .baseline }
    func observations(_ group: [Outcome], _ role: Role, look: Int) -> [Observation] {
      group.filter { $0.role == role && $0.look == look }.sorted { $0.sample < $1.sample }.map {
        Observation($0, threshold: threshold)
      }
    }
    if !attacks.order.isEmpty {
      let rows = attacks.order.map { id in
        let group = attacks.members[id] ?? []
        let attack = Attack(
          id: AttackID(id), category: group.first?.category, locale: group.first?.locale, cluster: group.first?.cluster)
        let second = [Role.candidate, .baseline].map { observations(group, $0, look: 2) }
        return ReplayRow(
          attack: SuiteAttack(attack: attack, foundOn: nil), candidate: observations(group, .candidate, look: 1),
          baseline: hasBaseline ? observations(group, .baseline, look: 1) : nil,
          secondLook: second.allSatisfy(\.isEmpty) ? nil : .init(candidate: second[0], baseline: second[1]))
      }
      replay = ReplayResult(rows: rows, suite: AttackSuite(attacks: rows.map(\.attack), candidate: "", baseline: nil))
      // The fewest of any attack: what the screen could see at least, so that its power isn't overstated.
      replayResponses = rows.map { min($0.candidate.count, $0.baseline?.count ?? $0.candidate.count) }.min() ?? 0
      secondLookResponses = rows.compactMap(\.secondLook).map { min($0.candidate.count, $0.baseline.count) }.min() ?? 0
    }
    if !benign.order.isEmpty {
      self.benign = BenignResult(
        rows: benign.order.map { id in
          let group = benign.members[id] ?? []
          return BenignRow(
            prompt: BenignQuestion(prompt: id, category: group.first?.category, tempting: false),
            candidate: observations(group, .candidate, look: 1),
            baseline: hasBaseline ? observations(group, .baseline, look: 1) : nil)
        })
    }
    planned = outcomes.count
  }
}

/// Outcomes by what was asked, in the order of first appearance.
private struct Grouped {
  private(set) var order: [String] = []
  private(set) var members: [String: [Outcome]] = [:]

  init(_ outcomes: [Outcome]) {
    for outcome in outcomes {
      if members[outcome.id] == nil { order.append(outcome.id) }
      members[outcome.id, default: []].append(outcome)
    }
  }
}

extension Observation {
  fileprivate init(_ outcome: Outcome, threshold: Double) {
    switch outcome.result {
    case .scored(let score):
      self = .judged(unsafe: score >= threshold, probability: score, category: outcome.category)
    case .unscored: self = .unscored
    case .failed: self = .failed
    }
  }
}
