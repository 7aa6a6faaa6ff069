import Core

/// Which of the three protocols a model is asked in.
public enum OpenAIAPI: String, CaseIterable, Sendable {
  /// `/v1/chat/completions`: the server applies the model's own chat template.
  case chat
  /// `/v1/completions`: plain text is continued; the policy's `template` wraps the attack.
  case completions
  /// `/v1/responses`: what OpenAI's newer models are asked in. Nothing is left on the server (`store: false`).
  case responses

  var path: String {
    switch self {
    case .chat: "chat/completions"
    case .completions: "completions"
    case .responses: "responses"
    }
  }
}

extension ServerEndpoint {
  /// The call of an OpenAI-compatible server.
  ///
  /// All of these mean the same: `http://host:8000`, `http://host:8000/`, `http://host:8000/v1`,
  /// `http://host:8000/v1/chat/completions`. A base without any version segment (`v1`, `v1beta`, …) gets `/v1`; one that
  /// has a version stays as it is (`https://host/v1beta/openai`). Where the path is written to its end
  /// (`…/deployments/name/chat/completions`), what is before the end is the base as it stands. A query goes with every call.
  /// - Throws: `SluiceError` (64) for anything but an absolute http or https URL without user name and password.
  init(_ text: String, api: OpenAIAPI) throws { try self.init(text, path: api.path) }

  /// - Parameter path: of the call below the version, for example `moderations`.
  init(_ text: String, path: String) throws {
    let tails = [["chat", "completions"], ["completions"], ["responses"], ["moderations"], ["fine_tuning", "jobs"]]
    try self.init(text, path: path, tails: tails, version: "v1")
  }
}
