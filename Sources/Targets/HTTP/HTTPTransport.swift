import Synchronization

/// One HTTP request with the bounds within which it must be answered.
public struct HTTPRequest: Sendable {
  /// Methods that the protocols of models use.
  public enum Method: String, Sendable {
    /// Reads; has no body.
    case get = "GET"
    /// Asks, uploads and orders.
    case post = "POST"
    /// Replaces.
    case put = "PUT"
    /// Changes a part.
    case patch = "PATCH"

    var hasBody: Bool { self != .get }
  }

  /// What is done to the address.
  public var method: Method
  /// `http` or `https`.
  public var url: String
  /// Names and values, without line breaks.
  public var headers: [Header]
  /// Empty where the method takes none.
  public var body: [UInt8]
  /// Limits on time and size; an answer beyond them is no answer.
  public var bounds: Bounds
  /// Whether a second arrival would do harm. A transport may send others again by itself where a kept connection turns
  /// out to be dead.
  public var arrivesOnce: Bool
  /// Address of the proxy to send it through, maybe with a password; nil for none.
  public var proxy: String?
  /// Certificates of its own; nil for none, and the system's authorities.
  var files: TLSFiles?
  /// Nil for a request that isn't signed.
  var signature: AWSSignature?

  public init(
    method: Method = .post, url: String, headers: [Header] = [], body: [UInt8] = [], bounds: Bounds = Bounds(),
    arrivesOnce: Bool = false
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.bounds = bounds
    self.arrivesOnce = arrivesOnce
  }

  /// One header line; its value may be a secret and is never printed.
  public struct Header: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// The header's name, in any case.
    public let name: String
    /// Its value, without line breaks.
    public let value: String

    /// Pairs a name with its value.
    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }

    /// Compared without regard to case, as header names are.
    func isCalled(_ other: String) -> Bool { name.lowercased() == other.lowercased() }

    public var description: String { "\(name): …" }
    public var customMirror: Mirror { Mirror(self, children: ["name": name]) }
  }

  /// Limits on one attempt.
  public struct Bounds: Hashable, Sendable {
    /// From name look-up to the end of the TLS handshake.
    public var connect: Duration
    /// From start to last byte.
    public var total: Duration
    /// Silence in the middle of a body. Before the first byte only `total` counts: a model may think for long.
    public var stall: Duration
    /// Bytes of body after decompression.
    public var bodyBytes: Int

    public init(
      connect: Duration = .seconds(10), total: Duration = .seconds(60), stall: Duration = .seconds(20),
      bodyBytes: Int = 8 << 20
    ) {
      self.connect = connect
      self.total = total
      self.stall = stall
      self.bodyBytes = bodyBytes
    }
  }
}

/// PEM files for a connection that both sides prove themselves on, or to a server of a private certificate authority.
struct TLSFiles: Hashable, Sendable {
  /// What the server is shown; nil for nothing.
  var certificate: String?
  /// The certificate's key; nil where it is in the same file.
  var key: String?
  /// Trusted authorities instead of the system's; nil for these.
  var authorities: String?

  var isEmpty: Bool { self == TLSFiles() }
}

/// What a request is signed with (AWS Signature Version 4).
struct AWSSignature: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
  let region: String
  /// As the signature names it, for example `bedrock`.
  let service: String
  let accessKey: String
  let secretKey: String

  var description: String { "(signature)" }
  var customMirror: Mirror { Mirror(self, children: ["region": region, "service": service]) }
}

/// A complete answer, whatever its status.
public struct HTTPResponse: Sendable {
  /// The status code, 100 to 599.
  public var status: Int
  /// The answer's bytes, decompressed.
  public var body: [UInt8]
  /// What the `Retry-After` header asks for, whether it was given in seconds or as a date.
  public var retryAfter: Duration?
  /// Where a redirect points; it is never followed.
  public var redirect: String?
  /// From start to last byte.
  public var elapsed: Duration

  public init(
    status: Int, body: [UInt8], retryAfter: Duration? = nil, redirect: String? = nil, elapsed: Duration = .zero
  ) {
    self.status = status
    self.body = body
    self.retryAfter = retryAfter
    self.redirect = redirect
    self.elapsed = elapsed
  }
}

/// Why no complete answer came.
public struct TransportFailure: Error, Hashable, Sendable {
  /// What the failure means for another try.
  public enum Cause: Hashable, Sendable {
    /// No connection, or it broke before a status line came.
    case noConnection
    /// No answer began within the bounds.
    case timedOut
    /// The connection ended or broke in the middle of the answer.
    case cutShort
    /// The answer began and then stalled, or dripped until the time was up.
    case stalled
    /// More body than `HTTPRequest.Bounds.bodyBytes`.
    case tooLarge
    /// Another try can't help: certificate not trusted, URL not usable.
    case permanent
  }
  /// What kept the answer from coming.
  public let cause: Cause
  /// One line for a person, without secrets.
  public let message: String

  /// Makes a failure of its cause and a line for people.
  public init(_ cause: Cause, _ message: String) {
    self.cause = cause
    self.message = message
  }
}

/// A place among the requests that a transport keeps under way at a time. A request takes one when it leaves, and gives it
/// up when it is answered with success; where it isn't, it keeps the place for another try, so that a server in trouble is not
/// asked more while some wait to ask again. A long answer keeps its place until it is read, and so does every answer while
/// `waitsForReader` says so.
public final class RequestPlace: Sendable {
  /// Changed by the transport alone.
  let isTaken = Atomic(false)
  /// Asked from the transport's thread when an answer has come, which may turn out to be worthless once it is read.
  let waitsForReader: @Sendable () -> Bool

  public init(waitsForReader: @escaping @Sendable () -> Bool = { false }) { self.waitsForReader = waitsForReader }
}

/// Carries requests to a server. Retries, pacing and meaning are the business of its callers.
public protocol HTTPTransport: Sendable {
  /// How many requests it keeps under way at a time, however many it is given: the others wait in it, ready to leave the
  /// moment that one is answered. Nil where every request leaves at once.
  var mostAtOnce: Int? { get }

  /// - Throws: `TransportFailure`; `CancellationError` promptly when the task is cancelled.
  func send(_ request: HTTPRequest) async throws -> HTTPResponse

  /// The same for a request that may have to wait in the transport until a place is free.
  /// - Parameters:
  ///   - place: its own, for all its tries.
  ///   - mayLeave: asked once, when its turn has come; from any thread.
  /// - Throws: `RequestKeptBack` where it may not.
  func send(
    _ request: HTTPRequest, from place: RequestPlace, if mayLeave: @escaping @Sendable () -> Bool
  ) async throws -> HTTPResponse

  /// Gives up a place, taken or not: there will be no other try.
  func leave(_ place: RequestPlace)
}

extension HTTPTransport {
  public var mostAtOnce: Int? { nil }

  public func send(
    _ request: HTTPRequest, from place: RequestPlace, if mayLeave: @escaping @Sendable () -> Bool
  ) async throws -> HTTPResponse {
    guard mayLeave() else { throw RequestKeptBack() }
    return try await send(request)
  }

  public func leave(_ place: RequestPlace) {}
}

/// A request was not sent, since its sender no longer wanted that when its turn came.
public struct RequestKeptBack: Error {
  public init() {}
}
