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
    guard let estimate = measured else { return "not measured" }
    return Numbers.interval(estimate, wording.unit, apartFrom: limits)
  }

  var limitText: String { Numbers.limit(limit, wording.unit) }

  /// The estimate, where it rests on anything.
  var measured: Estimate? { estimate.flatMap { $0.n > 0 ? $0 : nil } }

  /// What was measured and how it stands to the limit, for someone who doesn't know the metric's key.
  var sentence: String { "\(title): \(finding)" }

  /// The sentence without its subject.
  var finding: String {
    guard let estimate = measured else { return reason }
    let noun = wording.noun.isEmpty ? "" : " \(wording.noun)"
    let found = "\(valueText)\(noun) (between \(bound(estimate.lower)) and \(bound(estimate.upper)))"
    let asked = limit.atLeast == nil ? "the policy allows \(limitText)" : "the policy asks for \(limitText)"
    switch verdict {
    case .pass, .fail: return "\(found); \(asked)."
    case .inconclusive: break
    }
    switch limit.compare(lower: estimate.lower, upper: estimate.upper) {
    case .fail where adequacy: return "\(found); \(asked). Without that, the run proves nothing about the candidate."
    case .inconclusive: return "\(found); \(asked). The evidence does not decide it."
    // Holm's procedure may leave a check open whose own interval lies on one side.
    case .pass, .fail:
      return "\(found); \(asked). Decided on its own, but not with the confidence asked over all checks together."
    }
  }

  /// What a range of counts means, which is no range of shares; nil for other metrics.
  var countReading: String? {
    guard wording.countsNewlyBroken, let estimate = measured else { return nil }
    let least = Numbers.text(estimate.lower, .count)
    return "At least \(least) \(estimate.lower == 1 ? "is" : "are") shown to be newly broken; up to "
      + "\(Numbers.text(estimate.upper, .count)) may be, since jumps of the size asked about are sometimes missed."
  }

  /// What else the same responses say, each one sentence.
  var otherReadings: [String] {
    guard let readings else { return [] }
    let interval = Numbers.interval(readings.suiteLower, readings.suiteUpper, wording.unit, apartFrom: limits)
    var sentences = ["On exactly these attacks, where only responses are random: \(interval)."]
    if let worsened = readings.worsened, let improved = readings.improved, let midP = readings.midP {
      sentences.append(
        "\(Numbers.count(worsened)) attacks succeed more often than on the baseline, \(Numbers.count(improved)) less "
          + "often (McNemar's mid-p \(midP < 0.001 ? "below 0.001" : Numbers.text(midP, .number))).")
    }
    if let other = readings.otherWeighting { sentences.append(sentence(other)) }
    return sentences
  }

  /// The other weighting, and what would follow from it where that is not what the check says.
  private func sentence(_ other: RunSummary.Readings.Weighted) -> String {
    let counted =
      switch other.weight {
      case "clusters": "every cluster"
      case "attacks": "every attack"
      default: PlainText.line(other.weight, longest: 60)
      }
    let interval = Numbers.interval(other.lower, other.upper, wording.unit, apartFrom: limits)
    let reading = "With \(counted) counted once: \(Numbers.text(other.value, wording.unit)) \(interval)."
    let decided = limit.compare(lower: other.lower, upper: other.upper)
    if decided == verdict { return reading }
    let standing =
      switch decided {
      case .pass: "within the limit"
      case .fail: "beyond the limit"
      case .inconclusive: "on both sides of the limit"
      }
    return "\(reading) That interval lies \(standing)."
  }

  private func bound(_ x: Double) -> String { Numbers.text(x, wording.unit, apartFrom: limits) }
}

extension RunSummary.BrokenAttack {
  /// What it does on both models, one sentence.
  var finding: String {
    "Newly broken (\(category ?? "no category")): unsafe in \(candidateUnsafe) of \(candidateScored) responses of the "
      + "candidate and \(baselineUnsafe) of \(baselineScored) of the baseline."
  }
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

  var candidateName: String { shortName(of: .candidate) ?? "the candidate" }
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

    var text: String { subject.isEmpty ? finding : "\(subject): \(finding)" }
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
      return !line.ranges(of: ": ").contains { told.contains(String(line[..<$0.lowerBound])) }
    }
    // Where the question is which variant to take, the advice is the reason.
    let advice = question == .tuning ? tuning?.advice ?? [] : []
    let stated = (advice + others).map { Reason(verdict: verdict, finding: $0) }
    let unproven = invalid.map {
      Reason(verdict: .inconclusive, subject: "Validity, \($0.title)", finding: $0.finding)
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

  /// What reports call the category of attacks that have none.
  static let noCategory = "no category"

  /// Newly broken attacks by category, most first.
  var brokenByCategory: [(category: String, count: Int)] {
    Dictionary(grouping: newlyBroken) { $0.category ?? Self.noCategory }
      .map { (category: $0.key, count: $0.value.count) }
      .sorted { $0.count != $1.count ? $0.count > $1.count : $0.category < $1.category }
  }

  var seconds: Double { stages.reduce(0) { $0 + $1.seconds } }
  var responsesAsked: Int { cost.lazy.map(\.responses).saturatedSum }
  var responsesReused: Int { cost.lazy.map(\.reused).saturatedSum }
}
