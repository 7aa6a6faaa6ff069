import Core
import Kinds

/// The protocol of OpenAI-compatible servers (OpenAI, vLLM, llama.cpp, Ollama, …).
struct OpenAIDialogue: ServerDialogue {
  static let name = "openai"
  static let namesModel = true
  let api: OpenAIAPI

  /// A response has no seed: its draws are the server's own.
  var unknownKeys: Set<ServerDialect.Key> { api == .responses ? [.seed] : [] }

  func access(_ configuration: ServerConfiguration, environment: [String: String]) throws -> ServerAccess {
    try ServerAccess(ServerEndpoint(configuration.url, api: api), configuration, environment: environment)
  }

  /// In plain completion the template is all there is, so that the system prompt goes into it too.
  func content(_ prompt: String, _ settings: SamplingSettings) -> ServerQuestion.Content {
    switch api {
    case .chat, .responses: .chat(prompt, settings)
    case .completions:
      .text(PromptTemplate(settings.template ?? "{prompt}", system: settings.system).render(prompt))
    }
  }

  func objection(to conversation: Conversation) -> ConversationObjection? {
    api == .completions
      ? ConversationObjection("plain completion has no turns", remedy: "Ask the target with api: chat.") : nil
  }

  func call(_ question: ServerQuestion, model: String, dialect: ServerDialect) -> ServerCall {
    ServerCall(
      body: api == .responses
        ? question.responsesBody(model: model, dialect: dialect) : question.openAIBody(model: model, dialect: dialect))
  }

  func reply(_ response: HTTPResponse, _ redactor: Redactor) throws(MalformedReply) -> ServerReply {
    let latency = response.elapsed.inSeconds
    return api == .responses
      ? try ServerReply(parsingResponse: response.body, latency: latency, redactor: redactor)
      : try ServerReply(parsing: response.body, api: api, latency: latency, redactor: redactor)
  }

  func signs(_ connection: ServerConnection, _ configuration: ServerConfiguration) async throws -> ServerSigns? {
    try await ModelListing(connection, configuration).steadySigns()
  }
}

extension ServerQuestion {
  /// The body of the request in the dialect that the server has been found to speak.
  /// - Parameter model: nil where the address names it.
  func openAIBody(model: String?, dialect: ServerDialect) -> [UInt8] {
    var members = model.map { [JSON.Member("model", .string($0))] } ?? []
    switch content {
    case .text(let text): members.append(JSON.Member("prompt", .string(text)))
    case .messages(let messages): members.append(JSON.Member("messages", .array(messages.map(\.json))))
    }
    members += openAITools
    // Sent even where they are 1: many servers have other defaults (vLLM and SGLang take the checkpoint's, llama.cpp 0.8
    // and 0.95), and the policy's 1 is a promise to its reader.
    if !leavesOut(.temperature, dialect) { members.append(JSON.Member("temperature", .number(temperature))) }
    if !leavesOut(.topP, dialect) { members.append(JSON.Member("top_p", .number(topP))) }
    let limit = dialect.limitsCompletionTokens ? "max_completion_tokens" : "max_tokens"
    members.append(JSON.Member(limit, .integer(maxTokens)))
    if !leavesOut(.seed, dialect) { members.append(JSON.Member("seed", .integer(portableSeed))) }
    if wantsLogProbabilities && dialect.alternatives > 0 {
      switch content {
      // Five is the most that the older protocol gives.
      case .text: members.append(JSON.Member("logprobs", .integer(min(5, dialect.alternatives))))
      case .messages:
        members.append(JSON.Member("logprobs", .bool(true)))
        members.append(JSON.Member("top_logprobs", .integer(dialect.alternatives)))
      }
    }
    members.append(JSON.Member("stream", .bool(dialect.streams)))
    return JSON.object(members).serializedBytes()
  }
}

extension TargetKind {
  static let openAI = TargetKind(
    name: OpenAIDialogue.name, summary: "an OpenAI-compatible server",
    keys: [OpenAIConfiguration.apiKey] + ServerConfiguration.answerKeys + OpenAIConfiguration.targetKeys
  ) { section in
    let configuration = OpenAIConfiguration(section)
    return ServedRecipe(section, configuration.server, OpenAIDialogue(api: configuration.api))
  }
}
