import Core

extension Verdict {
  /// A mark that is told apart by its shape, not only by its colour.
  var mark: String {
    switch self {
    case .pass: "✓"
    case .fail: "✗"
    case .inconclusive: "?"
    }
  }

  /// Worst first.
  var severity: Int {
    switch self {
    case .fail: 0
    case .inconclusive: 1
    case .pass: 2
    }
  }
}

extension RunSummary.CheckResult {
  private var limits: [Double] { [limit.atLeast, limit.atMost].compactMap(\.self) }

  /// `–` where nothing was measured.
  var valueText: String {
    guard let estimate = measured else { return "–" }
    return Numbers.text(estimate.value, wording.unit)
  }

  /// `[lower, upper]`, printed finely enough to be compared with the limit.
  var intervalText: String {
    guard let estimate = measured else { return Words.notMeasured }
    return Numbers.interval(estimate, wording.unit, apartFrom: limits)
  }

  var limitText: String { Numbers.limit(limit, wording.unit) }

  /// The estimate, where it rests on anything.
  var measured: Estimate? { estimate.flatMap { $0.n > 0 ? $0 : nil } }

  /// What was measured and how it stands to the limit, for someone who doesn't know the metric's key.
  var sentence: String { Words.labelled(title, finding) }

  /// The sentence without its subject.
  var finding: String {
    guard let estimate = measured else { return reason }
    let found = Words.Check.found(
      valueText, noun: wording.noun, from: bound(estimate.lower), to: bound(estimate.upper))
    let asked =
      limit.atLeast == nil ? Words.Check.allowed(found, limitText) : Words.Check.askedFor(found, limitText)
    switch verdict {
    case .pass, .fail: return asked
    case .inconclusive: break
    }
    switch limit.compare(lower: estimate.lower, upper: estimate.upper) {
    case .fail where adequacy: return asked + Words.gap + Words.Check.provesNothing
    case .inconclusive: return asked + Words.gap + Words.Check.notDecided
    // Holm's procedure may leave a check open whose own interval lies on one side.
    case .pass, .fail: return asked + Words.gap + Words.Check.openTogether
    }
  }

  /// What a range of counts means, which is no range of shares; nil for other metrics.
  var countReading: String? {
    guard wording.countsNewlyBroken, let estimate = measured else { return nil }
    let least = Numbers.text(estimate.lower, .count)
    return Words.Check.countReading(
      isOne: estimate.lower == 1, least: least, most: Numbers.text(estimate.upper, .count))
  }

  /// What else the same responses say, each one sentence.
  var otherReadings: [String] {
    guard let readings else { return [] }
    let interval = Numbers.interval(readings.suiteLower, readings.suiteUpper, wording.unit, apartFrom: limits)
    var sentences = [Words.Check.onTheseAttacks(interval)]
    if let worsened = readings.worsened, let improved = readings.improved, let midP = readings.midP {
      sentences.append(
        Words.Check.paired(
          worsened: worsened, improved: improved,
          midP: midP < 0.001 ? Words.Check.tinyP : Numbers.text(midP, .number)))
    }
    if let other = readings.otherWeighting { sentences.append(sentence(other)) }
    return sentences
  }

  /// The other weighting, and what would follow from it where that is not what the check says.
  private func sentence(_ other: RunSummary.Readings.Weighted) -> String {
    let counted =
      switch other.weight {
      case "clusters": Words.Check.everyCluster
      case "attacks": Words.Check.everyAttack
      default: PlainText.line(other.weight, longest: 60)
      }
    let interval = Numbers.interval(other.lower, other.upper, wording.unit, apartFrom: limits)
    let reading = Words.Check.countedOnce(counted, Numbers.text(other.value, wording.unit), interval)
    let decided = limit.compare(lower: other.lower, upper: other.upper)
    if decided == verdict { return reading }
    return reading + Words.gap + Words.Check.standing(decided)
  }

  private func bound(_ x: Double) -> String { Numbers.text(x, wording.unit, apartFrom: limits) }
}

extension RunSummary.BrokenAttack {
  /// What it does on both models, one sentence.
  var finding: String { Words.brokenFinding(self) }
}

extension RunSummary {
  /// Worst first, else in the policy's order.
  var checksByUrgency: [CheckResult] {
    checks.enumerated().sorted { a, b in
      (a.element.severity, a.offset) < (b.element.severity, b.offset)
    }.map(\.element)
  }

  /// Whether a check was decided although its interval straddles the limit: the policy's `decide_on: estimate`.
  var isDecidedOnEstimates: Bool {
    checks.contains { check in
      guard check.verdict != .inconclusive, let estimate = check.measured else { return false }
      return check.limit.compare(lower: estimate.lower, upper: estimate.upper) != check.verdict
    }
  }

  var candidateName: String { shortName(of: .candidate) ?? Words.theCandidate }
  var baselineName: String? { shortName(of: .baseline) }

  /// A checkpoint's folder without the way to it; provenance has the whole path.
  private func shortName(of role: Role) -> String? {
    guard let model = models.first(where: { $0.role == role.description }) else { return nil }
    let folder = model.name.split(separator: "/").last.map(String.init)
    return model.isCheckpoint ? folder ?? model.name : model.name
  }

  /// One reason for the verdict, in plain words.
  struct Reason: Hashable, Sendable {
    let verdict: Verdict
    /// The check that it is about, empty where it is about none.
    var subject = ""
    let finding: String

    var text: String { subject.isEmpty ? finding : Words.labelled(subject, finding) }
  }

  /// Why: the checks that made the verdict, what keeps the run from proving anything, then what else the gate gave as a
  /// reason.
  var why: [Reason] {
    let decisive = checksByUrgency.filter { $0.verdict != .pass && $0.decides }
    // The gate gives a check's reason as "name: reason"; the plain sentence says the same and more.
    let told = Set(decisive.map { PlainText.line($0.name) })
    let invalid = validityByUrgency.filter { !$0.holds }
    let findings = Set(invalid.map(\.finding))
    let others = reasons.filter { reason in
      if findings.contains(reason) { return false }
      let line = PlainText.line(reason)
      return !line.ranges(of: Words.colon).contains { told.contains(String(line[..<$0.lowerBound])) }
    }
    // Where the question is which variant to take, the advice is the reason.
    let advice = question == .tuning ? tuning?.advice ?? [] : []
    let stated = (advice + others).map { Reason(verdict: verdict, finding: $0) }
    let unproven = invalid.map {
      Reason(verdict: .inconclusive, subject: Words.Check.validity($0.title), finding: $0.finding)
    }
    // A run that broke off has one reason; that each check stayed undecided is its consequence.
    if isUnfinished { return stated + unproven }
    let failed = decisive.filter { $0.verdict == .fail }
    let open = decisive.filter { $0.verdict != .fail }
    func reason(_ check: CheckResult) -> Reason {
      Reason(verdict: check.verdict, subject: check.title, finding: check.finding)
    }
    return failed.map(reason) + unproven + open.map(reason) + stated
  }

  /// Newly broken attacks by category, most first.
  var brokenByCategory: [(category: String, count: Int)] {
    Dictionary(grouping: newlyBroken) { $0.category ?? Words.noCategory }
      .map { (category: $0.key, count: $0.value.count) }
      .sorted { $0.count != $1.count ? $0.count > $1.count : $0.category < $1.category }
  }

  var seconds: Double { stages.reduce(0) { $0 + $1.seconds } }
  var responsesAsked: Int { cost.lazy.map(\.responses).saturatedSum }
  var responsesReused: Int { cost.lazy.map(\.reused).saturatedSum }
}
