import Core
import Kinds

/// Anthropic's Messages API (`/v1/messages`), and servers that speak it.
struct AnthropicDialogue: ServerDialogue {
  static let name = "anthropic"
  /// The protocol's version, sent as `anthropic-version`.
  var version = "2023-06-01"

  func traits(_ redactor: Redactor) -> [String] { [version] }

  /// There is no seed: equal requests are drawn apart.
  var unknownKeys: Set<ServerDialect.Key> { [.seed] }

  func access(_ configuration: ServerConfiguration, environment: [String: String]) throws -> ServerAccess {
    try ServerAccess(
      ServerEndpoint(configuration.url, path: "messages", tails: [["messages"]], version: "v1"), configuration,
      environment: environment, key: .header("x-api-key"),
      headers: [HTTPRequest.Header("anthropic-version", version)])
  }

  func objection(to conversation: Conversation) -> ConversationObjection? { .unlessAlternating(conversation) }

  func call(_ question: ServerQuestion, model: String, dialect: ServerDialect) -> ServerCall {
    var members = [
      JSON.Member("model", .string(model)), JSON.Member("max_tokens", .integer(question.maxTokens)),
      JSON.Member("messages", .array(ContentBlocks.turns(question.turns, plain: JSON.string, parts: Self.blocks))),
    ]
    if let system = question.system { members.append(JSON.Member("system", .string(system))) }
    if !question.tools.isEmpty {
      members.append(
        JSON.Member("tools", .array(question.tools.map { .object($0.members(schema: "input_schema")) })))
    }
    if !question.leavesOut(.temperature, dialect) {
      members.append(JSON.Member("temperature", .number(question.temperature)))
    }
    if !question.leavesOut(.topP, dialect) { members.append(JSON.Member("top_p", .number(question.topP))) }
    members.append(JSON.Member("stream", .bool(false)))
    return ServerCall(body: JSON.object(members).serializedBytes())
  }

  /// The parts of a turn in which tools are called or answer.
  private static func blocks(_ turn: ServerQuestion.Message) -> [JSON] {
    func block(_ type: String, _ members: [JSON.Member]) -> JSON {
      .object([.init("type", .string(type))] + members)
    }
    if let answered = turn.answered {
      return [block("tool_result", [.init("tool_use_id", .string(answered.id)), .init("content", .string(turn.text))])]
    }
    let text = turn.text.isEmpty && !turn.calls.isEmpty ? [] : [block("text", [.init("text", .string(turn.text))])]
    return text
      + turn.calls.map { call in
        block(
          "tool_use", [.init("id", .string(call.id)), .init("name", .string(call.name)), .init("input", call.json)])
      }
  }

  /// The call in a part; nil for other parts.
  private static func call(_ part: JSON) -> ToolCall? {
    guard part["type"]?.string == "tool_use", let name = part["name"]?.string else { return nil }
    return ToolCall(id: part["id"]?.string ?? "", name: name, arguments: ToolCall.text(part["input"]))
  }

  func reply(_ response: HTTPResponse, _ redactor: Redactor) throws(MalformedReply) -> ServerReply {
    let json = try ForeignJSON.object(response.body, redactor)
    let report = ServerReport(json)
    if report.isError { throw MalformedReply(message: "the response reports an error", report: report) }
    guard let content = json["content"] else {
      throw MalformedReply(message: "the response has no 'content'", report: report)
    }
    let blocks = try ContentBlocks(content, reasoning: ["thinking", "redacted_thinking"], call: Self.call)
    guard let said = json["stop_reason"]?.string, !said.isEmpty else {
      throw MalformedReply(message: "the response has no 'stop_reason'")
    }
    return ServerReply(
      // Its parts were looked at one by one.
      text: redactor.redacted(blocks.text), finishReason: Self.reason(said), hasReasoning: blocks.hasReasoning,
      promptTokens: json["usage"]?["input_tokens"], completionTokens: json["usage"]?["output_tokens"],
      latency: response.elapsed.inSeconds, calls: blocks.calls)
  }

  private static func reason(_ said: String) -> String {
    switch said {
    case "end_turn", "stop_sequence": FinishReason.stop
    default: ProviderBlock.reason(said)
    }
  }

  /// What an alias stands for: the model's own entry.
  func signs(_ connection: ServerConnection, _ configuration: ServerConfiguration) async throws -> ServerSigns? {
    let path = "models/" + ServerEndpoint.escaped(configuration.model)
    guard let entry = try await connection.description(at: path) else { return nil }
    var signs = ServerSigns()
    for key in ["id", "created_at", "display_name"] { signs.others[key] = connection.sign(entry[key]) }
    return signs
  }
}

extension TargetKind {
  static let anthropic = TargetKind(
    name: AnthropicDialogue.name, summary: "Anthropic's Messages API",
    keys: ServerConfiguration.answerKeys + [
      PolicyKey(
        name: "api_version", shape: .text, fallback: AnthropicDialogue().version,
        help: "Version of the protocol (the header anthropic-version).")
    ]
      + ServerConfiguration.identityKeys(
        url: "Base address of the server, with or without /v1.", usualURL: "https://api.anthropic.com",
        ready: "/health")
      + ServerConfiguration.limitKeys,
    reading: { section, problems in
      problems.require(
        section.number("temperature") <= 1, "\(section.described).temperature is above 1, the most that this API takes",
        at: section.place(of: "temperature"), remedy: "Use a temperature from 0 to 1.")
      return ServedRecipe(
        section, ServerConfiguration(section), AnthropicDialogue(version: section.string("api_version")))
    })
}
