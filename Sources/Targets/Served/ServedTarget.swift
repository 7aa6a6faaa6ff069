import Core
import Foundation
import Kinds

/// A model behind a server or a program, whatever protocol it speaks.
public final class ServedTarget: Target {
  public let name: String
  /// The client's identity.
  public let fingerprint: String
  public let place: String
  public let settings: SamplingSettings
  public let inFlight: Int
  public let preferredBatch: Int

  private let client: any ModelClient

  init(_ client: any ModelClient, settings: SamplingSettings) {
    self.settings = settings
    self.client = client
    name = client.shownName
    fingerprint = client.identity
    place = client.place
    // Enough to keep the connections busy while the slowest of a batch finish.
    inFlight = max(1, client.concurrency)
    preferredBatch = inFlight * 4
  }

  /// What the policy says, else what the server has said of the bytes themselves.
  public var declaredRevision: String? { client.revision }
  public var notices: [String] { client.notices }
  public func signs() async throws -> ServerSigns { try await client.signs() }

  public func objection(to conversation: Conversation) -> ConversationObjection? {
    client.objection(to: conversation)
  }

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

  private func probe(maxTokens: Int) async throws -> ServerReply {
    try await reply(
      to: TargetRequest(prompt: "Hello", sampleIndex: 0), maxTokens: maxTokens, retries: client.probeRetries
    ).get()
  }

  /// Whether reasoning is all there is, or the token limit came before the first word.
  private static func lacksText(_ reply: ServerReply) -> Bool {
    let response = response(reply)
    if response.isBlocked { return false }
    return response.hasOnlyReasoning
      || response.text.allSatisfy(\.isWhitespace) && (response.isCut || reply.hasReasoning)
  }

  private func ask(_ target: TargetRequest) async throws -> ResponseOutcome {
    if let conversation = Conversation(text: target.prompt) { return try await converse(conversation, target) }
    return try await reply(to: target).map { Self.response($0).capped(at: settings.maxBytes) }
  }

  /// Asks turn after turn. A turn that gets no answer leaves the whole conversation without one.
  private func converse(_ conversation: Conversation, _ target: TargetRequest) async throws -> ResponseOutcome {
    let template = settings.template.map { PromptTemplate($0) }
    let system = (conversation.system ?? settings.system).map { ServerQuestion.Message(.system, $0) }
    var live = LiveConversation(conversation)
    while true {
      let turns = live.history(template).map { ServerQuestion.Message($0) }
      var question = ServerQuestion(
        .messages([system].compactMap(\.self) + turns), temperature: settings.temperature, topP: settings.topP,
        maxTokens: settings.maxTokens, seed: live.seed(target.sampleSeed(settings)),
        privateTexts: conversation.texts + live.replies.map(\.text)
          + [settings.system, settings.template].compactMap(\.self))
      question.tools = conversation.tools
      switch try await client.ask(question, retries: nil) {
      case .failure(let failure): return .failure(live.explained(failure))
      case .success(let reply):
        if !live.hear(Self.response(reply).capped(at: settings.maxBytes), calls: reply.calls) {
          return .success(live.response)
        }
      }
    }
  }

  private static func response(_ reply: ServerReply) -> Response {
    Response(
      text: reply.text, promptTokens: reply.promptTokens, completionTokens: reply.completionTokens,
      latency: reply.latency, finishReason: reply.finishReason)
  }

  private func reply(
    to target: TargetRequest, maxTokens: Int? = nil, retries: Int? = nil
  ) async throws -> Result<ServerReply, ResponseFailure> {
    let question = ServerQuestion(
      client.content(target.prompt, settings), temperature: settings.temperature, topP: settings.topP,
      maxTokens: maxTokens ?? settings.maxTokens, seed: target.sampleSeed(settings),
      privateTexts: [target.prompt] + [settings.system, settings.template].compactMap(\.self))
    return try await client.ask(question, retries: retries)
  }
}
