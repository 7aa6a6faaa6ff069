import Core

/// What an answer means that isn't the one asked for.
struct ServerRefusals: Sendable {
  private(set) var address: String
  let model: String
  let secrets: Redactor
  let keyVariable: String?

  init(address: String, model: String, secrets: Redactor, keyVariable: String?) {
    self.address = address
    self.model = model
    self.secrets = secrets
    self.keyVariable = keyVariable
  }

  /// The same for another call on the same server.
  func at(_ address: String) -> ServerRefusals {
    ServerRefusals(address: address, model: model, secrets: secrets, keyVariable: keyVariable)
  }

  /// - Parameters:
  ///   - hint: goes into the message, in brackets.
  ///   - privateTexts: prompts and the like; a message that repeats one is withheld.
  func failure(
    _ response: HTTPResponse, _ report: ServerReport, hint: String? = nil, privateTexts: [String]
  ) -> FailedAttempt {
    let said = report.text.flatMap { secrets.presentable($0, privateTexts: privateTexts) }
    let claimsSuccess = (200..<300).contains(response.status)
    func failed(
      _ kind: ResponseFailure.Kind, _ remedy: FailedAttempt.Remedy, hint own: String = ""
    ) -> FailedAttempt {
      let wrapping = claimsSuccess ? " with an error in it" + (report.status.map { " (\($0))" } ?? "") : ""
      let message =
        "\(address) answered \(response.status)" + wrapping + (hint.map { " (\($0))" } ?? own)
        + (said.map { ": \($0)" } ?? "")
      return FailedAttempt(kind, message, remedy, retryAfter: response.retryAfter)
    }
    let status = claimsSuccess ? report.status : response.status
    if status == 402 || !Self.spent.isDisjoint(with: report.words) || saysSpent(report, status) {
      return failed(.quotaSpent, .giveUp)
    }
    if (400..<500).contains(status ?? 0), !Self.unknownModel.isDisjoint(with: report.words) {
      return failed(.notServed, .giveUp, hint: checks)
    }
    guard let status else { return failed(.malformed, .retrySparingly) }
    switch status {
    case 300..<400:
      return failed(.notServed, .giveUp, hint: " (a redirect\(redirectHost(response))); redirects are not followed")
    case 401:
      let source = keyVariable.map { "the key in \($0) was not accepted" } ?? "no 'api_key_env' is given"
      return failed(.unauthorised, .giveUp, hint: " (\(source))")
    // A firewall's page is about one prompt, the API's own word about the key.
    case 403 where !report.isWebPage:
      let source = keyVariable.map { "the key in \($0) was not accepted" } ?? "no 'api_key_env' is given"
      return failed(.unauthorised, .giveUp, hint: " (\(source))")
    case 404, 405, 410: return failed(.notServed, .giveUp, hint: checks)
    case 408: return failed(.unreachable, .retry)
    case 409, 425: return failed(.rejected, .retry)
    case 429: return failed(.rateLimited, .retry)
    case 500...: return failed(.serverError, .retry)
    default:
      if report.isWebPage { return failed(.notServed, .giveUp, hint: " with a web page (is a firewall in between?)") }
      return failed(.rejected, .giveUp)
    }
  }

  private var checks: String { " (check the url, the api and the model name '\(model)')" }

  /// Codes for an account without money, as `ServerReport.word` writes them: waiting seconds doesn't mend it.
  private static let spent: Set<String> = [
    "insufficientquota", "billinghardlimitreached", "billingnotactive",  // OpenAI
    "exceededcurrentquotaerror",  // Moonshot
    "insufficientbalance",  // DeepSeek, Volcengine
    "insufficientcredits", "paymentrequired",  // OpenRouter, Hugging Face
    "insufficientuserquota",  // one-api, new-api
    "arrearage", "accountoverdueerror",  // Alibaba, Volcengine
    "billingerror",  // Anthropic
  ]

  /// Anthropic says it with status 400 and no code of its own.
  private func saysSpent(_ report: ServerReport, _ status: Int?) -> Bool {
    status == 400 && report.text?.lowercased().contains("credit balance is too low") == true
  }

  /// Codes for a model or deployment that isn't there, which come with status 400 too.
  private static let unknownModel: Set<String> = [
    "modelnotfound", "deploymentnotfound", "modelnotfounderror", "modelnotfoundexception", "invalidmodel",
  ]

  /// The host alone: the rest of a redirect may carry tokens.
  private func redirectHost(_ response: HTTPResponse) -> String {
    guard let location = response.redirect, let start = location.firstRange(of: "://") else { return "" }
    let host = location[start.upperBound...].prefix { !"/?#".contains($0) }.split(separator: "@").last ?? ""
    return host.isEmpty ? "" : " to \(secrets.redacted(String(host)).prefix(80))"
  }
}
