import Core

/// Properties of the suite `decide`: what a program reads that looks for more than testcases.
enum JUnitProperties {
  private static let most = 100

  /// In the order of their importance, names and values cut and clean.
  static func all(_ summary: RunSummary, version: String) -> [(String, String)] {
    let properties = proof(summary) + identity(summary, version: version) + models(summary) + outcomes(summary)
    return uniquelyNamed(properties.map { (JUnitSuite.token($0), PlainText.line($1)) })
  }

  /// What weakens the verdict, and what it is about.
  private static func proof(_ summary: RunSummary) -> [(String, String)] {
    let weakenings = (summary.weakenings ?? []).prefix(most).enumerated().map { ("weakening.\($0)", $1) }
    let question = summary.question.map { [("headline", summary.headline), ("question", $0.rawValue)] } ?? []
    return weakenings + question
      + [summary.validityLine.map { ("validity", $0) }].compactMap(\.self)
      + summary.waived.prefix(most).enumerated().map { ("waived.\($0)", "\($1.name): \($1.excuse ?? "")") }
  }

  private static func identity(_ summary: RunSummary, version: String) -> [(String, String)] {
    let policy = summary.policy
    return [
      ("version", version), ("run", summary.run), ("verdict", summary.verdict.rawValue),
      ("exitCode", "\(summary.exitCode)"), ("policy", policy.name), ("policyPath", policy.path),
      ("policyHash", policy.hash), ("seed", "\(policy.seed)"), ("confidence", "\(policy.confidence)"),
      ("ledgerHead", summary.evidence.headHash),
    ] + [policy.digest.map { ("digest", $0) }].compactMap(\.self)
      + (summary.observed.map { [("mode", "observe"), ("gateExitCode", "\($0.exitCode)")] } ?? [])
      + (policy.governance?.facts ?? []).map { ("governance.\($0.name)", $0.value) }
      + summary.inputs.map { ("input.\($0.use)", "\(PlainText.line($0.path, longest: 800)) \($0.hash)") }
      + policy.overrides.prefix(most).enumerated().map { ("override.\($0)", $1) }
  }

  private static func models(_ summary: RunSummary) -> [(String, String)] {
    let models = summary.models.prefix(most)
    let signs = models.flatMap { model -> [(String, String)] in
      guard let signs = model.signs else { return [] }
      return signs.facts.map { ("model.\(model.role).\($0.key)", $0.value) }
    }
    return models.map { ("model.\($0.role)", "\($0.name) \($0.fingerprint)") }
      + summary.judges.prefix(most).map { ("judge.\($0.use)", "\($0.name) \($0.fingerprint)") } + signs
  }

  private static func outcomes(_ summary: RunSummary) -> [(String, String)] {
    summary.outcomeRows.flatMap { row in
      let name = "outcomes.\(PlainText.line(row.role, longest: 60)).\(PlainText.line(row.stage, longest: 40))"
      return [(name, row.property)]
        + row.reasons.prefix(RunSummary.mostOutcomeReasons).enumerated().map { ("\(name).reason.\($0)", $1.sentence) }
    }
  }

  /// Two files may have one use; a consumer that reads properties into a dictionary must not lose one.
  private static func uniquelyNamed(_ properties: [(String, String)]) -> [(String, String)] {
    var used: Set<String> = []
    return properties.map { name, value in
      var (unique, number) = (name, 2)
      while !used.insert(unique).inserted {
        unique = "\(name).\(number)"
        number += 1
      }
      return (unique, value)
    }
  }
}
