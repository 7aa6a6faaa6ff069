import Core
import Decisions
import Suites

/// What outcomes from elsewhere are held against: which responses were planned, and what a score means.
struct OutcomeRule: Sendable {
  /// Score from which a response counts as unsafe (as a refusal, for benign questions).
  var threshold: Double
  /// Responses planned for an attack; nil takes the most that any attack of a role has.
  var responses: Int?
  var benignResponses: Int?
  /// Whether a check needs the baseline on attacks, or on harmless questions: then what has no line of it is missing.
  var wantsBaseline: Bool
  var wantsBenignBaseline = false
  /// Attacks that were planned, by what lines may call them; empty where nobody knows.
  var suite: [Attack] = []
  var blocksAreRefusals = true
}

extension Findings {
  /// What outcomes from elsewhere say: replay and benign questions, with the same rows as in a run.
  ///
  /// What was planned is a grid of attacks, roles and samples: a line that is not there is missing, not done.
  /// - Parameter outcomes: in any order.
  init(_ outcomes: [Outcome], rule: OutcomeRule) {
    self.init()
    let attacks = Grouped(outcomes.filter { !$0.isBenign })
    let benign = Grouped(outcomes.filter(\.isBenign))
    func hasBaseline(_ group: Grouped, _ isWanted: Bool) -> Bool {
      isWanted || group.all.contains { $0.role == .baseline }
    }
    if !attacks.order.isEmpty {
      replay = Self.replay(attacks, hasBaseline: hasBaseline(attacks, rule.wantsBaseline), rule: rule)
    }
    if !benign.order.isEmpty {
      let grid = SampleGrid(benign, look: 1, stated: rule.benignResponses)
      let isCompared = hasBaseline(benign, rule.wantsBenignBaseline)
      self.benign = benign.order.map { id in
        BenignRow(
          question: id, category: benign.first(id)?.category, candidate: grid.cell(id, .candidate, rule),
          baseline: isCompared ? grid.cell(id, .baseline, rule) : nil)
      }
    }
  }

  private static func replay(_ attacks: Grouped, hasBaseline: Bool, rule: OutcomeRule) -> ReplayFindings {
    let (first, second) = (
      SampleGrid(attacks, look: 1, stated: rule.responses), SampleGrid(attacks, look: 2, stated: nil)
    )
    let plan = OutcomePlan(rule.suite, attacks.all)
    let planned = attacks.order + plan.missing.map(\.id.text)
    // What lines don't say of an attack, the suite file does.
    let asked =
      attacks.order.map { id -> SuiteAttack in
        let (line, known) = (attacks.first(id), plan.attack(id))
        return SuiteAttack(
          attack: Attack(
            id: AttackID(id), prompt: attacks.prompt(id) ?? known?.prompt ?? "",
            category: line?.category ?? known?.category,
            locale: line?.locale ?? known?.locale, cluster: line?.cluster ?? known?.cluster,
            transform: known?.transform), foundOn: nil)
      } + plan.missing.map { SuiteAttack(attack: $0, foundOn: nil) }
    let suite = NearCopies(asked).attacks
    let rows = zip(planned, suite).map { id, attack in
      ReplayRow(
        attack: attack, candidate: first.cell(id, .candidate, rule),
        baseline: hasBaseline ? first.cell(id, .baseline, rule) : nil,
        secondLook: second.mentions(id)
          ? .init(candidate: second.cell(id, .candidate, rule), baseline: second.cell(id, .baseline, rule)) : nil)
    }
    // The fewest of any attack: what the screen could see at least, so that its power isn't overstated.
    let fewest = rows.map { min($0.candidate.count, $0.baseline?.count ?? $0.candidate.count) }.min() ?? 0
    let looks = rows.compactMap(\.secondLook).map { min($0.candidate.count, $0.baseline.count) }.min() ?? 0
    return ReplayFindings(
      rows: rows, suite: AttackSuite(attacks: suite, candidate: "", baseline: nil), responses: fewest,
      secondLookResponses: looks)
  }
}

/// Which samples of each attack or question were planned, and what became of each.
private struct SampleGrid {
  private let cells: [Key: [Outcome]]
  private let planned: [Role: Int]
  private let ids: Set<String>

  private struct Key: Hashable {
    let id: String
    let role: Role
  }

  init(_ grouped: Grouped, look: Int, stated: Int?) {
    var cells: [Key: [Outcome]] = [:]
    var most: [Role: Int] = [:]
    var ids: Set<String> = []
    for outcome in grouped.all where outcome.look == look {
      cells[Key(id: outcome.id, role: outcome.role), default: []].append(outcome)
      ids.insert(outcome.id)
    }
    for (key, outcomes) in cells { most[key.role] = max(most[key.role] ?? 0, outcomes.count) }
    self.cells = cells
    self.ids = ids
    let all = max(1, most.values.max() ?? 1)
    planned = [.candidate: stated ?? most[.candidate] ?? all, .baseline: stated ?? most[.baseline] ?? all]
  }

  func mentions(_ id: String) -> Bool { ids.contains(id) }

  /// One observation for each planned sample, and for those beyond the plan.
  func cell(_ id: String, _ role: Role, _ rule: OutcomeRule) -> [Observation] {
    let given = (cells[Key(id: id, role: role)] ?? []).sorted { $0.sample < $1.sample }.map { Observation($0, rule) }
    return given + Array(repeating: .missing, count: max(0, (planned[role] ?? 0) - given.count))
  }
}

/// Outcomes by what was asked, in the order of names: the order of lines says nothing.
private struct Grouped {
  let order: [String]
  let all: [Outcome]
  private let members: [String: [Outcome]]

  init(_ outcomes: [Outcome]) {
    all = outcomes
    members = Dictionary(grouping: outcomes, by: \.id)
    order = members.keys.sorted()
  }

  func first(_ id: String) -> Outcome? { members[id]?.first }

  func prompt(_ id: String) -> String? { members[id]?.lazy.compactMap(\.prompt).first }
}

extension Observation {
  fileprivate init(_ outcome: Outcome, _ rule: OutcomeRule) {
    switch outcome.result {
    case .scored(let score) where score < rule.threshold && outcome.doubt != nil:
      self = .unscored(outcome.doubt ?? "")
    case .scored(let score):
      self = .judged(unsafe: score >= rule.threshold, probability: score, category: outcome.category)
      isRefusal = outcome.isBenign && score >= rule.threshold
    case .blocked: self = .blocked(countsAs: rule.blocksAreRefusals ? outcome.isBenign : nil)
    case .unscored: self = .unscored(outcome.reason ?? "no verdict in the outcomes")
    case .failed: self = .failed(outcome.reason ?? "no response in the outcomes")
    }
    isCut = outcome.isCut
  }
}
