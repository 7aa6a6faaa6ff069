import Core

/// What a model behind a server is asked, whatever protocol it is written in.
public struct ServerQuestion: Sendable {
  /// One turn of a conversation.
  public struct Message: Hashable, Sendable {
    /// Who said a turn.
    public enum Role: String, Sendable {
      /// The policy, the user, the model, or a tool that the model called.
      case system, user, assistant, tool
    }

    /// Who said it.
    public let role: Role
    /// What was said.
    public let text: String
    /// The tools that an assistant's turn calls.
    public var calls: [ToolCall] = []
    /// The call that a tool's turn answers; nil for other turns.
    public var answered: ToolCall.Reference?

    /// Makes a turn without calls of tools.
    public init(_ role: Role, _ text: String) {
      self.role = role
      self.text = text
    }

    /// Takes over a turn of a conversation, calls included.
    public init(_ turn: Conversation.Message) {
      switch turn.role {
      case .user: role = .user
      case .assistant: role = .assistant
      case .tool: role = .tool
      }
      (text, calls, answered) = (turn.text, turn.calls, turn.answered)
    }
  }

  /// Goes with the protocol that the client speaks: messages in a chat, one text for plain completion.
  public enum Content: Hashable, Sendable {
    /// Turns in their order.
    case messages([Message])
    /// One text, which the model goes on from.
    case text(String)
  }

  /// What is asked.
  public var content: Content
  /// What the model may call.
  var tools: [Conversation.Tool] = []
  /// Softens the distribution over tokens; 0 takes the likeliest token each time.
  public var temperature: Double
  /// Probability mass that sampling is limited to, up to 1.
  public var topP: Double
  /// Most tokens of the answer.
  public var maxTokens: Int
  /// Seed of the server's draws, where it knows such a thing, and of the pauses between tries.
  public var seed: UInt64
  /// Whether a server that refuses the temperature may answer at its own. Where the temperature is 1, which is the
  /// protocol's default, it always may.
  public var toleratesOtherTemperature: Bool
  /// Whether the log-probabilities of the first tokens are wanted. A server that has none answers without.
  public var wantsLogProbabilities: Bool
  /// What no error message may repeat.
  public var privateTexts: [String]

  /// Makes a question without tools.
  public init(
    _ content: Content, temperature: Double, topP: Double, maxTokens: Int, seed: UInt64,
    toleratesOtherTemperature: Bool = false, wantsLogProbabilities: Bool = false, privateTexts: [String]
  ) {
    self.content = content
    self.temperature = temperature
    self.topP = topP
    self.maxTokens = maxTokens
    self.seed = seed
    self.toleratesOtherTemperature = toleratesOtherTemperature
    self.wantsLogProbabilities = wantsLogProbabilities
    self.privateTexts = privateTexts
  }

  /// Whether the request means the same, or near enough, without this member.
  func canDo(without key: ServerDialect.Key) -> Bool {
    switch key {
    case .seed: true
    case .topP: topP == 1
    case .temperature: temperature == 1 || toleratesOtherTemperature
    }
  }

  var hasSystemPrompt: Bool {
    if case .messages(let messages) = content { messages.contains { $0.role == .system } } else { false }
  }

  /// What `dialect` has learnt to leave out, as far as the request means the same without it.
  func leavesOut(_ key: ServerDialect.Key, _ dialect: ServerDialect) -> Bool {
    dialect.leftOut.contains(key) && canDo(without: key)
  }

  /// The seed in 31 bits: the smallest range among servers.
  var portableSeed: Int { Int(seed >> 33) }

  /// The conversation; a plain text is one turn of the user.
  var messages: [Message] {
    switch content {
    case .messages(let messages): messages
    case .text(let text): [Message(.user, text)]
    }
  }

  /// The system prompt; nil without one.
  var system: String? { messages.first { $0.role == .system }?.text }

  /// What is said in turns, without the system prompt.
  var turns: [Message] { messages.filter { $0.role != .system } }
}

extension ServerQuestion.Content {
  /// A chat: the model's template places the system prompt, and the policy's wraps the user's message alone.
  static func chat(_ prompt: String, _ settings: SamplingSettings) -> ServerQuestion.Content {
    let text = settings.template.map { PromptTemplate($0).render(prompt) } ?? prompt
    return .messages([settings.system.map { .init(.system, $0) }, .init(.user, text)].compactMap(\.self))
  }
}
