import Core

/// OpenAI's newer protocol (`/v1/responses`), which answers with a list of items: reasoning, messages, calls of tools.
extension ServerQuestion {
  /// - Parameter model: its name on the server.
  func responsesBody(model: String, dialect: ServerDialect) -> [UInt8] {
    var members = [
      JSON.Member("model", .string(model)), JSON.Member("input", .array(messages.flatMap(\.items))),
      JSON.Member("max_output_tokens", .integer(maxTokens)),
      // What is asked is an attack's text: nothing of it stays there.
      JSON.Member("store", .bool(false)),
    ]
    if !tools.isEmpty {
      // Left out it would be true, unlike in the chat protocol, and the server would refuse schemas that are not closed.
      let strict = JSON.Member("strict", .bool(false))
      let told = tools.map {
        JSON.object([.init("type", .string("function"))] + $0.members(schema: "parameters") + [strict])
      }
      members.append(JSON.Member("tools", .array(told)))
    }
    if !leavesOut(.temperature, dialect) { members.append(JSON.Member("temperature", .number(temperature))) }
    if !leavesOut(.topP, dialect) { members.append(JSON.Member("top_p", .number(topP))) }
    if wantsLogProbabilities && dialect.alternatives > 0 {
      members.append(JSON.Member("include", .strings(["message.output_text.logprobs"])))
      members.append(JSON.Member("top_logprobs", .integer(dialect.alternatives)))
    }
    return JSON.object(members).serializedBytes()
  }
}

extension ServerQuestion.Message {
  /// The turn as items: what it says, and a call or the answer to one by themselves.
  fileprivate var items: [JSON] {
    if let answered {
      return [
        .object([
          .init("type", .string("function_call_output")), .init("call_id", .string(answered.id)),
          .init("output", .string(text)),
        ])
      ]
    }
    let said = JSON.object([.init("role", .string(role.rawValue)), .init("content", .string(text))])
    return (text.isEmpty && !calls.isEmpty ? [] : [said])
      + calls.map { call in
        .object([
          .init("type", .string("function_call")), .init("call_id", .string(call.id)),
          .init("name", .string(call.name)), .init("arguments", .string(call.arguments)),
        ])
      }
  }
}

extension ServerReply {
  /// Reads a response object, also where it ends a stream that nobody asked for.
  /// - Parameter redactor: takes secrets out of everything in it.
  init(
    parsingResponse body: [UInt8], latency: Double, redactor: Redactor = Redactor()
  ) throws(MalformedReply) {
    let json: JSON
    if let last = try StreamedReply.response(body, redactor) {
      json = last
    } else {
      json = try ForeignJSON.object(body, redactor)
    }
    if let error = json["error"], !error.isNull {
      throw MalformedReply(message: "the response reports an error", report: ServerReport(json))
    }
    guard let items = json["output"]?.array else {
      throw MalformedReply(message: "the response has no 'output'", report: ServerReport(json))
    }
    let status = json["status"]?.string ?? "completed"
    let why = json["incomplete_details"]?["reason"]?.string
    guard status == "completed" || status == "incomplete" && why != nil else {
      throw MalformedReply(message: "the server broke the response off (status '\(ServerFinish.reason(status))')")
    }
    let finish = why.map(ProviderBlock.reason) ?? FinishReason.stop
    let parts = items.filter { $0["type"]?.string == "message" }.flatMap { $0["content"]?.array ?? [] }
    let texts = parts.compactMap { $0["text"]?.string ?? $0["refusal"]?.string }
    let hasReasoning = items.contains { $0["type"]?.string == "reasoning" }
    let callsTool = items.contains { $0["type"]?.string?.hasSuffix("_call") ?? false }
    guard !texts.isEmpty || hasReasoning || callsTool || finish != FinishReason.stop else {
      throw MalformedReply(message: "the response has no message")
    }
    let tokens = parts.first?["logprobs"].map { report in
      ReplyToken.first(of: .object([JSON.Member("logprobs", .object([JSON.Member("content", report)]))]))
    }
    let isRefusal = !texts.isEmpty && finish == FinishReason.stop && parts.allSatisfy { $0["text"] == nil }
    self.init(
      text: redactor.redacted(texts.joined()), finishReason: isRefusal ? FinishReason.refused : finish,
      hasReasoning: hasReasoning,
      promptTokens: json["usage"]?["input_tokens"], completionTokens: json["usage"]?["output_tokens"], latency: latency,
      tokens: tokens ?? [], model: json["model"]?.string,
      calls: items.filter { $0["type"]?.string == "function_call" }.compactMap(ToolCall.init(foreign:)))
  }
}
