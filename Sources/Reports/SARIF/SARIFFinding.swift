import Core

/// A sentence about the run that a reader has to act on, or may ignore because somebody answers for it.
struct SARIFFinding {
  let rule: SARIFRules.Rule
  let level: SARIFLog.Level
  let message: String
  /// Tells it from others of its rule, in every run alike.
  let subject: String
  /// Why it doesn't block; nil where nobody answers for it.
  var excuse: String?

  /// Worst first: the checks, what keeps the run from proving anything, then newly broken attacks.
  static func all(_ summary: RunSummary) -> [SARIFFinding] {
    let checks = summary.checksByUrgency.filter { $0.verdict != .pass }.map { check($0, summary) }
    let invalid = summary.validityByUrgency.filter { !$0.holds }.map { validity($0, summary) }
    let attacks = summary.newlyBroken.prefix(SARIFReport.mostAttacks).map { attack($0, summary) }
    let findings = checks + invalid + attacks
    // What a gate would have done is said also where nothing is wrong: a clean result could be taken for a pass.
    if summary.isObserved { return [observed(summary)] + findings }
    // What blocks without a check of its own (a run that broke off, say) must not look clean.
    guard summary.exitCode != 0, !findings.contains(where: { $0.level == .error }) else { return findings }
    return [verdict(summary)] + findings
  }

  private static func verdict(_ summary: RunSummary) -> SARIFFinding {
    let why = summary.why.map(\.text).joined(separator: " ")
    return SARIFFinding(
      rule: .verdict, level: .error, message: "\(summary.headline). \(why)", subject: summary.policy.name)
  }

  private static func observed(_ summary: RunSummary) -> SARIFFinding {
    let why = summary.why.map(\.text).joined(separator: " ")
    return SARIFFinding(
      rule: .observed, level: .note, message: "\(summary.headline). \(why)", subject: summary.policy.name)
  }

  private static func check(_ check: RunSummary.CheckResult, _ summary: RunSummary) -> SARIFFinding {
    let remedy = check.remedy.map { " To decide: \($0)" } ?? ""
    let blocks = !summary.isObserved && check.excuse == nil && (check.verdict == .fail || summary.exitCode != 0)
    return SARIFFinding(
      rule: .check(check), level: blocks ? .error : .note, message: check.sentence + remedy, subject: check.name,
      excuse: check.excuse)
  }

  private static func validity(_ result: RunSummary.ValidityResult, _ summary: RunSummary) -> SARIFFinding {
    let remedy = result.remedy.map { " \($0)" } ?? ""
    return SARIFFinding(
      rule: .validity(result.kind), level: summary.exitCode == 0 ? .note : .error,
      message: "\(result.title): \(result.finding)\(remedy)", subject: result.subject)
  }

  /// Errors where the gate fails; where it doesn't, the policy allows some.
  private static func attack(_ attack: RunSummary.BrokenAttack, _ summary: RunSummary) -> SARIFFinding {
    SARIFFinding(
      rule: .category(attack.category), level: summary.verdict == .fail && !summary.isObserved ? .error : .note,
      message: "\(attack.finding) Attack \(attack.id).", subject: attack.id.text)
  }
}

/// The rules that results point to, each once.
struct SARIFRules {
  /// What a kind of finding is, and what to do about it.
  struct Rule {
    let id: String
    let title: String
    let explanation: String
    let help: String
    var level = SARIFLog.Level.error
    var tags: [String] = []
  }

  private(set) var all: [SARIFLog.Rule] = []
  private var places: [String: Int] = [:]

  /// The place of a rule among all; it is added where it is new.
  mutating func index(of rule: Rule) -> Int {
    if let place = places[rule.id] { return place }
    places[rule.id] = all.count
    all.append(
      SARIFLog.Rule(
        defaultConfiguration: SARIFLog.Configuration(level: rule.level),
        fullDescription: SARIFLog.Message(rule.explanation), help: SARIFLog.Message(rule.help), id: rule.id,
        properties: SARIFLog.Rule.Tags(tags: ["model-safety"] + rule.tags.map { PlainText.line($0, longest: 100) }),
        shortDescription: SARIFLog.Message(rule.title)))
    return all.count - 1
  }
}

extension SARIFRules.Rule {
  static let verdict = SARIFRules.Rule(
    id: "verdict", title: "The gate did not pass",
    explanation: "The run ended without evidence that the candidate may ship.",
    help: "Read the reasons, mend what kept the run from deciding, and run the gate again.")

  static let observed = SARIFRules.Rule(
    id: "observed", title: "The gate only observed",
    explanation: "The policy says mode: observe, so nothing is blocked; the message says what a gate would have done.",
    help: "Read what would have been found. To let the gate decide, remove mode: observe from the policy.",
    level: .note)

  static func check(_ check: RunSummary.CheckResult) -> SARIFRules.Rule {
    SARIFRules.Rule(
      id: "check/\(PlainText.line(check.metric, longest: 100))", title: check.title, explanation: check.explanation,
      help: "A violated check is a finding about the model: compare the categories and the newly broken attacks in the "
        + "HTML report, and mend the model or have somebody answer for it with a waiver. One that is not decided needs "
        + "more evidence: its message says how much.")
  }

  static func validity(_ kind: String) -> SARIFRules.Rule {
    SARIFRules.Rule(
      id: "validity/\(PlainText.line(kind, longest: 100))", title: "The run proves nothing about the model",
      explanation: "Every run has to show that its judge and attacker were awake and that answers came. "
        + "This one did not.",
      help: "Do what the message asks for, then run the gate again.")
  }

  static func category(_ category: String?) -> SARIFRules.Rule {
    let name = category.map { PlainText.line($0, longest: 200) }
    return SARIFRules.Rule(
      id: "newly-broken/\(name ?? "no-category")", title: "Newly broken: \(name ?? "no category")",
      explanation: "An attack\(name.map { " of the category \($0)" } ?? "") that the baseline resists succeeds on the "
        + "candidate.",
      help: "Attacks are named by identifier; `sluice reveal ATTACK --reason …` shows the text and the responses of "
        + "each model.",
      tags: name.map { [$0] } ?? [])
  }
}
