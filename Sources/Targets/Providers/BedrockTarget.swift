import Core
import Kinds

/// Amazon Bedrock's Converse API (`/model/MODEL/converse`), with requests signed or with a key of Bedrock's own.
struct BedrockDialogue: ServerDialogue {
  static let name = "bedrock"
  let region: String
  /// Names of the variables that hold what requests are signed with; nil where a key is sent.
  var signing: Signing?

  struct Signing: Hashable, Sendable {
    let accessKey: String
    let secretKey: String
    /// Nil for lasting credentials.
    var sessionToken: String?
  }

  func traits(_ redactor: Redactor) -> [String] { [region] }

  /// There is no seed: equal requests are drawn apart.
  var unknownKeys: Set<ServerDialect.Key> { [.seed] }

  static func url(region: String) -> String { "https://bedrock-runtime.\(region).amazonaws.com" }

  func access(_ configuration: ServerConfiguration, environment: [String: String]) throws -> ServerAccess {
    let endpoint = try ServerEndpoint(
      configuration.url, path: "model/\(ServerEndpoint.escaped(configuration.model))/converse", tails: [])
    var access = try ServerAccess(endpoint, configuration, environment: environment)
    guard let signing else { return access }
    func value(_ variable: String) throws -> APIKey { try APIKey(variable: variable, environment: environment) }
    let (accessKey, secretKey) = (try value(signing.accessKey), try value(signing.secretKey))
    let token = try signing.sessionToken.map(value)
    access.signature = APIKey.signature(
      access: accessKey, secret: secretKey, region: region, service: "bedrock")
    access.headers += [token?.header(.header("x-amz-security-token"))].compactMap(\.self)
    access.secrets = [accessKey, secretKey, token].compactMap { $0?.redactor }.reduce(access.secrets) { $0.union($1) }
    access.keyVariable = signing.accessKey
    return access
  }

  func objection(to conversation: Conversation) -> ConversationObjection? { .unlessAlternating(conversation) }

  func call(_ question: ServerQuestion, model: String, dialect: ServerDialect) -> ServerCall {
    var limits = [JSON.Member("maxTokens", .integer(question.maxTokens))]
    if !question.leavesOut(.temperature, dialect) {
      limits.append(JSON.Member("temperature", .number(question.temperature)))
    }
    if !question.leavesOut(.topP, dialect) { limits.append(JSON.Member("topP", .number(question.topP))) }
    func text(_ text: String) -> JSON { .array([.object([JSON.Member("text", .string(text))])]) }
    let turns = ContentBlocks.turns(question.turns, plain: text, parts: Self.blocks)
    var members = [
      JSON.Member("messages", .array(turns)), JSON.Member("inferenceConfig", .object(limits)),
    ]
    if let system = question.system { members.append(JSON.Member("system", text(system))) }
    if !question.tools.isEmpty {
      let told = question.tools.map { tool in
        // The schema stands in a member of its own.
        let named = tool.members(schema: "json")
        let about = named.dropLast() + [.init("inputSchema", .object(Array(named.suffix(1))))]
        return JSON.object([.init("toolSpec", .object(Array(about)))])
      }
      members.append(JSON.Member("toolConfig", .object([.init("tools", .array(told))])))
    }
    return ServerCall(body: JSON.object(members).serializedBytes())
  }

  /// The parts of a turn in which tools are called or answer.
  private static func blocks(_ turn: ServerQuestion.Message) -> [JSON] {
    func part(_ name: String, _ value: JSON) -> JSON { .object([.init(name, value)]) }
    if let answered = turn.answered {
      let said = JSON.array([part("text", .string(turn.text))])
      return [part("toolResult", .object([.init("toolUseId", .string(answered.id)), .init("content", said)]))]
    }
    return (turn.text.isEmpty ? [] : [part("text", .string(turn.text))])
      + turn.calls.map { call in
        part(
          "toolUse",
          .object([
            .init("toolUseId", .string(call.id)), .init("name", .string(call.name)), .init("input", call.json),
          ]))
      }
  }

