import Core
import Foundation

/// JUnit XML that both common schemas accept: a suite a stage, a testcase a check and a newly broken attack.
///
/// It says exactly what the exit code says: failures where a check is violated, errors where the evidence is
/// too thin (skipped where the policy lets that pass).
public enum JUnitReport {
  /// Newly broken attacks listed one by one; the rest is counted in one testcase.
  static let mostAttacks = 2000

  /// - Parameters:
  ///   - date: when the run ended.
  ///   - host: the machine's name, for the `hostname` attribute.
  /// - Throws: `InternalError` when libxml2 fails.
  public static func render(_ summary: RunSummary, date: Date, version: String, host: String) throws -> [UInt8] {
    var document = try XMLDocument()
    let suites = suites(summary)
    document.element("testsuites") { document in
      for (id, suite) in suites.enumerated() {
        let attributes: [(String, String)] = [
          ("package", "sluice.\(token(summary.policy.name))"), ("id", "\(id)"), ("name", suite.name),
          ("timestamp", timestamp(date)), ("hostname", token(host)), ("tests", "\(suite.cases.count)"),
          ("failures", "\(suite.count { if case .failure = $0 { true } else { false } })"),
          ("errors", "\(suite.count { if case .error = $0 { true } else { false } })"),
          ("skipped", "\(suite.count { if case .skipped = $0 { true } else { false } })"),
          ("time", time(suite.seconds)),
        ]
        document.element("testsuite", attributes) { document in
          document.element("properties") { document in
            for (name, value) in suite.properties {
              document.element("property", [("name", name), ("value", value)])
            }
          }
          for test in suite.cases { write(test, &document) }
          document.element("system-out") { $0.text(suite.output) }
          document.element("system-err")
        }
      }
    }
    return try document.finish()
  }

  // MARK: - From the summary to suites

  enum Outcome {
    case passed
    case failure(message: String, body: String)
    case error(message: String, body: String)
    case skipped(message: String)
  }

  struct Case {
    let name: String
    let className: String
    let outcome: Outcome
  }

  struct Suite {
    let name: String
    let seconds: Double
    var properties: [(String, String)] = []
    var cases: [Case] = []
    var output = ""

    func count(_ matches: (Outcome) -> Bool) -> Int { cases.count { matches($0.outcome) } }
  }

  static func suites(_ summary: RunSummary) -> [Suite] {
    let letsPass = summary.exitCode == 0
    var suites = summary.stages.map { stage in
      var suite = Suite(name: stage.name, seconds: stage.seconds)
      suite.output = stage.detail
      if !stage.ran {
        suite.cases = [
          Case(
            name: "stage", className: "sluice.\(stage.name)", outcome: .skipped(message: "The stage was not asked for.")
          )
        ]
      }
      return suite
    }
    func append(_ test: Case, to stage: String) {
      if let index = suites.firstIndex(where: { $0.name == stage }) {
        suites[index].cases.append(test)
      } else {
        suites.append(Suite(name: stage, seconds: 0, cases: [test]))
      }
    }
    for check in summary.checks {
      append(
        Case(name: check.name, className: "sluice.\(check.stage)", outcome: outcome(check, letsPass: letsPass)),
        to: check.stage)
    }
    appendAttacks(summary, append)
    append(verdict(summary), to: "decide")
    for index in suites.indices { suites[index].cases = uniquelyNamed(suites[index].cases) }
    if let decide = suites.firstIndex(where: { $0.name == "decide" }) {
      suites[decide].properties = properties(summary)
      suites[decide].output = (summary.reasons + summary.notices).joined(separator: "\n")
    }
    return suites
  }

  /// The verdict itself: with no checks at all, or a reason that no check carries, the file still isn't green.
  private static func verdict(_ summary: RunSummary) -> Case {
    let body = summary.reasons.joined(separator: "\n")
    let outcome: Outcome
    switch (summary.verdict, summary.exitCode) {
    case (.pass, 0): outcome = .passed
    case (.inconclusive, 0): outcome = .skipped(message: "Inconclusive, which the policy lets pass. \(body)")
    case (.fail, _): outcome = .failure(message: "The gate failed.", body: body)
    default: outcome = .error(message: "The gate is inconclusive.", body: body)
    }
    return Case(name: "verdict", className: "sluice.decide", outcome: outcome)
  }

