import Core
import Statistics
import Testing

@testable import Decisions

/// Evidence that is taken away, spoilt or repeated never lets a model ship that could not ship before.
@Suite("Metamorphic")
struct MetamorphicTests {
  private static let stages: Set<Stage> = [.preflight, .replay, .benign, .decide]
  /// Over all changes below.
  private static let pairs = 10_000

  enum Change: String, CaseIterable {
    case unscores, fails, removes, losesSecondLooks, unscoresUnsafe, copiesAttacks, copiesSafeAttacks, reorders,
      renamesModels,
      delays
  }

  @Test("No change of the evidence moves a verdict towards pass", arguments: Change.allCases)
  func neverTowardsPass(_ change: Change) async {
    // Each half draws for itself, so that both cores have work.
    let halves = await withTaskGroup(of: (passes: Int, stopped: Int).self) { group in
      for half in 0..<2 { group.addTask { tried(change, half: half) } }
      return await group.reduce(into: (passes: 0, stopped: 0)) { sum, half in
        sum.passes += half.passes
        sum.stopped += half.stopped
      }
    }
    // Otherwise nothing was tried.
    #expect(halves.passes > 20)
    if [.unscores, .fails, .removes, .unscoresUnsafe].contains(change) { #expect(halves.stopped > 0) }
  }

  /// - Returns: how many could ship before, and how many of them no longer.
  private func tried(_ change: Change, half: Int) -> (passes: Int, stopped: Int) {
    var random = RandomFindings(random: SeededGenerator(seed: 18, stream: "\(change.rawValue) \(half)"))
    var (passes, stopped) = (0, 0)
    for number in 0..<(Self.pairs / Change.allCases.count / 2) {
      let (checks, rule, findings) = (random.checks(), random.rule(), random.findings())
      let before = Decision(checks, findings: findings, stages: Self.stages, rule: rule)
      let after = Decision(
        checks, findings: changed(findings, change, &random), stages: Self.stages, rule: rule)
      if before.exitCode == 0 { passes += 1 }
      if before.exitCode == 0 && after.exitCode != 0 { stopped += 1 }
      #expect(
        before.exitCode == 0 || after.exitCode != 0,
        "\(change), half \(half), pair \(number): \(before.reasons) \(after.reasons)")
      #expect(before.verdict == .pass || after.verdict != .pass, "\(change), half \(half), pair \(number)")
    }
    return (passes, stopped)
  }

  @Test("What says nothing changes nothing: order of lines, names of models, who was slow")
  func invariant() {
    var random = RandomFindings(random: SeededGenerator(seed: 19))
    for _ in 0..<300 {
      let (checks, rule, findings) = (random.checks(), random.rule(), random.findings())
      let before = Decision(checks, findings: findings, stages: Self.stages, rule: rule)
      for change in [Change.reorders, .renamesModels, .delays] {
        let after = Decision(
          checks, findings: changed(findings, change, &random), stages: Self.stages, rule: rule)
        #expect(after.verdict == before.verdict)
        #expect(after.checks.map(\.verdict) == before.checks.map(\.verdict))
      }
    }
  }

  // MARK: - Changes

  private func changed(_ findings: Findings, _ change: Change, _ random: inout RandomFindings) -> Findings {
    switch change {
    case .unscores: spoilt(findings, by: .unscored, &random) { _ in true }
    case .fails: spoilt(findings, by: .failed, &random) { _ in true }
    case .removes: spoilt(findings, by: .missing, &random) { _ in true }
    case .unscoresUnsafe: spoilt(findings, by: .unscored, &random) { $0.isUnsafe == true }
    case .losesSecondLooks: withoutSecondLooks(findings, &random)
    case .copiesAttacks: withCopies(findings, &random) { _ in true }
    case .copiesSafeAttacks: withCopies(findings, &random) { $0.candidate.allSatisfy { $0.isUnsafe == false } }
    case .reorders, .delays: reordered(findings, &random)
    case .renamesModels: renamed(findings)
    }
  }

  /// Responses of the candidate that satisfy `which` lose their verdict, each with some chance.
  private func spoilt(
    _ findings: Findings, by replacement: Observation, _ random: inout RandomFindings,
    _ which: (Observation) -> Bool
  ) -> Findings {
    let share = [0.01, 0.05, 0.3, 1][random.number(0...3)]
    func spoilt(_ observations: [Observation]) -> [Observation] {
      observations.map { which($0) && random.happens(share) ? replacement : $0 }
    }
    var changed = findings
    changed.replay?.rows = (findings.replay?.rows ?? []).map { row in
      ReplayRow(
        attack: row.attack, candidate: spoilt(row.candidate), baseline: row.baseline,
        secondLook: row.secondLook.map { .init(candidate: spoilt($0.candidate), baseline: $0.baseline) })
    }
    changed.benign = findings.benign?.map { row in
      BenignRow(question: row.question, candidate: spoilt(row.candidate), baseline: row.baseline)
    }
    return changed
  }

  private func withoutSecondLooks(_ findings: Findings, _ random: inout RandomFindings) -> Findings {
    var changed = findings
    let share = [0.1, 1][random.number(0...1)]
    changed.replay?.rows = (findings.replay?.rows ?? []).map { row in
      var row = row
      if random.happens(share) { row.secondLook = nil }
      return row
    }
    return changed
  }

  private func withCopies(
    _ findings: Findings, _ random: inout RandomFindings, _ which: (ReplayRow) -> Bool
  ) -> Findings {
    guard let replay = findings.replay else { return findings }
    let times = random.number(1...20)
    let share = [0.05, 0.5, 1][random.number(0...2)]
    var rows = replay.rows
    for row in replay.rows where which(row) && random.happens(share) {
      for copy in 0..<times {
        let attack = Attack(
          prompt: row.attack.attack.prompt + " (\(copy))", category: row.attack.attack.category,
          cluster: row.attack.attack.cluster)
        rows.append(
          ReplayRow(
            attack: SuiteAttack(attack: attack, foundOn: nil), candidate: row.candidate, baseline: row.baseline,
            secondLook: row.secondLook))
      }
    }
    let marked = NearCopies(rows.map(\.attack)).attacks
    rows = zip(rows, marked).map { row, attack in
      ReplayRow(attack: attack, candidate: row.candidate, baseline: row.baseline, secondLook: row.secondLook)
    }
    var changed = findings
    changed.replay = ReplayFindings(
      rows: rows, suite: AttackSuite(attacks: marked, candidate: "new", baseline: "old"),
      responses: replay.responses, secondLookResponses: replay.secondLookResponses)
    return changed
  }

  private func reordered(_ findings: Findings, _ random: inout RandomFindings) -> Findings {
    var changed = findings
    changed.replay?.rows.shuffle(using: &random.random)
    changed.benign?.shuffle(using: &random.random)
    return changed
  }

  private func renamed(_ findings: Findings) -> Findings {
    guard let replay = findings.replay else { return findings }
    var changed = findings
    changed.replay = ReplayFindings(
      rows: replay.rows,
      suite: AttackSuite(attacks: replay.suite.attacks, candidate: "another name", baseline: "and another"),
      responses: replay.responses, secondLookResponses: replay.secondLookResponses)
    return changed
  }
}
