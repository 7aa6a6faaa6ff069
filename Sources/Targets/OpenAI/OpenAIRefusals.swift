import Core

/// What an answer means that isn't a success.
struct OpenAIRefusals: Sendable {
  var address: String
  let model: String
  let key: APIKey?
  let keyVariable: String?

  func failure(_ response: HTTPResponse, _ privateTexts: [String]) -> FailedAttempt {
    let status = response.status
    let said = ServerMessage(body: response.body, key: key, privateTexts: privateTexts)
    func failed(
      _ kind: ResponseFailure.Kind, _ remedy: FailedAttempt.Remedy, hint: String = ""
    ) -> FailedAttempt {
      let message = "\(address) answered \(status)" + hint + (said.text.map { ": \($0)" } ?? "")
      return FailedAttempt(kind, message, remedy, retryAfter: response.retryAfter)
    }
    switch status {
    case 300..<400:
      return failed(.rejected, .giveUp, hint: " (a redirect\(redirectHost(response))); redirects are not followed")
    case 401, 403:
      let source = keyVariable.map { "the key in \($0) was not accepted" } ?? "no 'api_key_env' is given"
      return failed(.unauthorised, .giveUp, hint: " (\(source))")
    case 404: return failed(.rejected, .giveUp, hint: " (check the url, the api and the model name '\(model)')")
    case 408: return failed(.unreachable, .retry)
    case 409, 425: return failed(.rejected, .retry)
    // A spent budget doesn't come back by waiting seconds.
    case 429: return failed(.rateLimited, said.code == "insufficient_quota" ? .giveUp : .retry)
    case 500...: return failed(.serverError, .retry)
    default: return failed(.rejected, .giveUp)
    }
  }

  /// The host alone: the rest of a redirect may carry tokens.
  private func redirectHost(_ response: HTTPResponse) -> String {
    guard let location = response.redirect, let start = location.firstRange(of: "://") else { return "" }
    let host = location[start.upperBound...].prefix { !"/?#".contains($0) }.split(separator: "@").last ?? ""
    return host.isEmpty ? "" : " to \(host.prefix(80))"
  }
}
