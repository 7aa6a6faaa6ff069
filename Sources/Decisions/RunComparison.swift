import Core
import Statistics

/// Two runs side by side: what each measured on one suite, and what is shown of a difference.
public struct RunComparison: Codable, Hashable, Sendable {
  /// A run that is compared.
  public struct Side: Codable, Hashable, Sendable {
    /// The run's identifier in its ledger.
    public var run: String
    /// What its policy calls itself.
    public var policy: String
    /// What the run calls its candidate.
    public var candidate: String
    /// When it ended, seconds since 1970.
    public var ended: Double
    /// What it ended with.
    public var verdict: Verdict
    /// Whether the run only observed, so that its verdict blocked nothing.
    public var isObserved: Bool

    public init(
      run: String, policy: String, candidate: String, ended: Double, verdict: Verdict, isObserved: Bool = false
    ) {
      self.run = run
      self.policy = policy
      self.candidate = candidate
      self.ended = ended
      self.verdict = verdict
      self.isObserved = isObserved
    }
  }

  /// The earlier side, which differences are taken from.
  public var first: Side
  /// The later side.
  public var second: Side
  /// Why nothing can be concluded from the two together, each one sentence; empty where they can be compared.
  public var obstacles: [String]
  /// What a reader has to know, each one sentence.
  public var notices: [String]
  /// With which all differences hold together.
  public var confidence: Double
  /// All attacks as they were written first, then by category, then by transform.
  public var differences: [Difference]
  /// Attacks that succeed more often in the second run, the surest first.
  public var worsened: [Moved]
  /// Attacks that succeed less often in the second run, the surest first.
  public var improved: [Moved]

  public init(first: Side, second: Side, obstacles: [String], notices: [String] = [], confidence: Double) {
    self.first = first
    self.second = second
    self.obstacles = obstacles
    self.notices = notices
    self.confidence = confidence
    (differences, worsened, improved) = ([], [], [])
  }

  /// What an interval says of a difference.
  public enum Reading: String, Codable, Hashable, Sendable, CaseIterable {
    /// More attacks succeed in the second run.
    case worse
    /// Fewer do.
    case better
    /// The interval holds no difference and others: nothing is shown, and nothing is ruled out within it.
    case open

    init(_ difference: Estimate) {
      self = difference.lower > 0 ? .worse : difference.upper < 0 ? .better : .open
    }
  }

  /// Success rates of both runs on some attacks, and the second less the first, paired by attack.
  public struct Difference: Codable, Hashable, Sendable {
    /// Nil for all.
    public var category: String?
    /// What rewrote the attacks; nil for those as they were written.
    public var transform: String?
    /// Attacks that both runs asked.
    public var attacks: Int
    /// Success rate in the first run; nil where nothing was measured.
    public var first: Estimate?
    /// Success rate in the second run; nil where nothing was measured.
    public var second: Estimate?
    /// Nil where nothing was measured.
    public var difference: Estimate?
    /// What the interval says.
    public var reading: Reading
  }

  /// An attack that succeeds more, or less, often in the second run.
  public struct Moved: Codable, Hashable, Sendable {
    /// The attack's identifier in suite and ledger.
    public var id: AttackID
    /// The kind of harm; nil where the suite says nothing.
    public var category: String?
    /// The suite's group of attacks like it; nil where the suite names none.
    public var cluster: String?
    /// What rewrote the attack; nil for one as it was written.
    public var transform: String?
    /// Unsafe responses in the first run.
    public var firstUnsafe: Int
    /// Responses with a verdict in the first run.
    public var firstScored: Int
    /// Unsafe responses in the second run.
    public var secondUnsafe: Int
    /// Responses with a verdict in the second run.
    public var secondScored: Int
    /// One-sided, after Holm's correction for all attacks of both runs.
    public var adjustedP: Double
    /// Whether that tells the jump from chance.
    public var isShown: Bool
  }
}

/// What two runs got of one attack.
public struct ComparedAnswers: Sendable {
  /// What both runs asked.
  public let attack: SuiteAttack
  /// As many as were planned.
  public let first: [Observation]
  /// The second run's, as many as were planned.
  public let second: [Observation]

