import Core
import Foundation

/// A path on an OpenAI-compatible server with the key to it, and the patience to ask until an answer comes.
///
/// What is sent and what an answer means is its callers' business; what a refusal means is the same for all.
final class OpenAIConnection: Sendable {
  /// Scheme, host and path: what identifies the server.
  var address: String { endpoint.address }

  private let configuration: OpenAIConfiguration
  private let endpoint: OpenAIEndpoint
  private let refusals: OpenAIRefusals
  private let client: RetryingClient
  private let key: APIKey?

  /// - Parameters:
  ///   - path: of the call below the version, for example `chat/completions`.
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

  /// One try: the body to send, how to read the answer, and whether a refusal can be mended by another body.
  struct Attempt<Value: Sendable>: Sendable {
    let body: [UInt8]
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
  func post<Value: Sendable>(
    seed: UInt64, retries: Int?, privateTexts: [String], attempt: @escaping @Sendable () -> Attempt<Value>
  ) async throws -> Result<Value, ResponseFailure> {
    try await client.send(seed: seed, retries: retries) { [self] in
      let attempt = attempt()
      return RetryingClient.Attempt(request: request(attempt.body)) { [self] response in
        switch response.status {
        case 200..<300:
          do throws(MalformedReply) {
            return .success(try attempt.read(response))
          } catch {
            return .failure(FailedAttempt(.malformed, "\(address): \(error.message)", .retrySparingly))
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

  /// Few tries: whoever probes wants to know now.
  var probeRetries: Int { min(2, configuration.retries) }

  private func request(_ body: [UInt8]) -> HTTPRequest {
    var headers = [
      HTTPRequest.Header("Content-Type", "application/json"), HTTPRequest.Header("Accept", "application/json"),
    ]
    if let key { headers.append(key.header) }
    let bounds = HTTPRequest.Bounds(
      connect: configuration.connectTimeout, total: configuration.timeout, stall: configuration.stallTimeout,
      bodyBytes: configuration.maxResponseBytes)
    return HTTPRequest(url: endpoint.url, headers: headers, body: body, bounds: bounds)
  }
}

/// Why a body isn't the answer that the protocol promises; never quotes the body.
struct MalformedReply: Error {
  let message: String
}
