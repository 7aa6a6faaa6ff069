import Core

/// A well-formed answer of an OpenAI-compatible server.
public struct OpenAIReply: Sendable {
  public let text: String
  public let finishReason: String
  public let promptTokens: Int
  public let completionTokens: Int
  /// Seconds from request to last byte.
  public let latency: Double
  /// The first tokens of the text with their log-probabilities; empty where the server gives none.
  public let tokens: [OpenAIToken]
  let systemFingerprint: String?

  init(parsing body: [UInt8], api: OpenAIAPI, latency: Double) throws(MalformedReply) {
    let json: JSON
    do {
      json = try JSON(parsing: body)
    } catch {
      throw MalformedReply(message: body.isEmpty ? "the response is empty" : "the response is not JSON")
    }
    guard case .object = json else { throw MalformedReply(message: "the response is \(json.kind), not a JSON object") }
    guard let choices = json["choices"]?.array else {
      let hasError = json["error"].map { !$0.isNull } ?? false
      throw MalformedReply(
        message: hasError ? "the response reports an error with a success status" : "the response has no 'choices'")
    }
    guard let choice = choices.first else { throw MalformedReply(message: "the response has an empty list of choices") }
    let reason = choice["finish_reason"]?.string
    switch api {
    case .chat: text = try OpenAIReply.content(of: choice["message"], finished: reason != nil)
    case .completions:
      guard let completion = choice["text"]?.string else {
        throw MalformedReply(message: "the first choice has no text")
      }
      text = completion
    }
    finishReason = reason.map { String($0.prefix(40)) } ?? "unknown"
    tokens = OpenAIToken.first(of: choice)
    self.latency = latency
    promptTokens = OpenAIReply.count(json["usage"]?["prompt_tokens"])
    completionTokens = OpenAIReply.count(json["usage"]?["completion_tokens"])
    systemFingerprint = json["system_fingerprint"]?.string.flatMap { $0.isEmpty ? nil : String($0.prefix(128)) }
  }

  /// The text of a chat message. A refusal in its own field is what the model said; a tool call says nothing.
  private static func content(of message: JSON?, finished: Bool) throws(MalformedReply) -> String {
    guard let message, case .object = message else { throw MalformedReply(message: "the first choice has no message") }
    switch message["content"] {
    case .string(let text): return text
    case .array(let parts): return parts.compactMap { $0["text"]?.string ?? $0["refusal"]?.string }.joined()
    case nil, .null:
      if let refusal = message["refusal"]?.string { return refusal }
      let calls = message["tool_calls"]?.array?.isEmpty == false || message["function_call"]?.members != nil
      guard calls || finished else { throw MalformedReply(message: "the first choice's message has no content") }
      return ""
    case .some(let other): throw MalformedReply(message: "the first choice's content is \(other.kind)")
    }
  }

  private static func count(_ value: JSON?) -> Int { max(0, value?.integer ?? 0) }
}
