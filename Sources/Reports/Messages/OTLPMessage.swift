import Core
import Kinds

/// Metrics and events of a run in OTLP/HTTP's JSON (OpenTelemetry protocol 1.x, with the names of its JSON mapping).
///
/// Events are `gen_ai.evaluation.result` of the GenAI semantic conventions, one for each check; metrics are gauges at the run's end.
struct OTLPMessage {
  let summary: RunSummary
  let context: ReportContext

  private static let evaluation = "gen_ai.evaluation.result"
  private static let mostChecks = 500

  // MARK: - Metrics

  var metrics: JSON {
    let checks = summary.checks.prefix(Self.mostChecks)
    func gauge(_ name: String, _ unit: String, _ help: String, _ points: [JSON]) -> JSON? {
      points.isEmpty
        ? nil
        : Self.object([
          ("name", .string(name)), ("unit", .string(unit)), ("description", .string(help)),
          ("gauge", Self.object([("dataPoints", .array(points))])),
        ])
    }
    func points(_ value: (Estimate) -> Double) -> [JSON] {
      checks.compactMap { check in
        check.measured.map(value).flatMap { $0.isFinite ? point(double: $0, attributes(check)) : nil }
      }
    }
    let verdict = [
      ("sluice.verdict", text(summary.verdict.rawValue)), ("sluice.observed", Self.bool(summary.isObserved)),
    ]
    let all = [
      gauge(
        "sluice.run.exit_code", "1", "Exit code of the run as a gate.",
        [point(integer: Int(summary.gateExitCode), verdict)]),
      gauge("sluice.check.value", "1", "What a check measured.", points(\.value)),
      gauge("sluice.check.lower", "1", "Lower end of the interval.", points(\.lower)),
      gauge("sluice.check.upper", "1", "Upper end of the interval.", points(\.upper)),
      gauge(
        "sluice.newly_broken", "{attack}", "Newly broken attacks by category.",
        summary.brokenByCategory.map { point(integer: $0.count, [("sluice.category", text($0.category))]) }),
      gauge(
        "sluice.responses", "{response}", "Responses that the run asked for.",
        summary.cost.map { point(integer: $0.responses, [("sluice.role", text($0.role))]) }),
    ]
    return Self.object([
      (
        "resourceMetrics",
        .array([
          Self.object([
            ("resource", resource),
            (
              "scopeMetrics",
              .array([Self.object([("scope", scope), ("metrics", .array(all.compactMap(\.self)))])])
            ),
          ])
        ])
      )
    ])
  }

  private func point(double value: Double, _ attributes: [(String, JSON)]) -> JSON {
    Self.object([
      ("timeUnixNano", time), ("asDouble", .number(value)), ("attributes", Self.attributes(attributes)),
    ])
  }

  private func point(integer value: Int, _ attributes: [(String, JSON)]) -> JSON {
    Self.object([
      // 64-bit numbers are texts in the JSON of Protocol Buffers.
      ("timeUnixNano", time), ("asInt", .string("\(value)")), ("attributes", Self.attributes(attributes)),
    ])
  }

  // MARK: - Events

  var events: JSON {
    let records = summary.checks.prefix(Self.mostChecks).map { check -> JSON in
      let blocks = check.verdict != .pass && check.decides && summary.exitCode != 0
      var values = [
        ("gen_ai.evaluation.name", text(check.name)), ("gen_ai.evaluation.score.label", text(check.verdict.rawValue)),
        ("gen_ai.evaluation.explanation", text(check.sentence)),
      ]
      if let value = check.measured?.value, value.isFinite {
        values.append(("gen_ai.evaluation.score.value", Self.object([("doubleValue", .number(value))])))
      }
      return Self.object([
        ("timeUnixNano", time), ("observedTimeUnixNano", time), ("severityNumber", .integer(blocks ? 17 : 9)),
        ("severityText", .string(blocks ? "ERROR" : "INFO")), ("eventName", .string(Self.evaluation)),
        ("body", text(check.sentence)), ("attributes", Self.attributes(values + attributes(check))),
      ])
    }
    return Self.object([
      (
        "resourceLogs",
        .array([
          Self.object([
            ("resource", resource),
            ("scopeLogs", .array([Self.object([("scope", scope), ("logRecords", .array(records))])])),
          ])
        ])
      )
    ])
  }

  // MARK: - Parts

  private var resource: JSON {
    Self.object([
      (
        "attributes",
        Self.attributes([
          ("service.name", text("sluice")), ("service.version", text(context.version)),
          ("sluice.run", text(summary.run)), ("sluice.policy", text(summary.policy.name)),
          ("gen_ai.request.model", text(summary.candidateName)),
        ])
      )
    ])
  }

  private var scope: JSON {
    Self.object([("name", .string("sluice")), ("version", .string(PlainText.line(context.version)))])
  }

  private func attributes(_ check: RunSummary.CheckResult) -> [(String, JSON)] {
    [
      ("sluice.check", text(check.name)), ("sluice.metric", text(check.metric)),
      ("sluice.check.verdict", text(check.verdict.rawValue)), ("sluice.observed", Self.bool(summary.isObserved)),
    ]
  }

  private var time: JSON {
    let seconds = context.date.timeIntervalSince1970
    let bounded = seconds.isFinite ? max(0, min(seconds, 4_000_000_000)) : 0
    return .string("\(UInt64(bounded * 1_000) * 1_000_000)")
  }

  private func text(_ text: String) -> JSON { Self.object([("stringValue", .string(PlainText.line(text)))]) }

  private static func bool(_ value: Bool) -> JSON { object([("boolValue", .bool(value))]) }

  private static func attributes(_ values: [(String, JSON)]) -> JSON {
    .array(values.map { object([("key", .string($0)), ("value", $1)]) })
  }

  private static func object(_ members: [(String, JSON)]) -> JSON { .object(members.map { JSON.Member($0, $1) }) }
}

extension Subscriber {
  /// Metrics and an event in the OpenTelemetry protocol.
  public static let otlp = Subscriber(
    name: "otlp", summary: "An OpenTelemetry collector that gets metrics and events (OTLP/HTTP, JSON)",
    own: [
      PolicyKey(
        name: "headers", shape: .headers, help: "Header fields of every request; secrets come from the environment.",
        example: #"headers: {Authorization: "Bearer ${OTLP_TOKEN}"}"#)
    ]
  ) { summary, context in
    let message = OTLPMessage(summary: summary, context: context)
    return [
      Message(path: "/v1/metrics", body: message.metrics.serializedBytes()),
      Message(path: "/v1/logs", body: message.events.serializedBytes()),
    ]
  }
}
