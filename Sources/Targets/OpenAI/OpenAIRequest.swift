import Core

/// The body of a request, in the dialect that the server has been found to speak.
struct OpenAIRequest: Sendable {
  /// Servers differ in what they accept beyond the common core.
  struct Dialect: Hashable, Sendable {
    /// Asks for a draw of its own for each sample. Some servers draw the same for equal requests unless told a seed,
    /// which would make k "independent" responses one.
    var sendsSeed = true
    /// Newer hosted models want `max_completion_tokens`.
    var limitsCompletionTokens = false

    /// The dialect to try after the server refused a request with `message`; nil where the message isn't about it.
    func corrected(after message: String) -> Dialect? {
      var next = self
      if !limitsCompletionTokens, message.contains("max_completion_tokens") {
        next.limitsCompletionTokens = true
      } else if sendsSeed, message.contains("seed") {
        next.sendsSeed = false
      }
      return next == self ? nil : next
    }
  }

  let api: OpenAIAPI
  let model: String
  let settings: SamplingSettings
  private let template: PromptTemplate?

  init(api: OpenAIAPI, model: String, settings: SamplingSettings) {
    self.api = api
    self.model = model
    self.settings = settings
    switch api {
    // In a chat the server places the system prompt; a template only wraps the user's message.
    case .chat: template = settings.template.map { PromptTemplate($0) }
    case .completions: template = PromptTemplate(settings.template ?? "{prompt}", system: settings.system)
    }
  }

  func body(prompt: String, seed: UInt64, maxTokens: Int, dialect: Dialect) -> [UInt8] {
    let text = template?.render(prompt) ?? prompt
    var members = [JSON.Member("model", .string(model))]
    switch api {
    case .completions: members.append(JSON.Member("prompt", .string(text)))
    case .chat:
      var messages: [JSON] = []
      if let system = settings.system { messages.append(OpenAIRequest.message("system", system)) }
      messages.append(OpenAIRequest.message("user", text))
      members.append(JSON.Member("messages", .array(messages)))
    }
    members.append(JSON.Member("temperature", .number(settings.temperature)))
    members.append(JSON.Member("top_p", .number(settings.topP)))
    let limit = dialect.limitsCompletionTokens ? "max_completion_tokens" : "max_tokens"
    members.append(JSON.Member(limit, .integer(maxTokens)))
    // 31 bits: the smallest range among servers.
    if dialect.sendsSeed { members.append(JSON.Member("seed", .integer(Int(seed >> 33)))) }
    members.append(JSON.Member("stream", .bool(false)))
    return Array(JSON.object(members).serialized().utf8)
  }

  private static func message(_ role: String, _ content: String) -> JSON {
    .object([JSON.Member("role", .string(role)), JSON.Member("content", .string(content))])
  }
}
