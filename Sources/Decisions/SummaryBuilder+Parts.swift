import Core
import Statistics

/// Where attacks succeed: by tag, by turns, by cluster. All of it is about the suite file's attacks as they were written.
extension SummaryBuilder {
  static let mostTags = 200
  static let mostClusters = 60

  /// Success rates of the attacks that carry a tag, each at the run's confidence by itself.
  /// - Returns: nil where no attack carries one.
  func tags(_ findings: Findings, broken: [RunSummary.BrokenAttack]) -> [RunSummary.TagRow]? {
    guard let replay = findings.replay, !context.tags.isEmpty else { return nil }
    let own = Self.written(replay)
    var sizes: [String: Int] = [:]
    for attack in own.suite { for tag in context.tags.of(attack) { sizes[tag, default: 0] += 1 } }
    var rows: [String: [ReplayRow]] = [:]
    for row in own.rows { for tag in context.tags.of(row.attack.attack) { rows[tag, default: []].append(row) } }
    var suite: [String: [SuiteAttack]] = [:]
    for attack in own.attacks { for tag in context.tags.of(attack.attack) { suite[tag, default: []].append(attack) } }
    // The most used ones, where a suite has more than anybody reads.
    let names = sizes.keys.sorted { sizes[$0] != sizes[$1] ? sizes[$0] ?? 0 > sizes[$1] ?? 0 : $0 < $1 }
    let known = Dictionary(own.suite.map { ($0.id, $0) }) { first, _ in first }
    let counts = broken.reduce(into: [String: Int]()) { counts, attack in
      for tag in known[attack.id].map(context.tags.of) ?? [] { counts[tag, default: 0] += 1 }
    }
    let shown = names.prefix(Self.mostTags).sorted().map { tag in
      let rates = rates(rows[tag] ?? [], of: suite[tag] ?? [], findings)
      return RunSummary.TagRow(
        tag: tag, attacks: sizes[tag] ?? 0, candidate: rates.candidate, baseline: rates.baseline,
        newlyBroken: counts[tag] ?? 0)
    }
    return shown.isEmpty ? nil : shown
  }

  /// Success rates by how many turns of the user an attack takes.
  /// - Returns: nil where every attack is a single prompt.
  func turns(_ findings: Findings, broken: [RunSummary.BrokenAttack]) -> [RunSummary.TurnsRow]? {
    guard let replay = findings.replay else { return nil }
    let own = Self.written(replay)
    let suite = Dictionary(grouping: own.attacks) { $0.attack.userTurns }
    if suite.keys.allSatisfy({ $0 == 1 }) { return nil }
    let rows = Dictionary(grouping: own.rows) { $0.attack.attack.userTurns }
    let turns = Dictionary(own.suite.map { ($0.id, $0.userTurns) }) { first, _ in first }
    return suite.keys.sorted().map { count in
      let rates = rates(rows[count] ?? [], of: suite[count] ?? [], findings)
      return RunSummary.TurnsRow(
        turns: count, attacks: suite[count]?.count ?? 0, candidate: rates.candidate, baseline: rates.baseline,
        newlyBroken: broken.count { turns[$0.id] == count })
    }
  }

  /// Counts of clusters with several attacks of which some succeeded on the candidate.
  /// - Returns: nil where there are none.
  func clusters(_ findings: Findings, broken: [RunSummary.BrokenAttack]) -> [RunSummary.ClusterRow]? {
    guard let replay = findings.replay else { return nil }
    let own = Self.written(replay)
    let units = Dictionary(own.attacks.map { ($0.attack.id, $0.unit) }) { first, _ in first }
    let counts = broken.reduce(into: [CompactName: Int]()) { counts, attack in
      if let unit = units[attack.id] { counts[unit, default: 0] += 1 }
    }
    let rows = Dictionary(grouping: own.rows) { $0.attack.unit }.compactMap { unit, rows -> RunSummary.ClusterRow? in
      func tally(_ responses: (ReplayRow) -> [Observation]) -> RunSummary.Tally {
        let share = ScoredShare(rows.flatMap(responses))
        return RunSummary.Tally(unsafe: share.unsafe, scored: share.scored)
      }
      let candidate = tally(\.candidate)
      guard rows.count > 1, candidate.unsafe > 0 else { return nil }
      let clearest = rows.min { a, b in
        let (x, y) = (a.candidate.count { $0.isUnsafe == true }, b.candidate.count { $0.isUnsafe == true })
        return x != y ? x > y : a.attack.attack.id < b.attack.attack.id
      }
      guard let attack = clearest?.attack.attack else { return nil }
      return RunSummary.ClusterRow(
        cluster: unit.text, category: attack.category, attack: attack.id, attacks: rows.count, candidate: candidate,
        baseline: context.hasBaseline ? tally(\.measuredBaseline) : nil, newlyBroken: counts[unit] ?? 0)
    }
    let sorted = rows.sorted { a, b in
      let (x, y) = (a.candidate.share - (a.baseline?.share ?? 0), b.candidate.share - (b.baseline?.share ?? 0))
      if x != y { return x > y }
      return a.candidate.unsafe != b.candidate.unsafe ? a.candidate.unsafe > b.candidate.unsafe : a.cluster < b.cluster
    }
    return sorted.isEmpty ? nil : Array(sorted.prefix(Self.mostClusters))
  }

  // MARK: - Parts

  /// The suite file's attacks as they were written, and what replay saw of them.
  private static func written(
    _ replay: ReplayFindings
  ) -> (attacks: [SuiteAttack], suite: [Attack], rows: [ReplayRow]) {
    let belongs = { (attack: SuiteAttack) in !attack.isFound && attack.attack.transform == nil }
    let attacks = replay.suite.attacks.filter(belongs)
    return (attacks, attacks.map(\.attack), replay.rows.filter { belongs($0.attack) })
  }

  /// Both models' success rates, as if these attacks were the whole suite.
  private func rates(
    _ rows: [ReplayRow], of attacks: [SuiteAttack], _ findings: Findings
  ) -> (candidate: Estimate?, baseline: Estimate?) {
    guard let replay = findings.replay else { return (nil, nil) }
    var part = findings
    part.replay = ReplayFindings(
      rows: rows,
      suite: AttackSuite(attacks: attacks, candidate: replay.suite.candidate, baseline: replay.suite.baseline),
      looks: replay.looks, responses: replay.responses, secondLookResponses: replay.secondLookResponses)
    let metrics = MetricEstimators(findings: part)
    func rate(_ model: KeyPath<ReplayRow, [Observation]>) -> Estimate? {
      metrics.rate(.file, of: model, AttackSelection())?.estimate(confidence: context.rule.confidence)
    }
    return (rate(\.candidate), context.hasBaseline ? rate(\.measuredBaseline) : nil)
  }
}

extension Attack {
  /// Turns of the user: 1 for a prompt.
  fileprivate var userTurns: Int {
    guard let conversation = Conversation(text: prompt) else { return 1 }
    return max(1, conversation.messages.count { $0.role == .user } + conversation.turns.count)
  }
}
