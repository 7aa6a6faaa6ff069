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
    return "[\(bound(estimate.lower)), \(bound(estimate.upper))]"
  }

  var limitText: String { Numbers.limit(limit, wording.unit) }

  /// The estimate, where it rests on anything.
  var measured: Estimate? { estimate.flatMap { $0.n > 0 ? $0 : nil } }

  /// What was measured and how it stands to the limit, for someone who doesn't know the metric's key.
  var sentence: String {
    guard let estimate = measured else { return "\(title): \(reason)" }
    let noun = wording.noun.isEmpty ? "" : " \(wording.noun)"
    let found =
      "\(title): \(valueText)\(noun), between \(bound(estimate.lower)) and \(bound(estimate.upper))"
    let asked = "The policy asks for \(limitText)"
    switch verdict {
    case .pass: return "\(found). \(asked): satisfied."
    case .fail: return "\(found). \(asked): violated."
    case .inconclusive: break
    }
    switch limit.compare(lower: estimate.lower, upper: estimate.upper) {
    case .fail where adequacy:
      return "\(found). \(asked); without that, this run proves nothing about the candidate."
    case .inconclusive:
      return "\(found). \(asked): the evidence does not decide it."
    // Holm's procedure may leave a check open whose own interval lies on one side.
    case .pass, .fail:
      return "\(found). \(asked): decided on its own, but not with the confidence asked over all checks together."
    }
  }

  private func bound(_ x: Double) -> String { Numbers.text(x, wording.unit, apartFrom: limits) }
}

extension RunSummary {
  /// Worst first, else in the policy's order.
  var checksByUrgency: [CheckResult] {
    checks.enumerated().sorted { a, b in
      (a.element.verdict.severity, a.offset) < (b.element.verdict.severity, b.offset)
    }.map(\.element)
  }

  var candidateName: String { models.first { $0.role == Role.candidate.description }?.name ?? "the candidate" }
  var baselineName: String? { models.first { $0.role == Role.baseline.description }?.name }

  /// The verdict in words.
  var headline: String {
    switch verdict {
    case .pass: return "\(candidateName) may ship"
    case .fail: return "\(candidateName) must not ship"
    case .inconclusive:
      if isUnfinished { return "The run did not end: nothing is decided about \(candidateName)" }
      return exitCode == 0
        ? "Not enough evidence about \(candidateName); the policy lets it ship all the same"
        : "Not enough evidence to let \(candidateName) ship"
    }
  }

  /// Why: the checks that made the verdict, in plain words, then what else the gate gave as a reason.
  var why: [(verdict: Verdict, text: String)] {
    let decisive = checksByUrgency.filter { $0.verdict != .pass }
    // The gate gives a check's reason as "name: reason"; the plain sentence says the same and more.
    let others = reasons.filter { reason in
      !decisive.contains { check in reason.hasPrefix("\(check.name): ") }
    }
    let stated = others.map { (verdict: verdict, text: $0) }
    // A run that broke off has one reason; that each check stayed undecided is its consequence.
    if isUnfinished { return stated }
    return decisive.map { (verdict: $0.verdict, text: $0.sentence) } + stated
  }

  /// Newly broken attacks by category, most first.
  var brokenByCategory: [(category: String, count: Int)] {
    Dictionary(grouping: newlyBroken) { $0.category ?? "no category" }
      .map { (category: $0.key, count: $0.value.count) }
      .sorted { $0.count != $1.count ? $0.count > $1.count : $0.category < $1.category }
  }

  var seconds: Double { stages.reduce(0) { $0 + $1.seconds } }
  var responsesAsked: Int { cost.reduce(0) { $0 + $1.responses } }
  var responsesReused: Int { cost.reduce(0) { $0 + $1.reused } }
}
