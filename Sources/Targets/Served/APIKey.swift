import Core

extension ServerAccess {
  /// Access with the key that the configuration names, where it names one.
  /// - Throws: `SluiceError` (64) for a key that isn't there.
  init(
    _ endpoint: ServerEndpoint, _ configuration: ServerConfiguration, environment: [String: String],
    key form: APIKey.Form = .bearer, headers: [HTTPRequest.Header] = []
  ) throws {
    let key = try configuration.apiKeyVariable.map { try APIKey(variable: $0, environment: environment) }
    self.init(
      endpoint: endpoint, headers: headers + [key?.header(form)].compactMap(\.self),
      secrets: key?.redactor ?? Redactor(), keyVariable: configuration.apiKeyVariable)
  }
}

/// A secret that no description, mirror or error shows.
struct APIKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  private let value: String

  /// Reads the environment variable `name`.
  /// - Throws: `SluiceError` (64) when it is not set, empty, or can't be part of a header line.
  init(variable name: String, environment: [String: String]) throws {
    let remedy = "export \(name), or take 'api_key_env' out of the policy if the server needs no key"
    guard let text = environment[name] else {
      throw SluiceError(.usage, "the environment variable \(name) of 'api_key_env' is not set", remedy: remedy)
    }
    let trimmed = text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
    guard !trimmed.isEmpty else {
      throw SluiceError(.usage, "the environment variable \(name) of 'api_key_env' is empty", remedy: remedy)
    }
    let key = String(trimmed)
    guard key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw SluiceError(
        .usage, "the environment variable \(name) holds a space, line break or non-ASCII character",
        remedy: "set it to the bare key")
    }
    value = key
  }

  /// How a server is shown it.
  enum Form: Sendable {
    /// `Authorization: Bearer …`
    case bearer
    /// A header of that name, with nothing but the key.
    case header(String)
  }

  func header(_ form: Form) -> HTTPRequest.Header {
    switch form {
    case .bearer: HTTPRequest.Header("Authorization", "Bearer \(value)")
    case .header(let name): HTTPRequest.Header(name, value)
    }
  }

  var redactor: Redactor { Redactor([value]) }

  /// What requests are signed with.
  static func signature(access: APIKey, secret: APIKey, region: String, service: String) -> AWSSignature {
    AWSSignature(region: region, service: service, accessKey: access.value, secretKey: secret.value)
  }

  var description: String { "(secret)" }
  var debugDescription: String { "(secret)" }
  var customMirror: Mirror { Mirror(self, children: []) }
}

extension Redactor {
  /// What a server said, made fit to be shown; nil where nothing printable is left.
  package func presentable(_ said: String, privateTexts: [String]) -> String? {
    // Secrets go first: cutting the text could leave a part of one that no longer matches.
    ForeignMessage(redacted(said), privateTexts: privateTexts)?.text
  }
}
