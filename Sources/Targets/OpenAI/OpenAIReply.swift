import Core

extension ServerReply {
  /// Reads the answer of an OpenAI-compatible server.
  /// - Parameter redactor: takes secrets out of everything in it.
  init(
    parsing body: [UInt8], api: OpenAIAPI, latency: Double, redactor: Redactor = Redactor()
  ) throws(MalformedReply) {
    let json = try ForeignJSON.object(body, redactor)
    let choices = json["choices"]?.array ?? []
    if choices.count > 1 {
      throw MalformedReply(message: "the response has \(choices.count) choices, and one was asked for")
    }
    guard let choice = choices.first else {
      if ProviderBlock.explains(json, choice: nil, isEmpty: true) {
        self = ServerReply(blockedAfter: latency)
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
    let isStopped = ProviderBlock.explains(json, choice: choice, isEmpty: message.text?.isEmpty ?? true)
    let text: String
    if let found = message.text {
      // Its parts were looked at one by one.
      text = redactor.redacted(found)
    } else if isStopped || message.saysNothingByDesign || api == .chat && message.isThere && said != nil {
      text = ""
    } else {
      throw MalformedReply(message: message.complaint)
    }
    self.init(
      text: text, finishReason: isStopped ? FinishReason.blocked : message.isRefusal ? FinishReason.refused : said,
      hasReasoning: message.hasReasoning,
      promptTokens: json["usage"]?["prompt_tokens"], completionTokens: json["usage"]?["completion_tokens"],
      latency: latency, tokens: ReplyToken.first(of: choice),
      systemFingerprint: json["system_fingerprint"]?.string.flatMap { $0.isEmpty ? nil : String($0.prefix(128)) },
      model: json["model"]?.string,
      calls: ToolCall.list(choice["message"]?["tool_calls"]))
  }

  /// The text of a choice. A refusal in its own field is what the model said; a tool call says nothing.
  private struct Message {
    /// Nil where the choice has none.
    var text: String?
    var hasReasoning = false
    /// Whether the text is in the field for refusals alone.
    var isRefusal = false
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
        let calls = message["tool_calls"]?.array?.isEmpty == false || message["function_call"]?.members != nil
        saysNothingByDesign = calls || hasReasoning
      case .some(let other):
        isThere = false
        complaint = "the first choice's content is \(other.kind)"
      }
      if let refusal = message["refusal"]?.string, !refusal.isEmpty {
        // A reader of the answer gets both.
        isRefusal = text?.isEmpty ?? true
        text = isRefusal ? refusal : (text ?? "") + "\n\n" + refusal
      }
      if api == .completions, text == nil { complaint = "the first choice has no text" }
    }
  }
}
