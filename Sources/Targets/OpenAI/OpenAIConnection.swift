import Core
import Foundation

/// An OpenAI-compatible server with the key to it, and the patience to ask until an answer comes.
///
/// What is sent and what an answer means is its callers' business; what a refusal means is the same for all.
final class OpenAIConnection: Sendable {
  /// Scheme, host and path of the usual call: what identifies the server.
  var address: String { endpoint.address }

  private let configuration: OpenAIConfiguration
  private let endpoint: OpenAIEndpoint
  private let refusals: OpenAIRefusals
  private let client: RetryingClient
  private let key: APIKey?

  /// - Parameters:
  ///   - path: of the usual call below the version, for example `chat/completions`.
  ///   - environment: where the API key is looked up, and `SSL_CERT_FILE` for a private certificate authority.
  ///   - transport: nil for libcurl.
  ///   - retry: nil for the usual back-off with the configuration's number of retries.
  /// - Throws: `SluiceError` (64) for a URL that can't be used or a key that isn't there; `InternalError`.
  init(
    _ configuration: OpenAIConfiguration, path: String, environment: [String: String],
    transport: (any HTTPTransport)?, retry: RetryPolicy?, clock: RetryClock
  ) throws {
    self.configuration = configuration
    endpoint = try OpenAIEndpoint(configuration.url, path: path)
    key = try configuration.apiKeyVariable.map { try APIKey(variable: $0, environment: environment) }
    refusals = OpenAIRefusals(
      address: endpoint.address, model: configuration.model, key: key, keyVariable: configuration.apiKeyVariable)
    let authorities = environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : $0 }
    client = RetryingClient(
      transport: try transport ?? CurlTransport(certificateAuthorities: authorities),
      policy: retry ?? RetryPolicy(retries: configuration.retries), concurrency: configuration.concurrency,
      requestsPerMinute: configuration.requestsPerMinute,
      failuresBeforeGivingUp: configuration.failuresBeforeGivingUp, clock: clock)
  }

  /// One try: what to send, how to read the answer, and whether a refusal can be mended by another body.
  struct Attempt<Value: Sendable>: Sendable {
    var method = HTTPRequest.Method.post
    /// Below the version; nil for the usual call.
    var path: String?
    var contentType = "application/json"
    var body: [UInt8] = []
    /// Instead of the configuration's.
    var timeout: Duration?
    /// Whether it does harm if the same try arrives twice.
    var arrivesOnce = false
    /// Refusals that are answers of this call, and are read as such.
    var expects: Set<Int> = []
    let read: @Sendable (HTTPResponse) throws(MalformedReply) -> Value
    /// Called with the server's message for 400 and 422; true where the next body will be different.
    var mends: @Sendable (_ message: String) -> Bool = { _ in false }
  }

  /// - Parameters:
  ///   - seed: of the jitter in the back-off.
  ///   - retries: nil for the configuration's.
  ///   - privateTexts: prompts and the like; a server's message that repeats one is withheld.
  ///   - attempt: called for each try.
  /// - Throws: `CancellationError` alone.
  func send<Value: Sendable>(
    seed: UInt64, retries: Int?, privateTexts: [String], attempt: @escaping @Sendable () -> Attempt<Value>
  ) async throws -> Result<Value, ResponseFailure> {
    try await client.send(seed: seed, retries: retries) { [self] in
      let attempt = attempt()
      let endpoint = attempt.path.map(endpoint.call) ?? endpoint
      var refusals = refusals
      refusals.address = endpoint.address
      return RetryingClient.Attempt(request: request(attempt, to: endpoint)) { [refusals] response in
        switch response.status {
        case let status where (200..<300).contains(status) || attempt.expects.contains(status):
          do throws(MalformedReply) {
            return .success(try attempt.read(response))
          } catch {
            return .failure(FailedAttempt(.malformed, "\(refusals.address): \(error.message)", .retrySparingly))
          }
        case 400, 422:
          let failed = refusals.failure(response, privateTexts)
          let message = String(decoding: response.body.prefix(4096), as: UTF8.self)
          guard attempt.mends(message) else { return .failure(failed) }
          return .failure(FailedAttempt(failed.failure.kind, failed.failure.message, .retry))
        default: return .failure(refusals.failure(response, privateTexts))
        }
      }
    }
  }

  /// What the server said within an answer, made fit to be shown; nil where nothing printable is left.
  func presentable(_ said: String, privateTexts: [String]) -> String? {
    ForeignMessage(key?.redacted(from: said) ?? said, privateTexts: privateTexts)?.text
  }

  /// Few tries: whoever probes wants to know now.
  var probeRetries: Int { min(2, configuration.retries) }

  private func request<Value>(_ attempt: Attempt<Value>, to endpoint: OpenAIEndpoint) -> HTTPRequest {
    var headers = [HTTPRequest.Header("Accept", "application/json")]
    if attempt.method == .post { headers.append(HTTPRequest.Header("Content-Type", attempt.contentType)) }
    if let key { headers.append(key.header) }
    let bounds = HTTPRequest.Bounds(
      connect: configuration.connectTimeout, total: attempt.timeout ?? configuration.timeout,
      stall: configuration.stallTimeout,
      bodyBytes: configuration.maxResponseBytes)
    return HTTPRequest(
      method: attempt.method, url: endpoint.url, headers: headers, body: attempt.body, bounds: bounds,
      arrivesOnce: attempt.arrivesOnce)
  }
}

/// Why a body isn't the answer that the protocol promises; never quotes the body.
struct MalformedReply: Error {
  let message: String
}
