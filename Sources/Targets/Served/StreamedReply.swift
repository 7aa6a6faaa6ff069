import Core

/// A reply that a server sent piece by piece although it was asked not to: the pieces put together to what it should have
/// sent.
///
/// Understands server-sent events (WHATWG HTML, §9.2) and one JSON object a line.
enum StreamedReply {
  /// Nil where the body is no stream.
  /// - Throws: `MalformedReply` for a stream that ends too early, or reports an error.
  /// - Parameter redactor: takes secrets out of what the stream says instead of a reply.
  static func joined(_ body: [UInt8], _ redactor: Redactor) throws(MalformedReply) -> JSON? {
    guard let events = events(body) ?? lines(body) else { return nil }
    var reply = Pieces()
    var isDone = false
    for event in events {
      if event.elementsEqual("[DONE]".utf8) {
        isDone = true
        break
      }
      guard let json = try ForeignJSON.parsed(Array(event)) else { throw cutShort }
      if json["error"] != nil || json["object"]?.string == "error" {
        let report = ServerReport(redactor.redacted(json))
        if report.isError { throw MalformedReply(message: "the stream reports an error", report: report) }
      }
      reply.add(json)
    }
    guard isDone || reply.finishReason != nil else { throw cutShort }
    if reply.hasSeveralChoices {
      throw MalformedReply(message: "the stream has several choices, and one was asked for")
    }
    return reply.json
  }

  /// The whole response in the event that ends a stream of OpenAI's newer protocol; nil where the body is no stream.
  /// - Parameter redactor: takes secrets out of it.
  /// - Throws: `MalformedReply` for a stream that ends before that.
  static func response(_ body: [UInt8], _ redactor: Redactor) throws(MalformedReply) -> JSON? {
    guard let events = events(body) else { return nil }
    for event in events.reversed() {
      guard let json = try ForeignJSON.parsed(Array(event)), let response = json["response"],
        ["response.completed", "response.incomplete", "response.failed"].contains(json["type"]?.string)
      else { continue }
      return redactor.redacted(response)
    }
    throw cutShort
  }

  private static var cutShort: MalformedReply {
    MalformedReply(message: "the server streams although stream is false, and its stream was cut short")
  }

  /// The data of server-sent events; nil where these aren't any.
  private static func events(_ body: [UInt8]) -> [ArraySlice<UInt8>]? {
    let start = body.drop { $0 <= 0x20 }
    let fields = ["data:", "event:", "id:", "retry:", ":"]
    guard fields.contains(where: { start.starts(with: $0.utf8) }) else { return nil }
    var events: [ArraySlice<UInt8>] = []
    var data: ArraySlice<UInt8>?
    func isBreak(_ byte: UInt8) -> Bool { byte == 0x0a || byte == 0x0d }
    var lines = start.split(omittingEmptySubsequences: false, whereSeparator: isBreak)
    lines.append([])
    for line in lines {
      if line.starts(with: "data:".utf8) {
        let value = line.dropFirst(5).drop { $0 == 0x20 }
        // Each line of an event's data is its own event here: nobody breaks JSON into lines, and many forget the blank line.
        if let whole = data { events.append(whole) }
        data = value
      } else if line.isEmpty, let whole = data {
        events.append(whole)
        data = nil
      }
    }
    if let data { events.append(data) }
    return events.filter { !$0.isEmpty }
  }

  /// The lines of a body of several JSON objects, one a line; nil for anything else.
  private static func lines(_ body: [UInt8]) -> [ArraySlice<UInt8>]? {
    let lines = body.split { $0 == 0x0a || $0 == 0x0d }.filter { $0.contains { $0 > 0x20 } }
    guard lines.count > 1, lines.allSatisfy({ $0.first == UInt8(ascii: "{") }) else { return nil }
    return lines
  }

  /// What has come so far.
  private struct Pieces {
    private var content = ""
    private var reasoning = ""
    private var refusal = ""
    private var completion: String?
    /// In the order of their indices.
    private var calls: [(id: String, name: String, arguments: String)] = []
    private var rest: [String: JSON] = [:]
    private var tokens: [JSON] = []
    private var olderTokens: [String: [JSON]] = [:]
    private(set) var finishReason: String?
    private(set) var hasSeveralChoices = false

    mutating func add(_ chunk: JSON) {
      for key in ["usage", "model", "system_fingerprint", "prompt_filter_results"] {
        if let value = chunk[key], !value.isNull { rest[key] = value }
      }
      let choices = chunk["choices"]?.array ?? []
      for choice in choices {
        if (choice["index"]?.integer ?? 0) == 0 { add(choice: choice) } else { hasSeveralChoices = true }
      }
    }

    private mutating func add(choice: JSON) {
      if let reason = choice["finish_reason"]?.string, !reason.isEmpty { finishReason = reason }
      if let text = choice["text"]?.string { completion = (completion ?? "") + text }
      let delta = choice["delta"] ?? choice["message"] ?? .null
      let parts = delta["content"]?.array?.compactMap { $0["text"]?.string }.joined()
      content += delta["content"]?.string ?? parts ?? ""
      reasoning += delta["reasoning_content"]?.string ?? delta["reasoning"]?.string ?? ""
      refusal += delta["refusal"]?.string ?? ""
      for call in delta["tool_calls"]?.array ?? [] { add(call: call) }
      tokens += choice["logprobs"]?["content"]?.array ?? []
      for key in ["tokens", "token_logprobs", "top_logprobs"] {
        if let more = choice["logprobs"]?[key]?.array { olderTokens[key, default: []] += more }
      }
    }

    /// A piece of a call says its index; where it doesn't, it goes on with the last one, or is a new one with a name.
    private mutating func add(call piece: JSON) {
      let name = piece["function"]?["name"]?.string ?? ""
      let index = piece["index"]?.integer ?? (name.isEmpty ? calls.count - 1 : calls.count)
      // No reply calls a hundred tools; a server's index must not fill the memory.
      guard (0..<100).contains(index) else { return }
      while calls.count <= index { calls.append(("", "", "")) }
      calls[index].id += piece["id"]?.string ?? ""
      calls[index].name += name
      calls[index].arguments += piece["function"]?["arguments"]?.string ?? ""
    }

    var json: JSON {
      var message = [JSON.Member("content", content.isEmpty ? .null : .string(content))]
      if !reasoning.isEmpty { message.append(JSON.Member("reasoning", .string(reasoning))) }
      if !refusal.isEmpty { message.append(JSON.Member("refusal", .string(refusal))) }
      if !calls.isEmpty {
        let listed = calls.map { call in
          JSON.object([
            .init("id", .string(call.id)),
            .init(
              "function", .object([.init("name", .string(call.name)), .init("arguments", .string(call.arguments))])),
          ])
        }
        message.append(JSON.Member("tool_calls", .array(listed)))
      }
      var choice = [JSON.Member("message", .object(message))]
      if let completion { choice.append(JSON.Member("text", .string(completion))) }
      choice.append(JSON.Member("finish_reason", finishReason.map(JSON.string) ?? .null))
      let logprobs =
        olderTokens.isEmpty
        ? [JSON.Member("content", .array(tokens))] : olderTokens.map { JSON.Member($0.key, .array($0.value)) }
      choice.append(JSON.Member("logprobs", .object(logprobs)))
      return .object([JSON.Member("choices", .array([.object(choice)]))] + rest.map { JSON.Member($0.key, $0.value) })
    }
  }
}
