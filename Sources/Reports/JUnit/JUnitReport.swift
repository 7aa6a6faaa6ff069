import Core
import Foundation

/// JUnit XML that both common schemas accept: a suite a stage, a testcase a check, and one for the newly broken attacks of a category.
///
/// It says exactly what the exit code says: failures where a check is violated, errors where the evidence is
/// too thin (skipped where the policy lets that pass). CI servers refuse large files, so it stays below 30 MB.
public enum JUnitReport {
  /// - Parameters:
  ///   - date: when the run ended.
  ///   - host: the machine's name, for the `hostname` attribute.
  ///   - language: of messages, bodies and output; names and properties are for programs, and the same in all
  ///     languages. Nil for the run's.
  /// - Throws: `InternalError` when the summary contradicts itself or libxml2 fails.
  public static func render(
    _ summary: RunSummary, date: Date, version: String, host: String = "localhost", language: Language? = nil
  ) throws -> [UInt8] {
    try summary.requireAgreement()
    return try (language ?? summary.language).speaking {
      try document(suites: JUnitSuite.suites(summary, version: version), date: date, host: host)
    }
  }

  private static func document(suites: [JUnitSuite], date: Date, host: String) throws -> [UInt8] {
    var document = try XMLDocument()
    let timestamp = Timestamp(date).local
    document.element("testsuites") { document in
      for (id, suite) in suites.enumerated() {
        let attributes = [
          ("package", "sluice"), ("id", "\(id)"), ("name", suite.name), ("timestamp", timestamp),
          ("hostname", JUnitSuite.token(host, ifEmpty: "localhost")), ("tests", "\(suite.cases.count)"),
          ("failures", "\(suite.cases.count { $0.outcome.isFailure })"),
          ("errors", "\(suite.cases.count { $0.outcome.isError })"),
          ("skipped", "\(suite.cases.count { $0.outcome.isSkipped })"), ("time", time(suite.seconds)),
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

  private static func write(_ test: JUnitCase, _ document: inout XMLDocument) {
    let attributes = [("name", test.name), ("classname", test.className), ("time", time(0))]
    document.element("testcase", attributes) { document in
      switch test.outcome {
      case .passed: break
      case .failure(let type, let message, let body):
        document.element("failure", [("type", type), ("message", message)]) { $0.text(body) }
      case .error(let type, let message, let body):
        document.element("error", [("type", type), ("message", message)]) { $0.text(body) }
      case .skipped(let message): document.element("skipped", [("message", message)])
      }
    }
  }

  /// Three decimals; both schemas take at most so many.
  private static func time(_ seconds: Double) -> String {
    String(format: "%.3f", seconds.isFinite ? max(0, min(seconds, 999_999_999)) : 0)
  }
}

extension Reporter {
  /// Test suites for CI systems.
  public static let junit = Reporter(
    name: "junit", summary: "JUnit XML file",
    marks: [ReportMark(#"<?xml version="1.0""#, [#"<testsuite package="sluice" id="0""#])]
  ) { summary, context in
    try JUnitReport.render(
      summary, date: context.date, version: context.version, host: context.host, language: context.language)
  }
}
