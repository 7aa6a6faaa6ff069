import Core

/// A well-formed answer of a server, whatever protocol it came in.
public struct ServerReply: Sendable {
  /// What the server gave as content, reasoning in it included.
  public let text: String
  /// One of `FinishReason`, or another word of the server's.
  public let finishReason: String
  /// Tokens that were read, as the server counts them.
  public let promptTokens: Int
  /// Tokens that were made, as the server counts them.
  public let completionTokens: Int
  /// Seconds from request to last byte.
  public let latency: Double
  /// The first tokens of the text with their log-probabilities; empty where the server gives none.
  public let tokens: [ReplyToken]
  /// Whether the server gave reasoning beside the content, in a field of its own. It is no part of `text`.
  public let hasReasoning: Bool
  let systemFingerprint: String?
  /// What the server calls the model that answered; nil where it doesn't say.
  let model: String?
  /// The tools that the model calls.
  let calls: [ToolCall]

  /// Whether a provider's filter stopped the prompt or the reply.
  public var isBlocked: Bool { finishReason == FinishReason.blocked }

  /// The reply to a request that a filter stopped before the model saw it.
  init(blockedAfter latency: Double) {
    (text, finishReason, promptTokens, completionTokens) = ("", FinishReason.blocked, 0, 0)
    (self.latency, tokens, hasReasoning, calls) = (latency, [], false, [])
    (systemFingerprint, model) = (nil, nil)
  }

  /// - Parameters:
  ///   - text: without secrets.
  ///   - finishReason: as the server says it; nil where it doesn't.
  ///   - hasReasoning: beside the text.
  ///   - promptTokens: as the server says it, with `completionTokens`.
  init(
    text: String, finishReason said: String?, hasReasoning: Bool = false, promptTokens: JSON?, completionTokens: JSON?,
    latency: Double, tokens: [ReplyToken] = [], systemFingerprint: String? = nil, model: String? = nil,
    calls: [ToolCall] = []
  ) {
    var reason = said.map(ServerFinish.reason) ?? FinishReason.unknown
    if hasReasoning, text.isEmpty, calls.isEmpty, reason == FinishReason.stop || reason == FinishReason.unknown {
      reason = FinishReason.reasoning
    }
    self.text = text
    self.hasReasoning = hasReasoning
    finishReason = reason
    self.promptTokens = ServerReply.count(promptTokens)
    self.completionTokens = ServerReply.count(completionTokens)
    self.latency = latency
    self.tokens = tokens
    self.systemFingerprint = systemFingerprint
    self.model = model
    self.calls = calls
  }

  /// A number of tokens. No reply has a thousand million, and a larger number must not overflow a sum.
  private static func count(_ value: JSON?) -> Int {
    min(max(0, Int(saturating: value?.double ?? 0)), 1_000_000_000)
  }
}

/// Reads the body of a reply.
enum ForeignJSON {
  /// - Parameter redactor: takes secrets out of every text in it.
  /// - Throws: `MalformedReply` for anything but JSON.
  static func value(_ body: [UInt8], _ redactor: Redactor) throws(MalformedReply) -> JSON {
    guard let json = try parsed(body) else { throw notJSON(body) }
    return redactor.mayHold(body) ? redactor.redacted(json) : json
  }

  /// - Returns: nil where it is no JSON.
  /// - Throws: `MalformedReply` where a key is there twice: a judge would see one of two answers, a user perhaps the other.
  static func parsed(_ body: [UInt8]) throws(MalformedReply) -> JSON? {
    if let json = try? JSON(foreign: body, refusesRepeats: true) { return json }
    if (try? JSON(foreign: body)) != nil {
      throw MalformedReply(message: "the response has a key twice in one object, so that it can mean two things")
    }
    return nil
  }

  private static func notJSON(_ body: [UInt8]) -> MalformedReply {
    if body.isEmpty { return MalformedReply(message: "the response is empty") }
    return MalformedReply(
      message: ServerReport(body).isWebPage ? "the response is a web page, not JSON" : "the response is not JSON")
  }

  /// - Parameter redactor: takes secrets out of every text in it.
  /// - Throws: `MalformedReply` for anything but an object, or a stream that makes one.
  static func object(_ body: [UInt8], _ redactor: Redactor) throws(MalformedReply) -> JSON {
    if let json = try parsed(body) {
      guard case .object = json else {
        throw MalformedReply(message: "the response is \(json.kind), not a JSON object")
      }
      return redactor.mayHold(body) ? redactor.redacted(json) : json
    }
    // A secret may be spread over the pieces.
    if let json = try StreamedReply.joined(body, redactor) { return redactor.redacted(json) }
    throw notJSON(body)
  }
}
