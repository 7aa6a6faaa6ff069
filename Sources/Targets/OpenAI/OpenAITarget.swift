import Core
import Foundation
import Synchronization

/// A model behind an OpenAI-compatible HTTP server (OpenAI, vLLM, llama.cpp, Ollama, …).
public final class OpenAITarget: Target {
  public let name: String
  /// `openai|` address with path `|` model. What the server calls its system fingerprint may change while it runs and is
  /// reported apart, by `observedSystemFingerprints`.
  public let fingerprint: String
  public let settings: SamplingSettings
  public let preferredBatch: Int

  private let configuration: OpenAIConfiguration
  private let endpoint: OpenAIEndpoint
  private let request: OpenAIRequest
  private let interpreter: OpenAIInterpreter
  private let client: RetryingClient
  private let key: APIKey?
  private let dialect = Mutex(OpenAIRequest.Dialect())
  private let systemFingerprints = Mutex<Set<String>>([])

  /// - Parameters:
  ///   - environment: where the API key is looked up, and `SSL_CERT_FILE` for a private certificate authority.
  ///   - transport: nil for libcurl.
  ///   - retry: nil for the usual back-off with the configuration's number of retries.
  /// - Throws: `SluiceError` (64) for a URL that can't be used or a key that isn't there; `InternalError`.
  public init(
    _ configuration: OpenAIConfiguration, settings: SamplingSettings,
    environment: [String: String] = ProcessInfo.processInfo.environment, transport: (any HTTPTransport)? = nil,
    retry: RetryPolicy? = nil, clock: RetryClock = .continuous
  ) throws {
    self.configuration = configuration
    self.settings = settings
    name = configuration.model
    endpoint = try OpenAIEndpoint(configuration.url, api: configuration.api)
    fingerprint = "openai|\(endpoint.address)|\(configuration.model)"
    key = try configuration.apiKeyVariable.map { try APIKey(variable: $0, environment: environment) }
    // Enough to keep the connections busy while the slowest of a batch finish.
    preferredBatch = max(1, configuration.concurrency) * 4
    request = OpenAIRequest(api: configuration.api, model: configuration.model, settings: settings)
    interpreter = OpenAIInterpreter(
      address: endpoint.address, api: configuration.api, model: configuration.model, key: key,
      keyVariable: configuration.apiKeyVariable)
    let authorities = environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : $0 }
    client = RetryingClient(
      transport: try transport ?? CurlTransport(certificateAuthorities: authorities),
      policy: retry ?? RetryPolicy(retries: configuration.retries), concurrency: configuration.concurrency,
      requestsPerMinute: configuration.requestsPerMinute,
      failuresBeforeGivingUp: configuration.failuresBeforeGivingUp, clock: clock)
  }

  /// The `system_fingerprint` values seen so far, sorted: more than one means that the served model changed.
  public var observedSystemFingerprints: [String] { systemFingerprints.withLock { $0.sorted() } }

  public func respond(
    to requests: [TargetRequest], onOutcome: @escaping @Sendable (_ index: Int, _ outcome: ResponseOutcome) -> Void
  ) async throws {
    let queue = IndexQueue(count: requests.count)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<min(max(1, configuration.concurrency), requests.count) {
        group.addTask { [self] in
          while let index = queue.next() {
            try Task.checkCancellation()
            onOutcome(index, try await ask(requests[index]))
          }
        }
      }
      try await group.waitForAll()
    }
  }

  public func probe() async throws {
    let request = TargetRequest(prompt: "Hello", sampleIndex: 0)
    // Few tries: whoever probes wants to know now.
    let outcome = try await ask(request, maxTokens: min(16, settings.maxTokens), retries: min(2, configuration.retries))
    _ = try outcome.get()
  }

  private func ask(
    _ target: TargetRequest, maxTokens: Int? = nil, retries: Int? = nil
  ) async throws -> ResponseOutcome {
    let seed = target.sampleSeed(settings)
    return try await client.send(seed: seed, retries: retries) { [self] in
      let dialect = dialect.withLock { $0 }
      let body = request.body(
        prompt: target.prompt, seed: seed, maxTokens: maxTokens ?? settings.maxTokens, dialect: dialect)
      return RetryingClient.Attempt(request: httpRequest(body)) { [self] response in
        read(response, prompt: target.prompt, dialect: dialect)
      }
    }
  }

  private func httpRequest(_ body: [UInt8]) -> HTTPRequest {
    var headers = [
      HTTPRequest.Header("Content-Type", "application/json"), HTTPRequest.Header("Accept", "application/json"),
    ]
    if let key { headers.append(key.header) }
    let bounds = HTTPRequest.Bounds(
      connect: configuration.connectTimeout, total: configuration.timeout, stall: configuration.stallTimeout,
      bodyBytes: configuration.maxResponseBytes)
    return HTTPRequest(url: endpoint.url, headers: headers, body: body, bounds: bounds)
  }

  private func read(
    _ response: HTTPResponse, prompt: String, dialect used: OpenAIRequest.Dialect
  ) -> Result<Response, FailedAttempt> {
    let privateTexts = [prompt] + [settings.system, settings.template].compactMap(\.self)
    switch interpreter.read(response, privateTexts: privateTexts) {
    case .reply(let reply):
      if let fingerprint = reply.systemFingerprint { note(fingerprint) }
      return .success(
        Response(
          text: reply.text, promptTokens: reply.promptTokens, completionTokens: reply.completionTokens,
          latency: response.elapsed.inSeconds, finishReason: reply.finishReason))
    case .failed(let failed): return .failure(failed)
    case .refusedParameter(let message, let failed):
      // Others in flight may have met the same refusal and corrected the dialect already.
      let corrected = dialect.withLock { current in
        if current == used, let better = used.corrected(after: message) { current = better }
        return current != used
      }
      return .failure(corrected ? FailedAttempt(failed.failure.kind, failed.failure.message, .retry) : failed)
    }
  }

  private func note(_ fingerprint: String) {
    systemFingerprints.withLock { seen in
      // A server that makes up a new one for each response must not fill the memory.
      if seen.count < 64 { seen.insert(fingerprint) }
    }
  }
}
