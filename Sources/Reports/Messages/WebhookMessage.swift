import Core
import Kinds

/// What a webhook is told: the verdict, why, the checks, and how many attacks broke by category.
///
/// The envelope (`type`, `timestamp`, `data`) is that of the Standard Webhooks specification (standardwebhooks.com).
enum WebhookMessage {
  static let type = "sluice.verdict"
  private static let mostChecks = 200
  private static let mostSentences = 50

  static func json(_ summary: RunSummary, _ context: ReportContext) -> JSON {
    object([
      ("type", .string(type)), ("timestamp", .string(Timestamp(context.date).iso)), ("data", data(summary, context)),
    ])
  }

  private static func data(_ summary: RunSummary, _ context: ReportContext) -> JSON {
    object([
      ("schema", .integer(1)), ("run", text(summary.run)), ("policy", text(summary.policy.name)),
      ("policyHash", text(summary.policy.hash)), ("digest", summary.policy.digest.map(text)),
      ("candidate", text(summary.candidateName)), ("baseline", summary.baselineName.map(text)),
      ("verdict", text(summary.verdict.rawValue)), ("observed", .bool(summary.isObserved)),
      ("exitCode", .integer(Int(summary.exitCode))), ("gateExitCode", .integer(Int(summary.gateExitCode))),
      ("headline", text(summary.headline)), ("reasons", sentences(summary.why.map(\.text))),
      ("weakenings", sentences(summary.weakenings ?? [])), ("remedies", sentences(summary.deciding)),
      ("checks", .array(summary.checksByUrgency.prefix(mostChecks).map(check))),
      (
        "newlyBroken",
        .array(
          summary.brokenByCategory.map { row in
            object([("category", text(row.category)), ("attacks", .integer(row.count))])
          })
      ), ("ledgerHead", text(summary.evidence.headHash)), ("version", text(context.version)),
    ])
  }

  private static func check(_ check: RunSummary.CheckResult) -> JSON {
    let estimate = check.measured
    return object([
      ("name", text(check.name)), ("metric", text(check.metric)), ("verdict", text(check.verdict.rawValue)),
      ("decides", .bool(check.decides)), ("value", number(estimate?.value)), ("lower", number(estimate?.lower)),
      ("upper", number(estimate?.upper)), ("atLeast", number(check.limit.atLeast)),
      ("atMost", number(check.limit.atMost)), ("finding", text(check.sentence)),
    ])
  }

  private static func object(_ members: [(String, JSON?)]) -> JSON {
    .object(members.compactMap { name, value in value.map { JSON.Member(name, $0) } })
  }

  private static func text(_ text: String) -> JSON { .string(PlainText.line(text)) }

  private static func sentences(_ all: [String]) -> JSON { .array(all.prefix(mostSentences).map(text)) }

  /// Nil for what JSON has no number for.
  private static func number(_ value: Double?) -> JSON? { value.flatMap { $0.isFinite ? .number($0) : nil } }
}

extension Subscriber {
  /// The verdict in one JSON document, signed where the policy names a secret.
  public static let webhook = Subscriber(
    name: "webhook", summary: "An address that the verdict is posted to, signed (Standard Webhooks, HMAC-SHA256)",
    own: [
      PolicyKey(
        name: "secret_env", shape: .variable, required: true,
        help:
          "The environment variable that holds the secret to sign with: whsec_ and Base64, or 16 characters or more as they are."
      )
    ]
  ) { summary, context in
    [Message(body: WebhookMessage.json(summary, context).serializedBytes())]
  }
}
