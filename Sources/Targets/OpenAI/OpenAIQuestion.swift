import Core

/// What a model behind an OpenAI-compatible server is asked.
public struct OpenAIQuestion: Sendable {
  /// One turn of a conversation.
  public struct Message: Hashable, Sendable {
    public enum Role: String, Sendable { case system, user, assistant }

    public let role: Role
    public let text: String

    public init(_ role: Role, _ text: String) {
      self.role = role
      self.text = text
    }
  }

  /// Goes with the protocol that the client speaks: messages in a chat, one text for plain completion.
  public enum Content: Hashable, Sendable {
    case messages([Message])
    case text(String)
  }

  public var content: Content
  public var temperature: Double
  public var topP: Double
  public var maxTokens: Int
  /// Of the server's draws, where it knows such a thing; of the pauses between tries too.
  public var seed: UInt64
  /// Whether the log-probabilities of the first tokens are wanted. A server that has none answers without.
  public var wantsLogProbabilities: Bool
  /// What no error message may repeat.
  public var privateTexts: [String]

  public init(
    _ content: Content, temperature: Double, topP: Double, maxTokens: Int, seed: UInt64,
    wantsLogProbabilities: Bool = false, privateTexts: [String]
  ) {
    self.content = content
    self.temperature = temperature
    self.topP = topP
    self.maxTokens = maxTokens
    self.seed = seed
    self.wantsLogProbabilities = wantsLogProbabilities
    self.privateTexts = privateTexts
  }

  /// The body of the request in the dialect that the server has been found to speak.
  func body(model: String, dialect: OpenAIDialect) -> [UInt8] {
    var members = [JSON.Member("model", .string(model))]
    switch content {
    case .text(let text): members.append(JSON.Member("prompt", .string(text)))
    case .messages(let messages): members.append(JSON.Member("messages", .array(messages.map(\.json))))
    }
    members.append(JSON.Member("temperature", .number(temperature)))
    members.append(JSON.Member("top_p", .number(topP)))
    let limit = dialect.limitsCompletionTokens ? "max_completion_tokens" : "max_tokens"
    members.append(JSON.Member(limit, .integer(maxTokens)))
    // 31 bits: the smallest range among servers.
    if dialect.sendsSeed { members.append(JSON.Member("seed", .integer(Int(seed >> 33)))) }
    if wantsLogProbabilities && dialect.alternatives > 0 {
      switch content {
      // Five is the most that the older protocol gives.
      case .text: members.append(JSON.Member("logprobs", .integer(min(5, dialect.alternatives))))
      case .messages:
        members.append(JSON.Member("logprobs", .bool(true)))
        members.append(JSON.Member("top_logprobs", .integer(dialect.alternatives)))
      }
    }
    members.append(JSON.Member("stream", .bool(false)))
    return Array(JSON.object(members).serialized().utf8)
  }
}

extension OpenAIQuestion.Message {
  fileprivate var json: JSON {
    .object([JSON.Member("role", .string(role.rawValue)), JSON.Member("content", .string(text))])
  }
}

/// What a server accepts beyond the common core; found out by its refusals.
struct OpenAIDialect: Hashable, Sendable {
  /// Asks for a draw of its own for each sample. Some servers draw the same for equal requests unless told a seed,
  /// which would make k "independent" responses one.
  var sendsSeed = true
  /// Newer hosted models want `max_completion_tokens`.
  var limitsCompletionTokens = false
  /// Alternatives a token, where log-probabilities are wanted; 0 asks for none.
  var alternatives = 20

  /// The dialect to try after the server refused a request with `message`; nil where the message isn't about it.
  func corrected(after message: String) -> OpenAIDialect? {
    var next = self
    if !limitsCompletionTokens, message.contains("max_completion_tokens") {
      next.limitsCompletionTokens = true
    } else if alternatives > 0, message.contains("logprobs") {
      next.alternatives = alternatives > 5 ? 5 : 0
    } else if sendsSeed, message.contains("seed") {
      next.sendsSeed = false
    }
    return next == self ? nil : next
  }
}
