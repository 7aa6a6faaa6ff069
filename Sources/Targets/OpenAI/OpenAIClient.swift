import Core
import Foundation

/// Asks a model behind an OpenAI-compatible server, with retries, pacing and what the server has been found to accept.
public final class OpenAIClient: Sendable {
  /// The server, its key and its limits.
  public let configuration: OpenAIConfiguration
  private let client: ServedClient

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
    client = try ServedClient(
      configuration.server, OpenAIDialogue(api: configuration.api), environment: environment, transport: transport,
      retry: retry, clock: clock, waits: waits)
  }

  /// `openai`, `@` and the declared revision where there is one, `|` address with path and query `|` model. What the server
  /// says of itself may change while it runs and is reported apart, by `signs`.
  public var identity: String { client.identity }

  /// Requests that are worth giving at a time, of which no more are under way than the configuration's concurrency.
  public var width: Int { client.width }

  /// For those who only want to know whether the server is there: fewer tries.
  public var probeRetries: Int { client.probeRetries }

  /// The proxy in use, and what was asked for and the server wouldn't take, one sentence each; known after the first answer.
  public var notices: [String] { client.notices }

  /// What the server tells of the model behind the name: its entry in the list of models, and what its answers said so
  /// far. Takes seconds at most; whatever goes wrong leaves signs out.
  /// - Throws: `CancellationError` alone.
  public func signs() async throws -> ServerSigns { try await client.signs() }

  /// - Parameter retries: nil for the configuration's.
  /// - Throws: `CancellationError` alone.
  public func ask(
    _ question: ServerQuestion, retries: Int? = nil
  ) async throws -> Result<ServerReply, ResponseFailure> {
    try await client.ask(question, retries: retries)
  }
}
