import Core
import Foundation
import Kinds

/// A model behind an OpenAI-compatible HTTP server (OpenAI, vLLM, llama.cpp, Ollama, …).
public final class OpenAITarget: Target {
  public let name: String
  /// The client's identity.
  public let fingerprint: String
  public let settings: SamplingSettings
  public let inFlight: Int
  public let preferredBatch: Int

  private let client: OpenAIClient
  private let template: PromptTemplate?

  /// - Parameters:
  ///   - environment: where the API key is looked up, and `SSL_CERT_FILE` for a private certificate authority.
  ///   - transport: nil for libcurl.
  ///   - retry: nil for the usual back-off with the configuration's number of retries.
  ///   - waits: hears of every pause that the server asks for.
  /// - Throws: `SluiceError` (64) for a URL that can't be used or a key that isn't there; `InternalError`.
  public init(
    _ configuration: OpenAIConfiguration, settings: SamplingSettings,
    environment: [String: String] = ProcessInfo.processInfo.environment, transport: (any HTTPTransport)? = nil,
    retry: RetryPolicy? = nil, clock: RetryClock = .continuous, waits: @escaping WaitSink = { _ in }
  ) throws {
    self.settings = settings
    name = configuration.shownModel
    client = try OpenAIClient(
      configuration, environment: environment, transport: transport, retry: retry, clock: clock, waits: waits)
    fingerprint = client.identity
    // Enough to keep the connections busy while the slowest of a batch finish.
    inFlight = max(1, configuration.concurrency)
    preferredBatch = inFlight * 4
    switch configuration.api {
    // In a chat the server places the system prompt; a template only wraps the user's message.
    case .chat: template = settings.template.map { PromptTemplate($0) }
    case .completions: template = PromptTemplate(settings.template ?? "{prompt}", system: settings.system)
    }
  }

  /// The `system_fingerprint` values seen so far, sorted: more than one means that the served model changed.
  public var observedSystemFingerprints: [String] { client.observedSystemFingerprints }

  public var declaredRevision: String? { client.configuration.shownRevision }
  public var notices: [String] { client.notices }
  public func signs() async throws -> ServerSigns { try await client.signs() }

  public func respond(
    to requests: [TargetRequest], onOutcome: @escaping @Sendable (_ index: Int, _ outcome: ResponseOutcome) -> Void
  ) async throws {
    try await inParallel(requests.count, width: client.width) { [self] index in
      onOutcome(index, try await ask(requests[index]))
    }
  }

  /// Asks for a few tokens first. A model that reasons may need all that the policy allows before it says a word, so
  /// where nothing comes of a few, it is asked once more with that limit.
  public func probe() async throws {
    let small = min(16, settings.maxTokens)
    var reply = try await probe(maxTokens: small)
    if Self.lacksText(reply), small < settings.maxTokens { reply = try await probe(maxTokens: settings.maxTokens) }
    if reply.isBlocked {
      throw ResponseFailure(
        kind: .malformed,
        message: "\(name): a filter of the server's stops even a greeting; is it the system prompt that it objects to?")
    }
    guard Self.lacksText(reply) else { return }
    let thought = reply.hasReasoning || Self.response(reply).hasOnlyReasoning
    throw ResponseFailure(
      kind: .malformed,
      message: "\(name): no answer within max_tokens: \(settings.maxTokens), "
        + (thought ? "all of it went into reasoning" : "nothing came") + "; raise max_tokens")
  }

  private func probe(maxTokens: Int) async throws -> OpenAIReply {
    try await reply(
      to: TargetRequest(prompt: "Hello", sampleIndex: 0), maxTokens: maxTokens, retries: client.probeRetries
    ).get()
  }

  /// Whether reasoning is all there is, or the token limit came before the first word.
  private static func lacksText(_ reply: OpenAIReply) -> Bool {
    let response = response(reply)
    if response.isBlocked { return false }
    return response.hasOnlyReasoning
      || response.text.allSatisfy(\.isWhitespace) && (response.isCut || reply.hasReasoning)
  }

  private func ask(_ target: TargetRequest) async throws -> ResponseOutcome {
    try await reply(to: target).map { Self.response($0).capped(at: settings.maxBytes) }
  }

  private static func response(_ reply: OpenAIReply) -> Response {
    Response(
      text: reply.text, promptTokens: reply.promptTokens, completionTokens: reply.completionTokens,
      latency: reply.latency, finishReason: reply.finishReason)
  }

  private func reply(
    to target: TargetRequest, maxTokens: Int? = nil, retries: Int? = nil
  ) async throws -> Result<OpenAIReply, ResponseFailure> {
    let question = OpenAIQuestion(
      content(target.prompt), temperature: settings.temperature, topP: settings.topP,
      maxTokens: maxTokens ?? settings.maxTokens, seed: target.sampleSeed(settings),
      privateTexts: [target.prompt] + [settings.system, settings.template].compactMap(\.self))
    return try await client.ask(question, retries: retries)
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

extension TargetKind {
  static let openAI = TargetKind(
    name: "openai", summary: "an OpenAI-compatible server",
    keys: [
      OpenAIConfiguration.apiKey,
      PolicyKey(name: "max_tokens", shape: .integer(1...100_000), fallback: "512", help: "Longest response."),
      PolicyKey(
        name: "latency", shape: .duration, fallback: "2s",
        help: "Usual wait for one response: `sluice plan` computes with it."),
    ] + OpenAIConfiguration.keys
  ) { section in
    let configuration = OpenAIConfiguration(section)
    return OpenAITarget.Recipe(
      configuration: configuration,
      settings: SamplingSettings(
        section, maxTokens: section.integer("max_tokens"), maxBytes: configuration.maxTextBytes),
      latency: section.seconds("latency") ?? 0)
  }
}

extension OpenAITarget {
  struct Recipe: TargetRecipe {
    var configuration: OpenAIConfiguration
    let settings: SamplingSettings
    /// Seconds that one response usually takes.
    let latency: Double

    var name: String { configuration.model }
    var checkpoint: String? { nil }
    var maxTokens: Int? { settings.maxTokens }
    var served: ServedModel? { configuration.served(latency: latency, maxTokens: settings.maxTokens) }

    func asking(checkpoint: String) -> any TargetRecipe {
      var sampling = settings
      sampling.maxBytes = nil
      return LocalTarget.Recipe(path: checkpoint, settings: sampling, maxTokens: settings.maxTokens)
    }

    func asking(served name: String) -> (any TargetRecipe)? {
      var recipe = self
      recipe.configuration.model = name
      return recipe
    }

    func make(_ context: TargetContext) throws -> any Target {
      try OpenAITarget(configuration.redacting(context.redactor), settings: settings, waits: context.waits)
    }
  }
}
