import Core
import Foundation
import Synchronization

/// Asks a model behind an OpenAI-compatible server, with retries, pacing and what the server has been found to accept.
public final class OpenAIClient: Sendable {
  public let configuration: OpenAIConfiguration
  private let connection: OpenAIConnection
  private let dialect = Mutex(OpenAIDialect())
  private let systemFingerprints = Mutex<Set<String>>([])

  /// - Parameters:
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
    connection = try OpenAIConnection(
      configuration, path: configuration.api.path, environment: environment, transport: transport, retry: retry,
      clock: clock, waits: waits)
  }

  /// `openai`, `@` and the declared revision where there is one, `|` address with path and query `|` model. What the server
  /// says of itself may change while it runs and is reported apart, by `signs`.
  public var identity: String { connection.identity }

  /// The `system_fingerprint` values seen so far, sorted: more than one means that the served model changed.
  public var observedSystemFingerprints: [String] { systemFingerprints.withLock { $0.sorted() } }

  /// Requests that are worth giving at a time, of which no more are under way than the configuration's concurrency.
  public var width: Int { connection.width }

  /// For those who only want to know whether the server is there: fewer tries.
  public var probeRetries: Int { connection.probeRetries }

  /// The proxy in use, and what was asked for and the server wouldn't take, one sentence each; known after the first answer.
  public var notices: [String] {
    let refused = dialect.withLock(\.leftOut).intersection([.temperature, .topP]).map(\.rawValue).sorted()
    return [connection.proxyNotice].compactMap(\.self)
      + refused.map { "\(configuration.shownModel) refuses '\($0)' and answers at a value of its own." }
  }

  /// What the server tells of the model behind the name: its entry in the list of models, and what its answers said so
  /// far. Takes seconds at most; whatever goes wrong leaves signs out.
  /// - Throws: `CancellationError` alone.
  public func signs() async throws -> ServerSigns {
    var signs = try await ModelListing(connection, configuration).steadySigns() ?? ServerSigns()
    signs.systemFingerprints = observedSystemFingerprints
    return signs
  }

  /// - Parameter retries: nil for the configuration's.
  /// - Throws: `CancellationError` alone.
  public func ask(
    _ question: OpenAIQuestion, retries: Int? = nil
  ) async throws -> Result<OpenAIReply, ResponseFailure> {
    try await connection.send(seed: question.seed, retries: retries, privateTexts: question.privateTexts) { [self] in
      let used = dialect.withLock { $0 }
      return OpenAIConnection.Attempt(
        body: question.body(model: configuration.model, dialect: used),
        read: { [self] response throws(MalformedReply) in try read(response) },
        blocked: { OpenAIReply(blockedAfter: $0.elapsed.inSeconds) },
        mends: { [self] report in
          // Others in flight may have met the same refusal and corrected the dialect already.
          dialect.withLock { current in
            guard current == used else { return .yes }
            switch used.correction(after: report, of: question) {
            case .dialect(let better):
              current = better
              return .yes
            case .policy(let hint): return .byPolicy(hint)
            case nil: return .no
            }
          }
        })
    }
  }

  private func read(_ response: HTTPResponse) throws(MalformedReply) -> OpenAIReply {
    let reply = try OpenAIReply(
      parsing: response.body, api: configuration.api, latency: response.elapsed.inSeconds, redactor: connection.redactor
    )
    if let fingerprint = reply.systemFingerprint.flatMap({ connection.presentable($0, privateTexts: []) }) {
      systemFingerprints.withLock { seen in
        // A server that makes up a new one for each response must not fill the memory.
        if seen.count < 64 { seen.insert(fingerprint) }
      }
    }
    return reply
  }
}
