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
  /// Seed of the server's draws, where it knows such a thing, and of the pauses between tries.
  public var seed: UInt64
  /// Whether a server that refuses the temperature may answer at its own. Where the temperature is 1, which is the
  /// protocol's default, it always may.
  public var toleratesOtherTemperature: Bool
  /// Whether the log-probabilities of the first tokens are wanted. A server that has none answers without.
  public var wantsLogProbabilities: Bool
  /// What no error message may repeat.
  public var privateTexts: [String]

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
  func canDo(without key: OpenAIDialect.Key) -> Bool {
    switch key {
    case .seed: true
    case .topP: topP == 1
    case .temperature: temperature == 1 || toleratesOtherTemperature
    }
  }

  var hasSystemPrompt: Bool {
    if case .messages(let messages) = content { messages.contains { $0.role == .system } } else { false }
  }

  /// The body of the request in the dialect that the server has been found to speak.
  func body(model: String, dialect: OpenAIDialect) -> [UInt8] {
    var members = [JSON.Member("model", .string(model))]
    switch content {
    case .text(let text): members.append(JSON.Member("prompt", .string(text)))
    case .messages(let messages): members.append(JSON.Member("messages", .array(messages.map(\.json))))
    }
    func leavesOut(_ key: OpenAIDialect.Key) -> Bool { dialect.leftOut.contains(key) && canDo(without: key) }
    // Sent even where they are 1: many servers have other defaults (vLLM and SGLang take the checkpoint's, llama.cpp 0.8
    // and 0.95), and the policy's 1 is a promise to its reader.
    if !leavesOut(.temperature) { members.append(JSON.Member("temperature", .number(temperature))) }
    if !leavesOut(.topP) { members.append(JSON.Member("top_p", .number(topP))) }
    let limit = dialect.limitsCompletionTokens ? "max_completion_tokens" : "max_tokens"
    members.append(JSON.Member(limit, .integer(maxTokens)))
    // 31 bits: the smallest range among servers.
    if !leavesOut(.seed) { members.append(JSON.Member("seed", .integer(Int(seed >> 33)))) }
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

extension OpenAIQuestion.Message {
  fileprivate var json: JSON {
    .object([JSON.Member("role", .string(role.rawValue)), JSON.Member("content", .string(text))])
  }
}
