import Core
import Foundation

/// Asks a moderation endpoint (`/v1/moderations`) about texts.
public final class ModerationClient: Sendable {
  /// The service, its key and its limits.
  public let configuration: OpenAIConfiguration
  private let connection: ServerConnection

  /// - Parameters:
  ///   - configuration: its `api` means nothing here.
  ///   - environment: where the API key is looked up, and `SSL_CERT_FILE` for a private certificate authority.
  ///   - transport: nil for libcurl.
  ///   - retry: nil for the usual back-off with the configuration's number of retries.
  ///   - waits: hears of every pause that the server asks for.
  /// - Throws: `SluiceError` (64) for a URL that can't be used or a key that isn't there; `InternalError`.
  public init(
    _ configuration: OpenAIConfiguration, environment: [String: String] = ProcessInfo.processInfo.environment,
    transport: (any HTTPTransport)? = nil, retry: RetryPolicy? = nil, clock: RetryClock = .continuous,
    waits: @escaping WaitSink = { _ in }
  ) throws {
    self.configuration = configuration
    connection = try ServerConnection(
      openAI: configuration.server, path: "moderations", environment: environment, transport: transport, retry: retry,
      clock: clock,
      waits: waits)
  }

  /// As `OpenAIClient.identity`.
  public var identity: String { connection.identity }

  /// For those who only want to know whether the server is there: fewer tries.
  public var probeRetries: Int { connection.probeRetries }

  /// As `OpenAIClient.width`.
  public var width: Int { connection.width }

  /// As `OpenAIClient.notices`.
  public var notices: [String] { [connection.proxyNotice].compactMap(\.self) }

  /// - Parameter retries: nil for the configuration's.
  /// - Throws: `CancellationError` alone.
  public func ask(_ text: String, retries: Int? = nil) async throws -> Result<ModerationReply, ResponseFailure> {
    let body = JSON.object([JSON.Member("model", .string(configuration.model)), JSON.Member("input", .string(text))])
      .serializedBytes()
    return try await connection.send(
      seed: StableHash.fnv1a(text.utf8), retries: retries, privateTexts: [text]
    ) { [connection] in
      ServerConnection.Attempt(
        body: body,
        read: { [connection] response throws(MalformedReply) in
          try ModerationReply(
            parsing: response.body, latency: response.elapsed.inSeconds, redactor: connection.redactor)
        }, blocked: { response, _ in ModerationReply(blockedAfter: response.elapsed.inSeconds) })
    }
  }

  /// What the server tells of the model behind the name, as far as it lists its models.
  /// - Throws: `CancellationError` alone.
  public func signs() async throws -> ServerSigns {
    try await ModelListing(connection, configuration.server).steadySigns() ?? ServerSigns()
  }
}

/// What a moderation endpoint says of one text.
public struct ModerationReply: Hashable, Sendable {
  /// Probability by the endpoint's own category names; empty where it gives none.
  public let scores: [String: Double]
  /// The endpoint's own verdict.
  public let isFlagged: Bool?
  /// Seconds from request to last byte.
  public let latency: Double
  /// Whether a provider's filter stopped the text before the endpoint saw it.
  public let isBlocked: Bool

  init(blockedAfter latency: Double) { (scores, isFlagged, self.latency, isBlocked) = ([:], nil, latency, true) }

  /// Scores that are no probability are left out; a reply with neither scores nor a verdict says nothing.
  init(parsing body: [UInt8], latency: Double, redactor: Redactor) throws(MalformedReply) {
    let json = try ForeignJSON.object(body, redactor)
    guard let result = json["results"]?.array?.first else {
      throw MalformedReply(message: "the response has no 'results'", report: ServerReport(json))
    }
    var scores: [String: Double] = [:]
    for member in result["category_scores"]?.members ?? [] {
      if let score = member.value.double, (0...1).contains(score) { scores[member.key] = score }
    }
    self.scores = scores
    self.latency = latency
    isBlocked = false
    isFlagged = result["flagged"]?.bool
    if scores.isEmpty && isFlagged == nil {
      throw MalformedReply(message: "the result has neither 'category_scores' nor 'flagged'")
    }
  }
}
