import Core
import Foundation

/// SARIF 2.1.0 for code scanning: a result a check that is not satisfied, a validity check that does not hold and a newly broken
/// attack; a rule a metric and a category.
///
/// Errors are what blocks, notes what does not, so that a consumer that looks at levels alone decides as the exit code does: a
/// verdict that blocks leaves at least one error, one that lets pass none. Attack texts are never in it.
public enum SARIFReport {
  /// GitHub takes 25,000 results of a run and shows 5,000 of them.
  static let mostAttacks = 4_000

  /// - Throws: `InternalError` when the summary contradicts itself; an encoding error, which would be a bug.
  public static func render(_ summary: RunSummary, date: Date, version: String) throws -> [UInt8] {
    try summary.requireAgreement()
    var rules = SARIFRules()
    let findings = SARIFFinding.all(summary)
    let location = location(summary.policy.path)
    let results = findings.map { finding in
      SARIFLog.Result(
        level: finding.level, locations: [location], message: SARIFLog.Message(finding.message),
        partialFingerprints: ["sluice/v1": PlainText.line("\(finding.rule.id) \(finding.subject)")],
        ruleId: finding.rule.id, ruleIndex: rules.index(of: finding.rule),
        suppressions: finding.excuse.map { [SARIFLog.Suppression(justification: PlainText.line($0))] })
    }
    let run = SARIFLog.Run(
      automationDetails: SARIFLog.AutomationDetails(
        id: "sluice/\(PlainText.line(summary.policy.name).replacing("/", with: "-"))/\(summary.run)"),
      invocations: [
        SARIFLog.Invocation(
          endTimeUtc: Timestamp(date).iso, executionSuccessful: !summary.isUnfinished, exitCode: summary.exitCode,
          toolExecutionNotifications: notifications(summary))
      ],
      properties: properties(summary), results: results,
      tool: SARIFLog.Tool(driver: SARIFLog.Driver(rules: rules.all, version: version)))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return VisibleText.json(Array(try encoder.encode(SARIFLog(runs: [run])))) + [UInt8(ascii: "\n")]
  }

  /// What weakens the verdict, and what the report leaves out.
  private static func notifications(_ summary: RunSummary) -> [SARIFLog.Notification] {
    let weakenings = (summary.weakenings ?? []).prefix(50).map { "Weakened: \($0)" }
    let rest = summary.newlyBroken.count - mostAttacks
    let left = rest > 0 ? ["\(rest) more newly broken attacks are in the JSON report alone."] : []
    return (weakenings + left).map { SARIFLog.Notification(level: .warning, message: SARIFLog.Message($0)) }
  }

  private static func properties(_ summary: RunSummary) -> [String: String] {
    var properties = [
      "sluice/verdict": summary.verdict.rawValue, "sluice/headline": PlainText.line(summary.headline),
      "sluice/run": summary.run, "sluice/ledgerHead": summary.evidence.headHash,
      "sluice/policyHash": summary.policy.hash,
    ]
    if summary.isObserved { properties["sluice/mode"] = "observe" }
    if let digest = summary.policy.digest { properties["sluice/digest"] = digest }
    for fact in summary.policy.governance?.facts ?? [] {
      properties["sluice/governance/\(fact.name)"] = PlainText.line(fact.value)
    }
    return properties
  }

  /// The policy: a finding about a model has no line of source, and the policy is what a reader can act on.
  private static func location(_ path: String) -> SARIFLog.Location {
    let safe = CharacterSet.urlPathAllowed.subtracting(CharacterSet(charactersIn: ":"))
    let encoded = path.addingPercentEncoding(withAllowedCharacters: safe) ?? "policy.yaml"
    let isAbsolute = path.hasPrefix("/")
    return SARIFLog.Location(
      physicalLocation: SARIFLog.PhysicalLocation(
        artifactLocation: SARIFLog.ArtifactLocation(
          uri: isAbsolute ? "file://\(encoded)" : encoded, uriBaseId: isAbsolute ? nil : "%SRCROOT%"),
        region: SARIFLog.Region()))
  }
}

extension Reporter {
  /// Findings for code scanning.
  public static let sarif = Reporter(
    name: "sarif", summary: "SARIF 2.1.0 file for code scanning: unsatisfied checks and newly broken attacks",
    marks: [ReportMark("{", [SARIFLog.schemaAddress, #""id" : "sluice/"#])]
  ) { summary, context in
    try SARIFReport.render(summary, date: context.date, version: context.version)
  }
}
