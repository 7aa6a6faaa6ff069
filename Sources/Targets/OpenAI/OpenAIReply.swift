import Core

/// A well-formed answer of an OpenAI-compatible server.
public struct OpenAIReply: Sendable {
  /// What the server gave as content, reasoning in it included.
  public let text: String
  /// One of `FinishReason`, or another word of the server's.
  public let finishReason: String
  public let promptTokens: Int
  public let completionTokens: Int
  /// Seconds from request to last byte.
  public let latency: Double
  /// The first tokens of the text with their log-probabilities; empty where the server gives none.
  public let tokens: [OpenAIToken]
  /// Whether the server gave reasoning beside the content, in a field of its own. It is no part of `text`.
  public let hasReasoning: Bool
  let systemFingerprint: String?

  /// Whether a provider's filter stopped the prompt or the reply.
  public var isBlocked: Bool { finishReason == FinishReason.blocked }

  /// The reply to a request that a filter stopped before the model saw it.
  init(blockedAfter latency: Double) {
    (text, finishReason, promptTokens, completionTokens) = ("", FinishReason.blocked, 0, 0)
    (self.latency, tokens, hasReasoning, systemFingerprint) = (latency, [], false, nil)
  }

  /// - Parameter redactor: takes secrets out of everything in it.
  init(
    parsing body: [UInt8], api: OpenAIAPI, latency: Double, redactor: Redactor = Redactor()
  ) throws(MalformedReply) {
    let json = try ForeignJSON.object(body, redactor)
    guard let choice = json["choices"]?.array?.first else {
      if ProviderBlock.explains(json, choice: nil, isEmpty: true) {
        self = OpenAIReply(blockedAfter: latency)
        return
      }
      let report = ServerReport(json)
      if report.isError { throw MalformedReply(message: "the response reports an error", report: report) }
      throw MalformedReply(
        message: json["choices"]?.array == nil
          ? "the response has no 'choices'" : "the response has an empty list of choices",
        report: report)
    }
    // An error beside a choice: whatever the choice says, the answer isn't whole.
    if ServerReport.mayBeError(json) {
      let report = ServerReport(json)
      if report.isError, report.text != nil {
        throw MalformedReply(message: "the response reports an error", report: report)
      }
    }
    let said = choice["finish_reason"]?.string.flatMap { $0.isEmpty ? nil : $0 }
    if let error = choice["error"], !error.isNull {
      throw MalformedReply(
        message: "the first choice reports an error", report: ServerReport(.object([JSON.Member("error", error)])))
    }
    if let said, ServerFinish.isBroken(said) {
      throw MalformedReply(message: "the server broke the response off (finish_reason '\(ServerFinish.reason(said))')")
    }
    let message = Message(choice, api: api)
    hasReasoning = message.hasReasoning
    let isStopped = ProviderBlock.explains(json, choice: choice, isEmpty: message.text?.isEmpty ?? true)
    if let text = message.text {
      // Its parts were looked at one by one.
      self.text = redactor.redacted(text)
    } else if isStopped || message.saysNothingByDesign || api == .chat && message.isThere && said != nil {
      text = ""
    } else {
      throw MalformedReply(message: message.complaint)
    }
    var reason = said.map(ServerFinish.reason) ?? FinishReason.unknown
    if isStopped { reason = FinishReason.blocked }
    if hasReasoning, text.isEmpty, reason == FinishReason.stop || reason == FinishReason.unknown {
      reason = FinishReason.reasoning
    }
    finishReason = reason
    tokens = OpenAIToken.first(of: choice)
    self.latency = latency
    promptTokens = OpenAIReply.count(json["usage"]?["prompt_tokens"])
    completionTokens = OpenAIReply.count(json["usage"]?["completion_tokens"])
    systemFingerprint = json["system_fingerprint"]?.string.flatMap { $0.isEmpty ? nil : String($0.prefix(128)) }
  }

  /// The text of a choice. A refusal in its own field is what the model said; a tool call says nothing.
  private struct Message {
    /// Nil where the choice has none.
    var text: String?
    var hasReasoning = false
    /// Whether no text is a possible answer: a tool is called, or all there is is reasoning.
    var saysNothingByDesign = false
    var isThere = true
    var complaint = "the first choice's message has no content"

    init(_ choice: JSON, api: OpenAIAPI) {
      if api == .completions, let completion = choice["text"]?.string {
        text = completion
        return
      }
      guard let message = choice["message"], case .object = message else {
        isThere = false
        complaint = api == .chat ? "the first choice has no message" : "the first choice has no text"
        return
      }
      let parts = message["content"]?.array
      let thoughts = parts?.contains { ["thinking", "reasoning"].contains($0["type"]?.string) } ?? false
      hasReasoning =
        thoughts
        || ["reasoning_content", "reasoning", "thinking"].contains { message[$0]?.string?.isEmpty == false }
        || message["reasoning_details"]?.array?.isEmpty == false
      switch message["content"] {
      case .string(let content): text = content
      case .array(let parts):
        text = parts.filter { !["thinking", "reasoning"].contains($0["type"]?.string) }
          .compactMap { $0["text"]?.string ?? $0["refusal"]?.string }.joined()
      case nil, .null:
        text = message["refusal"]?.string
        let calls = message["tool_calls"]?.array?.isEmpty == false || message["function_call"]?.members != nil
        saysNothingByDesign = calls || hasReasoning
      case .some(let other):
        isThere = false
        complaint = "the first choice's content is \(other.kind)"
      }
      if text?.isEmpty == true, let refusal = message["refusal"]?.string { text = refusal }
      if api == .completions, text == nil { complaint = "the first choice has no text" }
    }
  }

  /// A number of tokens. No reply has a thousand million, and a larger number must not overflow a sum.
  private static func count(_ value: JSON?) -> Int {
    min(max(0, Int(saturating: value?.double ?? 0)), 1_000_000_000)
  }
}

/// Reads the body of a reply.
enum ForeignJSON {
  /// - Parameter redactor: takes secrets out of every text in it.
  /// - Throws: `MalformedReply` for anything but an object, or a stream that makes one.
  static func object(_ body: [UInt8], _ redactor: Redactor) throws(MalformedReply) -> JSON {
    if let json = try? JSON(foreign: body) {
      guard case .object = json else {
        throw MalformedReply(message: "the response is \(json.kind), not a JSON object")
      }
      return redactor.mayHold(body) ? redactor.redacted(json) : json
    }
    // A secret may be spread over the pieces.
    if let json = try StreamedReply.joined(body, redactor) { return redactor.redacted(json) }
    if body.isEmpty { throw MalformedReply(message: "the response is empty") }
    throw MalformedReply(
      message: ServerReport(body).isWebPage ? "the response is a web page, not JSON" : "the response is not JSON")
  }
}
