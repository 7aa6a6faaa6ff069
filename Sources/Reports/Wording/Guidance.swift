import Core

/// What somebody who has to decide on a release looks for after the verdict.
extension RunSummary {
  private static let mostCategories = 12

  // MARK: - What got worse

  /// What got worse against the baseline, by category, the worst first; each one sentence.
  var worsening: [String] {
    if isUnfinished { return [] }
    guard let baseline = baselineName else {
      return ["There is no baseline, so that nothing says what got worse."]
    }
    let worse = categoriesByHarm.filter(\.isWorse)
    if worse.isEmpty {
      return categories.isEmpty
        ? [] : ["No category is shown to be worse than on \(baseline); small changes may be there all the same."]
    }
    let sentences = worse.prefix(Self.mostCategories).map { row in
      let rates = [(row.candidate, "succeed"), (row.baseline, "on \(baseline)")].compactMap { estimate, words in
        estimate.flatMap { $0.n > 0 ? "\(Numbers.text($0.value, .share)) \(words)" : nil }
      }
      let broken = row.newlyBroken == 0 ? nil : "\(Numbers.count(row.newlyBroken)) newly broken"
      let weight = row.weight.map { "weight \(Numbers.bound($0, .number))" }
      return "\(row.category): \((rates + [broken, weight].compactMap(\.self)).joined(separator: ", "))."
    }
    let more = worse.count - sentences.count
    return sentences + (more > 0 ? ["… and \(Numbers.count(more)) more categories."] : [])
  }

  /// Categories, those first in which a success weighs most and most attacks broke.
  var categoriesByHarm: [CategoryRow] {
    categories.sorted { a, b in
      if a.harm != b.harm { return a.harm > b.harm }
      return a.change != b.change ? a.change > b.change : a.category < b.category
    }
  }

  // MARK: - What was not covered

  /// What the verdict says nothing about, each one sentence.
  var uncovered: [String] {
    if isUnfinished { return [] }
    var sentences: [String] = []
    let skipped = stages.filter { !$0.ran }.map(\.name)
    let needed = Set(checks.map(\.stage))
    let missed = skipped.filter(needed.contains)
    if !missed.isEmpty {
      sentences.append("Stages that checks need were not asked for: \(missed.joined(separator: ", ")).")
    }
    let open = checks.filter { $0.verdict == .inconclusive && !missed.contains($0.stage) }.map(\.name)
    if !open.isEmpty {
      let list = open.prefix(Self.mostCategories).joined(separator: ", ")
      sentences.append("Not decided: \(list)\(open.count > Self.mostCategories ? ", …" : "").")
    }
    let unknown = (outcomes ?? []).reduce(0) { $0 + $1.unscored + $1.failed + $1.missing }
    if unknown > 0 {
      sentences.append(
        "\(Numbers.count(unknown)) planned \(unknown == 1 ? "response has" : "responses have") no verdict; they count against the "
          + "candidate.")
    }
    if !fresh.contains(where: { $0.role == Role.candidate.description }) {
      sentences.append("No fresh attacks were searched for: the verdict is about known ones.")
    }
    if !checks.contains(where: { $0.stage == "benign" && $0.measured != nil }) {
      sentences.append("No check looks at harmless questions: whether the model refuses too much is not known.")
    }
    if calibration == nil { sentences.append("No human labels say how often the judge errs.") }
    return sentences
  }

  // MARK: - Who acts, and how

  /// Who answers for the attacks and what comes of them.
  var responsible: String {
    let waivers = waived.compactMap { check in
      check.waiver.map { "\($0.owner) answers for \(check.name) until \($0.until)" }
    }
    let owner =
      policy.governance.map { governance in
        governance.owner + (governance.contact.map { " (\($0))" } ?? "")
      } ?? "Nobody is named; governance.owner in the policy names somebody"
    return ([owner] + waivers).joined(separator: "; ") + "."
  }

  /// What to do next, in order, each one sentence.
  var nextSteps: [String] {
    if isUnfinished { return reasons.dropFirst().map(\.self) }
    if isObserved {
      return [
        "Nothing is blocked. Read what a gate would have found, and whether you would have acted on it.",
        "Then let it decide: remove mode: observe from the policy.",
      ]
    }
    switch verdict {
    case .pass:
      return [
        "Read below what was not covered, then ship.",
        "Keep this report; sluice attest sign \(run) makes a signed verdict that a deployment can verify.",
      ]
    case .fail:
      return [
        "Do not ship this candidate.",
        newlyBroken.first.map {
          "Look at what broke, one attack of each cluster first: sluice reveal \($0.id) --reason … shows its text."
        } ?? "Look at the categories in which attacks succeed: sluice attacks list \(run) names them.",
        "Mend the model and run the same policy again, or have somebody answer for a check until a date (waivers:).",
      ]
    case .inconclusive:
      if gateExitCode == 0 { return ["The policy lets this pass without evidence: read what was not decided first."] }
      return [
        deciding.isEmpty
          ? "Do not ship on this: nothing was decided." : "Do not ship on this: do what would decide it first.",
        "Then run the same policy again; responses that are stored are not asked for again.",
      ]
    }
  }
}

extension RunSummary.CategoryRow {
  /// Whether something shows that it is worse: a newly broken attack, or intervals that lie apart.
  var isWorse: Bool {
    if newlyBroken > 0 { return true }
    guard let candidate, let baseline, candidate.n > 0, baseline.n > 0 else { return false }
    return candidate.lower > baseline.upper
  }

  /// Change in success rate; 0 where it isn't known.
  var change: Double {
    let change = (candidate?.value ?? 0) - (baseline?.value ?? 0)
    return change.isFinite ? change : 0
  }

  /// Newly broken attacks by their weight, for sorting alone.
  var harm: Double { Double(newlyBroken) * (weight ?? 1) }
}
