import Core
import Foundation

/// A model behind an OpenAI-compatible HTTP server (OpenAI, vLLM, llama.cpp, Ollama, …).
public final class OpenAITarget: Target {
  public let name: String
  /// The client's identity.
  public let fingerprint: String
  public let settings: SamplingSettings
  public let preferredBatch: Int

  private let client: OpenAIClient
  private let template: PromptTemplate?

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
    self.settings = settings
    name = configuration.model
    client = try OpenAIClient(
      configuration, environment: environment, transport: transport, retry: retry, clock: clock)
    fingerprint = client.identity
    // Enough to keep the connections busy while the slowest of a batch finish.
    preferredBatch = max(1, configuration.concurrency) * 4
    switch configuration.api {
    // In a chat the server places the system prompt; a template only wraps the user's message.
    case .chat: template = settings.template.map { PromptTemplate($0) }
    case .completions: template = PromptTemplate(settings.template ?? "{prompt}", system: settings.system)
    }
  }

  /// The `system_fingerprint` values seen so far, sorted: more than one means that the served model changed.
  public var observedSystemFingerprints: [String] { client.observedSystemFingerprints }

  public func respond(
    to requests: [TargetRequest], onOutcome: @escaping @Sendable (_ index: Int, _ outcome: ResponseOutcome) -> Void
  ) async throws {
    try await inParallel(requests.count, width: client.configuration.concurrency) { [self] index in
      onOutcome(index, try await ask(requests[index]))
    }
  }

  public func probe() async throws {
    let request = TargetRequest(prompt: "Hello", sampleIndex: 0)
    let outcome = try await ask(request, maxTokens: min(16, settings.maxTokens), retries: client.probeRetries)
    _ = try outcome.get()
  }

  private func ask(
    _ target: TargetRequest, maxTokens: Int? = nil, retries: Int? = nil
  ) async throws -> ResponseOutcome {
    let question = OpenAIQuestion(
      content(target.prompt), temperature: settings.temperature, topP: settings.topP,
      maxTokens: maxTokens ?? settings.maxTokens, seed: target.sampleSeed(settings),
      privateTexts: [target.prompt] + [settings.system, settings.template].compactMap(\.self))
    return try await client.ask(question, retries: retries).map { reply in
      Response(
        text: reply.text, promptTokens: reply.promptTokens, completionTokens: reply.completionTokens,
        latency: reply.latency, finishReason: reply.finishReason)
    }
  }

  private func content(_ prompt: String) -> OpenAIQuestion.Content {
    let text = template?.render(prompt) ?? prompt
    switch client.configuration.api {
    case .completions: return .text(text)
    case .chat:
      return .messages([settings.system.map { .init(.system, $0) }, .init(.user, text)].compactMap(\.self))
    }
  }
}