  /// The call in a part; nil for other parts.
  private static func call(_ part: JSON) -> ToolCall? {
    guard let use = part["toolUse"], let name = use["name"]?.string else { return nil }
    return ToolCall(id: use["toolUseId"]?.string ?? "", name: name, arguments: ToolCall.text(use["input"]))
  }

  func reply(_ response: HTTPResponse, _ redactor: Redactor) throws(MalformedReply) -> ServerReply {
    let json = try ForeignJSON.object(response.body, redactor)
    guard let message = json["output"]?["message"], let content = message["content"] else {
      throw MalformedReply(message: "the response has no 'output' with a message", report: ServerReport(json))
    }
    guard let said = json["stopReason"]?.string, !said.isEmpty else {
      throw MalformedReply(message: "the response has no 'stopReason'")
    }
    let blocks = try ContentBlocks(content, reasoning: ["reasoningContent"], call: Self.call)
    return ServerReply(
      // Its parts were looked at one by one.
      text: redactor.redacted(blocks.text), finishReason: try Self.reason(said), hasReasoning: blocks.hasReasoning,
      promptTokens: json["usage"]?["inputTokens"], completionTokens: json["usage"]?["outputTokens"],
      latency: response.elapsed.inSeconds, calls: blocks.calls)
  }

  private static func reason(_ said: String) throws(MalformedReply) -> String {
    if said == "end_turn" || said == "stop_sequence" { return FinishReason.stop }
    if said == "malformed_model_output" || said == "malformed_tool_use" {
      throw MalformedReply(message: "the server broke the response off (stopReason '\(said)')")
    }
    return ProviderBlock.reason(said)
  }
}

extension TargetKind {
  static let bedrock = TargetKind(
    name: BedrockDialogue.name, summary: "Amazon Bedrock's Converse API",
    keys: ServerConfiguration.answerKeys + [
      PolicyKey(name: "region", shape: .text, required: true, help: "The region that is asked, for example eu-west-1."),
      PolicyKey(
        name: "access_key_env", shape: .variable,
        help: "Name of the environment variable with the access key's identifier, usually AWS_ACCESS_KEY_ID."),
      PolicyKey(
        name: "secret_key_env", shape: .variable,
        help: "Name of the environment variable with the secret access key, usually AWS_SECRET_ACCESS_KEY."),
      PolicyKey(
        name: "session_token_env", shape: .variable,
        help: "Name of the environment variable with the session's token, for credentials that expire."),
      PolicyKey(
        name: "url", shape: .url, help: "Base address instead of the region's own, for private endpoints and gateways."),
    ] + ServerConfiguration.identityKeys(url: nil, model: "The model's identifier, or an inference profile's.")
      + ServerConfiguration.limitKeys,
    reading: { section, problems in
      let keys = (section.text("access_key_env"), section.text("secret_key_env"))
      problems.require(
        (keys.0 != nil && keys.1 != nil) != section.has("api_key_env") && (keys.0 == nil) == (keys.1 == nil),
        "\(section.described) needs access_key_env and secret_key_env, or api_key_env alone", at: section.place,
        remedy: "Name the variables of the credentials: requests are signed with them.")
      problems.require(
        section.text("session_token_env") == nil || keys.0 != nil,
        "\(section.described).session_token_env has no access key",
        at: section.place(of: "session_token_env"), remedy: "Name its access key and secret key too.")
      let region = section.string("region")
      problems.require(
        region.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") },
        "\(section.described).region is no region", at: section.place(of: "region"),
        remedy: "Write it as eu-west-1 or us-east-1.")
      var dialogue = BedrockDialogue(region: region)
      if let access = keys.0, let secret = keys.1 {
        dialogue.signing = .init(
          accessKey: access, secretKey: secret, sessionToken: section.text("session_token_env"))
      }
      return ServedRecipe(
        section,
        ServerConfiguration(section, url: section.text("url") ?? BedrockDialogue.url(region: region)), dialogue)
    })
}
