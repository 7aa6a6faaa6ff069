/// Why one request got no usable response (after retries).
public struct ResponseFailure: Error, Hashable, Codable, Sendable, CustomStringConvertible {
  /// Classes of failures, each of which is retried, counted and reported in its own way.
  public enum Kind: String, Codable, Sendable {
    /// No connection, DNS, TLS, reset or time-out.
    case unreachable
    /// The server answered 401 or 403.
    case unauthorised
    /// 429 until retries ran out.
    case rateLimited
    /// The account behind the key is spent or blocked for billing: waiting doesn't help.
    case quotaSpent
    /// 5xx until retries ran out.
    case serverError
    /// Something answered, but the API or the model isn't there: 404, 405, 410, a redirect, an error as a web page.
    case notServed
    /// Another 4xx: this request was refused.
    case rejected
    /// The body was not what the protocol promises (no JSON, half sent, no choices, too large).
    case malformed
  }
  /// The class that it is counted under.
  public let kind: Kind
  /// One line for a person; never holds a secret or a model's text.
  public let message: String

  public init(kind: Kind, message: String) {
    self.kind = kind
    self.message = message
  }

  public var description: String { "\(kind.rawValue): \(message)" }

  /// Whether this may be about the target as a whole rather than this one request. One such failure proves nothing, but
  /// where no request in a row gets an answer the target is lost, in whatever way its server or a proxy puts it.
  public var meansUnavailable: Bool { kind != .rejected }

  /// Whether the target is lost with this one failure: no later request will fare better.
  public var isFinal: Bool { kind == .unauthorised || kind == .quotaSpent }

  /// Whether the request was understood and turned down, so that it did nothing and will do nothing if sent again.
  public var isRefusal: Bool {
    switch kind {
    case .unauthorised, .quotaSpent, .notServed, .rejected: true
    case .unreachable, .rateLimited, .serverError, .malformed: false
    }
  }
}
