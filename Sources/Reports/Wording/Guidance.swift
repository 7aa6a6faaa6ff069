import Core

/// What somebody who has to decide on a release looks for after the verdict.
extension RunSummary {
  private static let mostCategories = 12

  // MARK: - What got worse

  /// What got worse against the baseline, by category, the worst first; each one sentence.
  var worsening: [String] {
    if isUnfinished { return [] }
    guard let baseline = baselineName else {
      return [Words.Release.noBaseline]
    }
    let worse = categoriesByHarm.filter(\.isWorse)
    if worse.isEmpty {
      return categories.isEmpty
        ? [] : [Words.Release.noneWorse(than: baseline)]
    }
    let sentences = worse.prefix(Self.mostCategories).map { row in
      func rate(_ estimate: Estimate?) -> String? {
        estimate.flatMap { $0.n > 0 ? Numbers.text($0.value, .share) : nil }
      }
      let facts = [
        rate(row.candidate).map(Words.Release.succeed), rate(row.baseline).map { Words.Release.on(baseline, $0) },
        row.newlyBroken == 0 ? nil : Words.Release.newlyBroken(row.newlyBroken),
        row.weight.map { Words.weight(Numbers.bound($0, .number)) },
      ]
      return Words.Release.worse(row.category, facts.compactMap(\.self))
    }
    let more = worse.count - sentences.count
    return sentences + (more > 0 ? [Words.Release.moreCategories(more)] : [])
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
      sentences.append(Words.Release.missedStages(Words.list(missed)))
    }
    let open = checks.filter { $0.verdict == .inconclusive && !missed.contains($0.stage) }.map(\.name)
    if !open.isEmpty {
      let list = Words.list(open.prefix(Self.mostCategories) + (open.count > Self.mostCategories ? ["…"] : []))
      sentences.append(Words.Release.notDecided(list))
    }
    let unknown = (outcomes ?? []).reduce(0) { $0 + $1.unscored + $1.failed + $1.missing }
    if unknown > 0 {
      sentences.append(Words.Release.withoutVerdict(unknown))
    }
    if !fresh.contains(where: { $0.role == Role.candidate.description }) {
      sentences.append(Words.Release.noFresh)
    }
    if !checks.contains(where: { $0.stage == "benign" && $0.measured != nil }) {
      sentences.append(Words.Release.noBenign)
    }
    if calibration == nil { sentences.append(Words.Release.noLabels) }
    return sentences
  }

  // MARK: - Who acts, and how

  /// Who answers for the attacks and what comes of them.
  var responsible: String {
    let waivers = waived.compactMap { check in
      check.waiver.map { Words.Release.answers($0.owner, for: check.name, until: $0.until) }
    }
    let owner =
      policy.governance.map { governance in
        governance.owner + (governance.contact.map(Words.brackets) ?? "")
      } ?? Words.Release.nobody
    return Words.Release.responsible([owner] + waivers)
  }

  /// What to do next, in order, each one sentence.
  var nextSteps: [String] {
    if isUnfinished { return reasons.dropFirst().map(\.self) }
    if isObserved { return Words.Release.observed }
    switch verdict {
    case .pass: return Words.Release.passed(run)
    case .fail:
      return [
        Words.Release.doNotShip,
        newlyBroken.first.map { Words.Release.look(at: $0.id.text) } ?? Words.Release.lookAtCategories(run),
        Words.Release.mend,
      ]
    case .inconclusive:
      if gateExitCode == 0 { return [Words.Release.excused] }
      return [
        deciding.isEmpty ? Words.Release.nothingDecided : Words.Release.decideFirst, Words.Release.runAgain,
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
