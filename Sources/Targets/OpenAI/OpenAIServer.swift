import Core
import Foundation

extension ServerConnection {
  /// The same for an OpenAI-compatible server.
  /// - Parameters:
  ///   - path: of the usual call below the version, for example `chat/completions`.
  ///   - environment: where the API key is looked up too.
  /// - Throws: `SluiceError` (64) for a URL that can't be used or a key that isn't there; `InternalError`.
  convenience init(
    openAI configuration: ServerConfiguration, path: String, environment: [String: String],
    transport: (any HTTPTransport)?, retry: RetryPolicy?, clock: RetryClock, waits: @escaping WaitSink = { _ in }
  ) throws {
    let endpoint = try ServerEndpoint(configuration.url, path: path)
    try self.init(
      configuration, name: OpenAIDialogue.name,
      access: ServerAccess(endpoint, configuration, environment: environment), environment: environment,
      transport: transport, retry: retry, clock: clock, waits: waits)
  }
}

extension ServedTarget {
  /// A model behind an OpenAI-compatible server.
  /// - Parameters:
  ///   - environment: where the API key is looked up, and `SSL_CERT_FILE` for a private certificate authority.
  ///   - transport: nil for libcurl.
  ///   - retry: nil for the usual back-off with the configuration's number of retries.
  ///   - waits: hears of every pause that the server asks for.
  /// - Throws: `SluiceError` (64) for a URL that can't be used or a key that isn't there; `InternalError`.
  public convenience init(
    _ configuration: OpenAIConfiguration, settings: SamplingSettings,
    environment: [String: String] = ProcessInfo.processInfo.environment, transport: (any HTTPTransport)? = nil,
    retry: RetryPolicy? = nil, clock: RetryClock = .continuous, waits: @escaping WaitSink = { _ in }
  ) throws {
    self.init(
      try ServedClient(
        configuration.server, OpenAIDialogue(api: configuration.api), environment: environment, transport: transport,
        retry: retry, clock: clock, waits: waits), settings: settings)
  }
}