  private static func outcome(_ check: RunSummary.CheckResult, letsPass: Bool) -> Outcome {
    let body = """
      metric: \(check.metric)
      meaning: \(check.explanation)
      estimate: \(Numbers.estimate(check.estimate, metric: check.metric))
      confidence: \(check.estimate.map { String(format: "%.4f", $0.confidence) } ?? "none")
      limit: \(Numbers.limit(check.limit, metric: check.metric))
      observations: \(check.estimate?.n ?? 0), unscored: \(check.estimate?.unscored ?? 0)
      method: \(check.estimate?.method ?? "none")
      """
    switch check.verdict {
    case .pass: return .passed
    case .fail: return .failure(message: check.reason, body: body)
    case .inconclusive:
      return letsPass ? .skipped(message: check.reason) : .error(message: check.reason, body: body)
    }
  }

  private static func appendAttacks(_ summary: RunSummary, _ append: (Case, String) -> Void) {
    // Attacks are failures only where the gate fails: a policy may allow some, and then they are listed as skipped.
    let fails = summary.verdict == .fail
    for attack in summary.newlyBroken.prefix(mostAttacks) {
      let message =
        "Newly broken: \(attack.category ?? "no category"). The candidate gave in to \(attack.candidateUnsafe) of "
        + "\(attack.candidateScored), the baseline to \(attack.baselineUnsafe) of \(attack.baselineScored)."
      let body =
        "attack: \(attack.id)\ncategory: \(attack.category ?? "none")\ncluster: \(attack.cluster ?? "none")\n"
        + "adjusted p: \(String(format: "%.2g", attack.adjustedP))" + (attack.prompt.map { "\nprompt: \($0)" } ?? "")
      append(
        Case(
          name: "newly broken \(attack.id)", className: "sluice.replay.\(token(attack.category ?? "uncategorised"))",
          outcome: fails ? .failure(message: message, body: body) : .skipped(message: message)), "replay")
    }
    let more = summary.newlyBroken.count - mostAttacks
    if more > 0 {
      let message = "\(more) more attacks are newly broken; the JSON report lists all."
      append(
        Case(
          name: "newly broken: \(more) more", className: "sluice.replay",
          outcome: fails ? .failure(message: message, body: message) : .skipped(message: message)), "replay")
    }
  }

  private static func properties(_ summary: RunSummary) -> [(String, String)] {
    var properties = [
      ("run", summary.run), ("verdict", summary.verdict.rawValue), ("exitCode", "\(summary.exitCode)"),
      ("policy", summary.policy.name), ("policyHash", summary.policy.hash), ("seed", "\(summary.policy.seed)"),
      ("confidence", "\(summary.policy.confidence)"), ("ledgerHead", summary.evidence.headHash),
    ]
    for (index, override) in summary.policy.overrides.enumerated() {
      properties.append(("override.\(index)", override))
    }
    for model in summary.models {
      properties.append(("model.\(model.role)", "\(model.name) \(model.fingerprint)"))
    }
    return properties
  }

  private static func uniquelyNamed(_ cases: [Case]) -> [Case] {
    var seen: [String: Int] = [:]
    return cases.map { test in
      let count = seen[test.name, default: 0]
      seen[test.name] = count + 1
      return count == 0
        ? test : Case(name: "\(test.name) (\(count + 1))", className: test.className, outcome: test.outcome)
    }
  }

  // MARK: - Writing

  private static func write(_ test: Case, _ document: inout XMLDocument) {
    document.element(
      "testcase", [("name", test.name), ("classname", test.className), ("time", time(0))]
    ) { document in
      switch test.outcome {
      case .passed: break
      case .failure(let message, let body):
        document.element("failure", [("type", "violated"), ("message", cut(message))]) { $0.text(cut(body)) }
      case .error(let message, let body):
        document.element("error", [("type", "inconclusive"), ("message", cut(message))]) { $0.text(cut(body)) }
      case .skipped(let message): document.element("skipped", [("message", cut(message))])
      }
    }
  }

  /// No single text makes the file unreadable for CI servers, which refuse large ones.
  private static func cut(_ text: String) -> String {
    text.utf8.count <= 10_000 ? text : String(text.prefix(8_000)) + "… (cut)"
  }

  /// xs:token: no line breaks, no double or outer spaces.
  private static func token(_ text: String) -> String {
    let words = XMLDocument.allowed(text).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return words.isEmpty ? "unknown" : words
  }

  /// Local-looking time without zone or fraction, in UTC.
  private static func timestamp(_ date: Date) -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(identifier: "UTC")
    formatter.dateFormat = "yyyy-MM-dd'T'HH:mm:ss"
    return formatter.string(from: date)
  }

  private static func time(_ seconds: Double) -> String {
    String(format: "%.3f", max(0, seconds.isFinite ? seconds : 0))
  }
}