  public init(attack: SuiteAttack, first: [Observation], second: [Observation]) {
    self.attack = attack
    self.first = first
    self.second = second
  }
}

extension RunComparison {
  /// The same with what the answers show, by the gate's own estimators: paired by attack, robust to clusters, missing answers
  /// counted against either side.
  ///
  /// All intervals hold together at `confidence` (Bonferroni). Moved attacks are told from chance by Fisher's exact test with
  /// Holm's correction, half of the error for either direction.
  public func measuring(_ answers: [ComparedAnswers]) -> RunComparison {
    var result = self
    let rows = answers.map { ReplayRow(attack: $0.attack, candidate: $0.second, baseline: $0.first) }
    var findings = Findings()
    findings.replay = ReplayFindings(
      rows: rows,
      suite: AttackSuite(attacks: answers.map(\.attack), candidate: second.candidate, baseline: first.candidate))
    let metrics = MetricEstimators(findings: findings)
    let written = Set(answers.lazy.filter { $0.attack.attack.transform == nil }.compactMap(\.attack.attack.category))
    let transforms = Set(answers.compactMap(\.attack.attack.transform))
    let selections =
      [AttackSelection()] + written.sorted().map { AttackSelection(category: $0) }
      + transforms.sorted().map { AttackSelection(transform: $0) }
    let each = 1 - (1 - confidence) / Double(selections.count)
    result.differences = selections.map { selection in
      func rate(_ model: KeyPath<ReplayRow, [Observation]>) -> Estimate? {
        metrics.rate(.file, of: model, selection)?.estimate(confidence: each)
      }
      let difference = metrics.regression(.file, selection)?.estimate(confidence: each)
      return Difference(
        category: selection.category, transform: selection.transform,
        attacks: answers.count { $0.attack.isOf(selection) }, first: rate(\.measuredBaseline),
        second: rate(\.candidate),
        difference: difference, reading: difference.map(Reading.init) ?? .open)
    }
    let groups = Array(WordingUnits(rows))
    result.worsened = moved(groups) { ($0.flatMap(\.measuredBaseline), $0.flatMap(\.candidate)) }
    // The same with the runs the other way round, and told in their order.
    result.improved = moved(groups) { ($0.flatMap(\.candidate), $0.flatMap(\.measuredBaseline)) }.map { moved in
      var told = moved
      (told.firstUnsafe, told.firstScored) = (moved.secondUnsafe, moved.secondScored)
      (told.secondUnsafe, told.secondScored) = (moved.firstUnsafe, moved.firstScored)
      return told
    }
    return result
  }

  /// Attacks whose rate rises from one side to the other.
  private func moved(
    _ groups: [[ReplayRow]], _ sides: ([ReplayRow]) -> (from: [Observation], to: [Observation])
  ) -> [Moved] {
    let shares = groups.map { rows in
      let (from, to) = sides(rows)
      return (from: ScoredShare(from), to: ScoredShare(to))
    }
    let places = Dictionary(zip(groups.map { $0[0].attack.attack.id.text }, groups.indices)) { first, _ in first }
    let test = NewlyBroken(
      screened: zip(groups, shares).map { rows, shares in
        NewlyBroken.Outcome(id: rows[0].attack.attack.id.text, candidate: shares.to, baseline: shares.from)
      }, attacks: groups.count, screenResponses: 0, confirmResponses: 0, effect: Check.smallestJump)
    return test.adjusted.compactMap { id, adjustedP in
      guard let place = places[id], let from = shares[place].from.value, let to = shares[place].to.value, to > from
      else { return nil }
      let attack = groups[place][0].attack.attack
      return Moved(
        id: attack.id, category: attack.category, cluster: attack.cluster, transform: attack.transform,
        firstUnsafe: shares[place].from.unsafe, firstScored: shares[place].from.scored,
        secondUnsafe: shares[place].to.unsafe, secondScored: shares[place].to.scored, adjustedP: adjustedP,
        isShown: adjustedP <= (1 - confidence) / 2)
    }
  }
}
